//! Codes of an authenticator app.

use wardgraph_gate::Tx;
use wardgraph_identity::{factor, session::ONE_TIME, totp};
use wardgraph_kernel::Identity;

use super::verify::{Proved, Trial};
use crate::Failure;

/// Judges a code: one of any of the account's authenticators, of a step that no code was used of yet.
pub(super) async fn judge(tx: &mut Tx<'_, Identity>, trial: &Trial<'_>, code: &str) -> Result<Option<Proved>, Failure> {
    for sealed in factor::secrets(tx, trial.user).await? {
        let field = sealed.id.to_string();
        let secret = trial.services.vault.open(tx, factor::secret_field(&field), &sealed.secret).await?;
        if let Some(step) = totp::step(&secret, code, (trial.now, trial.services.accounts.factors.skew), sealed.used_step)
            && factor::use_step(tx, sealed.id, step, trial.now).await?
        {
            return Ok(Some(Proved { amr: &[ONE_TIME], codes_left: None }));
        }
    }
    Ok(None)
}
