-- The one way in which a table becomes a tenant's: forced row-level security with the canonical policies.
-- Run as wardgraph_owner, with search_path = wardgraph, public.

create procedure isolate(target regclass, writers text)
language plpgsql as $$
begin
  execute format('alter table %s enable row level security', target);
  execute format('alter table %s force row level security', target);
  execute format($p$
    create policy tenant_read on %s for select to wardgraph_app, wardgraph_worker
    using (tenant_id = nullif(current_setting('app.current_tenant_id', true), '')
      or (tenant_id = '*' and nullif(current_setting('app.current_tenant_id', true), '') is not null))$p$, target);
  execute format($p$
    create policy tenant_insert on %s for insert to %s
    with check (tenant_id = nullif(current_setting('app.current_tenant_id', true), '') and tenant_id <> '*')$p$, target, writers);
  execute format($p$
    create policy tenant_update on %s for update to %s
    using (tenant_id = nullif(current_setting('app.current_tenant_id', true), '') and tenant_id <> '*')
    with check (tenant_id = nullif(current_setting('app.current_tenant_id', true), '') and tenant_id <> '*')$p$, target, writers);
  execute format($p$
    create policy tenant_delete on %s for delete to %s
    using (tenant_id = nullif(current_setting('app.current_tenant_id', true), '') and tenant_id <> '*')$p$, target, writers);
  execute format('create policy administrator on %s for all to wardgraph_admin using (true) with check (true)', target);
end $$;

-- A partition is reached through its parent alone: no policy of its own lets anyone in, and nobody is granted anything on it.
create procedure partition_by_tenant(target regclass, parts int)
language plpgsql as $$
begin
  for part in 0 .. parts - 1 loop
    execute format('create table %s_p%s partition of %s for values with (modulus %s, remainder %s)', target, part, target, parts, part);
    execute format('alter table %s_p%s enable row level security', target, part);
    execute format('alter table %s_p%s force row level security', target, part);
  end loop;
end $$;

revoke all on procedure isolate(regclass, text), partition_by_tenant(regclass, int) from public;

grant usage on schema wardgraph to wardgraph_app, wardgraph_admin, wardgraph_identity, wardgraph_worker;
