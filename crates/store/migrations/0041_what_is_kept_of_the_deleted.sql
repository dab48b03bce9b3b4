-- What a node had is kept while it can be brought back, and all of it goes when it is erased, the answers that told of it included.

-- What weighting by age and drift reads, and whether the text had no vector yet when the node was deleted. Of what was deleted before, nothing
-- of this was kept: it is embedded as if for the first time.
alter table deleted_nodes
  add column last_refreshed timestamptz,
  add column drift_score float8,
  add column reworded boolean not null default true;
-- An external id may have been any number of nodes', one after the other.
create index deleted_nodes_external_id on deleted_nodes (tenant_id, external_id, node_id);

-- Whoever erases a node in steps ends its grace period with the first of them.
grant update (purge_at) on deleted_nodes to wardgraph_worker;

-- The vectors of deleted nodes, and of nodes that came back and wait for theirs: no search and no index meets them.
create table deleted_embeddings (
  tenant_id text not null,
  node_id uuid not null,
  model text not null,
  embedding vector not null,
  embedded_at timestamptz not null,
  primary key (tenant_id, node_id, model)
);
call isolate('deleted_embeddings', 'wardgraph_app, wardgraph_worker');
grant select, insert, update, delete on deleted_embeddings to wardgraph_app;
grant select, delete on deleted_embeddings to wardgraph_worker;
grant select, insert, update, delete on deleted_embeddings to wardgraph_admin;

-- As node_versions: the history outlives the row in nodes by the grace period, and whoever erases a node erases it.
alter table embedding_history drop constraint embedding_history_tenant_id_node_id_fkey;
alter policy tenant_delete on embedding_history to wardgraph_app, wardgraph_worker;
grant delete on embedding_history to wardgraph_app;

-- Whether a node is embedded because its text is new or a refresh was asked for, and not because the model is another or the node came back.
alter table jobs add column reworded boolean not null default true;
grant update (reworded) on jobs to wardgraph_app;

-- Which nodes an answer that is kept tells of: while one of them is deleted, the answer waits, and when it is erased, the answer goes.
create table idempotency_subjects (
  tenant_id text not null,
  actor_id text not null,
  endpoint text not null,
  key text not null,
  node_id uuid not null,
  primary key (tenant_id, actor_id, endpoint, key, node_id),
  foreign key (tenant_id, actor_id, endpoint, key) references idempotency (tenant_id, actor_id, endpoint, key) on delete cascade
);
create index idempotency_subjects_node on idempotency_subjects (node_id, tenant_id);
call isolate('idempotency_subjects', 'wardgraph_app, wardgraph_worker');
grant select, insert on idempotency_subjects to wardgraph_app, wardgraph_admin;
grant select on idempotency_subjects to wardgraph_worker;
grant update (status, etag, body) on idempotency to wardgraph_app, wardgraph_worker, wardgraph_admin;
