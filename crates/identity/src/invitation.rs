//! Invitations: to whoever has an address, into an organization, in a role, for a while. What is mailed follows from an invitation's id and a key
//! that is in no table ([`crate::link`]), so that nothing that is kept opens anything.
//!
//! **Invariant:** an invitation gives what its inviter may give at the moment when it is followed, to whoever shows the invited address, once
//! (`an_invitation_ends_with_its_inviters_role`, `an_invitation_is_followed_once`, `an_invitation_is_its_addressees`).

mod ended;
mod follow;
mod make;
mod own;

pub use ended::Ended;
pub use follow::{Given, Offer, Place, found, join, look, take, take_own};
pub use make::{Inviter, Made, NewInvitation, inviter, make, room};
pub use own::{Invitation, Membership, Shown, State, list, memberships, shown, withdraw};

use std::time::Duration;

use wardgraph_kernel::{Timestamp, Write};
use wardgraph_store::{Role, Statement, StatementInfo, StoreError, Tx};

/// How long an invitation is good, unless something else is said.
pub const GOOD_FOR: Duration = Duration::from_hours(7 * 24);
/// How long one that is past can be seen.
const SEEN_FOR: Duration = Duration::from_hours(30 * 24);
/// How many are forgotten at once.
const FORGOTTEN_AT_ONCE: usize = 1_000;

const FORGET: Statement<Write> = Statement::writing(
    "identity.invitation.forget",
    &[Role::Worker],
    "delete from invitations where invitation_id in (select invitation_id from invitations where expires_at < $1 order by expires_at limit 1000) returning 1",
);

pub(crate) const STATEMENTS: &[&StatementInfo] = &[
    FORGET.info(),
    follow::FOUND.info(),
    follow::HOLD.info(),
    follow::HOLD_OWN.info(),
    follow::HOLD_OWN_PLACE.info(),
    follow::HOLD_PLACE.info(),
    follow::IS_OPEN.info(),
    follow::JOIN.info(),
    follow::LOOK.info(),
    follow::TAKE.info(),
    follow::TAKE_OWN.info(),
    make::COUNT.info(),
    make::INVITER.info(),
    make::MAKE.info(),
    make::REPLACE.info(),
    own::LIST.info(),
    own::MEMBERSHIPS.info(),
    own::SHOWN.info(),
    own::WITHDRAW.info(),
];

/// Forgets invitations that are long past, a bounded number at a time. Tells whether there may be more.
pub async fn sweep(tx: &mut Tx<'_, Write>, now: Timestamp) -> Result<bool, StoreError> {
    let before = now.saturating_sub(SEEN_FOR).unwrap_or(Timestamp::MIN);
    tx.write(&FORGET, &[&before]).await.map(|rows| rows.len() == FORGOTTEN_AT_ONCE)
}
