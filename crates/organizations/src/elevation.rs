//! Administrators of the server in an organization's content: for a reason, for an hour at most, and never unseen.
//!
//! **Invariant:** what one may do is content alone, whatever the administrator may do elsewhere (`an_elevated_token_makes_no_grants_and_no_keys`).

use uuid::Uuid;
use wardgraph_kernel::{
    Cursor, ElevationId, GlobalRole, Page, PageSize, Permission, Read, SessionId, TenantId, Timestamp, UserId, Write,
};
use wardgraph_store::{Role, Row, Statement, StatementInfo, StoreError, Tx};

const ADMIN: &[Role] = &[Role::Admin];
/// How many ways in an administrator may have open at once.
const MOST: i64 = 20;
/// How many owners are told.
const TOLD: i64 = 20;

/// Content to read.
const READS: &[Permission] = &[
    Permission::NodesRead,
    Permission::EdgesRead,
    Permission::TriggersRead,
    Permission::SearchRead,
    Permission::AskRead,
    Permission::IndicesRead,
];
/// Content to change.
const WRITES: &[Permission] = &[
    Permission::NodesWrite,
    Permission::EdgesWrite,
    Permission::TriggersWrite,
    Permission::IndicesWrite,
    Permission::IndicesTrain,
];

/// An account as it stands, with a session that lives: a token outlives by up to a second what is taken back, and this is not left to it.
const ADMINISTRATOR: Statement<Write> = Statement::writing(
    "organizations.elevation.administrator",
    ADMIN,
    "select u.name, u.global_role from users u
     where u.user_id = $1 and u.generation = $2 and u.disabled_at is null
       and exists (select from sessions s where s.session_id = $3 and s.user_id = $1 and s.ended_at is null)
     for share of u",
);
const ORGANIZATION: Statement<Read> = Statement::reading(
    "organizations.elevation.organization",
    ADMIN,
    "select 1 from organizations where organization_id = $1 and deleted_at is null",
);
const BEGIN: Statement<Write> = Statement::writing(
    "organizations.elevation.begin",
    ADMIN,
    "insert into elevations (tenant_id, elevation_id, user_id, administrator_name, reason, scopes, token_id, created_at, expires_at)
     select $1::text, $2::uuid, $3::uuid, $4::text, $5::text, $6::text[], $7::text, $8::timestamptz, $9::timestamptz
     where (select count(*) from elevations where user_id = $3 and expires_at > $8 and ended_at is null) < $10 returning 1",
);
const OWNERS: Statement<Read> = Statement::reading(
    "organizations.elevation.owners",
    ADMIN,
    "select user_id from memberships where organization_id = $1 and role = 'owner' order by created_at, user_id limit $2",
);
/// Held until the transaction ends: of two who close it at once, one does.
const FIND: Statement<Write> = Statement::writing(
    "organizations.elevation.find",
    ADMIN,
    "select tenant_id, user_id, token_id, ended_at from elevations where elevation_id = $1 for update",
);
const END: Statement<Write> = Statement::writing(
    "organizations.elevation.end",
    ADMIN,
    "update elevations set ended_at = $3, ended_by = $4 where tenant_id = $1 and elevation_id = $2 and ended_at is null",
);
const LIST: Statement<Read> = Statement::reading(
    "organizations.elevation.list",
    &[Role::App],
    "select elevation_id, user_id, administrator_name, reason, scopes, created_at, expires_at, ended_at, ended_by from elevations
     where tenant_id = $1 and elevation_id < $2 order by elevation_id desc limit $3",
);

pub(crate) const STATEMENTS: &[&StatementInfo] =
    &[ADMINISTRATOR.info(), ORGANIZATION.info(), BEGIN.info(), OWNERS.info(), FIND.info(), END.info(), LIST.info()];

/// Somebody who would go in.
#[derive(Debug, Clone)]
pub struct Administrator {
    /// How they are called.
    pub name: String,
    /// What they are on the whole server, as the database has it.
    pub role: Option<GlobalRole>,
}

impl Administrator {
    /// What they may do in an organization's content; nothing if they may not go in.
    pub fn content(&self) -> Vec<Permission> {
        let may = self.role.map(GlobalRole::permissions).unwrap_or_default();
        let reads = READS.iter().filter(|_| may.allows(Permission::ElevationsRead));
        reads.chain(WRITES.iter().filter(|_| may.allows(Permission::ElevationsWrite))).copied().collect()
    }
}

/// A way in that is about to open.
#[derive(Debug)]
pub struct Opening<'a> {
    /// Its id.
    pub id: ElevationId,
    /// Where.
    pub organization: &'a TenantId,
    /// Whose.
    pub user: UserId,
    /// How they are called.
    pub name: &'a str,
    /// Why.
    pub reason: &'a str,
    /// What may be done.
    pub scopes: &'a [String],
    /// What its token is taken back by.
    pub token_id: &'a str,
    /// Until when.
    pub expires_at: Timestamp,
}

