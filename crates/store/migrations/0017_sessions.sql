-- Sign-ins, each with the family of its refresh tokens; and API keys.

create table sessions (
  session_id uuid not null primary key,
  user_id uuid not null references users on delete cascade,
  organization_id text not null references organizations on delete cascade,
  -- Sealed: every token of the family follows from it.
  family_key bytea not null,
  -- The number and SHA-256 of the token that is to be used next.
  number int not null,
  verifier bytea not null,
  -- Who used the one before it: SHA-256 of the program's name, and the network.
  program bytea not null,
  network text not null,
  rotated_at timestamptz,
  rotated_before_at timestamptz,
  device text not null,
  ip inet not null,
  created_at timestamptz not null,
  last_used_at timestamptz not null,
  expires_at timestamptz not null,
  ended_at timestamptz,
  -- Why: `logout`, `revoked`, `replayed`, `password`.
  ended_by text
);
create index sessions_user on sessions (user_id, created_at);
create index sessions_organization on sessions (organization_id);
create index sessions_age on sessions (expires_at);

create table api_keys (
  key_id uuid not null primary key,
  user_id uuid not null references users on delete cascade,
  organization_id text not null references organizations on delete cascade,
  name text not null,
  -- SHA-256 of the key.
  verifier bytea not null,
  scopes text[] not null,
  networks text[] not null,
  created_at timestamptz not null,
  expires_at timestamptz,
  last_used_at timestamptz,
  revoked_at timestamptz,
  -- The key that it was replaced by.
  successor_id uuid
);
create index api_keys_user on api_keys (user_id, created_at);
create index api_keys_organization on api_keys (organization_id);
