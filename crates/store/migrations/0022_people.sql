-- People are administered: an organization's by those who may read its members, accounts by whoever has a global role.

alter table users add column global_role text check (global_role = 'super_admin');
-- The few who have one: counted before one of them is disabled or deleted.
create index users_global on users (user_id) where global_role is not null;

-- Members of the one organization that the gate names, once the permission was decided. Nobody else sets this.
create policy members on memberships for select to wardgraph_app
  using (organization_id = nullif(current_setting('app.current_members_of', true), ''));
create policy members on users for select to wardgraph_app
  using (user_id in (select m.user_id from memberships m where m.organization_id = nullif(current_setting('app.current_members_of', true), '')));
create policy members on sessions for select to wardgraph_app
  using (organization_id = nullif(current_setting('app.current_members_of', true), ''));

-- Accounts of everybody, for the endpoints of administrators alone: no password, no address, no scope and no role can be changed here.
create policy administrator on users for all to wardgraph_admin using (true) with check (true);
create policy administrator on organizations for all to wardgraph_admin using (true) with check (true);
create policy administrator on memberships for select to wardgraph_admin using (true);
create policy administrator on sessions for all to wardgraph_admin using (true) with check (true);
create policy administrator on api_keys for all to wardgraph_admin using (true) with check (true);
grant select, delete on users to wardgraph_admin;
grant update (disabled_at, generation, updated_at) on users to wardgraph_admin;
grant select, delete on organizations to wardgraph_admin;
grant update (owner_id) on organizations to wardgraph_admin;
grant select on memberships to wardgraph_admin;
grant select (session_id, user_id, organization_id, created_at, ended_at), update (ended_at, ended_by) on sessions to wardgraph_admin;
grant select (key_id, user_id, revoked_at), update (revoked_at) on api_keys to wardgraph_admin;

-- What they take back, every server hears.
alter policy own_insert on changes to wardgraph_app, wardgraph_identity, wardgraph_admin;
grant insert on changes to wardgraph_admin;
