//! A review begins: what everybody holds is written down in one statement, as it stands at that moment.

use uuid::Uuid;
use wardgraph_kernel::{Read, ReviewId, TenantId, Timestamp, UserId, Write};
use wardgraph_store::{Role, Statement, Tx};

use super::{Review, UNUSED_FOR_DAYS, Verdict, read};
use crate::{OrganizationError, error::Flaw, review::unused::held};

const APP: &[Role] = &[Role::App];
/// How much a review asks about at most.
const MOST: i64 = 20_000;
/// How many reviews of an organization may go on at once.
const MOST_OPEN: i64 = 20;

pub(super) const BEGIN: Statement<Write> = Statement::writing(
    "organizations.review.begin",
    APP,
    "insert into reviews (tenant_id, review_id, name, on_due, due_at, reviewers, begun_by, created_at)
     select $1::text, $2::uuid, $3::text, $4::text, $5::timestamptz, $6::uuid[], $7::uuid, $8::timestamptz
     where (select count(*) from reviews where tenant_id = $1 and closed_at is null) < $9 returning 1",
);
/// Which of some accounts are members.
pub(super) const MEMBERS: Statement<Read> = Statement::reading(
    "organizations.review.members",
    APP,
    "select user_id from memberships where organization_id = $1 and user_id = any($2)",
);
pub(super) const SNAPSHOT: Statement<Write> = Statement::writing(
    "organizations.review.snapshot",
    APP,
    concat!(
        "with written as (
           insert into review_items (tenant_id, review_id, item_id, kind, user_id, client_id, thing_id, role, scopes, granted_by, granted_at, expires_at,
             last_used_at, unused)
           select $1::text, $4::uuid, gen_random_uuid(), h.kind, h.user_id, h.client_id, h.thing_id, h.role, h.scopes, h.granted_by, h.granted_at, h.expires_at,
             h.last_used_at, h.unused
           from (",
        held!(),
        ") h limit $5 returning 1)
         select count(*) from written"
    ),
);
/// The worker looks at it when it is due.
pub(super) const REMIND: Statement<Write> = Statement::writing(
    "organizations.review.remind",
    APP,
    "insert into jobs (tenant_id, kind, subject_id, due_at) select $1, 'review', $2::uuid, $3::timestamptz",
);

/// A review that is to begin.
#[derive(Debug)]
pub struct NewReview {
    /// Its id.
    pub id: ReviewId,
    /// What it is called.
    pub name: String,
    /// By when it is to be done.
    pub due_at: Timestamp,
    /// What becomes then of what nobody decided about.
    pub on_due: Verdict,
    /// Who decides.
    pub reviewers: Vec<UserId>,
    /// Who begins it.
    pub by: UserId,
}

/// Begins a review. The organization is held by the caller, so that nothing is given or taken meanwhile.
///
/// # Errors
/// [`OrganizationError::Unfit`] for a day that is past, and for reviewers who are no members; [`OrganizationError::InTheWay`] where too much is held, or too
/// many reviews go on.
pub async fn begin(
    tx: &mut Tx<'_, Write>,
    organization: &TenantId,
    new: &NewReview,
    now: Timestamp,
) -> Result<Review, OrganizationError> {
    if new.due_at <= now {
        return Err(OrganizationError::Unfit(vec![Flaw::new("due_at", "is past")]));
    }
    let tenant = organization.as_str();
    let mut reviewers: Vec<Uuid> = new.reviewers.iter().map(|user| user.uuid()).collect();
    reviewers.sort_unstable();
    reviewers.dedup();
    let members = tx.query(&MEMBERS, &[&tenant, &reviewers]).await?;
    if members.len() != reviewers.len() {
        return Err(OrganizationError::Unfit(vec![Flaw::new("reviewers", "has somebody who is no member")]));
    }
    let (id, by) = (new.id.uuid(), new.by.uuid());
    let begun =
        tx.write(&BEGIN, &[&tenant, &id, &new.name, &new.on_due.word(), &new.due_at, &reviewers, &by, &now, &MOST_OPEN]).await?;
    if begun.is_empty() {
        return Err(OrganizationError::InTheWay(format!("{MOST_OPEN} reviews go on already: close some of them")));
    }
    let since =
        now.saturating_sub(std::time::Duration::from_hours(24 * UNUSED_FOR_DAYS.unsigned_abs())).unwrap_or(Timestamp::MIN);
    let rows = tx.write(&SNAPSHOT, &[&tenant, &now, &since, &id, &(MOST + 1)]).await?;
    let written: i64 = rows.first().ok_or(OrganizationError::Unreadable("a review"))?.try_get(0)?;
    if written > MOST {
        return Err(OrganizationError::InTheWay(format!("more than {MOST} things are held: take back what is unused first")));
    }
    tx.write(&REMIND, &[&tenant, &id, &new.due_at]).await?;
    read::find(tx, organization, new.id).await
}
