-- Who may do what: the roles that an organization made, and who holds which. Texts and their lengths are all that the database knows of
-- rules; the room `access` understands them.

create table roles (
  tenant_id text not null references organizations on delete cascade,
  name text not null,
  description text not null,
  -- Rules, as they were written.
  allows text[] not null,
  denies text[] not null,
  -- Names of roles, built-in ones among them.
  inherits text[] not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (tenant_id, name)
);

-- A grant is of the organization that its holder is of.
alter table clients add constraint clients_of_organization unique (organization_id, client_id);

-- Besides the role of a membership, or of a client. Whoever leaves leaves them.
create table grants (
  tenant_id text not null references organizations on delete cascade,
  grant_id uuid not null,
  user_id uuid,
  client_id text,
  -- A built-in role, or one of the organization's.
  role text not null,
  granted_by text not null,
  created_at timestamptz not null,
  -- From when on it counts no more; never, if null.
  expires_at timestamptz,
  last_used_at timestamptz,
  primary key (tenant_id, grant_id),
  foreign key (tenant_id, user_id) references memberships (organization_id, user_id) on delete cascade,
  foreign key (tenant_id, client_id) references clients (organization_id, client_id) on delete cascade,
  constraint grants_whose check (num_nonnulls(user_id, client_id) = 1)
);
create unique index grants_user on grants (tenant_id, user_id, role);
create unique index grants_client on grants (tenant_id, client_id, role);
create index grants_role on grants (tenant_id, role);

-- Raised in the transaction of every change, under the row's lock: of two changes at once one is after the other.
alter table organizations add column roles_version bigint not null default 0;
alter table organizations add column grants_version bigint not null default 0;
grant update (roles_version, grants_version) on organizations to wardgraph_app;

-- Nothing but what is granted.
alter table memberships alter column role drop not null;
alter table users drop constraint users_global_role_check;
alter table users add constraint users_global_role_check check (global_role in ('super_admin', 'system_operator', 'billing_admin', 'viewer'));

call isolate('roles', 'wardgraph_app');
call isolate('grants', 'wardgraph_app');
grant select, insert, update, delete on roles, grants to wardgraph_app;
grant select on roles, grants to wardgraph_admin;

-- What somebody may be told to have is looked up where they are told; and when it was used last is written down from time to time.
create policy identity on roles for select to wardgraph_identity using (true);
create policy identity on grants for all to wardgraph_identity using (true) with check (true);
grant select on roles, grants to wardgraph_identity;
alter table memberships add column last_used_at timestamptz;
grant update (last_used_at) on grants, memberships to wardgraph_identity;
