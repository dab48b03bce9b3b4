//! Sessions: a sign-in, with the family of refresh tokens that come of it.

pub mod browser;
mod family;
mod own;
mod proof;

pub use family::{Held, NewSession, Use, create, end, end_all, end_crowded, hold, rotate};
pub use own::{Session, finish, finish_all, finish_everything, list};
pub use proof::{HARDWARE_KEY, MULTIPLE, ONE_TIME, PASSWORD, PRESENT, Proof, SOFTWARE_KEY};

use std::time::Duration;

use wardgraph_store::StatementInfo;

/// How long sessions last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetimes {
    /// From the sign-in, whatever is done.
    pub absolute: Duration,
    /// From the last use.
    pub idle: Duration,
}

impl Default for Lifetimes {
    /// 90 days at most, and 14 without a use.
    fn default() -> Self {
        Self { absolute: Duration::from_hours(90 * 24), idle: Duration::from_hours(14 * 24) }
    }
}

impl Lifetimes {
    /// A browser's: 12 hours at most, and one without a use. The cookie ends with the browser besides.
    pub const BROWSER: Self = Self { absolute: Duration::from_hours(12), idle: Duration::from_hours(1) };
}

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// Its owner signed out.
    Logout,
    /// Its owner ended it from elsewhere.
    Revoked,
    /// A token of it was replayed.
    Replayed,
    /// The password was changed.
    Password,
    /// A second factor was not added by the account's owner.
    Disowned,
}

impl Why {
    const fn word(self) -> &'static str {
        match self {
            Self::Logout => "logout",
            Self::Revoked => "revoked",
            Self::Replayed => "replayed",
            Self::Password => "password",
            Self::Disowned => "disowned",
        }
    }
}

pub(crate) const STATEMENTS: &[&StatementInfo] = &[
    browser::CREATE.info(),
    browser::FIND.info(),
    browser::REPLACE.info(),
    browser::TOUCH.info(),
    family::CREATE.info(),
    family::CROWDED.info(),
    family::END.info(),
    family::END_ALL.info(),
    family::HOLD.info(),
    family::ROTATE.info(),
    own::FINISH.info(),
    own::FINISH_ALL.info(),
    own::LIST.info(),
    own::RAISE.info(),
];
