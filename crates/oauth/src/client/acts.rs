//! Who did something with a client, and when: what becomes of it when that was not whom it seemed to be, and who may.

use std::time::Duration;

use wardgraph_kernel::{ClientId, Identity, TenantId, Timestamp, UserId, Write};
use wardgraph_store::{Role, Row, Statement, StoreError, Tx, changes::Announcing};
use wardgraph_tokens::{Revocation, revoke};

use super::Client;
use crate::OAuthError;

const APP: &[Role] = &[Role::App];
/// How long before a theft was told of its thief may have begun.
pub(crate) const BEFORE: Duration = Duration::from_hours(24);

/// Whether somebody who is a member of the organization that they work in runs the server.
pub(super) const REGISTRAR: Statement<Write> = Statement::writing(
    "oauth.client.registrar",
    APP,
    "select coalesce(u.global_role = 'super_admin', false) from memberships m join users u on u.user_id = m.user_id where m.organization_id = $1 and m.user_id = $2",
);
const SIGN_SQL: &str = "insert into client_acts as a (client_id, user_id, acted_at) select $1::text, $2::uuid, $3::timestamptz
     on conflict (client_id, user_id) do update set acted_at = greatest(a.acted_at, excluded.acted_at)";
pub(super) const SIGN: Statement<Write> = Statement::writing("oauth.client.sign", APP, SIGN_SQL);
pub(super) const SIGN_FOR: Statement<Identity> = Statement::identity("oauth.client.sign_for", SIGN_SQL);
/// They stay, and do nothing: whoever sees to the organization looks at them, and has them go on or go. What others did since makes no difference.
pub(super) const DISOWN: Statement<Identity> = Statement::identity(
    "oauth.client.disown",
    "update clients c set disabled_at = $3, updated_at = $3, generation = c.generation + 1 from client_acts a
     where a.user_id = $1 and a.acted_at >= $2 and c.client_id = a.client_id and c.disabled_at is null and c.organization_id is not null
     returning c.client_id, c.organization_id, c.generation, c.name",
);

/// Somebody who registers clients of the organization that they work in, as they stand now.
#[derive(Debug, Clone, Copy)]
pub struct Registrar {
    user: UserId,
    /// Whether they run the server.
    pub operator: bool,
}

/// Who registers.
///
/// # Errors
/// [`OAuthError::Above`] for whoever is no member any more.
pub async fn registrar(tx: &mut Tx<'_, Write>, user: UserId) -> Result<Registrar, OAuthError> {
    let tenant = tx.tenant();
    let rows = tx.write(&REGISTRAR, &[&tenant, &user.uuid()]).await?;
    let row = rows.first().ok_or(OAuthError::Above("you are no member of the organization any more"))?;
    Ok(Registrar { user, operator: row.try_get(0)? })
}

impl Registrar {
    /// Nobody but whoever runs the server holds what opens a client that everybody trusts at their word. What else it may do is judged as all that is
    /// given: by what is held.
    ///
    /// # Errors
    /// [`OAuthError::Above`].
    pub fn may_hold(&self, client: &Client) -> Result<(), OAuthError> {
        if client.is_the_operators() && !self.operator {
            let why = "the client is that of whoever runs the server, who gives it another secret with `wardgraph client`";
            return Err(OAuthError::Above(why));
        }
        Ok(())
    }

    /// Has a client know who did something with it.
    pub async fn sign(&self, tx: &mut Tx<'_, Write>, id: &ClientId, now: Timestamp) -> Result<(), OAuthError> {
        tx.write(&SIGN, &[&id.as_str(), &self.user.uuid(), &now]).await?;
        Ok(())
    }
}

/// Has a client know at whose word it was registered.
pub(super) async fn sign_for(tx: &mut Tx<'_, Identity>, id: &ClientId, user: UserId, now: Timestamp) -> Result<(), OAuthError> {
    tx.run(&SIGN_FOR, &[&id.as_str(), &user.uuid(), &now]).await?;
    Ok(())
}

/// A client that may do nothing any more.
#[derive(Debug, Clone)]
pub struct Shut {
    /// Which one.
    pub id: ClientId,
    /// Whose it is.
    pub organization: TenantId,
    /// Its generation from now on: it is to be announced.
    pub generation: i64,
    /// What it is called.
    pub name: String,
}

/// Disables the clients that an account registered, changed or gave a secret from a day before `since` on: whoever had it in their hands may hold what
/// opens them.
pub async fn disown(tx: &mut Tx<'_, Identity>, user: UserId, since: Timestamp, now: Timestamp) -> Result<Vec<Shut>, OAuthError> {
    let since = since.saturating_sub(BEFORE).unwrap_or(Timestamp::MIN);
    let rows = tx.run(&DISOWN, &[&user.uuid(), &since, &now]).await?;
    let read = |row: &Row| {
        Ok(Shut {
            id: ClientId::parse(row.try_get(0)?).ok_or(OAuthError::Unreadable("an id"))?,
            organization: TenantId::parse(row.try_get(1)?).map_err(|_| OAuthError::Unreadable("an organization's id"))?,
            generation: row.try_get(2)?,
            name: row.try_get(3)?,
        })
    };
    rows.iter().map(read).collect()
}

/// Takes back every token of an organization that is no more, and what its clients, which went along, hold of people in other ones.
pub async fn end_with(
    tx: &mut impl Announcing,
    organization: &TenantId,
    clients: &[String],
    now: Timestamp,
) -> Result<(), StoreError> {
    revoke(tx, Revocation::Organization(organization.as_str()), now).await?;
    for id in clients {
        revoke(tx, Revocation::ClientTokens { id, generation: i64::MAX }, now).await?;
    }
    Ok(())
}
