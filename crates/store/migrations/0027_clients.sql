-- Clients of the OAuth server, their secrets, and what people granted them: a grant is a session that a client got.

create table clients (
  client_id text not null primary key,
  -- Whose it is: what it gets is good in this organization.
  organization_id text not null references organizations on delete cascade,
  -- How it came to be: `api`, `cli`, `dynamic`, `document`.
  source text not null,
  -- Raised with every change: what servers remember of an earlier one is read anew, and tokens of an earlier one can be taken back.
  generation bigint not null default 1,
  name text not null,
  auth_method text not null,
  grant_types text[] not null,
  redirect_uris text[] not null,
  post_logout_redirect_uris text[] not null,
  backchannel_logout_uri text,
  -- The most that it may ever ask for.
  scopes text[] not null,
  -- Other places than this server that it may ask tokens for.
  resources text[] not null,
  -- What it may do on its own behalf.
  role text,
  first_party boolean not null,
  dpop_bound boolean not null,
  require_par boolean not null,
  id_token_alg text not null,
  access_token_alg text,
  jwks text,
  jwks_uri text,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  disabled_at timestamptz
);
create index clients_organization on clients (organization_id, created_at);

create table client_secrets (
  secret_id uuid not null primary key,
  organization_id text not null,
  client_id text not null references clients on delete cascade,
  -- SHA-256 of the secret.
  verifier bytea not null,
  created_at timestamptz not null,
  expires_at timestamptz
);
create index client_secrets_client on client_secrets (client_id);

call keep_account('clients', $$organization_id = nullif(current_setting('app.current_tenant_id', true), '')$$);
call keep_account('client_secrets', $$organization_id = nullif(current_setting('app.current_tenant_id', true), '')$$);

-- Before anyone is known; and for whoever runs the server.
grant select, insert on clients, client_secrets to wardgraph_identity;
-- Whoever sees to the organization's clients.
grant select, insert, update, delete on clients, client_secrets to wardgraph_app;

-- A session that a client got: by a person's leave, for these scopes, and for one audience; this server if none is named.
alter table sessions add column client_id text references clients on delete cascade;
alter table sessions add column scopes text[];
alter table sessions add column audience text;
-- The thumbprint of the key that its tokens are good with (RFC 9449).
alter table sessions add column jkt text;
alter table sessions add constraint sessions_granted check ((client_id is null) = (scopes is null) and (client_id is null or not browser));
create index sessions_client on sessions (client_id, created_at);
grant select (client_id, scopes, audience) on sessions to wardgraph_app;
