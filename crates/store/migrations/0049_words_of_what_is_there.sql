-- The words beside the texts of nodes that were written before. Writes wait from here to the end, and reads do not: whoever has read a node and is
-- about to write it comes first, so that neither waits for the other for ever.
lock table nodes in exclusive mode;

update nodes set beside_search = words_beside(props, metadata, content)
  where metadata <> '{}' or props ?| '{title,job_title,current_title}' or hidden_words(content) <> '';

-- Once all are there, which takes a fraction of what they take one by one; from here on they go into it at once.
create index nodes_words_beside_of_tenant on nodes using gin (word_keys(tenant_id, beside_search)) with (fastupdate = off);

-- What a search costs is estimated from what an index has of every key; an empty table has nothing to tell.
do $$
begin
  if (select reltuples > 0 from pg_class where oid = 'nodes'::regclass) then
    analyze nodes;
  end if;
end $$;
