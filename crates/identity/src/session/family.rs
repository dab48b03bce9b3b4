//! A session before its owner is known: its tokens are used, it ends.

use std::net::IpAddr;

use uuid::Uuid;
use wardgraph_kernel::{Identity, Secret, SessionId, TenantId, Timestamp, UserId};
use wardgraph_store::{Statement, StoreError, Tx};

use crate::{
    IdentityError,
    account::{Seat, seat},
    refresh::{Client, Family, Presented},
    session::{END_OTHERS_SQL, Lifetimes, Proof, Why, ids},
    sha256,
};

/// A session for whoever presents a token of it. Locked, so that tokens are used one after another.
pub(super) const HOLD: Statement<Identity> = Statement::identity(
    "identity.session.hold",
    "select s.user_id, s.family_key, s.number, s.verifier, s.program, s.network, s.rotated_at, s.rotated_before_at, s.last_used_at,
            s.expires_at, s.ended_at is not null, u.disabled_at is not null, m.organization_id, m.role, s.organization_id, u.generation,
            s.amr, s.acr, s.auth_time, coalesce(o.requires_mfa, false), u.global_role,
            s.created_at, o.session_idle_seconds, o.session_lifetime_seconds
     from sessions s join users u on u.user_id = s.user_id
     left join organizations o on o.organization_id = s.organization_id
     left join memberships m on m.user_id = s.user_id and m.organization_id = s.organization_id and (s.client_id is null or o.deleted_at is null)
     where s.session_id = $1 and not s.browser and s.client_id is not distinct from $2::text for update of s",
);
pub(super) const ROTATE: Statement<Identity> = Statement::identity(
    "identity.session.rotate",
    "update sessions set number = number + 1, verifier = $2, program = $3, network = $4, device = $5, ip = $6::text::inet,
       rotated_before_at = rotated_at, rotated_at = $7, last_used_at = $7
     where session_id = $1",
);
pub(super) const END: Statement<Identity> = Statement::identity(
    "identity.session.end",
    "update sessions set ended_at = $2, ended_by = $3 where session_id = $1 and ended_at is null returning session_id",
);
/// Every session and every key of an account; and the generation from which on its tokens are good.
pub(super) const END_ALL: Statement<Identity> = Statement::identity(
    "identity.session.end_all",
    "with revoked as (update api_keys set revoked_at = $2 where user_id = $1 and revoked_at is null),
     ended as (update sessions set ended_at = $2, ended_by = $3 where user_id = $1 and ended_at is null)
     update users set generation = generation + 1 where user_id = $1 returning generation",
);
pub(super) const END_OTHERS: Statement<Identity> = Statement::identity("identity.session.end_others", END_OTHERS_SQL);

/// Who uses a token, from where, and when.
#[derive(Debug)]
pub struct Use<'a> {
    /// The client.
    pub client: &'a Client,
    /// What the program says of itself, for its owner to read.
    pub device: &'a str,
    /// The address.
    pub ip: IpAddr,
    /// When.
    pub now: Timestamp,
}

/// A session that somebody presented a token of, locked.
#[derive(Debug)]
pub struct Held {
    /// Whose it is.
    pub user: UserId,
    /// The family's key, sealed.
    pub sealed: Vec<u8>,
    /// Where the family stands.
    pub family: Family,
    /// How its owner proved who they are.
    pub proof: Proof,
    /// Whether its organization asks for more than the owner showed.
    pub falls_short: bool,
    /// The organization that it was begun in.
    pub organization: TenantId,
    /// Tokens of an earlier generation are good no more.
    pub generation: i64,
    /// What its owner may do there; `None` for one who is no member any more.
    pub seat: Option<Seat>,
    verifier: Vec<u8>,
    began_at: Timestamp,
    last_used_at: Timestamp,
    expires_at: Timestamp,
    /// How long the organization lets its sessions last: without a use, and at all.
    most: (Option<i32>, Option<i32>),
    ended: bool,
    disabled: bool,
}

