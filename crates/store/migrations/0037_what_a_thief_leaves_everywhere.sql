-- What somebody leaves behind who had an account in their hands is taken back in one statement, by whoever shows a mailed link and by administrators
-- alike: what would be open still, and what was agreed to.
create policy administrator on initial_tokens for all to wardgraph_admin using (true) with check (true);
create policy administrator on consents for all to wardgraph_admin using (true) with check (true);
create policy administrator on authorization_codes for all to wardgraph_admin using (true) with check (true);
create policy administrator on device_authorizations for all to wardgraph_admin using (true) with check (true);
grant select (token_id, organization_id, maker_id), delete on initial_tokens to wardgraph_admin;
grant select (consent_id, user_id, organization_id, client_name, updated_at), delete on consents to wardgraph_admin;
grant select (user_id, used_at), delete on authorization_codes, device_authorizations to wardgraph_admin;
grant delete on authorization_codes, device_authorizations to wardgraph_identity;
