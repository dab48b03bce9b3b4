//! Who is in an organization: listed, given other roles, put out, leaving; and whose it is.
//!
//! **Invariants:** whoever changes who is in it does so at its [`Desk`](crate::Desk), as a [`Giver`](crate::Giver) whose session lives, so that nobody gives
//! or takes a place that is more than they hold (`nobody_gives_or_takes_what_they_do_not_hold`); and no such change leaves it without an owner
//! (`two_owners_who_remove_or_demote_each_other_at_once_leave_one`).

mod change;
mod leave;
mod list;
mod owners;
mod transfer;

pub(crate) use change::put;
pub use change::{RoleChanged, set_role};
pub use leave::{Taken, leave, remove};
pub(crate) use list::look_up;
pub use list::{Member, find, list};
pub(crate) use owners::without;
pub use owners::{HandedOver, can_do_without};
pub use transfer::{Transferred, transfer};

use wardgraph_store::{Role, StatementInfo};

const APP: &[Role] = &[Role::App];

pub(crate) const STATEMENTS: &[&StatementInfo] = &[
    change::SET_ROLE.info(),
    leave::CODES.info(),
    leave::CONSENTS.info(),
    leave::DEVICES.info(),
    leave::INVITATIONS.info(),
    leave::KEYS.info(),
    leave::MEMBERSHIP.info(),
    leave::SESSIONS.info(),
    leave::TOKENS.info(),
    list::FIND.info(),
    list::LIST.info(),
    owners::HAND_OVER.info(),
    owners::OTHER.info(),
    owners::OTHERS_OWN.info(),
];
