//! People, seen by who looks after them: the members of an organization, and everybody's accounts for an administrator of the server.

mod end;
mod list;
mod sign_out;

pub use end::{Administrators, administrators, delete, disable, enable};
pub use list::{Listing, Person, Who, find, list};
pub use sign_out::{Ended, end_everybodys_sessions, end_sessions};

use wardgraph_store::StatementInfo;

pub(crate) const STATEMENTS: &[&StatementInfo] = &[
    end::ADMINISTRATORS.info(),
    end::DELETE.info(),
    end::DISABLE.info(),
    end::DISSOLVE.info(),
    end::ENABLE.info(),
    end::HAND_OVER.info(),
    end::HOLD.info(),
    end::HOLD_ACCOUNT.info(),
    end::HOLDS_DATA.info(),
    end::STANDING.info(),
    list::ACCOUNT.info(),
    list::ACCOUNTS.info(),
    list::MEMBER.info(),
    list::MEMBERS.info(),
    sign_out::END_EVERYBODYS.info(),
    sign_out::END_SESSIONS.info(),
];
