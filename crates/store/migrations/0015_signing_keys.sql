-- The keys that sign this server's own tokens. The private half is sealed by the vault under the system's data key.

create table signing_keys (
  -- The thumbprint of the public half (RFC 7638).
  key_id text not null primary key,
  algorithm text not null,
  -- A JSON Web Key (RFC 7517), public.
  public_key jsonb not null,
  sealed bytea not null,
  made_at timestamptz not null,
  signs_from timestamptz not null,
  -- Null while no other key follows.
  verifies_until timestamptz,
  revoked_at timestamptz
);
alter table signing_keys enable row level security;
alter table signing_keys force row level security;
create policy keeper on signing_keys for all to wardgraph_worker using (true) with check (true);
grant select, insert, update, delete on signing_keys to wardgraph_worker;
