-- An invitation names any role of its organization, and is judged as a grant is: by what who invited holds when it is followed. The database does not know
-- what roles mean: it asks that somebody was invited to what they are given, at that very moment, by somebody who is a member still.

-- A built-in role is the membership's; of one that the organization made, the membership says nothing.
drop policy invited on memberships;
create policy invited on memberships for insert to wardgraph_admin with check (exists (
  select from invitations i
  join users u on u.user_id = memberships.user_id and u.email = i.email
  join memberships h on h.organization_id = i.organization_id and h.user_id = i.inviter_id
  where i.organization_id = memberships.organization_id and (memberships.role is null or memberships.role = i.role) and i.withdrawn_at is null
    and i.expires_at > memberships.created_at and i.used_at = memberships.created_at));

-- It is granted: for good, nothing but what the invitation says, by who invited, and to who became a member by it at that moment. Neither the administrator's role nor
-- the one of who is not known yet grants anything else, whatever it is made to say.
drop policy administrator on grants;
create policy administrator on grants for select to wardgraph_admin using (true);
drop policy identity on grants;
create policy identity on grants for select to wardgraph_identity using (true);
-- When it was used last.
create policy used on grants for update to wardgraph_identity using (true) with check (true);
create policy invited on grants for insert to wardgraph_admin, wardgraph_identity with check (exists (
  select from invitations i
  join users u on u.user_id = grants.user_id and u.email = i.email
  join memberships m on m.organization_id = i.organization_id and m.user_id = u.user_id
  where i.organization_id = grants.tenant_id and i.role = grants.role and i.withdrawn_at is null
    and i.expires_at > grants.created_at and i.used_at = grants.created_at
    and m.created_at = grants.created_at and m.role is null and grants.granted_by = 'user/' || i.inviter_id));
grant insert (tenant_id, grant_id, user_id, role, granted_by, created_at) on grants to wardgraph_admin, wardgraph_identity;
grant update (grants_version) on organizations to wardgraph_identity;
