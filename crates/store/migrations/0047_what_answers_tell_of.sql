-- Which nodes the answers tell of that were kept before this was noted (0041). By itself, since every answer is read for it: only requests that name
-- an Idempotency-Key wait meanwhile, and nodes and the queue are left alone. An answer that is a day old is on its way out.

-- The owner sees rows only while nothing is forced on him, in this transaction.
alter table idempotency no force row level security;
alter table idempotency_subjects no force row level security;
insert into idempotency_subjects (tenant_id, actor_id, endpoint, key, node_id)
  select distinct i.tenant_id, i.actor_id, i.endpoint, i.key, found[1]::uuid
  from idempotency i,
  regexp_matches(i.body, '"(?:id|node_id|src|dst)":"([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})"', 'g') found
  where i.created_at > now() - interval '1 day' and i.endpoint <> 'CreateEdges'
  on conflict do nothing;
alter table idempotency force row level security;
alter table idempotency_subjects force row level security;
