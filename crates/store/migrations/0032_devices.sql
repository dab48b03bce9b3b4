-- Devices that ask to act for a person who enters their code in a browser elsewhere (RFC 8628). What the device polls with is an id and 256 bits of
-- chance, what the person enters is eight letters: of both SHA-256 is kept. What was used is remembered for a day, as codes are.
create table device_authorizations (
  code_id uuid not null primary key,
  verifier bytea not null,
  user_code bytea not null unique,
  client_id text not null references clients on delete cascade,
  scopes text[] not null,
  resource text,
  -- The key that the device proved to hold when it asked (RFC 9449).
  jkt text,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  -- How often the device may ask, in seconds, and when it did last.
  interval_s int not null,
  polled_at timestamptz,
  -- Who decided, where, and in which session of a browser, which must live still when the device gets its tokens.
  user_id uuid references users on delete cascade,
  organization_id text references organizations on delete cascade,
  session_id uuid,
  generation bigint,
  amr text[],
  acr text,
  auth_time timestamptz,
  allowed_at timestamptz,
  denied_at timestamptz,
  used_at timestamptz,
  -- What it gave.
  granted_session_id uuid,
  constraint device_authorizations_decided check (allowed_at is null or (user_id is not null and organization_id is not null and session_id is not null
    and generation is not null and amr is not null and acr is not null and auth_time is not null))
);
create index device_authorizations_client on device_authorizations (client_id);
create index device_authorizations_user on device_authorizations (user_id);
create index device_authorizations_organization on device_authorizations (organization_id);
create index device_authorizations_age on device_authorizations (expires_at);

-- How many codes were entered that are no device's: by a person, from a network, and in all.
create table device_guesses (
  name text not null primary key,
  wrong int not null,
  since timestamptz not null
);
create index device_guesses_age on device_guesses (since);

call keep_account('device_authorizations', $$user_id = nullif(current_setting('app.current_user_id', true), '')::uuid$$);
call keep_account('device_guesses', null);
create policy keeper on device_authorizations for all to wardgraph_worker using (true) with check (true);
create policy keeper on device_guesses for all to wardgraph_worker using (true) with check (true);

grant select, insert, update on device_authorizations, device_guesses to wardgraph_identity;
-- What a person allows a device is an agreement like any other.
grant insert on consents to wardgraph_identity;
grant update (client_name, scopes, updated_at) on consents to wardgraph_identity;
-- Whoever takes back what they agreed to takes back what waits to be fetched.
grant select (user_id, client_id, organization_id, used_at), delete on device_authorizations to wardgraph_app;
grant select (code_id, expires_at), delete on device_authorizations to wardgraph_worker;
grant select (name, since), delete on device_guesses to wardgraph_worker;
