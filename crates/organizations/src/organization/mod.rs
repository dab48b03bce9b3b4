//! Organizations themselves: one is made, set, deleted, restored, and at last gone.

mod change;
mod directory;
mod ends;
mod make;
mod premises;
mod purge;

pub use change::{Changed, Settings, change, set_tier};
pub use directory::{Listed, directory};
pub use ends::{delete, restore};
pub use make::make;
pub use premises::{Premises, admits, network, premises};
pub use purge::{KEPT, PURGED, dissolve, due, purge};

use serde_json::{Value, json};
use uuid::Uuid;
use wardgraph_kernel::{Mode, Read, TenantId, Timestamp, UserId, Write};
use wardgraph_store::{Role, Row, Statement, StatementInfo, StoreError, Tx};

use crate::OrganizationError;

/// Its row, with what somebody is in it.
macro_rules! organization {
    () => {
        "select o.organization_id, o.name, o.tier, o.owner_id, m.role, o.requires_mfa, o.session_idle_seconds, o.session_lifetime_seconds,
            o.allowed_networks, o.retention_days, o.created_at, o.deleted_at, o.purge_at
     from organizations o left join memberships m on m.organization_id = o.organization_id and m.user_id = $2
     where o.organization_id = $1"
    };
}

const BOTH: &[Role] = &[Role::App, Role::Admin];

const FIND: Statement<Read> = Statement::reading("organizations.organization.find", BOTH, organization!());
/// The same, held until the transaction ends: of two changes at once one is after the other.
const HOLD: Statement<Write> =
    Statement::writing("organizations.organization.hold", BOTH, concat!(organization!(), " for no key update of o"));

/// Every statement about them but those that [`purge`] is made of.
pub(crate) const STATEMENTS: &[&StatementInfo] = &[
    FIND.info(),
    HOLD.info(),
    change::CHANGE.info(),
    change::TIER.info(),
    directory::LIST.info(),
    ends::CLIENTS.info(),
    ends::DELETE.info(),
    ends::RESTORE.info(),
    make::COUNT.info(),
    make::FOUND.info(),
    make::HOLD_PERSON.info(),
    make::MAKE.info(),
    premises::FIND.info(),
    purge::DISSOLVE.info(),
    purge::DUE.info(),
    purge::END_SESSIONS.info(),
];
pub(crate) use purge::STATEMENTS as PURGING;

/// An organization, as those see it who see to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organization {
    /// Its id: the tenant.
    pub id: TenantId,
    /// Its name.
    pub name: String,
    /// How much it may use.
    pub tier: String,
    /// The account that it belongs to.
    pub owner: UserId,
    /// What whoever looks is there.
    pub role: Option<String>,
    /// What is set of it.
    pub settings: CurrentSettings,
    /// When it came into being.
    pub created_at: Timestamp,
    /// Since when nothing works there any more, and when nothing is left.
    pub deleted: Option<Deleted>,
}

impl Organization {
    /// What is known of it but for who looks, as it is told, in logs too.
    pub fn told(&self) -> Value {
        let settings = &self.settings;
        json!({
            "name": self.name,
            "tier": self.tier,
            "owner_id": self.owner,
            "requires_mfa": settings.requires_mfa,
            "session_idle_seconds": settings.session_idle_seconds,
            "session_lifetime_seconds": settings.session_lifetime_seconds,
            "allowed_networks": settings.allowed_networks,
            "retention_days": settings.retention_days,
            "deleted_at": self.deleted.map(|deleted| deleted.at),
            "purge_at": self.deleted.map(|deleted| deleted.purge_at),
        })
    }
}

/// What is set of an organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CurrentSettings {
    /// Whether whoever works there must have shown a second factor.
    pub requires_mfa: bool,
    /// After how many seconds without a use its sessions end.
    pub session_idle_seconds: Option<i32>,
    /// After how many seconds its sessions end.
    pub session_lifetime_seconds: Option<i32>,
    /// From where its sessions, keys and clients may call; empty for everywhere.
    pub allowed_networks: Vec<String>,
    /// For how many days what is past is kept.
    pub retention_days: Option<i32>,
}

/// When an organization was deleted, and when its grace is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deleted {
    /// Since when nothing works there any more.
    pub at: Timestamp,
    /// From when on nothing is left.
    pub purge_at: Timestamp,
}

/// An organization, with what `user` is in it.
pub async fn find<M: Mode>(
    tx: &mut Tx<'_, M>,
    organization: &str,
    user: Option<UserId>,
) -> Result<Organization, OrganizationError> {
    let user = user.map(UserId::uuid);
    let row = tx.find(&FIND, &[&organization, &user]).await?.ok_or(OrganizationError::Missing("organization"))?;
    Ok(read(&row)?)
}

/// The same, held until the transaction ends.
pub async fn hold(tx: &mut Tx<'_, Write>, organization: &str, user: Option<UserId>) -> Result<Organization, OrganizationError> {
    let user = user.map(UserId::uuid);
    let rows = tx.write(&HOLD, &[&organization, &user]).await?;
    Ok(read(rows.first().ok_or(OrganizationError::Missing("organization"))?)?)
}

fn read(row: &Row) -> Result<Organization, StoreError> {
    let id: String = row.try_get(0)?;
    let (at, purge_at): (Option<Timestamp>, Option<Timestamp>) = (row.try_get(11)?, row.try_get(12)?);
    Ok(Organization {
        id: TenantId::parse(&id).map_err(|error| StoreError::Unsafe(format!("an organization's id: {error}")))?,
        name: row.try_get(1)?,
        tier: row.try_get(2)?,
        owner: row.try_get::<Uuid>(3)?.into(),
        role: row.try_get(4)?,
        settings: CurrentSettings {
            requires_mfa: row.try_get(5)?,
            session_idle_seconds: row.try_get(6)?,
            session_lifetime_seconds: row.try_get(7)?,
            allowed_networks: row.try_get(8)?,
            retention_days: row.try_get(9)?,
        },
        created_at: row.try_get(10)?,
        deleted: at.zip(purge_at).map(|(at, purge_at)| Deleted { at, purge_at }),
    })
}
