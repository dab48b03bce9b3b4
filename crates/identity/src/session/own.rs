//! Sessions, seen by their owner.

use std::time::Duration;

use uuid::Uuid;
use wardgraph_kernel::{Read, SessionId, Timestamp, UserId, Write};
use wardgraph_store::{Role, Row, Statement, StoreError, Tx};

use crate::{
    IdentityError,
    session::{END_OTHERS_SQL, Lifetimes, Why, ids},
};

const APP: &[Role] = &[Role::App];
/// The most that are listed: the newest.
const MOST: i64 = 200;

pub(super) const LIST: Statement<Read> = Statement::reading(
    "identity.own.sessions",
    APP,
    "select session_id, organization_id, device, host(ip), created_at, last_used_at, expires_at, browser from sessions
     where user_id = $1 and ended_at is null and expires_at > $2 and last_used_at > case when browser then $5::timestamptz else $3::timestamptz end order by created_at desc, session_id desc limit $4",
);
/// The caller's session, as long as it lives and the account's generation is its token's. Held until the transaction ends: whoever ends all
/// sessions and keys meanwhile waits, and then finds what was made.
pub(super) const SIGNED_IN: Statement<Write> = Statement::writing(
    "identity.own.signed_in",
    APP,
    "select s.session_id from sessions s join users u using (user_id)
     where s.session_id = $1 and s.user_id = $2 and s.ended_at is null and u.generation = $3 for share of s, u",
);
pub(super) const FINISH: Statement<Write> = Statement::writing(
    "identity.own.end_session",
    APP,
    "update sessions set ended_at = $3, ended_by = $4 where user_id = $1 and session_id = $2 and ended_at is null returning session_id",
);
pub(super) const FINISH_ALL: Statement<Write> = Statement::writing("identity.own.end_sessions", APP, END_OTHERS_SQL);

/// The generation from which on the account's tokens are good.
pub(super) const RAISE: Statement<Write> = Statement::writing(
    "identity.own.raise_generation",
    APP,
    "update users set generation = generation + 1 where user_id = $1 returning generation",
);

/// A session, as its owner sees it.
#[derive(Debug, Clone)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// Where its owner works.
    pub organization: String,
    /// What the program says of itself.
    pub device: String,
    /// The address of its last use.
    pub ip: String,
    /// When its owner signed in.
    pub created_at: Timestamp,
    /// When a token of it was used last.
    pub last_used_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Timestamp,
    /// Whether a browser holds it, by its cookie; else a program, by tokens.
    pub browser: bool,
}

/// The sessions of an account that live at `now`, and were not idle for too long; `idle` is for those of programs.
pub async fn list(tx: &mut Tx<'_, Read>, user: UserId, idle: Duration, now: Timestamp) -> Result<Vec<Session>, StoreError> {
    let [program, browser] = [idle, Lifetimes::BROWSER.idle].map(|idle| now.saturating_sub(idle).unwrap_or(Timestamp::MIN));
    tx.query(&LIST, &[&user.uuid(), &now, &program, &MOST, &browser]).await?.iter().map(read).collect()
}

/// Whether the caller's session lives. Asked for what outlives the caller's token, a key or a factor: that is not left to what servers hear of each other.
pub async fn is_signed_in(tx: &mut Tx<'_, Write>, user: UserId, session: SessionId, generation: i64) -> Result<bool, StoreError> {
    tx.write(&SIGNED_IN, &[&session.uuid(), &user.uuid(), &generation]).await.map(|rows| !rows.is_empty())
}

/// Ends one of the account's sessions. `None` if it has no such session that lives.
pub async fn finish(
    tx: &mut Tx<'_, Write>,
    user: UserId,
    session: SessionId,
    why: Why,
    now: Timestamp,
) -> Result<Option<SessionId>, StoreError> {
    let rows = tx.write(&FINISH, &[&user.uuid(), &session.uuid(), &now, &why.word()]).await?;
    Ok(ids(&rows)?.into_iter().next())
}

/// Ends the account's sessions, but for one if that is said.
pub async fn finish_all(
    tx: &mut Tx<'_, Write>,
    user: UserId,
    but: Option<SessionId>,
    why: Why,
    now: Timestamp,
) -> Result<Vec<SessionId>, StoreError> {
    let but = but.map(SessionId::uuid);
    ids(&tx.write(&FINISH_ALL, &[&user.uuid(), &but, &now, &why.word()]).await?)
}

/// Ends all of the account's sessions, and tells the generation from which on its tokens are good: that is to be announced.
pub async fn finish_everything(tx: &mut Tx<'_, Write>, user: UserId, why: Why, now: Timestamp) -> Result<i64, IdentityError> {
    // Waits for a sign-in that is under way; what comes after it sees the session that began meanwhile.
    let rows = tx.write(&RAISE, &[&user.uuid()]).await?;
    finish_all(tx, user, None, why, now).await?;
    Ok(rows.first().ok_or(IdentityError::Missing("account"))?.try_get(0)?)
}

fn read(row: &Row) -> Result<Session, StoreError> {
    Ok(Session {
        id: row.try_get::<Uuid>(0)?.into(),
        organization: row.try_get(1)?,
        device: row.try_get(2)?,
        ip: row.try_get(3)?,
        created_at: row.try_get(4)?,
        last_used_at: row.try_get(5)?,
        expires_at: row.try_get(6)?,
        browser: row.try_get(7)?,
    })
}
