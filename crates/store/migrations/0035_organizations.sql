-- Organizations are made, set, handed over and deleted, and their members seen to, by who may.

-- Raised with everything here that servers remember: whether the organization works at all, and from where.
alter table organizations add column settings_version bigint not null default 0;
-- Sessions there last no longer than this; null for as long as the server says.
alter table organizations add column session_idle_seconds int check (session_idle_seconds > 0);
alter table organizations add column session_lifetime_seconds int check (session_lifetime_seconds > 0);
-- From where its sessions, keys and clients may call; empty for everywhere.
alter table organizations add column allowed_networks text[] not null default '{}';
-- For how long what is past is kept; null for as long as the server says.
alter table organizations add column retention_days int check (retention_days > 0);
-- Since when nothing works there any more, and from when on nothing of it is left.
alter table organizations add column deleted_at timestamptz;
alter table organizations add column purge_at timestamptz;
alter table organizations add constraint organizations_deleted check ((deleted_at is null) = (purge_at is null));
-- In the order in which they are listed, which says nothing of them.
create index organizations_listed on organizations ((md5(organization_id)::uuid));
create index organizations_due on organizations (purge_at) where purge_at is not null;

-- Whoever sees to an organization: app.current_keeper_of is set besides app.current_members_of, and their own account, where something is changed, and
-- there alone.
create procedure keep_members(target regclass, variadic acts text[])
language plpgsql as $$
declare
  kept constant text := $p$organization_id = nullif(current_setting('app.current_keeper_of', true), '')$p$;
  act text;
begin
  foreach act in array acts loop
    execute format('create policy kept_%s on %s for %s to wardgraph_app %s', act, target, act, case act
      when 'insert' then format('with check (%s)', kept)
      when 'update' then format('using (%s) with check (%s)', kept, kept)
      else format('using (%s)', kept) end);
  end loop;
end $$;
revoke all on procedure keep_members(regclass, text[]) from public;

call keep_members('memberships', 'update', 'delete');
call keep_members('sessions', 'update');
call keep_members('api_keys', 'select', 'update');
call keep_members('consents', 'select', 'delete');
call keep_members('authorization_codes', 'select', 'delete');
call keep_members('device_authorizations', 'select', 'delete');
-- Clients are told whose sessions ended.
call keep_members('logouts', 'insert');

-- A person sees the own places, and gives themselves none; and an organization is held by whoever works in it, and changed by who sees to it alone.
drop policy own_account on memberships;
create policy own_account on memberships for select to wardgraph_app using (user_id = nullif(current_setting('app.current_user_id', true), '')::uuid);
drop policy own_account on organizations;
create policy own_account on organizations for select to wardgraph_app using (organization_id = nullif(current_setting('app.current_tenant_id', true), ''));
create policy kept_update on organizations for update to wardgraph_app
  using (organization_id = nullif(current_setting('app.current_tenant_id', true), ''))
  with check (organization_id = nullif(current_setting('app.current_keeper_of', true), ''));
grant update (role), delete on memberships to wardgraph_app;
grant update (name, owner_id, settings_version, session_idle_seconds, session_lifetime_seconds, allowed_networks, retention_days, deleted_at, purge_at)
  on organizations to wardgraph_app;

-- A person makes one of their own, under the administrator's role: its owner, at the moment that it comes to be.
create policy founder on memberships for insert to wardgraph_admin with check (role = 'owner' and exists (
  select from organizations o where o.organization_id = memberships.organization_id and o.owner_id = memberships.user_id and o.created_at = memberships.created_at));
grant insert on organizations to wardgraph_admin;
grant update (tier, settings_version, grants_version) on organizations to wardgraph_admin;
grant update (global_role) on users to wardgraph_admin;

-- What is left of an organization goes when its grace is over.
create policy administrator on data_keys for all to wardgraph_admin using (true) with check (true);
grant select (tenant_id, data_key_id), delete on data_keys to wardgraph_admin;

-- A member's other role is announced as what they hold, too. Whoever changes it without seeing the account leaves its generation as it is: what is
-- held is asked at every call.
create or replace function announce_role() returns trigger language plpgsql as $$
declare
  speaker text := coalesce(nullif(current_setting('app.current_tenant_id', true), ''), new.organization_id);
  good bigint;
  version bigint;
begin
  update wardgraph.users set generation = generation + 1 where user_id = new.user_id returning generation into good;
  if good is not null then
    insert into wardgraph.changes (tenant_id, kind, subject, number, until) values (
      speaker, 'user_generation', new.user_id::text, good, now() + interval '2 hours');
  end if;
  update wardgraph.organizations set grants_version = grants_version + 1 where organization_id = new.organization_id returning grants_version into version;
  if version is not null then
    insert into wardgraph.changes (tenant_id, kind, subject, number, until) values (
      speaker, 'grants_changed', new.organization_id || '/user/' || new.user_id, version, now() + interval '2 hours');
  end if;
  return null;
end $$;

-- Every foreign key begins an index.
create index grants_member on grants (tenant_id, user_id);
create index grants_holding_client on grants (client_id);