impl Held {
    /// Whether its tokens are good for anything at `now`.
    pub fn lives(&self, lifetimes: Lifetimes, now: Timestamp) -> bool {
        now < self.until(lifetimes, self.last_used_at) && !self.ended && !self.disabled
    }

    /// Until when it lives if it was used last then.
    pub fn until(&self, lifetimes: Lifetimes, used: Timestamp) -> Timestamp {
        lifetimes.within(self.most.0, self.most.1).until(self.began_at, used).min(self.expires_at)
    }

    /// Whether a token is the very one that is kept as the next to be used. One of an older number is not kept.
    pub fn is_next(&self, token: &str, presented: &Presented) -> bool {
        presented.number != self.family.number || sha256::verifies(token, &self.verifier)
    }
}

/// Finds a session that OAuth client `of` got, or one that none did, and holds it until the transaction ends.
pub async fn hold(tx: &mut Tx<'_, Identity>, session: SessionId, of: Option<&str>) -> Result<Option<Held>, IdentityError> {
    let rows = tx.run(&HOLD, &[&session.uuid(), &of]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let organization: String = row.try_get(14)?;
    let proof = Proof { amr: row.try_get(16)?, acr: row.try_get(17)?, at: row.try_get(18)? };
    Ok(Some(Held {
        user: row.try_get::<Uuid>(0)?.into(),
        sealed: row.try_get(1)?,
        family: Family {
            number: row.try_get(2)?,
            client: Client { program: row.try_get(4)?, network: row.try_get(5)? },
            rotated_at: row.try_get(6)?,
            rotated_before_at: row.try_get(7)?,
        },
        falls_short: row.try_get::<bool>(19)? && !proof.is_multiple(),
        proof,
        organization: TenantId::parse(&organization).map_err(|_| IdentityError::Unreadable("an organization's id"))?,
        generation: row.try_get(15)?,
        seat: seat(row.try_get(12)?, row.try_get(13)?, row.try_get(20)?)?,
        verifier: row.try_get(3)?,
        began_at: row.try_get(21)?,
        most: (row.try_get(22)?, row.try_get(23)?),
        last_used_at: row.try_get(8)?,
        expires_at: row.try_get(9)?,
        ended: row.try_get(10)?,
        disabled: row.try_get(11)?,
    }))
}

/// Notes that a token was used, and which one is next.
pub async fn rotate(tx: &mut Tx<'_, Identity>, session: SessionId, next: &Secret, at: &Use<'_>) -> Result<(), StoreError> {
    let (verifier, ip) = (sha256::verifier(next.expose()), at.ip.to_string());
    let client = at.client;
    tx.run(&ROTATE, &[&session.uuid(), &verifier.as_slice(), &client.program, &client.network, &at.device, &ip, &at.now])
        .await
        .map(drop)
}

/// Ends a session. Tells whether it had not ended before.
pub async fn end(tx: &mut Tx<'_, Identity>, session: SessionId, why: Why, now: Timestamp) -> Result<bool, StoreError> {
    tx.run(&END, &[&session.uuid(), &now, &why.word()]).await.map(|rows| !rows.is_empty())
}

/// Ends every session and revokes every key of an account. Tells the generation from which on its tokens are good: that is to be announced.
pub async fn end_all(tx: &mut Tx<'_, Identity>, user: UserId, why: Why, now: Timestamp) -> Result<i64, IdentityError> {
    let rows = tx.run(&END_ALL, &[&user.uuid(), &now, &why.word()]).await?;
    Ok(rows.first().ok_or(IdentityError::Missing("account"))?.try_get(0)?)
}

/// Ends the account's sessions, but for one if that is said, and tells which: that is to be announced.
pub async fn end_others(
    tx: &mut Tx<'_, Identity>,
    user: UserId,
    but: Option<SessionId>,
    why: Why,
    now: Timestamp,
) -> Result<Vec<SessionId>, StoreError> {
    let but = but.map(SessionId::uuid);
    ids(&tx.run(&END_OTHERS, &[&user.uuid(), &but, &now, &why.word()]).await?)
}
