-- A search by words reads the words of its own tenant and of the shared rows, and no others' (docs/adr/0060-a-tenants-words-are-looked-up-alone.md).

-- What the words of a tenant are looked up by. The upper half is the tenant's, so that its words lie together in an index; the lower half is the
-- word's among them. Both begin with a number that every database makes for itself, so that nobody finds words whose keys are another tenant's.
-- The number 4294967295 is 32 ones.
do $$
begin
  execute format($f$
    create function word_keys(tenant text, words tsvector) returns bigint[]
    language plpgsql immutable strict parallel safe as $b$
    declare seed constant bigint := hashtextextended(tenant, %L::bigint);
    begin
      return array(select (seed & ~ 4294967295) | (hashtextextended(word, seed) & 4294967295) from unnest(tsvector_to_array(words)) as word);
    end $b$ $f$, ('x' || left(md5(gen_random_uuid()::text), 16))::bit(64)::bigint);
end $$;
-- It reads no table. An index calls it as whoever writes the row.
revoke all on function word_keys(text, tsvector) from public;
grant execute on function word_keys(text, tsvector) to wardgraph_app, wardgraph_admin, wardgraph_worker;

-- Keys go into the index at once: a list of pending ones would be read by every search, whoever wrote them.
create index nodes_words on nodes using gin (word_keys(tenant_id, content_search)) with (fastupdate = off);
drop index nodes_content_search;
-- Its operator was not leakproof, so that row-level security kept every search from it; now it is, and the index knows no tenants.
drop index nodes_classes;

-- What a search by words costs is estimated from what an index has of every word; an empty table has nothing to tell.
do $$
begin
  if (select reltuples > 0 from pg_class where oid = 'nodes'::regclass) then
    analyze nodes;
  end if;
end $$;
