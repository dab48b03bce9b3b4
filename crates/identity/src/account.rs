//! Accounts: how one comes into being, how its owner is recognised, and what it says of them.

mod disown;
mod founding;
mod own;
mod register;
mod seats;
mod settling;
mod signin;
mod verify;

pub use disown::disown;
pub use founding::found;
pub use own::{Account, Known, account, change_password, count_wrong, known, rename, tried};
pub use register::{Registered, Registration, organization_id, register, request_reset, set_password};
pub use seats::{Person, Place, organization_name, person, places};
pub use settling::settle;
pub(crate) use signin::seat;
pub use signin::{Attempt, Found, Seat, clear, count, failed, find, home, rehash, stands};
pub use verify::{Unconfirmed, confirm, unconfirmed};

use wardgraph_store::StatementInfo;

pub(crate) const STATEMENTS: &[&StatementInfo] = &[
    disown::DISOWN.info(),
    disown::SHUT.info(),
    founding::FOUND.info(),
    own::ACCOUNT.info(),
    own::CHANGE.info(),
    own::COUNT.info(),
    own::KNOWN.info(),
    own::RENAME.info(),
    own::TRIED.info(),
    register::REGISTER.info(),
    register::RESET.info(),
    register::SET.info(),
    seats::ORGANIZATION.info(),
    seats::PERSON.info(),
    seats::SEATS.info(),
    settling::HOLD.info(),
    settling::SETTLE.info(),
    signin::CLEAR.info(),
    signin::STANDS.info(),
    signin::COUNT.info(),
    signin::FAILURES.info(),
    signin::FIND.info(),
    signin::HOME.info(),
    signin::REHASH.info(),
    verify::CONFIRM.info(),
    verify::UNCONFIRMED.info(),
];
