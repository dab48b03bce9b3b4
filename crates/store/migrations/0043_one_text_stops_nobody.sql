-- Above 0 a job's text is in doubt, and is embedded alone: one more than how often it got no vector by itself while another text got one at the
-- same time, from a service that looks as if it were away.
alter table jobs add column misses int not null default 0;

-- Up to which node those that were given up have got another chance from the model that the tenant moves to; null once all have, and before.
alter table embedding_tenants add column revived_to uuid;
-- A move that is under way has given some of them theirs: it begins anew.
alter table embedding_tenants no force row level security;
update embedding_tenants set revived_to = '00000000-0000-0000-0000-000000000000' where moving_to is not null;
alter table embedding_tenants force row level security;
