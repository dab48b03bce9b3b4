-- Search tiers: small tenants are scanned, larger ones share an HNSW index in their partition, the largest have one of their own.

-- Where a vector is found: 0 in no index (the tail), 1 in its partition's common HNSW index, 2 in its tenant's own. A vector is born in the
-- tail; the HNSW indexes are made by the server as the owner, once a model's tenants are large enough (crates/store/src/indexes.rs).
drop index embeddings_tail;
alter table embeddings drop column ann;
alter table embeddings add column graph smallint not null default 0 check (graph between 0 and 2);
create index embeddings_place on embeddings (tenant_id, model, graph);

-- How each tenant's vectors of a model are searched. Read across tenants by the keeper of the tiers, so it holds counts and no content.
create table vector_spaces (
  tenant_id text not null,
  model text not null,
  route text not null default 'exact' check (route in ('exact', 'graph', 'own')),
  -- Vectors in no index when they were last counted, and those that were kept since: together what is due.
  tail bigint not null default 0,
  touched bigint not null default 0,
  primary key (tenant_id, model)
);
create index vector_spaces_due on vector_spaces (model, (tail + touched));
create index vector_spaces_grown on vector_spaces (model) where route <> 'exact';
alter table vector_spaces enable row level security;
alter table vector_spaces force row level security;
create policy keeper on vector_spaces for all to wardgraph_worker using (true) with check (true);
create policy administrator on vector_spaces for all to wardgraph_admin using (true) with check (true);
grant select, insert, update, delete on vector_spaces to wardgraph_worker;
grant select, insert, update, delete on vector_spaces to wardgraph_admin;

-- What is there already is counted once; the owner sees rows only while nothing is forced on him, in this transaction.
alter table embeddings no force row level security;
alter table vector_spaces no force row level security;
insert into vector_spaces (tenant_id, model, touched)
  select tenant_id, model, count(*) from embeddings where tenant_id <> '*' group by tenant_id, model;
alter table embeddings force row level security;
alter table vector_spaces force row level security;

-- What weighting by age and drift reads. Null: no drift, and as old as the node.
alter table nodes add column drift_score float8, add column last_refreshed timestamptz;
