-- A search by words or by properties reads what an index has of its own tenant and of the shared rows, and nothing of others'
-- (docs/adr/0060-what-is-looked-up-is-a-tenants-own.md).

-- What words and properties of a tenant are looked up by. Both begin with a number that every database makes for itself, so that nobody finds
-- words or values of their own that lie where another tenant's do. They read no table. An index calls them as whoever writes the row.
do $$
declare own constant bigint := ('x' || left(md5(gen_random_uuid()::text), 16))::bit(64)::bigint;
begin
  -- The upper half of a key is the tenant's, so that its words lie together; the lower half is the word's among them. 4294967295 is 32 ones.
  execute format($f$
    create function word_keys(tenant text, words tsvector) returns bigint[]
    language plpgsql immutable strict parallel safe as $b$
    declare seed constant bigint := hashtextextended(tenant, %L::bigint);
    begin
      return array(select (seed & ~ 4294967295) | (hashtextextended(word, seed) & 4294967295) from unnest(tsvector_to_array(words)) as word);
    end $b$ $f$, own);
  -- An index of paths hashes the whole path of each value, which begins with the tenant then.
  execute format($f$
    create function doc_of(tenant text, doc jsonb) returns jsonb
    language plpgsql immutable strict parallel safe as $b$
    begin
      return jsonb_build_object(hashtextextended(tenant, %L::bigint)::text, doc);
    end $b$ $f$, own);
end $$;
revoke all on function word_keys(text, tsvector), doc_of(text, jsonb) from public;
grant execute on function word_keys(text, tsvector), doc_of(text, jsonb) to wardgraph_app, wardgraph_admin, wardgraph_worker;

-- Writes wait from here to the end, and reads do not. Both tables now: were edges' turn to come when the indexes of nodes are there, whoever deletes a
-- node just then would hold edges, and wait for nodes.
lock table nodes, edges in share mode;

-- Keys go into the index at once: a list of pending ones would be read by every search, whoever wrote them.
create index nodes_words_of_tenant on nodes using gin (word_keys(tenant_id, content_search)) with (fastupdate = off);
create index nodes_props_of_tenant on nodes using gin (doc_of(tenant_id, props) jsonb_path_ops) with (fastupdate = off);
create index nodes_metadata_of_tenant on nodes using gin (doc_of(tenant_id, metadata) jsonb_path_ops) with (fastupdate = off);

-- Edges that mean something are a range, whichever nodes they are at.
create index edges_rel on edges (tenant_id, rel, edge_id);

-- What a search costs is estimated from what an index has of every key; an empty table has nothing to tell.
do $$
begin
  if (select reltuples > 0 from pg_class where oid = 'nodes'::regclass) then
    analyze nodes;
  end if;
end $$;
