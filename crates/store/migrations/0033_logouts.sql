-- Clients are told when somebody signs out (OpenID Connect Back-Channel Logout), what they are told may be signed, and single claims may be agreed to.

-- Whether the client needs to know which of its sessions ended.
alter table clients add column backchannel_logout_session boolean not null default false;
-- What is told of people, and of tokens, is signed with these, where they are named.
alter table clients add column userinfo_alg text;
alter table clients add column introspection_alg text;

-- Names of claims that a person agreed to have told besides what the scopes say (OpenID Connect Core, section 5.5).
alter table authorization_codes add column userinfo_claims text[] not null default '{}';
alter table sessions add column userinfo_claims text[];
grant select (userinfo_claims) on sessions to wardgraph_app;

-- Sessions of clients that are over, until their client was told or it is given up. Holds no more than is told. What a client is told
-- may outlive the account and the client, so that nothing is referred to.
create table logouts (
  session_id uuid not null primary key,
  client_id text not null,
  user_id uuid not null,
  organization_id text not null,
  ended_at timestamptz not null,
  -- How often it was tried; whoever claims a row raises it, and settles it by it.
  tries int not null default 0,
  due_at timestamptz not null
);
create index logouts_due on logouts (due_at);

call keep_account('logouts', $$user_id = nullif(current_setting('app.current_user_id', true), '')::uuid$$);
create policy administrator on logouts for all to wardgraph_admin using (true) with check (true);
create policy keeper on logouts for all to wardgraph_worker using (true) with check (true);
create policy keeper on clients for all to wardgraph_worker using (true) with check (true);
grant insert on logouts to wardgraph_identity, wardgraph_app, wardgraph_admin;
grant select, update, delete on logouts to wardgraph_worker;
grant select (client_id, backchannel_logout_uri, id_token_alg, disabled_at) on clients to wardgraph_worker;

-- However a client's session ends, its client is told. Here, so that no way of ending one can forget. A client that gave its tokens back
-- itself knows.
create function queue_logout() returns trigger language plpgsql as $$
begin
  insert into wardgraph.logouts (session_id, client_id, user_id, organization_id, ended_at, due_at)
  values (new.session_id, new.client_id, new.user_id, new.organization_id, new.ended_at, new.ended_at) on conflict do nothing;
  return null;
end $$;
revoke all on function queue_logout() from public;
create trigger queue_logout after update of ended_at on sessions for each row
  when (new.client_id is not null and old.ended_at is null and new.ended_at is not null and new.ended_by is distinct from 'returned')
  execute function queue_logout();
