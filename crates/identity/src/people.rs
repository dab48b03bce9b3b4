//! People, seen by who looks after them: the members of an organization, and everybody's accounts for an administrator of the server.

mod end;
mod factors;
mod global;
mod leaving;
mod list;
mod sign_out;
mod unproven;

pub use end::{Administrators, Gone, administrators, administrators_with, delete, disable, enable};
pub use factors::{Taken, take_factors};
pub use global::{GlobalRoleSet, set_global_role};
pub use leaving::{Left, hold_organizations, hold_organizations_at_once};
pub use list::{Listing, Person, Who, find, list};
pub use sign_out::{Ended, end_everybodys_sessions, end_sessions};
pub use unproven::{delete_unproven, unproven};

use wardgraph_store::StatementInfo;

pub(crate) const STATEMENTS: &[&StatementInfo] = &[
    end::ADMINISTRATORS.info(),
    end::ADMINISTRATORS_WITH.info(),
    end::DELETE.info(),
    end::DISABLE.info(),
    end::ENABLE.info(),
    end::END_SESSIONS.info(),
    end::HOLD_ACCOUNT.info(),
    factors::TAKE_FACTORS.info(),
    factors::TAKE_REST.info(),
    global::SET_GLOBAL.info(),
    leaving::DISSOLVE.info(),
    leaving::HAND_OVER.info(),
    leaving::HOLD.info(),
    leaving::HOLD_AT_ONCE.info(),
    leaving::HOLDS_DATA.info(),
    leaving::STANDING.info(),
    list::ACCOUNT.info(),
    list::ACCOUNTS.info(),
    list::ACCOUNTS_BY.info(),
    list::MEMBER.info(),
    list::MEMBERS.info(),
    list::MEMBERS_BY.info(),
    sign_out::END_EVERYBODYS.info(),
    sign_out::END_SESSIONS.info(),
    unproven::HOLD_UNPROVEN.info(),
    unproven::IS_UNPROVEN.info(),
    unproven::UNPROVEN.info(),
];
