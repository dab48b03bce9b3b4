-- Second factors, the acts that wait for one, and how a session came about.

-- By what the session's owner proved who they are (RFC 8176), how much that says, and when it was.
alter table sessions add column amr text[] not null default '{pwd}', add column acr text not null default 'aal1', add column auth_time timestamptz;
alter table sessions no force row level security;
update sessions set auth_time = created_at;
alter table sessions force row level security;
alter table sessions alter column amr drop default, alter column acr drop default, alter column auth_time set not null;

-- Whether whoever works in the organization must show a second factor.
alter table organizations add column requires_mfa boolean not null default false;

-- What an account shows besides its password. Only what was shown to work once is here.
create table factors (
  factor_id uuid not null primary key,
  user_id uuid not null references users on delete cascade,
  -- `totp`; other kinds keep what is theirs in tables of their own.
  kind text not null,
  -- What its owner calls it.
  name text not null,
  -- What the codes of a `totp` follow from, sealed by the vault under the system's data key.
  secret bytea,
  -- The last of its time steps whose code was used: no code is used twice.
  used_step bigint,
  created_at timestamptz not null,
  last_used_at timestamptz
);
create index factors_user on factors (user_id, created_at);

-- What opens an account whose other factors are lost, once each.
create table recovery_codes (
  user_id uuid not null references users on delete cascade,
  -- SHA-256 of a code of 140 bits of chance.
  verifier bytea not null,
  created_at timestamptz not null,
  used_at timestamptz,
  primary key (user_id, verifier)
);

-- Acts that wait for somebody to show something: a sign-in for its second factor, a factor for its first use. The token that stands for one
-- follows from its id and a key that is in no table.
create table challenges (
  challenge_id uuid not null primary key,
  kind text not null,
  -- Null while nobody is known.
  user_id uuid references users on delete cascade,
  -- The session that it was begun in; null where none has begun.
  session_id uuid,
  organization_id text,
  -- The account as it was: its generation, and SHA-256 of its password's verifier.
  generation bigint not null,
  password bytea,
  -- The network where the owner is at home, if it was begun there: its failures count by themselves.
  network text,
  -- What a factor that is being added will be called.
  name text,
  -- What the end needs to know of the beginning, sealed.
  state bytea,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  tries int not null default 0,
  used_at timestamptz
);
create index challenges_user on challenges (user_id);
create index challenges_age on challenges (expires_at);

call keep_account('factors', $$user_id = nullif(current_setting('app.current_user_id', true), '')::uuid$$);
call keep_account('recovery_codes', $$user_id = nullif(current_setting('app.current_user_id', true), '')::uuid$$);
call keep_account('challenges', $$user_id = nullif(current_setting('app.current_user_id', true), '')::uuid$$);
create policy keeper on challenges for all to wardgraph_worker using (true) with check (true);
-- A person sees the organizations that they are in: whether one of them wants a second factor.
create policy members_read on organizations for select to wardgraph_app using (
  organization_id in (select organization_id from memberships where user_id = nullif(current_setting('app.current_user_id', true), '')::uuid));

-- Before anyone is known.
grant select, insert, update on factors, recovery_codes, challenges to wardgraph_identity;

-- A person, of the own account: no secret can be read or made here.
grant select (factor_id, user_id, kind, name, created_at, last_used_at), update (name), delete on factors to wardgraph_app;
grant select (user_id, created_at, used_at), insert, delete on recovery_codes to wardgraph_app;
grant insert on challenges to wardgraph_app;
grant update (requires_mfa) on organizations to wardgraph_app;

grant select (challenge_id, expires_at), delete on challenges to wardgraph_worker;
