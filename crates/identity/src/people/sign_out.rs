//! Sessions of other people end: one account's by an administrator, everybody's by whoever runs the server.

use std::time::Duration;

use uuid::Uuid;
use wardgraph_kernel::{Identity, SessionId, Timestamp, UserId, Write};
use wardgraph_store::{Role, Statement, Tx};

use super::end::HOLD_ACCOUNT;
use crate::{IdentityError, session::Why};

/// The generation from which on the account's tokens are good: none that was given so far.
pub(super) const END_SESSIONS: Statement<Write> = Statement::writing(
    "identity.people.end_sessions",
    &[Role::Admin],
    "with ended as (update sessions set ended_at = $2, ended_by = $3 where user_id = $1 and ended_at is null)
     update users set generation = generation + 1 where user_id = $1 returning generation",
);
/// How many end; and of them the ones of programs that were used since a moment: no token of another is good still.
pub(super) const END_EVERYBODYS: Statement<Identity> = Statement::identity(
    "identity.people.end_everybodys_sessions",
    "with ended as (
       update sessions set ended_at = $1, ended_by = $2 where ended_at is null and expires_at > $1 returning session_id, browser, last_used_at)
     select (select count(*) from ended), e.session_id from (values (1)) one(row) left join ended e on not e.browser and e.last_used_at > $3",
);

/// Ends an account's sessions. Tells the generation that is to be announced. Keys live on.
pub async fn end_sessions(tx: &mut Tx<'_, Write>, user: UserId, now: Timestamp) -> Result<i64, IdentityError> {
    tx.write(&HOLD_ACCOUNT, &[&user.uuid()]).await?;
    let rows = tx.write(&END_SESSIONS, &[&user.uuid(), &now, &Why::Administrator.word()]).await?;
    Ok(rows.first().ok_or(IdentityError::NobodyThere)?.try_get(0)?)
}

/// Sessions that ended at once.
#[derive(Debug)]
pub struct Ended {
    /// How many.
    pub count: i64,
    /// Those of which a token may be good still: they are to be announced.
    pub with_tokens: Vec<SessionId>,
}

/// Ends everybody's sessions. `life` is how long a token lives at most.
pub async fn end_everybodys_sessions(tx: &mut Tx<'_, Identity>, life: Duration, now: Timestamp) -> Result<Ended, IdentityError> {
    let since = now.saturating_sub(life).unwrap_or(Timestamp::MIN);
    let rows = tx.run(&END_EVERYBODYS, &[&now, &Why::Administrator.word(), &since]).await?;
    let count = rows.first().ok_or(IdentityError::Unreadable("a count of sessions"))?.try_get(0)?;
    let ids = rows.iter().filter_map(|row| row.try_get::<Option<Uuid>>(1).transpose());
    Ok(Ended { count, with_tokens: ids.map(|id| id.map(SessionId::from)).collect::<Result<_, _>>()? })
}
