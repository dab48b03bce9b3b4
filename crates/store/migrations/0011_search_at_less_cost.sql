-- What a search of vectors costs.

-- The same rows as before, written as one comparison that an index can make: as two alternatives the policy was evaluated for each vector,
-- which took as long as comparing the vector (docs/adr/0019-security-of-vectors-is-one-comparison.md).
alter policy tenant_read on embeddings using (tenant_id = any (array[
  nullif(current_setting('app.current_tenant_id', true), ''),
  case when nullif(current_setting('app.current_tenant_id', true), '') is not null then '*' end]));

-- Vectors that enter an index look for their neighbours as widely as in an index that is built now; what is in it already stays as it is,
-- until someone rebuilds it (reindex index concurrently).
do $$
declare made regclass;
begin
  for made in
    select i.indexrelid from pg_index i join pg_class c on c.oid = i.indexrelid join pg_am a on a.oid = c.relam
    where a.amname = 'hnsw' and c.relnamespace = 'wardgraph'::regnamespace
  loop
    execute format('alter index %s set (ef_construction = 256)', made);
  end loop;
end $$;
