-- What 0019 granted of whole tables is granted of the columns that are used; and every server hears of another role.

revoke all on factors, recovery_codes, challenges from wardgraph_identity;
revoke insert on recovery_codes, challenges from wardgraph_app;

grant select (factor_id, user_id, kind, secret, used_step, created_at) on factors to wardgraph_identity;
grant insert (factor_id, user_id, kind, name, secret, used_step, created_at) on factors to wardgraph_identity;
grant update (used_step, last_used_at), delete on factors to wardgraph_identity;

grant select (user_id, verifier, used_at), insert (user_id, verifier, created_at), update (used_at), delete on recovery_codes to wardgraph_identity;
grant insert (user_id, verifier, created_at) on recovery_codes to wardgraph_app;

grant select (challenge_id, kind, user_id, session_id, organization_id, generation, password, network, name, state, expires_at, tries, used_at)
  on challenges to wardgraph_identity;
grant insert (challenge_id, kind, user_id, session_id, organization_id, generation, password, network, name, state, created_at, expires_at)
  on challenges to wardgraph_identity, wardgraph_app;
grant insert (tries), update (state, tries, used_at) on challenges to wardgraph_identity;

-- A member's other role holds within a second: tokens of the account are good no more, so that the next ones say what it may now, and servers look
-- its keys up anew. Here, so that no way of changing it can forget.
create function announce_role() returns trigger language plpgsql as $$
declare
  good bigint;
begin
  update wardgraph.users set generation = generation + 1 where user_id = new.user_id returning generation into strict good;
  insert into wardgraph.changes (tenant_id, kind, subject, number, until) values (
    coalesce(nullif(current_setting('app.current_tenant_id', true), ''), new.organization_id),
    'user_generation', new.user_id::text, good, now() + interval '2 hours');
  return null;
end $$;
revoke all on function announce_role() from public;
create trigger announce_role after update of role on memberships for each row when (old.role is distinct from new.role) execute function announce_role();
