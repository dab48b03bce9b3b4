-- Which outside issuer may speak for a tenant, and how many new tenants each issuer brought. Asked before anyone is known, so that no tenant's
-- transaction reaches it.

create table issuer_tenants (
  tenant_id text not null primary key,
  issuer text not null,
  bound_at timestamptz not null
);
alter table issuer_tenants enable row level security;
alter table issuer_tenants force row level security;
create policy identity on issuer_tenants for all to wardgraph_identity using (true) with check (true);
create policy administrator on issuer_tenants for all to wardgraph_admin using (true) with check (true);
grant select, insert on issuer_tenants to wardgraph_identity;
grant select, insert, update, delete on issuer_tenants to wardgraph_admin;

-- One row for each issuer: of how many tenants it was the first to speak in its latest hour.
create table issuer_hours (
  issuer text not null primary key,
  hour timestamptz not null,
  tenants int not null
);
alter table issuer_hours enable row level security;
alter table issuer_hours force row level security;
create policy identity on issuer_hours for all to wardgraph_identity using (true) with check (true);
create policy administrator on issuer_hours for all to wardgraph_admin using (true) with check (true);
grant select, insert, update on issuer_hours to wardgraph_identity;
grant select, insert, update, delete on issuer_hours to wardgraph_admin;
