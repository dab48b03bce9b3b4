-- What strangers can do to an address that is not theirs: register it, and have it mailed to.

-- A registration of an address that has an account which nobody showed to be theirs: what was said stands with its link, and becomes the
-- account's when that link is followed by whoever knows its password. Null in the link of the account's own registration.
alter table links add column verifier text, add column name text;

-- How often something was mailed lately at a stranger's word, under a keyed hash of address and kind, whether anybody has the address or not.
create table mail_counts (
  subject bytea not null primary key,
  hour_from timestamptz not null,
  in_hour int not null,
  day_from timestamptz not null,
  in_day int not null
);
create index mail_counts_age on mail_counts (day_from);
call keep_account('mail_counts', null);
create policy keeper on mail_counts for all to wardgraph_worker using (true) with check (true);
grant select, insert, update on mail_counts to wardgraph_identity;
grant select, delete on mail_counts to wardgraph_worker;

-- Whether the outbox is full, and the name of an organization whose owner showed to be another than who registered first.
grant select (mail_id) on mail to wardgraph_identity;
grant update (name) on organizations to wardgraph_identity;
-- Second factors of whoever registered first go with the rest.
grant delete on factors, recovery_codes to wardgraph_identity;
