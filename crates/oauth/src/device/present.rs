//! What becomes of a device's code that its client polls with (RFC 8628, section 3.4).

use uuid::Uuid;
use wardgraph_identity::{account::Seat, session::Proof};
use wardgraph_kernel::{CodeId, Identity, SessionId, TenantId, Timestamp, UserId};
use wardgraph_store::{Row, Statement, StoreError, Tx};
use wardgraph_tokens::Thumbprint;

use super::PREFIX;
use crate::{code::Code, reference};

/// The account and the browser's session of whoever allowed it, as they are when it is used: whoever ends either meanwhile waits, and then ends what it
/// gave, too.
pub(super) const STAND: Statement<Identity> = Statement::identity(
    "oauth.device.stand",
    "select s.session_id from device_authorizations d join users u on u.user_id = d.user_id join sessions s on s.session_id = d.session_id
     where d.code_id = $1 for share of u for share of s",
);
/// A code, locked, so that of two uses at once one is the second.
pub(super) const HOLD: Statement<Identity> = Statement::identity(
    "oauth.device.hold",
    "select d.verifier, d.client_id, d.scopes, d.resource, d.jkt, d.expires_at, d.user_id, d.organization_id, d.session_id, d.generation, d.amr, d.acr, d.auth_time,
            d.allowed_at is not null, d.denied_at is not null, d.used_at is not null, d.granted_session_id,
            s.session_id is not null and s.ended_at is null and s.expires_at > $2, u.disabled_at is null and u.generation = d.generation, m.role, u.global_role,
            o.requires_mfa, m.user_id is not null
     from device_authorizations d left join users u on u.user_id = d.user_id left join organizations o on o.organization_id = d.organization_id
     left join sessions s on s.session_id = d.session_id
     left join memberships m on m.user_id = d.user_id and m.organization_id = d.organization_id and o.deleted_at is null
     where d.code_id = $1 for update of d",
);
/// Whoever asks before the time waits five seconds longer from then on (RFC 8628, section 3.5).
pub(super) const POLLED: Statement<Identity> = Statement::identity(
    "oauth.device.polled",
    "with before as (select code_id, polled_at + make_interval(secs => interval_s) > $2 as early from device_authorizations where code_id = $1 for update)
     update device_authorizations d set polled_at = $2, interval_s = d.interval_s + case when before.early then 5 else 0 end
     from before where d.code_id = before.code_id returning coalesce(before.early, false)",
);
pub(super) const FINISH: Statement<Identity> = Statement::identity(
    "oauth.device.finish",
    "update device_authorizations set used_at = $2, granted_session_id = $3 where code_id = $1 and used_at is null",
);

