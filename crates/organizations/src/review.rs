//! Reviews of who may do what: everything that is held in an organization is written down, and each of it kept or revoked.
//!
//! **Invariants:** what is revoked is gone with the decision that says so; nobody decides about what they hold themselves, or takes what is above them
//! (`nobody_reviews_themselves_or_what_is_above_them`); what nobody decided about by the due date is decided by the review's own rule, once
//! (`what_is_not_reviewed_by_the_due_date_goes_by_the_rule`).

mod begin;
mod decide;
mod due;
mod read;
mod take;
mod unused;

use uuid::Uuid;
use wardgraph_kernel::{Holder, ReviewId, ReviewItemId, Timestamp, UserId};
use wardgraph_store::StatementInfo;

use crate::Holding;

pub use begin::{NewReview, begin};
pub use decide::{Decided, Done, Judgement, close, decide};
pub use due::{Claim, Turn, claim, turn};
pub use read::{ItemFilter, find, items, list};
pub use unused::unused;

pub(crate) const STATEMENTS: &[&StatementInfo] = &[
    begin::BEGIN.info(),
    begin::MEMBERS.info(),
    begin::SNAPSHOT.info(),
    begin::REMIND.info(),
    read::FIND.info(),
    read::LIST.info(),
    read::ITEMS.info(),
    decide::HOLD.info(),
    decide::ITEM.info(),
    decide::NOTE.info(),
    decide::CLOSE.info(),
    decide::FORGET.info(),
    due::CLAIM.info(),
    due::UNDECIDED.info(),
    take::GRANT.info(),
    take::CLIENT.info(),
    take::KEY.info(),
    unused::UNUSED.info(),
];

/// How long something is not used until it counts as unused, where nobody says.
pub const UNUSED_FOR_DAYS: i64 = 90;

macro_rules! words {
    ($(#[$on:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$on])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name {
            $($(#[$doc])* $variant,)*
        }

        impl $name {
            /// The word that is stored.
            pub const fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }

            pub(crate) fn of(word: &str) -> Option<Self> {
                [$(Self::$variant,)*].into_iter().find(|one| one.word() == word)
            }
        }
    };
}

words! {
    /// What is decided of something held.
    Verdict {
        /// It stays.
        Keep = "keep",
        /// It goes.
        Revoke = "revoke",
    }
}

words! {
    /// What kind of thing is held.
    Kind {
        /// The role of a membership.
        Membership = "membership",
        /// A role that was granted besides.
        Grant = "grant",
        /// The role of a client on its own behalf.
        Client = "client",
        /// A person's API key.
        ApiKey = "api_key",
    }
}

words! {
    /// What came of a decision.
    Outcome {
        /// It stayed.
        Kept = "kept",
        /// It was taken away.
        Revoked = "revoked",
        /// It was gone already.
        Gone = "gone",
        /// It was another one by then, and stayed.
        Changed = "changed",
        /// It stayed: somebody must own the organization.
        LastOwner = "last_owner",
    }
}

/// Something that is held.
#[derive(Debug, Clone)]
pub struct Thing {
    /// What kind.
    pub kind: Kind,
    /// Who holds it.
    pub holder: Holder,
    /// The holder's address, or the client's name, as it is now.
    pub name: Option<String>,
    /// The grant or the API key.
    pub id: Option<Uuid>,
    /// The role; none of an API key.
    pub role: Option<String>,
    /// An API key's.
    pub scopes: Vec<String>,
    /// Who granted it, as far as that is known.
    pub granted_by: Option<String>,
    /// Since when.
    pub granted_at: Timestamp,
    /// Until when.
    pub expires_at: Option<Timestamp>,
    /// When it was used last, as far as that is known.
    pub last_used_at: Option<Timestamp>,
    /// Whether that is long ago.
    pub unused: bool,
}

impl Thing {
    /// Whether it is this role that somebody holds.
    fn is(&self, holding: &Holding) -> bool {
        match self.kind {
            Kind::Membership | Kind::Client => holding.grant.is_none(),
            Kind::Grant => holding.grant.is_some_and(|grant| Some(grant.uuid()) == self.id),
            Kind::ApiKey => false,
        }
    }
}

/// A review.
#[derive(Debug, Clone)]
pub struct Review {
    /// Its id.
    pub id: ReviewId,
    /// What it is called.
    pub name: String,
    /// By when it is to be done.
    pub due_at: Timestamp,
    /// What becomes then of what nobody decided about.
    pub on_due: Verdict,
    /// Who decides; whoever may, if nobody is named.
    pub reviewers: Vec<UserId>,
    /// Who began it.
    pub begun_by: UserId,
    /// When.
    pub created_at: Timestamp,
    /// When it ended.
    pub closed_at: Option<Timestamp>,
    /// Who closed it; nobody but the schedule, if nobody is named.
    pub closed_by: Option<UserId>,
    /// How much it asks about.
    pub items: i64,
    /// About how much of it nobody decided.
    pub undecided: i64,
    /// How much of it was unused.
    pub unused: i64,
}

/// Something that a review asks about, as it was when that began.
#[derive(Debug, Clone)]
pub struct Item {
    /// Its id.
    pub id: ReviewItemId,
    /// The review.
    pub review: ReviewId,
    /// What is held.
    pub thing: Thing,
    /// Whether it is gone or another one by now, by something else than this review.
    pub changed: bool,
    /// What was decided.
    pub decision: Option<Verdict>,
    /// By whom; by the schedule, if nobody is named.
    pub decided_by: Option<UserId>,
    /// When.
    pub decided_at: Option<Timestamp>,
    /// Why.
    pub reason: Option<String>,
    /// What came of it.
    pub outcome: Option<Outcome>,
}
