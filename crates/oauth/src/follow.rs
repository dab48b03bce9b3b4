//! What ends with a browser's session: those of clients that were begun in it, unless their person let them go on. Their clients are told in either case.

use uuid::Uuid;
use wardgraph_identity::session::Why;
use wardgraph_kernel::{Identity, SessionId, Timestamp, UserId, Write};
use wardgraph_store::{Role, Row, Statement, StatementInfo, StoreError, Tx};

use crate::logout;

const END_SQL: &str = "update sessions set ended_at = $2, ended_by = $3
     where browser_session_id = $1 and ended_at is null and not 'offline_access' = any(scopes) returning session_id";
const END: Statement<Write> = Statement::writing("oauth.follow.end", &[Role::App], END_SQL);
const END_BY_IDENTITY: Statement<Identity> = Statement::identity("oauth.follow.end_by_identity", END_SQL);
const BEGIN: Statement<Identity> =
    Statement::identity("oauth.follow.begin", "update sessions set browser_session_id = $2 where session_id = $1");

const CARRY: Statement<Identity> = Statement::identity(
    "oauth.follow.carry",
    "update sessions set browser_session_id = $2 where browser_session_id = $1 and user_id = $3 and ended_at is null",
);

pub(crate) const STATEMENTS: &[&StatementInfo] = &[BEGIN.info(), CARRY.info(), END.info(), END_BY_IDENTITY.info()];

/// Has a client's session know in which browser's session it was begun.
pub async fn begin(tx: &mut Tx<'_, Identity>, session: SessionId, browser: SessionId) -> Result<(), StoreError> {
    tx.run(&BEGIN, &[&session.uuid(), &browser.uuid()]).await.map(drop)
}

/// Has what a person's clients began in a browser's session end with the one that takes its place.
pub async fn carry(tx: &mut Tx<'_, Identity>, from: SessionId, to: SessionId, user: UserId) -> Result<(), StoreError> {
    tx.run(&CARRY, &[&from.uuid(), &to.uuid(), &user.uuid()]).await.map(drop)
}

/// Ends what ends with a browser's session, and tells what did: that is to be revoked.
pub async fn end(tx: &mut Tx<'_, Write>, browser: SessionId, now: Timestamp) -> Result<Vec<SessionId>, StoreError> {
    let over = ended(&tx.write(&END, &[&browser.uuid(), &now, &Why::Logout.word()]).await?)?;
    logout::tell(tx, browser, now).await?;
    Ok(over)
}

/// The same, before anyone is known.
pub async fn end_unknown(tx: &mut Tx<'_, Identity>, browser: SessionId, now: Timestamp) -> Result<Vec<SessionId>, StoreError> {
    let over = ended(&tx.run(&END_BY_IDENTITY, &[&browser.uuid(), &now, &Why::Logout.word()]).await?)?;
    logout::tell_unknown(tx, browser, now).await?;
    Ok(over)
}

fn ended(rows: &[Row]) -> Result<Vec<SessionId>, StoreError> {
    rows.iter().map(|row| row.try_get::<Uuid>(0).map(SessionId::from)).collect()
}
