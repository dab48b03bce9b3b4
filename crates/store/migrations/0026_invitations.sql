-- Invitations to organizations, and links by which a server gets its first administrator.

create table invitations (
  invitation_id uuid not null primary key,
  organization_id text not null references organizations on delete cascade,
  -- Who is invited, in the one form in which addresses are compared; whether anybody has an account with it is not looked at.
  email text not null,
  role text not null,
  -- Good only as long as they may invite to this role.
  inviter_id uuid not null references users on delete cascade,
  -- As it was called then: who is invited is no member yet, and sees no organization.
  organization_name text not null,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  used_at timestamptz,
  withdrawn_at timestamptz
);
create index invitations_organization on invitations (organization_id, invitation_id);
create index invitations_inviter on invitations (inviter_id);
create index invitations_age on invitations (expires_at);

-- The token of one is shown once: here is SHA-256 of it.
create table setup_links (
  setup_id uuid not null primary key,
  verifier bytea not null,
  -- The address of the account that it makes, if that was said.
  email text,
  -- Whether it is good although there is an administrator.
  another boolean not null,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  used_at timestamptz
);
create index setup_links_age on setup_links (expires_at);

-- Before anyone is known.
alter table invitations enable row level security;
alter table invitations force row level security;
create policy identity on invitations for all to wardgraph_identity using (true) with check (true);
grant select on invitations to wardgraph_identity;
grant update (used_at, withdrawn_at) on invitations to wardgraph_identity;
alter table setup_links enable row level security;
alter table setup_links force row level security;
create policy identity on setup_links for all to wardgraph_identity using (true) with check (true);
grant select, insert on setup_links to wardgraph_identity;
grant update (used_at) on setup_links to wardgraph_identity;

-- An organization sees its own; a person sees those to the own address.
create policy organization on invitations for all to wardgraph_app
  using (organization_id = nullif(current_setting('app.current_tenant_id', true), ''))
  with check (organization_id = nullif(current_setting('app.current_tenant_id', true), ''));
create policy invited on invitations for select to wardgraph_app
  using (email = (select u.email from users u where u.user_id = nullif(current_setting('app.current_user_id', true), '')::uuid));
grant select, insert on invitations to wardgraph_app;
grant update (withdrawn_at) on invitations to wardgraph_app;

-- A message with an invitation goes to who is invited, and to nobody else; how often is counted as strangers' messages are.
create policy invitation on mail for insert to wardgraph_app with check (kind = 'invitation' and exists (
  select from invitations i where i.invitation_id = mail.link_id and i.email = mail.recipient
    and i.organization_id = nullif(current_setting('app.current_tenant_id', true), '')));
create policy inviter on mail_counts for all to wardgraph_app using (true) with check (true);
grant select, insert, update on mail_counts to wardgraph_app;

-- Somebody with an account becomes a member, under the administrator's role: of an organization that invites the address, in the role that was said, while who
-- invited may give it.
create policy administrator on invitations for all to wardgraph_admin using (true) with check (true);
grant select on invitations to wardgraph_admin;
grant update (used_at) on invitations to wardgraph_admin;
create policy invited on memberships for insert to wardgraph_admin with check (exists (
  select from invitations i
  join users u on u.user_id = memberships.user_id and u.email = i.email
  join memberships h on h.organization_id = i.organization_id and h.user_id = i.inviter_id
  where i.organization_id = memberships.organization_id and i.role = memberships.role and i.withdrawn_at is null
    and i.expires_at > memberships.created_at and i.used_at = memberships.created_at
    and (h.role = 'owner' or h.role = 'admin' and i.role <> 'owner')));
grant insert on memberships to wardgraph_admin;

-- What is past is forgotten.
create policy keeper on invitations for all to wardgraph_worker using (true) with check (true);
create policy keeper on setup_links for all to wardgraph_worker using (true) with check (true);
grant select (invitation_id, expires_at), delete on invitations to wardgraph_worker;
grant select (setup_id, expires_at), delete on setup_links to wardgraph_worker;
