//! Taking back what somebody left behind who had an account in their hands, with an event for each thing.

use serde_json::{Value, json};
use wardgraph_audit::{Entry, Subject};
use wardgraph_gate::{CeremonyWork, Work};
use wardgraph_kernel::{Endpoint, EventType, Outcome, Timestamp, UserId, Write};
use wardgraph_oauth::left::{self, Left, What};
use wardgraph_tokens::{Revocation, revoke};

use crate::Failure;

/// Takes back what was left in the account of whoever showed a mailed link, and tells what it was. Of agreements those from shortly before `since` on, or
/// all. The account's own log has it.
pub(super) async fn by_link<E: Endpoint>(
    work: &mut CeremonyWork<E>,
    (user, since): (UserId, Option<Timestamp>),
    why: &str,
    now: Timestamp,
) -> Result<Vec<Left>, Failure> {
    let left = left::take_back(&mut work.tx(), user, since, now).await?;
    for left in &left {
        if let What::Consent { id, .. } = left.what {
            revoke(&mut work.tx(), Revocation::Session(&id.to_string()), now).await?;
        }
        let (event_type, subject) = told(&left.what);
        work.note(event_type, Some(subject), Outcome::Success, json!({ "why": why, "organization": left.organization.as_str() }));
    }
    Ok(left)
}

/// Takes back what was left in somebody's account, at an administrator's word or with the account. Each organization has it in its log.
pub(super) async fn of<E: Endpoint<Mode = Write>>(
    work: &mut Work<E>,
    user: UserId,
    why: &str,
    now: Timestamp,
) -> Result<(), Failure> {
    for left in left::take_back(&mut work.tx(), user, None, now).await? {
        if let What::Consent { id, .. } = left.what {
            revoke(&mut work.tx(), Revocation::Session(&id.to_string()), now).await?;
        }
        let (event_type, subject) = told(&left.what);
        let payload: Value = json!({ "why": why, "account": user });
        work.changed_in(&left.organization, Entry::done(event_type, subject).with(payload));
    }
    Ok(())
}

fn told(what: &What) -> (EventType, Subject) {
    match what {
        What::Invitation { id, .. } => (EventType::InvitationWithdrawn, (*id).into()),
        What::InitialToken(id) => (EventType::InitialTokenWithdrawn, (*id).into()),
        What::Consent { id, .. } => (EventType::ConsentRevoked, (*id).into()),
    }
}
