//! Something that a review asks about is kept or revoked.

use wardgraph_kernel::{Holder, ReviewId, ReviewItemId, TenantId, Timestamp, UserId, Write};
use wardgraph_store::{Role, Statement, Tx};

use super::{Item, Outcome, Review, Verdict, read, take};
use crate::{Desk, Giver, OrganizationError, members::HandedOver, sets};

const APP: &[Role] = &[Role::App];

/// A review that goes on, held until the transaction ends.
pub(super) const HOLD: Statement<Write> = Statement::writing(
    "organizations.review.hold",
    APP,
    "select closed_at is not null from reviews where tenant_id = $1 and review_id = $2 for update",
);
pub(super) const ITEM: Statement<Write> = Statement::writing(
    "organizations.review.item",
    APP,
    concat!(read::item_columns!(), " where i.tenant_id = $1 and i.review_id = $2 and i.item_id = $3 for update of i"),
);
pub(super) const NOTE: Statement<Write> = Statement::writing(
    "organizations.review.note",
    APP,
    "update review_items set decision = $3, decided_by = $4, decided_at = $5, reason = $6, outcome = $7 where tenant_id = $1 and item_id = $2",
);
pub(super) const CLOSE: Statement<Write> = Statement::writing(
    "organizations.review.close",
    APP,
    "update reviews set closed_at = $3, closed_by = $4 where tenant_id = $1 and review_id = $2 and closed_at is null",
);
/// Nothing falls due any more.
pub(super) const FORGET: Statement<Write> = Statement::writing(
    "organizations.review.forget",
    APP,
    "delete from jobs where tenant_id = $1 and kind = 'review' and subject_id = $2",
);

/// What somebody says of an item.
#[derive(Debug)]
pub struct Judgement<'a> {
    /// The review.
    pub review: ReviewId,
    /// The item.
    pub item: ReviewItemId,
    /// Who.
    pub by: UserId,
    /// What.
    pub verdict: Verdict,
    /// Why.
    pub reason: &'a str,
}

/// What came of it.
#[derive(Debug)]
pub enum Decided {
    /// It is decided.
    Done(Box<Done>),
    /// It is not for this person to decide, and why.
    NotTheirs(&'static str),
}

/// A decision.
#[derive(Debug)]
pub struct Done {
    /// The item before.
    pub before: Item,
    /// The item after.
    pub after: Item,
    /// Whose the organization is from now on, where it was the holder's.
    pub handed_over: Option<HandedOver>,
}

/// Decides about an item; what is revoked is gone with this transaction.
///
/// # Errors
/// [`OrganizationError::Missing`]; [`OrganizationError::InTheWay`] in a review that is closed, for what was revoked already, and for what is another
/// one by now; [`OrganizationError::LastOwner`]; [`OrganizationError::Beyond`] for what is above whoever decides.
pub async fn decide(tx: &mut Tx<'_, Write>, desk: &Desk, by: &Giver, said: &Judgement<'_>) -> Result<Decided, OrganizationError> {
    let in_the_way = |why: &str| OrganizationError::InTheWay(why.to_owned());
    let review = open(tx, &desk.organization, said.review).await?;
    let before = find(tx, &desk.organization, said.review, said.item).await?;
    if before.thing.holder == Holder::User(said.by) {
        return Ok(Decided::NotTheirs("nobody decides about what they hold themselves"));
    }
    if !review.reviewers.is_empty() && !review.reviewers.contains(&said.by) {
        return Ok(Decided::NotTheirs("others were named to decide in this review"));
    }
    if matches!(before.outcome, Some(Outcome::Revoked | Outcome::Gone)) {
        return Err(in_the_way("it is revoked already"));
    }
    let (outcome, handed_over) = match said.verdict {
        Verdict::Keep => (Outcome::Kept, None),
        Verdict::Revoke => {
            // All that the holder has must be the taker's: nobody takes from who stands above them.
            let held = sets::held_by(tx, &before.thing.holder, desk.now).await?.unwrap_or_default();
            sets::judge(desk, by, &held, &[]).await?;
            // And what a deny of it kept away is given by taking it.
            let left: Vec<_> = held.iter().filter(|holding| !before.thing.is(holding)).cloned().collect();
            sets::judge(desk, by, &held, &left).await?;
            take::take(tx, desk, &before).await?
        }
    };
    if outcome == Outcome::Changed {
        return Err(in_the_way("it is another one by now than was reviewed: begin another review"));
    }
    note(tx, desk, &before, said.verdict, Some(said.by), Some(said.reason), outcome).await?;
    let after = find(tx, &desk.organization, said.review, said.item).await?;
    Ok(Decided::Done(Box::new(Done { before, after, handed_over })))
}

/// Ends a review. What nobody decided about stays as it is.
///
/// # Errors
/// [`OrganizationError::Missing`], and [`OrganizationError::InTheWay`] for one that is closed.
pub async fn close(
    tx: &mut Tx<'_, Write>,
    organization: &TenantId,
    id: ReviewId,
    by: Option<UserId>,
    now: Timestamp,
) -> Result<Review, OrganizationError> {
    open(tx, organization, id).await?;
    tx.write(&CLOSE, &[&organization.as_str(), &id.uuid(), &now, &by.map(UserId::uuid)]).await?;
    tx.write(&FORGET, &[&organization.as_str(), &id.uuid()]).await?;
    read::find(tx, organization, id).await
}

/// A review that goes on, held.
pub(super) async fn open(tx: &mut Tx<'_, Write>, organization: &TenantId, id: ReviewId) -> Result<Review, OrganizationError> {
    let rows = tx.write(&HOLD, &[&organization.as_str(), &id.uuid()]).await?;
    let row = rows.first().ok_or(OrganizationError::Missing("review"))?;
    if row.try_get(0)? {
        return Err(OrganizationError::InTheWay("the review is closed".into()));
    }
    read::find(tx, organization, id).await
}

async fn find(
    tx: &mut Tx<'_, Write>,
    organization: &TenantId,
    review: ReviewId,
    item: ReviewItemId,
) -> Result<Item, OrganizationError> {
    let rows = tx.write(&ITEM, &[&organization.as_str(), &review.uuid(), &item.uuid()]).await?;
    read::item(rows.first().ok_or(OrganizationError::Missing("item of the review"))?)
}

/// Writes down what was decided of an item, and what came of it.
pub(super) async fn note(
    tx: &mut Tx<'_, Write>,
    desk: &Desk,
    item: &Item,
    verdict: Verdict,
    by: Option<UserId>,
    reason: Option<&str>,
    outcome: Outcome,
) -> Result<(), OrganizationError> {
    let (tenant, by) = (desk.organization.as_str(), by.map(UserId::uuid));
    let params: wardgraph_store::Params<'_> =
        &[&tenant, &item.id.uuid(), &verdict.word(), &by, &desk.now, &reason, &outcome.word()];
    Ok(tx.write(&NOTE, params).await.map(drop)?)
}
