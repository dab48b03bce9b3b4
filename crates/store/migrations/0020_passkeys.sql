-- Passkeys (WebAuthn Level 3): what is kept of authenticators by which people sign in, as a second factor or alone. Each is a factor of kind
-- `webauthn`. Public keys: nothing here opens anything.

create table passkeys (
  factor_id uuid not null primary key references factors on delete cascade,
  user_id uuid not null references users on delete cascade,
  -- What its authenticator calls it, and whom it is for there: 64 bytes of chance, the same for all of an account's.
  credential_id bytea not null unique,
  user_handle bytea not null,
  -- The public key with its algorithm, as the room's library writes them.
  public_key bytea not null,
  -- How many signatures its authenticator counted; 0 for one that does not count.
  sign_count bigint not null,
  -- Whether it may be copied to other devices of its owner, whether it was, and whether its owner was ever recognised by the authenticator.
  syncs boolean not null,
  synced boolean not null,
  recognised boolean not null,
  -- How its authenticator is reached: `internal`, `hybrid`, `usb`, `nfc`, `ble`, `smart-card`.
  transports text[] not null,
  -- When a signature came whose counter was not above the last one's: there are two of it.
  went_back_at timestamptz
);
create index passkeys_user on passkeys (user_id);

call keep_account('passkeys', $$user_id = nullif(current_setting('app.current_user_id', true), '')::uuid$$);

-- Before anyone is known, and where a browser proves what it has.
grant select, insert on passkeys to wardgraph_identity;
grant update (sign_count, synced, recognised, went_back_at) on passkeys to wardgraph_identity;

-- A person, of the own account: none can be made here, and its key cannot be seen. One goes with its factor.
grant select (factor_id, user_id, credential_id, user_handle, synced, transports, went_back_at) on passkeys to wardgraph_app;
