-- Due work of all tenants, found by one index and then done tenant by tenant. Holds no content: tenant, kind, id and times.

create table jobs (
  tenant_id text not null,
  kind text not null,
  subject_id uuid not null,
  due_at timestamptz not null,
  attempts int not null default 0,
  dead boolean not null default false,
  primary key (tenant_id, kind, subject_id)
);
create index jobs_due on jobs (due_at) where not dead;
alter table jobs enable row level security;
alter table jobs force row level security;
create policy own_insert on jobs for insert to wardgraph_app
  with check (tenant_id = nullif(current_setting('app.current_tenant_id', true), '') and tenant_id <> '*');
create policy queue on jobs for all to wardgraph_worker using (true) with check (true);
create policy administrator on jobs for all to wardgraph_admin using (true) with check (true);
grant insert on jobs to wardgraph_app;
grant select, insert, update, delete on jobs to wardgraph_worker, wardgraph_admin;
