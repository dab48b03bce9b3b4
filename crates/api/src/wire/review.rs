//! Reviews of who may do what.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;
use wardgraph_kernel::{ReviewId, ReviewItemId, UserId};

use super::{Name, authz::HolderRef};
use crate::{
    describe::{Body, Known},
    validate::{Faults, Validate},
};

/// How many may be named to decide.
const MOST_REVIEWERS: usize = 50;
/// After how many days without use something counts as unused, at most.
const MOST_DAYS: i64 = 3_650;

/// What is decided of something held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It stays.
    Keep,
    /// It goes.
    Revoke,
}

/// A review that is to begin.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewReview {
    /// What it is called, 1 to 200 characters.
    pub name: Name,
    /// By when it is to be done.
    #[serde(deserialize_with = "super::moment::given_moment")]
    pub due_at: Timestamp,
    /// What becomes then of what nobody decided about.
    pub on_due: Verdict,
    /// Who decides, at most 50 members; everybody who may, if nobody is named.
    #[serde(default)]
    pub reviewers: Vec<UserId>,
}

impl Validate for NewReview {
    fn validate(&self, faults: &mut Faults) {
        faults.name("/name", &self.name, 1, 200);
        faults.year("/due_at", Some(self.due_at));
        faults.unless(self.reviewers.len() <= MOST_REVIEWERS, "/reviewers", "must have at most 50 entries");
    }
}

impl Body for NewReview {
    fn example(_: &Known) -> Value {
        json!({ "name": "first quarter", "due_at": "2030-03-31T12:00:00Z", "on_due": "keep" })
    }
}

/// A review.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Review {
    /// Its id.
    pub id: ReviewId,
    /// What it is called.
    pub name: String,
    /// By when it is to be done.
    pub due_at: Timestamp,
    /// What becomes then of what nobody decided about.
    pub on_due: Verdict,
    /// Who decides; everybody who may, if nobody is named.
    pub reviewers: Vec<UserId>,
    /// Who began it: an account.
    pub begun_by: UserId,
    /// When: what everybody held at this moment is reviewed.
    pub created_at: Timestamp,
    /// When it ended.
    pub closed_at: Option<Timestamp>,
    /// Who closed it: an account; null for the schedule.
    pub closed_by: Option<UserId>,
    /// How much it asks about.
    pub items: i64,
    /// About how much of it nobody decided.
    pub undecided: i64,
    /// How much of it was not used for 90 days when it began.
    pub unused: i64,
}

/// Which reviews to list.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReviewFilter {
    /// How many, 1 to 1,000; 100 if absent.
    #[schemars(range(min = 1, max = 1_000))]
    pub limit: Option<i64>,
    /// Where to go on: `next_cursor` of the page before.
    pub cursor: Option<String>,
}

impl Validate for ReviewFilter {
    fn validate(&self, _: &mut Faults) {}
}

/// One page of reviews.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReviewPage {
    /// The newest first.
    pub reviews: Vec<Review>,
    /// How many there are on this page.
    pub count: usize,
    /// Where the next page begins; null on the last.
    pub next_cursor: Option<String>,
}

/// What kind of thing is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HeldKind {
    /// The role of a membership.
    Membership,
    /// A role that was granted besides.
    Grant,
    /// The role of a client on its own behalf.
    Client,
    /// A person's API key.
    ApiKey,
}

/// What came of a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It stayed.
    Kept,
    /// It was taken away.
    Revoked,
    /// It was gone already.
    Gone,
    /// It was another one by then, and stayed.
    Changed,
    /// It stayed: somebody must own the organization.
    LastOwner,
}

/// Something that is held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HeldThing {
    /// What kind.
    pub kind: HeldKind,
    /// Who holds it.
    pub holder: HolderRef,
    /// The holder's e-mail address, or the client's name, as it is now; null for somebody who is gone.
    pub holder_name: Option<String>,
    /// The grant or the API key; null for the others, of which a holder has one.
    pub thing_id: Option<Uuid>,
    /// The role; null for an API key.
    pub role: Option<String>,
    /// The scopes of an API key.
    pub scopes: Vec<String>,
    /// Who granted it, as far as that is known.
    pub granted_by: Option<String>,
    /// Since when.
    pub granted_at: Timestamp,
    /// Until when.
    pub expires_at: Option<Timestamp>,
    /// When it was used last, as far as that is known.
    pub last_used_at: Option<Timestamp>,
    /// Whether it was not used for long: 90 days, or as many as were asked for. What is younger counts from when it was granted; of a client's own role
    /// nobody knows.
    pub unused: bool,
}

/// Something that a review asks about: as it was when the review began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReviewItem {
    /// Its id.
    pub id: ReviewItemId,
    /// The review.
    pub review_id: ReviewId,
    /// What is held.
    #[serde(flatten)]
    pub held: HeldThing,
    /// Whether it is gone or another one by now, by something else than this review.
    pub changed: bool,
    /// What was decided.
    pub decision: Option<Verdict>,
    /// Who decided: an account; null for the schedule.
    pub decided_by: Option<UserId>,
    /// When.
    pub decided_at: Option<Timestamp>,
    /// Why.
    pub reason: Option<String>,
    /// What came of it.
    pub outcome: Option<Outcome>,
}

/// Which items to list.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ItemFilter {
    /// Only those about which nobody decided, or only the others.
    pub undecided: Option<bool>,
    /// Only those that were not used for 90 days when the review began, or only the others.
    pub unused: Option<bool>,
    /// How many, 1 to 1,000; 100 if absent.
    #[schemars(range(min = 1, max = 1_000))]
    pub limit: Option<i64>,
    /// Where to go on: `next_cursor` of the page before.
    pub cursor: Option<String>,
}

impl Validate for ItemFilter {
    fn validate(&self, _: &mut Faults) {}
}

/// One page of items.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ItemPage {
    /// The items.
    pub items: Vec<ReviewItem>,
    /// How many there are on this page.
    pub count: usize,
    /// Where the next page begins; null on the last.
    pub next_cursor: Option<String>,
}

/// A decision about an item.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDecision {
    /// What.
    pub decision: Verdict,
    /// Why, in 1 to 500 characters.
    pub reason: Name,
}

impl Validate for NewDecision {
    fn validate(&self, faults: &mut Faults) {
        faults.name("/reason", &self.reason, 1, 500);
    }
}

impl Body for NewDecision {
    fn example(_: &Known) -> Value {
        json!({ "decision": "keep", "reason": "works on it every day" })
    }
}

/// Since when something must not have been used.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UnusedFilter {
    /// For how many days, 1 to 3,650; 90 if absent.
    #[schemars(range(min = 1, max = 3_650))]
    pub days: Option<i64>,
}

impl Validate for UnusedFilter {
    fn validate(&self, faults: &mut Faults) {
        faults.unless(self.days.is_none_or(|days| (1..=MOST_DAYS).contains(&days)), "days", "must be 1 to 3,650");
    }
}

/// What nobody used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UnusedList {
    /// What is held and was not used, what was unused for longest first; 1,000 at most.
    pub unused: Vec<HeldThing>,
    /// How many are listed.
    pub count: usize,
    /// Whether there are more.
    pub is_shortened: bool,
}
