//! Sessions: a sign-in, with the family of refresh tokens that come of it.

mod begin;
pub mod browser;
mod family;
mod own;
mod present;
mod proof;

pub use begin::{Begun, Credential, NewSession, begin, crowded, open};
pub use family::{Held, Use, end, end_all, end_others, hold, rotate};
pub use own::{Session, finish, finish_all, finish_everything, is_signed_in, list};
pub use present::{Presentation, Recognised, present, recognise};
pub use proof::{HARDWARE_KEY, MULTIPLE, ONE_TIME, PASSWORD, PRESENT, Proof, SOFTWARE_KEY};

use std::time::Duration;

use uuid::Uuid;
use wardgraph_kernel::{SessionId, Timestamp};
use wardgraph_store::{Row, StatementInfo, StoreError};

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

    /// These, or less where the organization says so, in seconds; never more.
    #[must_use]
    pub fn within(self, idle: Option<i32>, absolute: Option<i32>) -> Self {
        let least = |own: Duration, set: Option<i32>| {
            set.and_then(|seconds| u64::try_from(seconds).ok()).map_or(own, |seconds| own.min(Duration::from_secs(seconds)))
        };
        Self { absolute: least(self.absolute, absolute), idle: least(self.idle, idle) }
    }

    /// Until when a session lives that began and was used last then.
    pub fn until(self, began: Timestamp, used: Timestamp) -> Timestamp {
        let end = |since: Timestamp, wait: Duration| since.saturating_add(wait).unwrap_or(since);
        end(used, self.idle).min(end(began, self.absolute))
    }
}

/// Why a session ended, as its row keeps it.
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
    /// The account's second factors changed.
    Factors,
    /// An administrator took the second factors away.
    FactorsTaken,
    /// Its browser or program signed in anew.
    Replaced,
    /// The account had more than it may have.
    Crowded,
    /// An administrator ended it.
    Administrator,
    /// The account was disabled.
    Disabled,
    /// The account was deleted.
    Deleted,
    /// The client that it was given to gave it back.
    Returned,
}

impl Why {
    /// The reason as it is stored, and told in the log.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Logout => "logout",
            Self::Revoked => "revoked",
            Self::Replayed => "replayed",
            Self::Password => "password",
            Self::Disowned => "disowned",
            Self::Factors => "factors",
            Self::FactorsTaken => "factors_taken",
            Self::Replaced => "replaced",
            Self::Crowded => "crowded",
            Self::Administrator => "administrator",
            Self::Disabled => "disabled",
            Self::Deleted => "deleted",
            // A word of the database's, too: who gave a session back is not told that it is over (`queue_logout`).
            Self::Returned => "returned",
        }
    }
}

const END_OTHERS_SQL: &str = "update sessions set ended_at = $3, ended_by = $4 where user_id = $1 and session_id is distinct from $2 and ended_at is null and expires_at > $3 returning session_id";

/// The sessions that rows name.
fn ids(rows: &[Row]) -> Result<Vec<SessionId>, StoreError> {
    rows.iter().map(|row| row.try_get::<Uuid>(0).map(SessionId::from)).collect()
}

pub(crate) const STATEMENTS: &[&StatementInfo] = &[
    begin::BEGIN.info(),
    begin::CROWDED.info(),
    browser::BEGAN.info(),
    browser::FIND.info(),
    browser::REPLACE.info(),
    browser::TOUCH.info(),
    family::END.info(),
    family::END_ALL.info(),
    family::END_OTHERS.info(),
    family::HOLD.info(),
    family::ROTATE.info(),
    own::FINISH.info(),
    own::FINISH_ALL.info(),
    own::LIST.info(),
    own::RAISE.info(),
    own::SIGNED_IN.info(),
];
