-- Of the answers that are kept for a day each tenant has so much and no more: the oldest make room. An answer says how many octets of the tenant's
-- were ever kept until then, its own among them, so that nobody adds up a day's answers with each write.
alter table idempotency add column through bigint not null default 0;
create index idempotency_room on idempotency (tenant_id, through);
