//! An organization is called something else, or has other settings.

use serde_json::{Value, json};
use wardgraph_kernel::{Timestamp, UserId, Write};
use wardgraph_store::{Role, Row, Statement, StoreError, Tx};

use super::{CurrentSettings, Organization, find, hold};
use crate::{OrganizationError, announce};

pub(super) const CHANGE: Statement<Write> = Statement::writing(
    "organizations.organization.change",
    &[Role::App],
    "update organizations set name = $2, requires_mfa = $3, session_idle_seconds = $4, session_lifetime_seconds = $5, allowed_networks = $6, retention_days = $7,
       settings_version = settings_version + 1
     where organization_id = $1 returning settings_version",
);
pub(super) const TIER: Statement<Write> = Statement::writing(
    "organizations.organization.set_tier",
    &[Role::Admin],
    "update organizations set tier = $2, settings_version = settings_version + 1 where organization_id = $1 returning settings_version",
);

/// What is to be changed: what is absent stays.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The name.
    pub name: Option<String>,
    /// Whether a second factor is asked.
    pub requires_mfa: Option<bool>,
    /// How long sessions last without a use.
    pub session_idle_seconds: Option<Option<i32>>,
    /// How long sessions last.
    pub session_lifetime_seconds: Option<Option<i32>>,
    /// From where one may call.
    pub allowed_networks: Option<Vec<String>>,
    /// How long deleted nodes can be brought back.
    pub retention_days: Option<Option<i32>>,
}

/// An organization before a change and after it.
#[derive(Debug, Clone)]
pub struct Changed {
    /// Before.
    pub before: Organization,
    /// After.
    pub after: Organization,
}

impl Changed {
    /// What its log says of it.
    pub fn told(&self) -> Value {
        json!({ "before": self.before.told(), "after": self.after.told() })
    }
}

/// Changes an organization, which every server hears of. `user` is who looks.
pub async fn change(
    tx: &mut Tx<'_, Write>,
    organization: &str,
    user: Option<UserId>,
    wanted: Settings,
    now: Timestamp,
) -> Result<Changed, OrganizationError> {
    let before = hold(tx, organization, user).await?;
    let was = before.settings.clone();
    let name = wanted.name.unwrap_or_else(|| before.name.clone());
    let now_set = CurrentSettings {
        requires_mfa: wanted.requires_mfa.unwrap_or(was.requires_mfa),
        session_idle_seconds: wanted.session_idle_seconds.unwrap_or(was.session_idle_seconds),
        session_lifetime_seconds: wanted.session_lifetime_seconds.unwrap_or(was.session_lifetime_seconds),
        allowed_networks: wanted.allowed_networks.unwrap_or(was.allowed_networks),
        retention_days: wanted.retention_days.unwrap_or(was.retention_days),
    };
    let rows = tx
        .write(
            &CHANGE,
            &[
                &organization,
                &name,
                &now_set.requires_mfa,
                &now_set.session_idle_seconds,
                &now_set.session_lifetime_seconds,
                &now_set.allowed_networks,
                &now_set.retention_days,
            ],
        )
        .await?;
    announce::settings(tx, &before.id, version(&rows)?, now).await?;
    Ok(Changed { after: Organization { name, settings: now_set, ..before.clone() }, before })
}

/// Puts an organization into a tier.
pub async fn set_tier(
    tx: &mut Tx<'_, Write>,
    organization: &str,
    tier: &str,
    now: Timestamp,
) -> Result<Changed, OrganizationError> {
    let before = hold(tx, organization, None).await?;
    let rows = tx.write(&TIER, &[&organization, &tier]).await?;
    announce::settings(tx, &before.id, version(&rows)?, now).await?;
    Ok(Changed { after: find(tx, organization, None).await?, before })
}

/// The version that a change brought.
pub(super) fn version(rows: &[Row]) -> Result<i64, StoreError> {
    rows.first().ok_or(StoreError::Ended)?.try_get(0)
}
