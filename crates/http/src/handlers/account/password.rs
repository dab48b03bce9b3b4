//! Changing the password.

use wardgraph_api::{FieldError, Json, Keep, NoContent, Problem, table::account::ChangePassword, wire::account::PasswordChange};
use wardgraph_gate::{Committed, Permit};
use wardgraph_identity::{account, lockout::Failures, session::Why};
use wardgraph_kernel::{Endpoint, Timestamp, Write};

use super::sessions::end_others;
use crate::{Failure, Services};

pub(crate) async fn change(
    permit: Permit<ChangePassword>,
    Json(body): Json<PasswordChange>,
    services: Services,
) -> Result<Committed<ChangePassword>, Failure> {
    Box::pin(replace(permit, body, services, NoContent)).await
}

/// Replaces the password of whoever says the one that holds. Every other session of the account ends.
pub(crate) async fn replace<E>(
    permit: Permit<E>,
    body: PasswordChange,
    services: Services,
    answer: E::Output,
) -> Result<Committed<E>, Failure>
where
    E: Endpoint<Mode = Write, Output: Keep>,
{
    let (accounts, caller, now, chance) = (&services.accounts, permit.account()?, permit.now(), permit.chance());
    let known = account::known(&mut permit.look()?.tx(), caller.user).await?;
    // Whoever stole an access token guesses no faster than at the door, however many guesses are under way at once.
    if let Some(wait) = wait(known.failures, now) {
        return Ok(permit.begin()?.refuse(wait).await?);
    }
    let compared = accounts.compare(Some(known.verifier.clone()), &body.current_password, chance.clone()).await?;
    if !compared.matches {
        let mut work = permit.begin()?.undo().await?;
        if let Some(wait) = wait(account::tried(&mut work.tx(), caller.user).await?, now) {
            return Ok(work.refuse(wait).await?);
        }
        account::count_wrong(&mut work.tx(), caller.user, now).await?;
        return Ok(work.refuse(wrong()).await?);
    }
    let verifier = accounts.verifier(&body.new_password, known.words, "/new_password", chance.clone()).await?;
    let mut work = permit.begin()?;
    if let Some(wait) = wait(account::tried(&mut work.tx(), caller.user).await?, now) {
        return Ok(work.refuse(wait).await?);
    }
    let both = (&known.verifier, &verifier);
    if !account::change_password(&mut work.tx(), caller.user, both, now, &*chance).await? {
        return Ok(work.refuse(Problem::conflict("the password was changed meanwhile")).await?);
    }
    end_others(&mut work, caller, Why::Password, now).await?;
    Ok(work.commit(caller.user, answer).await?)
}

fn wrong() -> Problem {
    Problem::invalid("see `errors`").fields(vec![FieldError::new("/current_password", "is wrong")])
}

/// What is said instead of whether the password is right, while there were too many guesses.
fn wait(failures: Failures, now: Timestamp) -> Option<Problem> {
    let until = failures.locked_until().filter(|until| now < *until)?;
    let seconds = u64::try_from(until.duration_since(now).as_secs()).unwrap_or(0) + 1;
    Some(Problem::too_many("the current password was wrong too often").retry_after(seconds))
}
