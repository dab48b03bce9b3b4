-- What is good once: proofs of possession that came to the token endpoint, and assertions of clients. By their hash, until they expire by themselves.
create table used_ids (
  id bytea not null primary key check (octet_length(id) = 32),
  expires_at timestamptz not null
);
create index used_ids_age on used_ids (expires_at);
call keep_account('used_ids', null);
create policy keeper on used_ids for all to wardgraph_worker using (true) with check (true);
grant select, insert on used_ids to wardgraph_identity;
grant select, delete on used_ids to wardgraph_worker;
