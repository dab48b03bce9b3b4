//! Whom decisions are asked about, and on what: holders page by page, and by what each has its roles.

use uuid::Uuid;
use wardgraph_access::{Held, RoleName};
use wardgraph_kernel::{ClientId, Cursor, GlobalRole, Holder, Mode, Page, PageSize, Read, TenantId, Timestamp, UserId};
use wardgraph_store::{Role, Row, Statement, StatementInfo, Tx};

use crate::{Holding, OrganizationError, sets};

const APP: &[Role] = &[Role::App];

const BY_ADDRESS: Statement<Read> = Statement::reading(
    "organizations.subjects.by_address",
    APP,
    "select u.user_id from memberships m join users u using (user_id) where m.organization_id = $1 and u.email = $2",
);
const MEMBERS: Statement<Read> = Statement::reading(
    "organizations.subjects.members",
    APP,
    "select m.user_id, m.user_id::text, u.email, m.role, u.global_role, array(
       select g.role from grants g where g.tenant_id = $1 and g.user_id = m.user_id and (g.expires_at is null or g.expires_at > $2)),
       (select o.roles_version from organizations o where o.organization_id = $1)
     from memberships m join users u using (user_id)
     where m.organization_id = $1 and u.disabled_at is null and m.user_id > $3 order by m.user_id limit $4",
);
/// Clients in an order that says nothing of them, since their ids are of any form.
const CLIENTS: Statement<Read> = Statement::reading(
    "organizations.subjects.clients",
    APP,
    "select md5(c.client_id)::uuid, c.client_id, c.name, c.role, null::text, array(
       select g.role from grants g where g.tenant_id = $1 and g.client_id = c.client_id and (g.expires_at is null or g.expires_at > $2)),
       (select o.roles_version from organizations o where o.organization_id = $1)
     from clients c
     where c.organization_id = $1 and c.disabled_at is null and md5(c.client_id)::uuid > $3
     order by md5(c.client_id)::uuid limit $4",
);
const NODES: Statement<Read> = Statement::reading(
    "organizations.subjects.nodes",
    APP,
    "select node_id, node_id::text from nodes where tenant_id = $1 and node_id > $2 order by nodes.node_id limit $3",
);
const EDGES: Statement<Read> = Statement::reading(
    "organizations.subjects.edges",
    APP,
    "select edge_id, edge_id::text from edges where tenant_id = $1 and edge_id > $2 order by edges.edge_id limit $3",
);
const CLIENT_IDS: Statement<Read> = Statement::reading(
    "organizations.subjects.client_ids",
    APP,
    "select md5(client_id)::uuid, client_id from clients
     where organization_id = $1 and md5(client_id)::uuid > $2 order by md5(client_id)::uuid limit $3",
);
pub(crate) const STATEMENTS: &[&StatementInfo] =
    &[BY_ADDRESS.info(), MEMBERS.info(), CLIENTS.info(), NODES.info(), EDGES.info(), CLIENT_IDS.info()];

/// Somebody, and what they hold.
#[derive(Debug, Clone)]
pub struct Subject {
    /// Who.
    pub holder: Holder,
    /// The e-mail address, or the client's name.
    pub name: String,
    /// What they hold at this moment.
    pub held: Held,
    /// The version of the organization's roles.
    pub roles_version: i64,
}

/// The kinds of holders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Members.
    Users,
    /// Service accounts.
    Clients,
}

/// Things of which there are many, and which can be told one by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Things {
    /// Nodes.
    Nodes,
    /// Edges.
    Edges,
    /// Clients of the OAuth server.
    Clients,
}

/// The member of the organization with this address.
pub async fn by_address<M: Mode>(
    tx: &mut Tx<'_, M>,
    organization: &TenantId,
    address: &str,
) -> Result<Option<UserId>, OrganizationError> {
    let row = tx.find(&BY_ADDRESS, &[&organization.as_str(), &address]).await?;
    Ok(row.map(|row| row.try_get::<Uuid>(0)).transpose()?.map(UserId::from))
}

/// A page of those who can hold something, and what each of them does.
pub async fn page<M: Mode>(
    tx: &mut Tx<'_, M>,
    organization: &TenantId,
    kind: Kind,
    after: Option<Cursor>,
    size: PageSize,
    now: Timestamp,
) -> Result<Page<Subject>, OrganizationError> {
    let statement = match kind {
        Kind::Users => &MEMBERS,
        Kind::Clients => &CLIENTS,
    };
    let after = after.map_or_else(Uuid::nil, Cursor::id);
    let rows = tx.query(statement, &[&organization.as_str(), &now, &after, &size.probe()]).await?;
    let found: Vec<(Uuid, Subject)> = rows.iter().map(|row| subject(row, kind)).collect::<Result<_, _>>()?;
    let page = Page::cut(found, size, |(place, _)| *place);
    Ok(Page { items: page.items.into_iter().map(|(_, subject)| subject).collect(), next: page.next })
}

/// A page of things of the organization, by the names that permissions speak of.
pub async fn things<M: Mode>(
    tx: &mut Tx<'_, M>,
    organization: &TenantId,
    things: Things,
    after: Option<Cursor>,
    size: PageSize,
) -> Result<Page<String>, OrganizationError> {
    let statement = match things {
        Things::Nodes => &NODES,
        Things::Edges => &EDGES,
        Things::Clients => &CLIENT_IDS,
    };
    let after = after.map_or_else(Uuid::nil, Cursor::id);
    let rows = tx.query(statement, &[&organization.as_str(), &after, &size.probe()]).await?;
    let found = rows.iter().map(|row| Ok((row.try_get::<Uuid>(0)?, row.try_get::<String>(1)?)));
    let found = found.collect::<Result<Vec<_>, wardgraph_store::StoreError>>()?;
    let page = Page::cut(found, size, |(place, _)| *place);
    Ok(Page { items: page.items.into_iter().map(|(_, id)| id).collect(), next: page.next })
}

/// The roles that a holder has in the organization, and by what.
pub async fn holdings<M: Mode>(tx: &mut Tx<'_, M>, holder: &Holder, now: Timestamp) -> Result<Vec<Holding>, OrganizationError> {
    Ok(sets::held_by(tx, holder, now).await?.unwrap_or_default())
}

fn subject(row: &Row, kind: Kind) -> Result<(Uuid, Subject), OrganizationError> {
    let place: Uuid = row.try_get(0)?;
    let holder = match kind {
        Kind::Users => Holder::User(place.into()),
        Kind::Clients => Holder::Client(ClientId::parse(row.try_get(1)?).ok_or(OrganizationError::Unreadable("a client's id"))?),
    };
    let (own, granted): (Option<String>, Vec<String>) = (row.try_get(3)?, row.try_get(5)?);
    let roles = own.iter().chain(&granted).map(|name| RoleName::read(name)).collect::<Result<Vec<_>, _>>()?;
    let unreadable = OrganizationError::Unreadable("a role on the whole server");
    let global = row.try_get::<Option<&str>>(4)?.map(|word| GlobalRole::of(word).ok_or(unreadable)).transpose()?;
    Ok((place, Subject { holder, name: row.try_get(2)?, held: Held::new(roles, global)?, roles_version: row.try_get(6)? }))
}
