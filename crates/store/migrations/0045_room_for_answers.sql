-- Of the answers that are kept for a day each tenant has so much: beyond that the oldest make room, and only that they were given stays. An answer
-- says how many octets of the tenant's were ever kept until then, its own among them, so that nobody adds up a day's answers with each write. One
-- that went, and one that was kept before there was a bound, says nothing.
alter table idempotency add column through bigint;
create index idempotency_room on idempotency (tenant_id, through) where through is not null;
grant update (through) on idempotency to wardgraph_app, wardgraph_admin;
grant delete on idempotency_subjects to wardgraph_app, wardgraph_admin;
