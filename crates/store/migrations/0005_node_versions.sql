-- What a node was, and what was deleted and may come back. No read of nodes, edges or vectors ever meets these tables.

-- The superseded states of a node, until it is purged. No foreign key: they outlive the row in nodes by the grace period.
create table node_versions (
  tenant_id text not null,
  node_id uuid not null,
  version int not null,
  external_id text,
  classes text[] not null,
  props jsonb not null,
  payload_ref text,
  metadata jsonb not null,
  refresh_policy jsonb not null,
  triggers jsonb not null,
  size_bytes int not null,
  written_at timestamptz not null,
  superseded_at timestamptz not null,
  primary key (tenant_id, node_id, version)
);
call isolate('node_versions', 'wardgraph_app, wardgraph_worker');
grant select, insert, delete on node_versions to wardgraph_app;
grant select, delete on node_versions to wardgraph_worker;
grant select, insert, update, delete on node_versions to wardgraph_admin;

-- Nodes in their grace period. Their external id is free again.
create table deleted_nodes (
  tenant_id text not null,
  node_id uuid not null,
  external_id text,
  classes text[] not null,
  props jsonb not null,
  payload_ref text,
  metadata jsonb not null,
  refresh_policy jsonb not null,
  triggers jsonb not null,
  version int not null,
  content text,
  size_bytes int not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  deleted_at timestamptz not null,
  purge_at timestamptz not null,
  primary key (tenant_id, node_id)
);
create index deleted_nodes_due on deleted_nodes (tenant_id, purge_at);
call isolate('deleted_nodes', 'wardgraph_app, wardgraph_worker');
-- Update: for holding a row while it is decided about.
grant select, insert, update, delete on deleted_nodes to wardgraph_app;
grant select, delete on deleted_nodes to wardgraph_worker;
grant select, insert, update, delete on deleted_nodes to wardgraph_admin;

-- Edges that went with a node: each comes back as soon as both of its ends are there, and is purged with either.
create table deleted_edges (
  tenant_id text not null,
  edge_id uuid not null,
  src uuid not null,
  rel text not null,
  dst uuid not null,
  props jsonb not null,
  created_at timestamptz not null,
  size_bytes int not null,
  primary key (tenant_id, edge_id)
);
create index deleted_edges_src on deleted_edges (tenant_id, src);
create index deleted_edges_dst on deleted_edges (tenant_id, dst);
call isolate('deleted_edges', 'wardgraph_app, wardgraph_worker');
grant select, insert, delete on deleted_edges to wardgraph_app;
grant select, delete on deleted_edges to wardgraph_worker;
grant select, insert, update, delete on deleted_edges to wardgraph_admin;

-- A change of a node makes its job due anew, and an erased node leaves none: in the own tenant alone.
create policy own_read on jobs for select to wardgraph_app
  using (tenant_id = nullif(current_setting('app.current_tenant_id', true), '') and tenant_id <> '*');
create policy own_update on jobs for update to wardgraph_app
  using (tenant_id = nullif(current_setting('app.current_tenant_id', true), '') and tenant_id <> '*')
  with check (tenant_id = nullif(current_setting('app.current_tenant_id', true), '') and tenant_id <> '*');
create policy own_delete on jobs for delete to wardgraph_app
  using (tenant_id = nullif(current_setting('app.current_tenant_id', true), '') and tenant_id <> '*');
grant select, delete, update (due_at, attempts, dead) on jobs to wardgraph_app;

-- A node whose text goes loses its vectors with the change.
alter policy tenant_delete on embeddings to wardgraph_app, wardgraph_worker;
grant delete on embeddings to wardgraph_app;
