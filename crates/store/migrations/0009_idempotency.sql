-- Answers of writes that named an Idempotency-Key: kept for a day, in the commit that they tell of.

create table idempotency (
  tenant_id text not null,
  actor_id text not null,
  endpoint text not null,
  key text not null,
  -- What was asked: SHA-256 over target and body.
  fingerprint bytea not null,
  status smallint not null,
  etag text,
  body text not null,
  created_at timestamptz not null,
  primary key (tenant_id, actor_id, endpoint, key)
);
create index idempotency_age on idempotency (tenant_id, created_at);
call isolate('idempotency', 'wardgraph_app, wardgraph_worker');
grant select, insert, delete on idempotency to wardgraph_app;
grant select, delete on idempotency to wardgraph_worker;
