-- Who sees which rows of accounts. Forced on everyone; nobody but these roles is granted anything.

create procedure keep_account(target regclass, own text)
language plpgsql as $$
begin
  execute format('alter table %s enable row level security', target);
  execute format('alter table %s force row level security', target);
  execute format('create policy identity on %s for all to wardgraph_identity using (true) with check (true)', target);
  if own is not null then
    execute format('create policy own_account on %s for all to wardgraph_app using (%s) with check (%s)', target, own, own);
  end if;
end $$;
revoke all on procedure keep_account(regclass, text) from public;

call keep_account('users', $$user_id = nullif(current_setting('app.current_user_id', true), '')::uuid$$);
call keep_account('passwords', $$user_id = nullif(current_setting('app.current_user_id', true), '')::uuid$$);
call keep_account('memberships', $$user_id = nullif(current_setting('app.current_user_id', true), '')::uuid$$);
call keep_account('sessions', $$user_id = nullif(current_setting('app.current_user_id', true), '')::uuid$$);
call keep_account('api_keys', $$user_id = nullif(current_setting('app.current_user_id', true), '')::uuid$$);
call keep_account('organizations', $$organization_id = nullif(current_setting('app.current_tenant_id', true), '')$$);
call keep_account('attempts', null);
call keep_account('links', null);
call keep_account('mail', null);

-- Before anyone is known.
grant select, insert, update on users, passwords, sessions, attempts, links to wardgraph_identity;
grant select, insert on organizations, memberships to wardgraph_identity;
grant delete on attempts to wardgraph_identity;
grant insert on mail to wardgraph_identity;
grant select, update on api_keys to wardgraph_identity;

-- A person, of the own account: no refresh token can be made or read here.
grant select on users, passwords, memberships, organizations, api_keys to wardgraph_app;
grant update (name, updated_at, generation) on users to wardgraph_app;
grant update (verifier, changed_at, failures, failed_at) on passwords to wardgraph_app;
grant select (session_id, user_id, organization_id, device, ip, created_at, last_used_at, expires_at, ended_at) on sessions to wardgraph_app;
grant update (ended_at, ended_by) on sessions to wardgraph_app;
grant insert on api_keys to wardgraph_app;
grant update (expires_at, revoked_at, successor_id) on api_keys to wardgraph_app;

-- Who mails, and forgets what is good for nothing any more.
create policy keeper on mail for all to wardgraph_worker using (true) with check (true);
create policy keeper on links for all to wardgraph_worker using (true) with check (true);
create policy keeper on attempts for all to wardgraph_worker using (true) with check (true);
create policy keeper on sessions for all to wardgraph_worker using (true) with check (true);
grant select, delete, update on mail to wardgraph_worker;
grant select, delete on links, attempts to wardgraph_worker;
grant select (session_id, expires_at), delete on sessions to wardgraph_worker;

-- A notice of what a person changed while signed in goes to the own address alone.
create policy own_notice on mail for insert to wardgraph_app with check (link_id is null
  and recipient = (select email from users where user_id = nullif(current_setting('app.current_user_id', true), '')::uuid));
grant insert on mail to wardgraph_app;

alter table identity_secrets enable row level security;
alter table identity_secrets force row level security;
create policy keeper on identity_secrets for all to wardgraph_worker using (true) with check (true);
grant select, insert on identity_secrets to wardgraph_worker;