/// A way in, as the organization sees it.
#[derive(Debug, Clone)]
pub struct Elevation {
    /// Its id.
    pub id: ElevationId,
    /// Whose.
    pub user: UserId,
    /// How they were called then.
    pub name: String,
    /// Why.
    pub reason: String,
    /// What might be done.
    pub scopes: Vec<String>,
    /// From when.
    pub created_at: Timestamp,
    /// Until when.
    pub expires_at: Timestamp,
    /// When it was closed before its time.
    pub ended_at: Option<Timestamp>,
    /// By whom; by whoever runs the server, if nobody is named.
    pub ended_by: Option<UserId>,
}

/// A way in that somebody would close.
#[derive(Debug, Clone)]
pub struct Open {
    /// Where.
    pub organization: String,
    /// Whose.
    pub user: UserId,
    /// What its token is taken back by.
    pub token_id: String,
    /// Whether it was closed already.
    pub is_closed: bool,
}

/// Who asks to go in; `None` if the account or the session is not as the token says.
pub async fn administrator(
    tx: &mut Tx<'_, Write>,
    user: UserId,
    session: SessionId,
    generation: i64,
) -> Result<Option<Administrator>, StoreError> {
    let rows = tx.write(&ADMINISTRATOR, &[&user.uuid(), &generation, &session.uuid()]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let role = row.try_get::<Option<&str>>(1)?.and_then(GlobalRole::of);
    Ok(Some(Administrator { name: row.try_get(0)?, role }))
}

/// Whether there is such an organization.
pub async fn is_there(tx: &mut Tx<'_, Write>, organization: &TenantId) -> Result<bool, StoreError> {
    Ok(tx.find(&ORGANIZATION, &[&organization.as_str()]).await?.is_some())
}

/// Opens a way in. False if the administrator has too many open.
pub async fn begin(tx: &mut Tx<'_, Write>, new: &Opening<'_>, now: Timestamp) -> Result<bool, StoreError> {
    let rows = tx
        .write(
            &BEGIN,
            &[
                &new.organization.as_str(),
                &new.id.uuid(),
                &new.user.uuid(),
                &new.name,
                &new.reason,
                &new.scopes,
                &new.token_id,
                &now,
                &new.expires_at,
                &MOST,
            ],
        )
        .await?;
    Ok(!rows.is_empty())
}

/// The owners of an organization, who are told.
pub async fn owners(tx: &mut Tx<'_, Write>, organization: &TenantId) -> Result<Vec<UserId>, StoreError> {
    let rows = tx.query(&OWNERS, &[&organization.as_str(), &TOLD]).await?;
    rows.iter().map(|row| Ok(row.try_get::<Uuid>(0)?.into())).collect()
}

/// A way in, held until the transaction ends.
pub async fn find(tx: &mut Tx<'_, Write>, id: ElevationId) -> Result<Option<Open>, StoreError> {
    let rows = tx.write(&FIND, &[&id.uuid()]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    Ok(Some(Open {
        organization: row.try_get(0)?,
        user: row.try_get::<Uuid>(1)?.into(),
        token_id: row.try_get(2)?,
        is_closed: row.try_get::<Option<Timestamp>>(3)?.is_some(),
    }))
}

/// Closes one; at the word of whoever runs the server, if nobody is named.
pub async fn end(
    tx: &mut Tx<'_, Write>,
    organization: &TenantId,
    id: ElevationId,
    by: Option<UserId>,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.write(&END, &[&organization.as_str(), &id.uuid(), &now, &by.map(UserId::uuid)]).await.map(drop)
}

/// A page of those into the organization, the newest first.
pub async fn list(
    tx: &mut Tx<'_, Read>,
    organization: &TenantId,
    after: Option<Cursor>,
    size: PageSize,
) -> Result<Page<Elevation>, StoreError> {
    let after = after.map_or_else(Uuid::max, Cursor::id);
    let rows = tx.query(&LIST, &[&organization.as_str(), &after, &size.probe()]).await?;
    let found = rows.iter().map(read).collect::<Result<_, _>>()?;
    Ok(Page::cut(found, size, |elevation: &Elevation| elevation.id.uuid()))
}

fn read(row: &Row) -> Result<Elevation, StoreError> {
    Ok(Elevation {
        id: row.try_get::<Uuid>(0)?.into(),
        user: row.try_get::<Uuid>(1)?.into(),
        name: row.try_get(2)?,
        reason: row.try_get(3)?,
        scopes: row.try_get(4)?,
        created_at: row.try_get(5)?,
        expires_at: row.try_get(6)?,
        ended_at: row.try_get(7)?,
        ended_by: row.try_get::<Option<Uuid>>(8)?.map(UserId::from),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_goes_in_reads_or_writes_content_and_nothing_else() {
        let may = |role: Option<GlobalRole>| {
            let content = Administrator { name: "Root".into(), role }.content();
            content.into_iter().map(Permission::word).collect::<Vec<_>>().join(" ")
        };
        let reads = "nodes:read edges:read triggers:read search:read ask:read indices:read";
        assert_eq!(may(Some(GlobalRole::Viewer)), reads);
        let writes = "nodes:write edges:write triggers:write indices:write indices:train";
        assert_eq!(may(Some(GlobalRole::SuperAdmin)), format!("{reads} {writes}"));
        for never in [Some(GlobalRole::SystemOperator), Some(GlobalRole::BillingAdmin), None] {
            assert_eq!(may(never), "", "{never:?}");
        }
    }
}
