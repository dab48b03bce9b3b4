-- What lies between a client's request for somebody's agreement and the tokens that come of it: requests that were pushed, codes, and what people
-- agreed to. None of it opens anything by itself.

-- Requests that clients pushed (RFC 9126). The reference that stands for one is an id and 256 bits of chance, of which SHA-256 is kept.
create table pushed_requests (
  request_id uuid not null primary key,
  client_id text not null references clients on delete cascade,
  verifier bytea not null,
  -- The parameters, as a query.
  parameters text not null,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  -- When a browser came with it: it has longer from then on, for a person signs in.
  opened_at timestamptz,
  used_at timestamptz
);
create index pushed_requests_client on pushed_requests (client_id);
create index pushed_requests_age on pushed_requests (expires_at);

-- Codes (RFC 6749, section 4.1), each for one exchange: an id and 256 bits of chance, of which SHA-256 is kept. What was used is remembered for a
-- day, so that whoever uses it again is found out.
create table authorization_codes (
  code_id uuid not null primary key,
  verifier bytea not null,
  client_id text not null references clients on delete cascade,
  user_id uuid not null references users on delete cascade,
  organization_id text not null references organizations on delete cascade,
  -- The browser's session, which must live still when the code is used; and the account as it was.
  session_id uuid not null,
  generation bigint not null,
  redirect_uri text not null,
  -- SHA-256 of what the client will show (RFC 7636), and the key that it will prove to hold (RFC 9449, section 10).
  challenge text not null,
  jkt text,
  nonce text,
  scopes text[] not null,
  resource text,
  -- Names of claims that are to stand in the ID token.
  claims text[] not null,
  amr text[] not null,
  acr text not null,
  auth_time timestamptz not null,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  used_at timestamptz,
  -- What it gave.
  granted_session_id uuid
);
create index authorization_codes_client on authorization_codes (client_id);
create index authorization_codes_user on authorization_codes (user_id);
create index authorization_codes_organization on authorization_codes (organization_id);
create index authorization_codes_age on authorization_codes (expires_at);

-- What people agreed to: which client may do what in which of their organizations. What is agreed to later is added.
create table consents (
  consent_id uuid not null primary key,
  user_id uuid not null references users on delete cascade,
  client_id text not null references clients on delete cascade,
  organization_id text not null references organizations on delete cascade,
  -- What the client was called, as its person read it.
  client_name text not null,
  scopes text[] not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  unique (user_id, client_id, organization_id)
);
create index consents_client on consents (client_id);
create index consents_organization on consents (organization_id);

-- The browser's session in which a client's session was begun: with it end those that are not to outlive it.
alter table sessions add column browser_session_id uuid;
create index sessions_browser on sessions (browser_session_id) where browser_session_id is not null;

call keep_account('pushed_requests', null);
call keep_account('authorization_codes', $$user_id = nullif(current_setting('app.current_user_id', true), '')::uuid$$);
call keep_account('consents', $$user_id = nullif(current_setting('app.current_user_id', true), '')::uuid$$);
create policy keeper on pushed_requests for all to wardgraph_worker using (true) with check (true);
create policy keeper on authorization_codes for all to wardgraph_worker using (true) with check (true);

grant select, insert, update on pushed_requests, authorization_codes to wardgraph_identity;
-- Whoever takes back what they agreed to takes back the codes that are out.
grant select (user_id, client_id, organization_id, used_at), delete on authorization_codes to wardgraph_app;
grant select on consents to wardgraph_identity;
grant select, insert, delete on consents to wardgraph_app;
grant update (client_name, scopes, updated_at) on consents to wardgraph_app;
grant select (client_id, scopes, browser_session_id) on sessions to wardgraph_app;
grant select (request_id, expires_at), delete on pushed_requests to wardgraph_worker;
grant select (code_id, expires_at, created_at), delete on authorization_codes to wardgraph_worker;
