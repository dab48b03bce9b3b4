//! Requests that clients push before they send a browser (RFC 9126): what a browser carries then is a reference and nothing that could be changed.

use std::time::Duration;

use wardgraph_kernel::{Chance, Identity, PushedRequestId, Secret, Timestamp};
use wardgraph_store::{Statement, StatementInfo, StoreError, Tx};

use crate::{reference, request::Params};

/// How every reference begins (RFC 9126, section 2.2).
pub const PREFIX: &str = "urn:ietf:params:oauth:request_uri:";
/// How long a browser may take to come with a reference.
pub const LIFE: Duration = Duration::from_secs(90);
/// How long a person who came with it may take to sign in and to decide.
const OPEN_FOR: Duration = Duration::from_mins(15);
/// How many requests of one client may wait.
const MOST: i64 = 10_000;

const PUSH: Statement<Identity> = Statement::identity(
    "oauth.par.push",
    "insert into pushed_requests (request_id, client_id, verifier, parameters, created_at, expires_at)
     select $1::uuid, $2::text, $3::bytea, $4::text, $5::timestamptz, $6::timestamptz
     where (select count(*) from (select 1 from pushed_requests where client_id = $2 and expires_at > $5 limit $7) waiting) < $7
     returning request_id",
);
const OPEN: Statement<Identity> = Statement::identity(
    "oauth.par.open",
    "update pushed_requests set opened_at = coalesce(opened_at, $3), expires_at = case when opened_at is null then $4 else expires_at end
     where request_id = $1 and client_id = $2 and used_at is null and expires_at > $3
     returning verifier, parameters, created_at",
);
const USE: Statement<Identity> = Statement::identity(
    "oauth.par.use",
    "update pushed_requests set used_at = $2 where request_id = $1 and used_at is null returning request_id",
);

pub(crate) const STATEMENTS: &[&StatementInfo] = &[PUSH.info(), OPEN.info(), USE.info()];

/// A pushed request that a browser came with.
#[derive(Debug)]
pub struct Pushed {
    /// Its row.
    pub id: PushedRequestId,
    /// Its parameters.
    pub params: Params,
    /// When it was pushed.
    pub at: Timestamp,
}

/// Keeps a request, and gives the reference to it; `None` where too many of the client's wait.
pub async fn push(
    tx: &mut Tx<'_, Identity>,
    client: &str,
    params: &Params,
    id: PushedRequestId,
    now: Timestamp,
    chance: &dyn Chance,
) -> Result<Option<Secret>, StoreError> {
    let (text, verifier) = reference::make(PREFIX, id.uuid(), chance);
    let expires = now.saturating_add(LIFE).unwrap_or(now);
    let kept = tx.run(&PUSH, &[&id.uuid(), &client, &verifier, &params.query(), &now, &expires, &MOST]).await?;
    Ok((!kept.is_empty()).then_some(text))
}

/// The request of `client` that a reference stands for; `None` for one that was never given, was used, or is too old.
pub async fn open(tx: &mut Tx<'_, Identity>, client: &str, text: &str, now: Timestamp) -> Result<Option<Pushed>, StoreError> {
    let Some(id) = reference::read(PREFIX, text) else { return Ok(None) };
    let until = now.saturating_add(OPEN_FOR).unwrap_or(now);
    let rows = tx.run(&OPEN, &[&id, &client, &now, &until]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let (verifier, query): (Vec<u8>, String) = (row.try_get(0)?, row.try_get(1)?);
    let params = Params::read(&query).filter(|_| reference::verifies(text, &verifier));
    params.map(|params| row.try_get(2).map(|at| Pushed { id: id.into(), params, at })).transpose()
}

/// Uses a request up. Tells whether nobody had.
pub async fn finish(tx: &mut Tx<'_, Identity>, id: PushedRequestId, now: Timestamp) -> Result<bool, StoreError> {
    tx.run(&USE, &[&id.uuid(), &now]).await.map(|rows| !rows.is_empty())
}
