//! Roles, seen by their organization.

use uuid::Uuid;
use wardgraph_access::RoleName;
use wardgraph_kernel::{Cursor, Mode, OrganizationRole, Page, PageSize, Read, Timestamp};
use wardgraph_store::{Role, Row, Statement, Tx};

use crate::OrganizationError;

/// What orders roles that were made at one moment.
macro_rules! mark {
    () => {
        "left(md5(k.name), 16) collate \"C\""
    };
}

/// Roles, `$which` of them. The built-in ones are before every moment at which a role was made.
macro_rules! roles {
    ($name:literal, $which:expr) => {
        Statement::reading(
            $name,
            &[Role::App],
            concat!(
                "with held as (
                   select role, count(distinct holder) as holders from (
                     select m.role, m.user_id::text as holder from memberships m where m.organization_id = $1 and m.role is not null
                     union all
                     select g.role, coalesce(g.user_id::text, g.client_id) from grants g where g.tenant_id = $1 and (g.expires_at is null or g.expires_at > $2)
                     union all
                     select c.role, c.client_id from clients c where c.organization_id = $1 and c.role is not null) h group by role),
                 known as (
                   select w.word as name, '' as description, '{}'::text[] as allows, '{}'::text[] as denies, '{}'::text[] as inherits,
                          to_timestamp(w.place) as created_at, to_timestamp(w.place) as updated_at, true as is_built_in
                   from unnest($3::text[]) with ordinality w(word, place)
                   union all
                   select name, description, allows, denies, inherits, created_at, updated_at, false from roles where tenant_id = $1)
                 select k.name, k.description, k.allows, k.denies, k.inherits, k.created_at, k.updated_at, k.is_built_in, coalesce(h.holders, 0),
                        coalesce((select o.roles_version from organizations o where o.organization_id = $1), 0), ",
                mark!(),
                " from known k left join held h on h.role = k.name where ",
                $which
            ),
        )
    };
}

pub(super) const LIST: Statement<Read> = roles!(
    "organizations.roles.list",
    concat!("(k.created_at, ", mark!(), ") > ($4, $5::text) order by k.created_at, ", mark!(), " limit $6")
);
// Counts the holders of the one that is named, and of no other.
pub(super) const FIND: Statement<Read> = roles!("organizations.roles.find", "k.name = $4");

/// A role, as it is kept or built in.
#[derive(Debug, Clone)]
pub struct Kept {
    /// What it is called.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Whether every organization has it.
    pub is_built_in: bool,
    /// What it allows by itself.
    pub allows: Vec<String>,
    /// What it denies by itself.
    pub denies: Vec<String>,
    /// Whose rules it takes over.
    pub inherits: Vec<String>,
    /// How many members and clients hold it.
    pub holders: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
    /// The version of all roles of the organization.
    pub version: i64,
}

/// The roles of the organization: the built-in ones, the mightiest first, and then its own, the oldest first. A cursor is the moment at which a role was
/// made, and its mark.
pub async fn list<M: Mode>(
    tx: &mut Tx<'_, M>,
    after: Option<Cursor>,
    size: PageSize,
    now: Timestamp,
) -> Result<Page<Kept>, OrganizationError> {
    let after = after.map(|cursor| cursor.id().as_u64_pair());
    let (micros, mark) = after.unwrap_or_default();
    let at = i64::try_from(micros).ok().and_then(|micros| Timestamp::from_microsecond(micros).ok()).unwrap_or(Timestamp::MAX);
    let mark = format!("{mark:016x}");
    let tenant = tx.tenant();
    let rows = tx.query(&LIST, &[&tenant, &now, &built_in(), &at, &mark, &size.probe()]).await?;
    let marked = rows.iter().map(|row| {
        let mark = u64::from_str_radix(row.try_get(10)?, 16).map_err(|_| OrganizationError::Unreadable("a mark"))?;
        Ok((mark, read(row)?))
    });
    let id = |(mark, role): &(u64, Kept)| {
        Uuid::from_u64_pair(u64::try_from(role.created_at.as_microsecond()).unwrap_or_default(), *mark)
    };
    let page = Page::cut(marked.collect::<Result<_, OrganizationError>>()?, size, id);
    Ok(Page { items: page.items.into_iter().map(|(_, role)| role).collect(), next: page.next })
}

/// One of them.
///
/// # Errors
/// [`OrganizationError::Missing`].
pub async fn get<M: Mode>(tx: &mut Tx<'_, M>, name: &RoleName, now: Timestamp) -> Result<Kept, OrganizationError> {
    let tenant = tx.tenant();
    let row = tx.find(&FIND, &[&tenant, &now, &built_in(), &name.as_str()]).await?;
    row.as_ref().map(read).ok_or(OrganizationError::Missing("role"))?
}

fn built_in() -> Vec<&'static str> {
    OrganizationRole::ALL.iter().map(|role| role.word()).collect()
}

fn read(row: &Row) -> Result<Kept, OrganizationError> {
    let name: String = row.try_get(0)?;
    let mut kept = Kept {
        description: row.try_get(1)?,
        allows: row.try_get(2)?,
        denies: row.try_get(3)?,
        inherits: row.try_get(4)?,
        created_at: row.try_get(5)?,
        updated_at: row.try_get(6)?,
        is_built_in: row.try_get(7)?,
        holders: row.try_get(8)?,
        version: row.try_get(9)?,
        name,
    };
    if let Some(role) = OrganizationRole::of(&kept.name).filter(|_| kept.is_built_in) {
        kept.allows = role.permissions().iter().map(|permission| permission.word().to_owned()).collect();
        meant(role).clone_into(&mut kept.description);
    }
    Ok(kept)
}

/// What a built-in role is for.
const fn meant(role: OrganizationRole) -> &'static str {
    match role {
        OrganizationRole::Owner => "everything in the organization",
        OrganizationRole::Admin => "everything but what costs money, and deleting the organization",
        OrganizationRole::Developer => "create, read, change and delete data, and read the organization's usage",
        OrganizationRole::DataScientist => "read data, train, search and ask",
        OrganizationRole::Analyst => "read data",
    }
}
