-- How accounts end, lose what is not their owner's, and are mailed to no oftener than they should be.

-- A password that is good for nothing until it is set anew: whoever may not see or set one can end one.
alter table passwords add column ended_at timestamptz;

-- An administrator takes second factors away, with whatever else opens the account. What they are is not seen.
create policy administrator on passwords for all to wardgraph_admin using (true) with check (true);
create policy administrator on factors for all to wardgraph_admin using (true) with check (true);
create policy administrator on recovery_codes for all to wardgraph_admin using (true) with check (true);
grant select (user_id, ended_at), update (ended_at) on passwords to wardgraph_admin;
grant select (factor_id, user_id), delete on factors to wardgraph_admin;
grant select (user_id), delete on recovery_codes to wardgraph_admin;

-- Its owner is told.
create policy administrator on mail for insert to wardgraph_admin with check (link_id is null);
grant insert on mail to wardgraph_admin;

-- How often an account was told of something lately: no oftener than it helps.
create table notice_counts (
  user_id uuid not null references users on delete cascade,
  -- The kind of message.
  kind text not null,
  hour_from timestamptz not null,
  in_hour int not null,
  primary key (user_id, kind)
);
call keep_account('notice_counts', $$user_id = nullif(current_setting('app.current_user_id', true), '')::uuid$$);
create policy administrator on notice_counts for all to wardgraph_admin using (true) with check (true);
grant select, insert, update on notice_counts to wardgraph_identity, wardgraph_app, wardgraph_admin;

-- What waits to be mailed at strangers' word is counted by itself.
create index mail_of_strangers on mail (mail_id) where kind in ('verify', 'reset', 'taken');
grant select (kind) on mail to wardgraph_identity;

-- Keys that ended long ago.
create index api_keys_ended on api_keys (least(revoked_at, expires_at)) where least(revoked_at, expires_at) is not null;
create policy keeper on api_keys for all to wardgraph_worker using (true) with check (true);
grant select (key_id, revoked_at, expires_at), delete on api_keys to wardgraph_worker;

-- Accounts whose address nobody showed to be theirs, and that nobody waits for any more.
create index users_unproven on users (user_id) where verified_at is null;
create policy administrator on links for select to wardgraph_admin using (true);
grant select (link_id, user_id, expires_at, used_at) on links to wardgraph_admin;
