-- Reviews of who may do what, and administrators' ways into an organization's content.

create table reviews (
  tenant_id text not null references organizations on delete cascade,
  review_id uuid not null,
  name text not null,
  -- What becomes then of what nobody decided about.
  on_due text not null,
  due_at timestamptz not null,
  -- Who decides; whoever may, if nobody is named.
  reviewers uuid[] not null,
  begun_by uuid not null,
  created_at timestamptz not null,
  closed_at timestamptz,
  -- Null for the schedule.
  closed_by uuid,
  primary key (tenant_id, review_id),
  constraint reviews_on_due check (on_due in ('keep', 'revoke'))
);

-- What everybody held when the review began, and what was decided about it. Names no account or client by more than its id, and outlives them.
create table review_items (
  tenant_id text not null references organizations on delete cascade,
  review_id uuid not null,
  item_id uuid not null,
  kind text not null,
  user_id uuid,
  client_id text,
  -- The grant, or the API key.
  thing_id uuid,
  role text,
  scopes text[],
  granted_by text,
  granted_at timestamptz not null,
  expires_at timestamptz,
  last_used_at timestamptz,
  unused boolean not null,
  decision text,
  -- Null for the schedule.
  decided_by uuid,
  decided_at timestamptz,
  reason text,
  outcome text,
  primary key (tenant_id, item_id),
  foreign key (tenant_id, review_id) references reviews on delete cascade,
  constraint review_items_kind check (kind in ('membership', 'grant', 'client', 'api_key')),
  constraint review_items_whose check (num_nonnulls(user_id, client_id) = 1),
  constraint review_items_decision check ((decision is null) = (outcome is null) and (decision is null) = (decided_at is null))
);
create index review_items_page on review_items (tenant_id, review_id, item_id);

-- Ways into an organization's content. Outlives the administrator's account.
create table elevations (
  tenant_id text not null references organizations on delete cascade,
  elevation_id uuid not null,
  user_id uuid not null,
  -- As they were called then: who owns the organization sees no account of theirs.
  administrator_name text not null,
  reason text not null,
  scopes text[] not null,
  -- What its token is taken back by.
  token_id text not null,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  ended_at timestamptz,
  ended_by uuid,
  primary key (tenant_id, elevation_id)
);
create index elevations_id on elevations (elevation_id);
create index elevations_user on elevations (user_id, expires_at);

call isolate('reviews', 'wardgraph_app');
call isolate('review_items', 'wardgraph_app');
call isolate('elevations', 'wardgraph_app');
grant select, insert, update on reviews, review_items to wardgraph_app;
-- The organization sees them; whose they are makes them, under the administrator's role.
grant select on elevations to wardgraph_app;
grant select, insert, update on elevations to wardgraph_admin;

-- Which keys an organization's members have there is read by whoever reads its members.
create policy members on api_keys for select to wardgraph_app
  using (organization_id = nullif(current_setting('app.current_members_of', true), ''));
