-- Keys of sealed fields. A master key, which is in no database, wraps a data key per tenant and one for the system (`_system`).

-- Which master keys data keys are wrapped with, and which of them wraps new ones. A name derived from the key, and nothing of it.
create table master_keys (
  master_key_id text not null primary key,
  current boolean not null,
  since timestamptz not null default now()
);
create unique index master_keys_current on master_keys (current) where current;
alter table master_keys enable row level security;
alter table master_keys force row level security;
create policy keeper on master_keys for all to wardgraph_worker using (true) with check (true);
create policy known on master_keys for select to wardgraph_app, wardgraph_identity using (true);
grant select on master_keys to wardgraph_app, wardgraph_identity;
grant select, insert, update, delete on master_keys to wardgraph_worker;

-- Data keys, wrapped. A tenant reads and makes its own; the worker wraps all of them anew when the master key changes.
create table data_keys (
  tenant_id text not null,
  data_key_id uuid not null,
  master_key_id text not null,
  wrapped bytea not null,
  made_at timestamptz not null default now(),
  -- A key is remembered by a server only once its transaction was seen to have committed.
  made_in xid8 not null default pg_current_xact_id(),
  primary key (tenant_id, data_key_id)
);
create index data_keys_master on data_keys (master_key_id);
alter table data_keys enable row level security;
alter table data_keys force row level security;
create policy keeper on data_keys for all to wardgraph_worker using (true) with check (true);
create policy own_read on data_keys for select to wardgraph_app, wardgraph_identity
  using (tenant_id = nullif(current_setting('app.current_tenant_id', true), '') and tenant_id <> '*');
create policy own_insert on data_keys for insert to wardgraph_app, wardgraph_identity
  with check (tenant_id = nullif(current_setting('app.current_tenant_id', true), '') and tenant_id <> '*');
grant select, insert on data_keys to wardgraph_app, wardgraph_identity;
grant select, insert on data_keys to wardgraph_worker;
grant update (master_key_id, wrapped) on data_keys to wardgraph_worker;
