-- Everybody has a share of what the OAuth server has bounds for; and what becomes of clients goes by who acted, and by what people had agreed to by then.

-- Whose devices wait: the organization of their client, or nobody's.
alter table device_authorizations add column whose text not null default '';
drop index device_authorizations_client;
create index device_authorizations_client on device_authorizations (client_id, expires_at);
create index device_authorizations_whose on device_authorizations (whose, expires_at);

-- Each client is told in its turn, an organization's before nobody's.
create index logouts_client on logouts (client_id, due_at);
grant select (organization_id) on clients to wardgraph_worker;

-- Room is made by age: what a client says of itself again makes it no younger.
drop index clients_nobodys;
create index clients_nobodys on clients (source, created_at) where organization_id is null;

-- Who registered a client, changed it or gave it a secret, and when they did last: of what somebody did who had an account in their hands, its owner rids
-- themselves, whatever others did since.
create table client_acts (
  client_id text not null references clients on delete cascade,
  user_id uuid not null references users on delete cascade,
  acted_at timestamptz not null,
  primary key (client_id, user_id)
);
create index client_acts_user on client_acts (user_id, acted_at);
alter table clients no force row level security;
insert into client_acts select client_id, changed_by, updated_at from clients where changed_by is not null;
alter table clients force row level security;
alter table clients drop column changed_by;
call keep_account('client_acts', $$user_id = nullif(current_setting('app.current_user_id', true), '')::uuid$$);
grant select, insert on client_acts to wardgraph_identity, wardgraph_app;
grant update (acted_at) on client_acts to wardgraph_identity, wardgraph_app;

-- Of which generation the client was that somebody agreed to, and from which on what was agreed to counts: from before, it was to something else.
alter table consents add column client_generation bigint not null default 0;
grant update (client_generation) on consents to wardgraph_identity, wardgraph_app;
alter table clients add column asks_from bigint;

-- Whoever dissolves an organization takes back what its clients hold elsewhere.
create policy administrator on clients for select to wardgraph_admin using (true);
grant select (client_id, organization_id) on clients to wardgraph_admin;
