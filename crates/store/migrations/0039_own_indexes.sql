-- A tenant's own index holds what the common one holds of the tenant, too: so nothing leaves the common index before there is another. Those
-- that were built without it are built anew, and their tenants are compared one by one until then.
do $$
declare made record;
begin
  for made in
    select c.oid::regclass as name from pg_index i join pg_class c on c.oid = i.indexrelid join pg_am a on a.oid = c.relam
    where a.amname = 'hnsw' and c.relnamespace = 'wardgraph'::regnamespace and pg_get_expr(i.indpred, i.indrelid) like '%(graph = 2)%'
  loop
    execute format('drop index %s', made.name);
  end loop;
end $$;
-- Due, however few came since they were counted last.
alter table vector_spaces no force row level security;
update vector_spaces set touched = greatest(touched, 2001) where route = 'own';
alter table vector_spaces force row level security;
