//! Recovery codes: each good once, and its owner is told.

use wardgraph_gate::Tx;
use wardgraph_identity::{
    mail::{Notice, notify},
    recovery,
    session::ONE_TIME,
};
use wardgraph_kernel::Identity;

use super::verify::{Proved, Trial};
use crate::Failure;

/// Judges a recovery code.
pub(super) async fn judge(tx: &mut Tx<'_, Identity>, trial: &Trial<'_>, code: &str) -> Result<Option<Proved>, Failure> {
    if !recovery::take(tx, trial.user, code, trial.now).await? {
        return Ok(None);
    }
    notify(tx, Some(trial.user), Notice::RecoveryUsed, trial.now, trial.chance).await?;
    let left = recovery::left(tx, trial.user).await?;
    Ok(Some(Proved { amr: &[ONE_TIME], codes_left: Some(left) }))
}
