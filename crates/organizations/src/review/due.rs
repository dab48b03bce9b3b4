//! What nobody decided about by the due date is decided by the review's own rule, some items in a transaction.

use std::time::Duration;

use uuid::Uuid;
use wardgraph_kernel::{ReviewId, TenantId, Timestamp, Write};
use wardgraph_store::{Role, Row, Statement, StoreError, Tx};

use super::{Item, Outcome, Review, Verdict, decide, read, take};
use crate::{Desk, OrganizationError, members::HandedOver};

/// How many items are decided in one transaction.
const ITEMS: i64 = 100;
/// Why, as the items say it.
const REASON: &str = "nobody decided by the due date";

/// Claims reviews that are due, of all organizations, for a while.
pub(super) const CLAIM: Statement<Write> = Statement::writing(
    "organizations.review.claim",
    &[Role::Worker],
    "with due as (
       select tenant_id, kind, subject_id from jobs where not dead and due_at <= $1 and kind = 'review' order by due_at limit $2
       for update skip locked
     )
     update jobs j set attempts = j.attempts + 1, due_at = $3 from due d
     where (j.tenant_id, j.kind, j.subject_id) = (d.tenant_id, d.kind, d.subject_id)
     returning j.tenant_id, j.subject_id",
);
pub(super) const UNDECIDED: Statement<Write> = Statement::writing(
    "organizations.review.undecided",
    &[Role::App],
    concat!(
        read::item_columns!(),
        " where i.tenant_id = $1 and i.review_id = $2 and i.decision is null order by i.item_id limit $3 for update of i"
    ),
);

/// A review that was claimed.
#[derive(Debug, Clone)]
pub struct Claim {
    /// Whose.
    pub organization: TenantId,
    /// Which.
    pub review: ReviewId,
}

/// What one transaction did.
#[derive(Debug)]
pub struct Turn {
    /// The items that were decided, and what came of each.
    pub decided: Vec<(Item, Outcome)>,
    /// Whose the organization is from now on, one after the other, where it was a holder's.
    pub handed_over: Vec<HandedOver>,
    /// What the rule said.
    pub verdict: Verdict,
    /// The review, if it is over.
    pub closed: Option<Review>,
}

/// Claims up to `most` reviews until `now + lease`.
pub async fn claim(tx: &mut Tx<'_, Write>, most: i64, now: Timestamp, lease: Duration) -> Result<Vec<Claim>, StoreError> {
    let until = now.saturating_add(lease).unwrap_or(Timestamp::MAX);
    let rows = tx.write(&CLAIM, &[&now, &most, &until]).await?;
    let claim = |row: &Row| {
        let Ok(organization) = TenantId::parse(&row.try_get::<String>(0)?) else { return Ok(None) };
        Ok(Some(Claim { organization, review: row.try_get::<Uuid>(1)?.into() }))
    };
    rows.iter().filter_map(|row| claim(row).transpose()).collect()
}

/// Decides about some of what nobody decided about, and closes the review where nothing is left. Nothing, for one that is closed or gone.
pub async fn turn(tx: &mut Tx<'_, Write>, claim: &Claim, now: Timestamp) -> Result<Option<Turn>, OrganizationError> {
    let organization = &claim.organization;
    let desk = Desk::open(tx, organization, now).await?;
    let review = match decide::open(tx, organization, claim.review).await {
        Ok(review) => review,
        Err(OrganizationError::Missing(_) | OrganizationError::InTheWay(_)) => return Ok(None),
        Err(error) => return Err(error),
    };
    let rows = tx.write(&UNDECIDED, &[&organization.as_str(), &review.id.uuid(), &ITEMS]).await?;
    let (mut decided, mut handed_over) = (Vec::with_capacity(rows.len()), Vec::new());
    for row in &rows {
        let item = read::item(row)?;
        let outcome = match review.on_due {
            Verdict::Keep => Outcome::Kept,
            Verdict::Revoke => match take::take(tx, &desk, &item).await {
                Ok((outcome, handed)) => {
                    handed_over.extend(handed);
                    outcome
                }
                // Whoever must own the organization stays; and so they do where it is too much to find out who else could.
                Err(OrganizationError::LastOwner(_) | OrganizationError::InTheWay(_)) => Outcome::LastOwner,
                Err(error) => return Err(error),
            },
        };
        decide::note(tx, &desk, &item, review.on_due, None, Some(REASON), outcome).await?;
        decided.push((item, outcome));
    }
    let closed = if decided.is_empty() { Some(decide::close(tx, organization, review.id, None, now).await?) } else { None };
    Ok(Some(Turn { decided, handed_over, verdict: review.on_due, closed }))
}