/// What becomes of a device's code.
#[derive(Debug)]
pub enum Presented {
    /// Somebody allowed it; the transaction holds it.
    Good(Box<Code>),
    /// Nobody has decided yet: see [`polled`].
    Pending(CodeId),
    /// Somebody refused.
    Denied,
    /// It is too old.
    Expired,
    /// It was used before. What it gave is to end.
    Again {
        /// Who had allowed it.
        user: UserId,
        /// Where its client worked.
        organization: TenantId,
        /// What it gave.
        gave: Option<SessionId>,
    },
    /// It is good for nothing; the text is for the log.
    Bad(&'static str),
}

/// Judges a device's code that a client presents, which proved to hold `key`, and holds it until the transaction ends.
pub async fn present(
    tx: &mut Tx<'_, Identity>,
    text: &str,
    client: &str,
    key: Option<Thumbprint>,
    now: Timestamp,
) -> Result<Presented, StoreError> {
    let Some(id) = reference::read(PREFIX, text) else { return Ok(Presented::Bad("no code")) };
    tx.run(&STAND, &[&id]).await?;
    let rows = tx.run(&HOLD, &[&id, &now]).await?;
    let Some(row) = rows.first() else { return Ok(Presented::Bad("unknown")) };
    let kept: Vec<u8> = row.try_get(0)?;
    if !reference::verifies(text, &kept) {
        return Ok(Presented::Bad("unknown"));
    }
    if row.try_get::<&str>(1)? != client {
        return Ok(Presented::Bad("another client's"));
    }
    if row.try_get(15)? {
        return again(row);
    }
    let bound: Option<&str> = row.try_get(4)?;
    if bound.is_some_and(|bound| key.is_none() || Thumbprint::parse(bound) != key) {
        return Ok(Presented::Bad("not its key"));
    }
    if row.try_get(14)? {
        return Ok(Presented::Denied);
    }
    if now >= row.try_get::<Timestamp>(5)? {
        return Ok(Presented::Expired);
    }
    if !row.try_get::<bool>(13)? {
        return Ok(Presented::Pending(id.into()));
    }
    allowed(id.into(), row)
}

fn unreadable(what: &str) -> StoreError {
    StoreError::Unsafe(format!("a device authorization's {what} cannot be read"))
}

fn organization(row: &Row) -> Result<TenantId, StoreError> {
    let organization = row.try_get::<Option<&str>>(7)?.and_then(|text| TenantId::parse(text).ok());
    organization.ok_or_else(|| unreadable("organization"))
}

fn user(row: &Row) -> Result<UserId, StoreError> {
    row.try_get::<Option<Uuid>>(6)?.map(UserId::from).ok_or_else(|| unreadable("person"))
}

fn again(row: &Row) -> Result<Presented, StoreError> {
    let gave = row.try_get::<Option<Uuid>>(16)?.map(SessionId::from);
    Ok(Presented::Again { user: user(row)?, organization: organization(row)?, gave })
}

fn allowed(id: CodeId, row: &Row) -> Result<Presented, StoreError> {
    if !row.try_get::<bool>(17)? {
        return Ok(Presented::Bad("the session of the browser has ended"));
    }
    if !row.try_get::<Option<bool>>(18)?.unwrap_or(false) {
        return Ok(Presented::Bad("the account is not as it was"));
    }
    if !row.try_get::<bool>(22)? {
        return Ok(Presented::Bad("no member any more, or of nothing that works"));
    }
    let seat = Seat::read(organization(row)?, row.try_get(19)?, row.try_get(20)?).ok_or_else(|| unreadable("member"))?;
    let (amr, acr): (Option<Vec<String>>, Option<String>) = (row.try_get(10)?, row.try_get(11)?);
    let at = row.try_get::<Option<Timestamp>>(12)?;
    let (Some(amr), Some(acr), Some(at)) = (amr, acr, at) else { return Err(unreadable("sign-in")) };
    let proof = Proof { amr, acr, at };
    if row.try_get::<Option<bool>>(21)?.unwrap_or(false) && !proof.is_multiple() {
        return Ok(Presented::Bad("the organization asks for a second factor by now"));
    }
    let session = row.try_get::<Option<Uuid>>(8)?.ok_or_else(|| unreadable("session"))?;
    Ok(Presented::Good(Box::new(Code {
        id,
        user: user(row)?,
        seat,
        session: session.into(),
        generation: row.try_get::<Option<i64>>(9)?.ok_or_else(|| unreadable("generation"))?,
        scopes: row.try_get(2)?,
        resource: row.try_get(3)?,
        jkt: row.try_get(4)?,
        nonce: None,
        claims: Vec::new(),
        userinfo_claims: Vec::new(),
        proof,
    })))
}

/// Notes that a client asked, and tells whether it did so too early: it waits longer from then on.
pub async fn polled(tx: &mut Tx<'_, Identity>, id: CodeId, now: Timestamp) -> Result<bool, StoreError> {
    let rows = tx.run(&POLLED, &[&id.uuid(), &now]).await?;
    rows.first().map_or(Ok(false), |row| row.try_get(0))
}

/// Uses a code up, for a session of its client.
pub async fn finish(tx: &mut Tx<'_, Identity>, id: CodeId, gave: SessionId, now: Timestamp) -> Result<(), StoreError> {
    tx.run(&FINISH, &[&id.uuid(), &now, &gave.uuid()]).await.map(drop)
}
