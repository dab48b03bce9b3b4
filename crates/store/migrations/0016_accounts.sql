-- People: accounts, passwords, organizations and who is in them. No tenant's: a person may be in several. Before anyone is known only
-- wardgraph_identity sees them; a person who signed in sees the own rows, by app.current_user_id.

create table users (
  user_id uuid not null primary key,
  -- In the one form in which addresses are compared.
  email text not null unique,
  name text not null,
  -- Raised to take back every token of the account.
  generation bigint not null default 0,
  verified_at timestamptz,
  disabled_at timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null
);

create table passwords (
  user_id uuid not null primary key references users on delete cascade,
  -- Argon2id, in the PHC form.
  verifier text not null,
  changed_at timestamptz not null,
  -- Wrong guesses of whoever holds an access token and would change the password.
  failures int not null default 0,
  failed_at timestamptz
);

create table organizations (
  organization_id text not null primary key,
  name text not null,
  owner_id uuid not null references users,
  tier text not null default 'free',
  created_at timestamptz not null
);
create index organizations_owner on organizations (owner_id);

create table memberships (
  organization_id text not null references organizations on delete cascade,
  user_id uuid not null references users on delete cascade,
  role text not null,
  created_at timestamptz not null,
  primary key (organization_id, user_id)
);
create index memberships_user on memberships (user_id, created_at);

-- Failed sign-ins, under a keyed hash of the address, whether anybody has it or not.
create table attempts (
  subject bytea not null primary key,
  failures int not null,
  failed_at timestamptz not null
);
create index attempts_age on attempts (failed_at);

-- Links that were mailed. What stands in them follows from the id and a key that is in no table.
create table links (
  link_id uuid not null primary key,
  -- Null for an address that nobody has: asking for a link does the same work for it.
  user_id uuid references users on delete cascade,
  kind text not null,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  used_at timestamptz
);
create index links_user on links (user_id);
create index links_age on links (expires_at);

-- What is to be mailed: written with the commit that it tells of, and gone once it is sent.
create table mail (
  mail_id uuid not null primary key,
  kind text not null,
  -- Null for an address that nobody has.
  recipient text,
  name text not null,
  link_id uuid,
  created_at timestamptz not null,
  due_at timestamptz not null,
  attempts int not null default 0
);
create index mail_due on mail (due_at);

-- What the server's own keys follow from, sealed by the vault under the system's data key.
create table identity_secrets (
  name text not null primary key,
  sealed bytea not null
);
