-- Clients that register themselves (RFC 7591), and those that are known by the document at the address that their id is.

-- Of no organization are those alone that nobody in one vouched for.
alter table clients alter column organization_id drop not null;
alter table client_secrets alter column organization_id drop not null;
alter table clients add constraint clients_whose check (organization_id is not null or source in ('dynamic', 'document'));
-- SHA-256 of the token by which a client sees to its own registration (RFC 7592).
alter table clients add column registration_verifier bytea;
-- What it says of itself besides, as JSON: its pages, whom to ask, its software. Kept, and never followed.
alter table clients add column about text;
-- Until when a document is believed without being fetched again.
alter table clients add column believed_until timestamptz;
create index clients_nobodys on clients (source, updated_at) where organization_id is null;

-- Initial access tokens: by one of them a program registers clients of an organization, a few times and for a while.
create table initial_tokens (
  token_id uuid not null primary key,
  organization_id text not null references organizations on delete cascade,
  -- SHA-256 of the text.
  verifier bytea not null,
  -- Whose word it is, and no more than they may by then; null for whoever runs the server.
  maker_id uuid references users on delete cascade,
  -- The most that its clients may ask for, and what they may do on their own behalf.
  scopes text[] not null,
  role text,
  uses_left int not null check (uses_left >= 0),
  created_at timestamptz not null,
  expires_at timestamptz not null
);
create index initial_tokens_organization on initial_tokens (organization_id, created_at);
create index initial_tokens_maker on initial_tokens (maker_id);
create index initial_tokens_age on initial_tokens (expires_at);

call keep_account('initial_tokens', $$organization_id = nullif(current_setting('app.current_tenant_id', true), '')$$);

grant select, insert, delete on initial_tokens to wardgraph_identity;
grant update (uses_left) on initial_tokens to wardgraph_identity;
grant select, insert, delete on initial_tokens to wardgraph_app;
-- A client sees to its own registration, and whoever runs the server to all of them.
grant update, delete on clients, client_secrets to wardgraph_identity;
-- What was agreed to while somebody else had the account is taken back with the rest of what they left.
grant delete on consents to wardgraph_identity;
