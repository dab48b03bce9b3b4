-- Shared rows are written over HTTP: under the administrator's role, with the record of the request's Idempotency-Key in the caller's tenant.
grant select, insert, delete on idempotency to wardgraph_admin;

-- Shared nodes that were written by hand before: those without a vector are queued, and it is noted of which model the others' are. The owner
-- sees rows only while nothing is forced on him, in this transaction.
alter table nodes no force row level security;
alter table embeddings no force row level security;
alter table embedding_tenants no force row level security;
alter table jobs no force row level security;
insert into embedding_tenants (tenant_id, model)
  select '*', case when min(model) = max(model) then min(model) else '' end from embeddings where tenant_id = '*' having count(*) > 0
  on conflict do nothing;
insert into jobs (tenant_id, kind, subject_id, due_at)
  select '*', 'embed', n.node_id, now() from nodes n
  where n.tenant_id = '*' and n.content is not null and not exists (select from embeddings e where e.tenant_id = '*' and e.node_id = n.node_id)
  on conflict do nothing;
alter table nodes force row level security;
alter table embeddings force row level security;
alter table embedding_tenants force row level security;
alter table jobs force row level security;
