//! Forgetting what is good for nothing any more: requests that were pushed, codes, and what devices waited for. What was used is kept for as long as it
//! may tell of a theft: a day.

use std::time::Duration;

use wardgraph_kernel::{Timestamp, Write};
use wardgraph_store::{Role, Statement, StatementInfo, StoreError, Tx};

use crate::device;

const WORKER: &[Role] = &[Role::Worker];
/// How long a code is remembered.
const CODES_FOR: Duration = Duration::from_hours(24);
/// How many rows one statement forgets.
const PAGE: i64 = 5_000;

const REQUESTS: Statement<Write> = Statement::writing(
    "oauth.sweep.requests",
    WORKER,
    "delete from pushed_requests where request_id in (select request_id from pushed_requests where expires_at <= $1 order by expires_at limit $2) returning 1",
);
const CODES: Statement<Write> = Statement::writing(
    "oauth.sweep.codes",
    WORKER,
    "delete from authorization_codes where code_id in (select code_id from authorization_codes where expires_at <= $1 order by expires_at limit $2) returning 1",
);

const DEVICES: Statement<Write> = Statement::writing(
    "oauth.sweep.devices",
    WORKER,
    "delete from device_authorizations where code_id in (select code_id from device_authorizations where expires_at <= $1 order by expires_at limit $2) returning 1",
);
const GUESSES: Statement<Write> = Statement::writing(
    "oauth.sweep.guesses",
    WORKER,
    "delete from device_guesses where name in (select name from device_guesses where since <= $1 order by since limit $2) returning 1",
);

pub(crate) const STATEMENTS: &[&StatementInfo] = &[REQUESTS.info(), CODES.info(), DEVICES.info(), GUESSES.info()];

/// Forgets some of it. Tells whether there may be more.
pub async fn sweep(tx: &mut Tx<'_, Write>, now: Timestamp) -> Result<bool, StoreError> {
    let requests = tx.write(&REQUESTS, &[&now, &PAGE]).await?.len();
    let old = now.saturating_sub(CODES_FOR).unwrap_or(Timestamp::MIN);
    let codes = tx.write(&CODES, &[&old, &PAGE]).await?.len();
    let devices = tx.write(&DEVICES, &[&old, &PAGE]).await?.len();
    let begun = now.saturating_sub(device::WINDOW).unwrap_or(Timestamp::MIN);
    let guesses = tx.write(&GUESSES, &[&begun, &PAGE]).await?.len();
    Ok(requests.max(codes).max(devices).max(guesses) >= usize::try_from(PAGE).unwrap_or(usize::MAX))
}
