//! Sessions of browsers: the cookie that holds one is a secret of 256 bits, of which SHA-256 is kept.

use uuid::Uuid;
use wardgraph_kernel::{Chance, Identity, Secret, SessionId, Timestamp, UserId};
use wardgraph_store::{Statement, StoreError, Tx};

use crate::{
    IdentityError,
    account::{Seat, seat},
    reference,
    session::{Lifetimes, Proof, Why},
    sha256,
};

/// How the text of a cookie begins, for whoever finds one where it should not be.
const PREFIX: &str = "wgs_";

/// What a cookie's session is, looked at for every page: whatever ends it ends it at once.
pub(super) const FIND: Statement<Identity> = Statement::identity(
    "identity.browser.find",
    "select s.user_id, s.verifier, m.organization_id, m.role, u.generation, s.last_used_at, s.expires_at, s.amr, s.acr, s.auth_time, o.requires_mfa,
            s.created_at, o.session_idle_seconds, o.session_lifetime_seconds
     from sessions s join users u on u.user_id = s.user_id
     join memberships m on m.user_id = s.user_id and m.organization_id = s.organization_id
     join organizations o on o.organization_id = s.organization_id
     where s.session_id = $1 and s.browser and s.ended_at is null and u.disabled_at is null",
);
pub(super) const TOUCH: Statement<Identity> = Statement::identity(
    "identity.browser.touch",
    "update sessions set last_used_at = greatest(last_used_at, $2), ip = $3::text::inet where session_id = $1 and ended_at is null",
);

pub(super) const REPLACE: Statement<Identity> = Statement::identity(
    "identity.browser.replace",
    "update sessions set ended_at = $3, ended_by = $4 where session_id = $1 and verifier = $2 and browser and ended_at is null returning session_id",
);

/// The session in which a client's was begun, whether it lives still or not.
pub(super) const BEGAN: Statement<Identity> = Statement::identity(
    "identity.browser.began",
    "select b.verifier from sessions s join sessions b on b.session_id = s.browser_session_id
     where s.session_id = $1 and s.client_id = $2 and b.session_id = $3 and b.user_id = s.user_id",
);

/// What a cookie holds: what it says of itself, which nobody has believed yet.
#[derive(Debug, Clone, Copy)]
pub struct CookieText<'a> {
    /// The session it claims to be of.
    pub session: SessionId,
    text: &'a str,
}

impl<'a> CookieText<'a> {
    /// Reads the form of a cookie.
    pub fn read(text: &'a str) -> Option<Self> {
        Some(Self { session: reference::read(PREFIX, text)?.into(), text })
    }
}

/// The cookie of a session that begins.
pub fn cookie(session: SessionId, chance: &dyn Chance) -> Secret {
    reference::make(PREFIX, session.uuid(), chance).0
}

/// A browser's session that lives.
#[derive(Debug, Clone)]
pub struct BrowserSession {
    /// Whose it is.
    pub user: UserId,
    /// What they may do, and where.
    pub seat: Seat,
    /// Tokens of an earlier generation are good no more.
    pub generation: i64,
    /// How its owner proved who they are.
    pub proof: Proof,
    /// When it was used last.
    pub last_used_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Timestamp,
}

/// The session that a cookie is of, if it lives at `now` and the cookie is its very own.
pub async fn find(
    tx: &mut Tx<'_, Identity>,
    cookie: &CookieText<'_>,
    lifetimes: Lifetimes,
    now: Timestamp,
) -> Result<Option<BrowserSession>, IdentityError> {
    let rows = tx.run(&FIND, &[&cookie.session.uuid()]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let verifier: Vec<u8> = row.try_get(1)?;
    let session = BrowserSession {
        user: row.try_get::<Uuid>(0)?.into(),
        seat: seat(row.try_get(2)?, row.try_get(3)?, None)?.ok_or(IdentityError::Unreadable("a member's place"))?,
        generation: row.try_get(4)?,
        last_used_at: row.try_get(5)?,
        expires_at: row.try_get(6)?,
        proof: Proof { amr: row.try_get(7)?, acr: row.try_get(8)?, at: row.try_get(9)? },
    };
    let falls_short = row.try_get::<bool>(10)? && !session.proof.is_multiple();
    let lifetimes = lifetimes.within(row.try_get(12)?, row.try_get(13)?);
    let until = lifetimes.until(row.try_get(11)?, session.last_used_at).min(session.expires_at);
    let lives = now < until && !falls_short;
    Ok((sha256::verifies(cookie.text, &verifier) && lives).then_some(session))
}

/// Ends the session that a cookie is the very own of, as its browser signs in anew.
pub async fn replace(tx: &mut Tx<'_, Identity>, cookie: &CookieText<'_>, now: Timestamp) -> Result<bool, StoreError> {
    let verifier = sha256::verifier(cookie.text);
    tx.run(&REPLACE, &[&cookie.session.uuid(), &verifier.as_slice(), &now, &Why::Replaced.word()])
        .await
        .map(|rows| !rows.is_empty())
}

/// Whether a client's session was begun by the very browser that holds this cookie, whose own session may be over.
pub async fn began(
    tx: &mut Tx<'_, Identity>,
    cookie: &CookieText<'_>,
    session: SessionId,
    client: &str,
) -> Result<bool, StoreError> {
    let rows = tx.run(&BEGAN, &[&session.uuid(), &client, &cookie.session.uuid()]).await?;
    let Some(row) = rows.first() else { return Ok(false) };
    Ok(sha256::verifies(cookie.text, &row.try_get::<Vec<u8>>(0)?))
}

/// Notes that a session was used, and from where.
pub async fn touch(
    tx: &mut Tx<'_, Identity>,
    session: SessionId,
    ip: std::net::IpAddr,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.run(&TOUCH, &[&session.uuid(), &now, &ip.to_string()]).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use wardgraph_kernel::SeededChance;

    #[test]
    fn a_cookie_names_its_session_and_has_256_bits_of_chance() {
        let chance = SeededChance::new(1);
        let session = SessionId::new(Timestamp::UNIX_EPOCH, &chance);
        let (one, other) = (cookie(session, &chance), cookie(session, &chance));
        assert_ne!(one, other);
        assert_eq!(CookieText::read(one.expose()).unwrap().session, session);
        for bad in [
            "",
            "wgs_",
            "wgs_AAAA",
            one.expose().get(4..).unwrap(),
            &format!("{}AAAA", one.expose()),
            &format!(" {}", one.expose()),
        ] {
            assert!(CookieText::read(bad).is_none(), "{bad}");
        }
    }
}
