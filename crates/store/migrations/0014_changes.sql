-- What every server must know within a second: revocations, new keys. Each server polls it; a row says what changed, and no content.

create table changes (
  tenant_id text not null,
  position bigint not null generated always as identity,
  kind text not null,
  subject text not null,
  -- A generation, where the kind has one.
  number bigint not null default 0,
  made_at timestamptz not null default now(),
  -- When nobody needs it any more: what it revokes has expired by then.
  until timestamptz not null,
  -- Positions are given out before they commit: a poll goes by transactions, so that a slow one is not passed over.
  xact xid8 not null default pg_current_xact_id(),
  primary key (tenant_id, position)
);
create index changes_xact on changes (xact, position);
create index changes_until on changes (until);
alter table changes enable row level security;
alter table changes force row level security;
create policy keeper on changes for all to wardgraph_worker using (true) with check (true);
create policy own_insert on changes for insert to wardgraph_app, wardgraph_identity
  with check (tenant_id = nullif(current_setting('app.current_tenant_id', true), '') and tenant_id <> '*');
grant insert on changes to wardgraph_app, wardgraph_identity;
grant select, insert, delete on changes to wardgraph_worker;
