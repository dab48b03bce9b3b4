-- Nodes and edges. Every key begins with the tenant, so that no key tells of another tenant's rows and the schema can be distributed by tenant.

create table nodes (
  tenant_id text not null,
  node_id uuid not null,
  external_id text,
  classes text[] not null,
  props jsonb not null,
  payload_ref text,
  metadata jsonb not null,
  refresh_policy jsonb not null,
  triggers jsonb not null,
  version int not null default 1,
  content text,
  content_search tsvector generated always as (to_tsvector('english'::regconfig, coalesce(content, ''))) stored,
  embedding_status text not null default 'queued' check (embedding_status in ('none', 'queued', 'ready', 'failed')),
  created_at timestamptz not null,
  updated_at timestamptz not null,
  -- Octets of what a reader is given, so that pages and search answers can be bounded without reading it.
  size_bytes int not null default 0,
  primary key (tenant_id, node_id),
  unique (tenant_id, external_id)
);
create index nodes_classes on nodes using gin (classes);
create index nodes_content_search on nodes using gin (content_search);
call isolate('nodes', 'wardgraph_app');
-- The worker moves embedding_status and nothing else.
create policy worker_status on nodes for update to wardgraph_worker
  using (tenant_id = nullif(current_setting('app.current_tenant_id', true), ''))
  with check (tenant_id = nullif(current_setting('app.current_tenant_id', true), ''));
grant select, insert, update, delete on nodes to wardgraph_app, wardgraph_admin;
grant select, update (embedding_status) on nodes to wardgraph_worker;

create table edges (
  tenant_id text not null,
  edge_id uuid not null,
  src uuid not null,
  rel text not null,
  dst uuid not null,
  props jsonb not null,
  created_at timestamptz not null,
  size_bytes int not null default 0,
  primary key (tenant_id, edge_id),
  unique (tenant_id, src, rel, dst),
  foreign key (tenant_id, src) references nodes (tenant_id, node_id) on delete cascade,
  foreign key (tenant_id, dst) references nodes (tenant_id, node_id) on delete cascade
);
create index edges_src_page on edges (tenant_id, src, edge_id);
create index edges_dst_page on edges (tenant_id, dst, edge_id);
call isolate('edges', 'wardgraph_app');
grant select, insert, update, delete on edges to wardgraph_app, wardgraph_admin;

-- One row per node and model: vectors of two models are never compared. A vector is born with ann = false, outside any graph index;
-- partial indexes `where ann` come with the search tiers.
create table embeddings (
  tenant_id text not null,
  node_id uuid not null,
  model text not null,
  embedding vector not null,
  ann boolean not null default false,
  embedded_at timestamptz not null,
  primary key (tenant_id, model, node_id),
  foreign key (tenant_id, node_id) references nodes (tenant_id, node_id) on delete cascade
) partition by hash (tenant_id);
alter table embeddings alter column embedding set storage main;
call partition_by_tenant('embeddings', 16);
create index embeddings_node on embeddings (tenant_id, node_id);
create index embeddings_tail on embeddings (tenant_id, model) where not ann;
call isolate('embeddings', 'wardgraph_worker');
grant select on embeddings to wardgraph_app;
grant select, insert, update, delete on embeddings to wardgraph_worker, wardgraph_admin;
