-- Embedding at scale: claims that are fair and cannot be mistaken for each other, what became of each node's vectors, and the change from one
-- model to another while several servers serve.

-- `attempts` counts claims that were not given back, and is 0 when the job was queued anew since; `claim` is drawn anew by each claim, and
-- `faults` counts what the model found wrong with the text. Whoever makes a job due anew sets due_at, attempts = 0 and dead = false.
alter table jobs
  add column claim bigint not null default 0,
  add column faults int not null default 0;
-- Tenant after tenant, and the oldest of each.
create index jobs_queue on jobs (kind, tenant_id, due_at) where not dead;

-- A node's status moves when its vector is kept: room on the page keeps every index out of that.
alter table nodes set (fillfactor = 85);

-- What weighting by age and drift reads is kept with the vector.
grant update (last_refreshed, drift_score) on nodes to wardgraph_worker;

-- One row for each time a node got a vector, or failed to: the newest hundred of a node.
create table embedding_history (
  tenant_id text not null,
  node_id uuid not null,
  entry_id uuid not null,
  model text not null,
  embedded_at timestamptz not null,
  -- 1 - cosine to the vector of the same model before it; null for the first, and for a failure.
  drift_score float8,
  -- Why there was no vector, in words of this program; null if there was one.
  error text,
  primary key (tenant_id, node_id, entry_id),
  foreign key (tenant_id, node_id) references nodes (tenant_id, node_id) on delete cascade
);
call isolate('embedding_history', 'wardgraph_worker');
grant select on embedding_history to wardgraph_app;
grant select, insert, delete on embedding_history to wardgraph_worker;
grant select, insert, update, delete on embedding_history to wardgraph_admin;

-- Which model all of a tenant's vectors are of; empty when they are of several. Read across tenants, so it holds nothing else.
create table embedding_tenants (
  tenant_id text not null primary key,
  model text not null,
  moving_to text
);
alter table embedding_tenants enable row level security;
alter table embedding_tenants force row level security;
create policy keeper on embedding_tenants for all to wardgraph_worker using (true) with check (true);
create policy administrator on embedding_tenants for all to wardgraph_admin using (true) with check (true);
grant select, insert, update on embedding_tenants to wardgraph_worker;
grant select, insert, update, delete on embedding_tenants to wardgraph_admin;

-- Which model each server uses: the one that started last decides which vectors are made, and no vectors go that a living server searches.
create table embedding_servers (
  server_id uuid not null primary key,
  model text not null,
  works boolean not null,
  started_at timestamptz not null,
  seen_at timestamptz not null
);
alter table embedding_servers enable row level security;
alter table embedding_servers force row level security;
create policy keeper on embedding_servers for all to wardgraph_worker using (true) with check (true);
create policy administrator on embedding_servers for all to wardgraph_admin using (true) with check (true);
grant select, insert, update, delete on embedding_servers to wardgraph_worker, wardgraph_admin;

-- What is there already; the owner sees rows only while nothing is forced on him, in this transaction.
alter table embeddings no force row level security;
alter table embedding_tenants no force row level security;
insert into embedding_tenants (tenant_id, model)
  select tenant_id, case when min(model) = max(model) then min(model) else '' end from embeddings where tenant_id <> '*' group by tenant_id;
alter table embeddings force row level security;
alter table embedding_tenants force row level security;
