-- Who registered a client, changed it or gave it a secret last: of what somebody did who had an account in their hands, its owner rids themselves.
alter table clients add column changed_by uuid references users on delete set null;
create index clients_changed_by on clients (changed_by);
grant update (generation, updated_at, disabled_at) on clients to wardgraph_identity;
-- Whoever ends what opens an account ends whom it invited.
grant update (withdrawn_at) on invitations to wardgraph_admin;
