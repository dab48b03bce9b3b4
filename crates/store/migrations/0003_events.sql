-- The audit log. The runtime roles insert and select; nobody updates or deletes.

create table events (
  tenant_id text not null,
  event_id uuid not null,
  type text not null,
  category text not null,
  subject_type text,
  subject text,
  actor_id text not null,
  actor_type text not null,
  outcome text not null,
  request_id uuid,
  ip inet,
  payload jsonb not null,
  created_at timestamptz not null,
  xact xid8 not null default pg_current_xact_id(),
  primary key (tenant_id, event_id)
);
create index events_subject on events (tenant_id, subject, event_id);
create index events_type on events (tenant_id, type, event_id);
create index events_request on events (tenant_id, request_id, event_id);
create index events_unsealed on events (xact);
call isolate('events', 'wardgraph_app, wardgraph_worker, wardgraph_identity');
grant select, insert on events to wardgraph_app, wardgraph_worker, wardgraph_admin;
grant insert on events to wardgraph_identity;
