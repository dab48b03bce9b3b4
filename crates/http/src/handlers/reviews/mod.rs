//! Reviews of who may do what.

pub(crate) mod evidence;

use serde_json::{Value, json};
use wardgraph_api::{
    Created, Json, Path, Problem, Query, Within,
    table::reviews::{BeginReview, CloseReview, DecideReviewItem, GetReview, ListReviewItems, ListReviews, ListUnused},
    wire::review::{
        HeldKind, HeldThing, ItemFilter, ItemPage, NewDecision, NewReview, Outcome, Review, ReviewFilter, ReviewItem, ReviewPage,
        UnusedFilter, UnusedList, Verdict,
    },
};
use wardgraph_gate::{Committed, Permit};
use wardgraph_kernel::{List, OrganizationRole, ReviewId, ReviewItemId};
use wardgraph_organizations::{
    OrganizationError,
    review::{self, Decided, Item, Judgement, Thing},
};

use crate::{
    Failure,
    handlers::{authz::told as holder, organizations::handed_over, page, refused::refuse, roles::sit_down},
};

pub(crate) async fn begin(permit: Permit<BeginReview>, Json(new): Json<NewReview>) -> Result<Committed<BeginReview>, Failure> {
    let (caller, tenant, now) = (permit.account()?, permit.tenant().clone(), permit.now());
    let id = ReviewId::new(now, &*permit.chance());
    let wanted = review::NewReview {
        id,
        name: new.name.into_text(),
        due_at: new.due_at,
        on_due: verdict(new.on_due),
        reviewers: new.reviewers,
        by: caller.user,
    };
    let mut work = permit.begin()?;
    let begun = async {
        let (desk, by) = sit_down(&mut work, &tenant, &caller, now).await?;
        let begun = review::begin(&mut work.tx(), &tenant, &wanted, now).await?;
        if wanted.on_due == review::Verdict::Revoke {
            // Whatever nobody decides about is taken then, denies among it: that is for who holds all that there may be.
            desk.may_promise(&by, OrganizationRole::Owner).await?;
        }
        Ok::<_, OrganizationError>(begun)
    };
    match begun.await {
        Ok(begun) => {
            let begun = wire(begun);
            work.explain(json!({ "after": begun }));
            Ok(work.commit(id, Created(begun)).await?)
        }
        Err(error) => refuse(work, None, error).await,
    }
}

pub(crate) async fn list(permit: Permit<ListReviews>, Query(filter): Query<ReviewFilter>) -> Result<Json<ReviewPage>, Failure> {
    let list = List { name: "reviews", tenant: permit.tenant().clone(), of: None };
    let (size, after) = page(&list, filter.limit, filter.cursor.as_deref())?;
    let mut work = permit.begin()?;
    let found = review::list(&mut work.once(), &list.tenant, after, size).await?;
    let reviews: Vec<_> = found.items.into_iter().map(wire).collect();
    Ok(Json(ReviewPage { count: reviews.len(), reviews, next_cursor: found.next.map(|cursor| cursor.encode(&list)) }))
}

pub(crate) async fn get(permit: Permit<GetReview>, Path(id): Path<ReviewId>) -> Result<Json<Review>, Failure> {
    let tenant = permit.tenant().clone();
    let mut work = permit.begin()?;
    Ok(Json(wire(review::find(&mut work.once(), &tenant, id).await?)))
}

pub(crate) async fn items(
    permit: Permit<ListReviewItems>,
    (Path(id), Query(filter)): (Path<ReviewId>, Query<ItemFilter>),
) -> Result<Json<ItemPage>, Failure> {
    let wanted = review::ItemFilter { undecided: filter.undecided, unused: filter.unused };
    let list = List { name: "reviews.items", tenant: permit.tenant().clone(), of: Some(id.uuid()) }.asking(&wanted);
    let (size, after) = page(&list, filter.limit, filter.cursor.as_deref())?;
    let mut work = permit.begin()?;
    // Another organization's is not found; one without anything is an empty page.
    review::find(&mut work.tx(), &list.tenant, id).await?;
    let found = review::items(&mut work.once(), &list.tenant, id, wanted, after, size).await?;
    let items: Vec<_> = found.items.into_iter().map(item).collect();
    Ok(Json(ItemPage { count: items.len(), items, next_cursor: found.next.map(|cursor| cursor.encode(&list)) }))
}

pub(crate) async fn decide(
    permit: Permit<DecideReviewItem>,
    (Path(id), Within(of), Json(new)): (Path<ReviewId>, Within<ReviewItemId>, Json<NewDecision>),
) -> Result<Committed<DecideReviewItem>, Failure> {
    let (caller, tenant, now) = (permit.account()?, permit.tenant().clone(), permit.now());
    let said = Judgement { review: id, item: of, by: caller.user, verdict: verdict(new.decision), reason: &new.reason };
    let mut work = permit.begin()?;
    let decided = async {
        let (desk, by) = sit_down(&mut work, &tenant, &caller, now).await?;
        review::decide(&mut work.tx(), &desk, &by, &said).await
    };
    match decided.await {
        Ok(Decided::Done(done)) => {
            let (before, after) = (shown(&done.before), item(done.after));
            work.explain(json!({ "review_id": id, "before": before, "after": after }));
            handed_over(&mut work, &tenant, done.handed_over);
            Ok(work.commit(of, Json(after)).await?)
        }
        Ok(Decided::NotTheirs(why)) => refuse(work, Some(of.into()), Problem::forbidden(why)).await,
        Err(error) => refuse(work, Some(of.into()), error).await,
    }
}

pub(crate) async fn close(permit: Permit<CloseReview>, Path(id): Path<ReviewId>) -> Result<Committed<CloseReview>, Failure> {
    let (caller, tenant, now) = (permit.account()?, permit.tenant().clone(), permit.now());
    let mut work = permit.begin()?;
    let closed = async {
        sit_down(&mut work, &tenant, &caller, now).await?;
        review::close(&mut work.tx(), &tenant, id, Some(caller.user), now).await
    };
    match closed.await {
        Ok(closed) => {
            let closed = wire(closed);
            work.explain(json!({ "after": closed }));
            Ok(work.commit(id, Json(closed)).await?)
        }
        Err(error) => refuse(work, Some(id.into()), error).await,
    }
}

pub(crate) async fn unused(permit: Permit<ListUnused>, Query(filter): Query<UnusedFilter>) -> Result<Json<UnusedList>, Failure> {
    let (tenant, now) = (permit.tenant().clone(), permit.now());
    let days = filter.days.unwrap_or(review::UNUSED_FOR_DAYS);
    let mut work = permit.begin()?;
    let (found, is_shortened) = review::unused(&mut work.once(), &tenant, days, now).await?;
    let unused: Vec<_> = found.into_iter().map(thing).collect();
    Ok(Json(UnusedList { count: unused.len(), unused, is_shortened }))
}

const fn verdict(said: Verdict) -> review::Verdict {
    match said {
        Verdict::Keep => review::Verdict::Keep,
        Verdict::Revoke => review::Verdict::Revoke,
    }
}

const fn said(verdict: review::Verdict) -> Verdict {
    match verdict {
        review::Verdict::Keep => Verdict::Keep,
        review::Verdict::Revoke => Verdict::Revoke,
    }
}

/// A review, as the API tells it.
pub fn wire(of: review::Review) -> Review {
    Review {
        id: of.id,
        name: of.name,
        due_at: of.due_at,
        on_due: said(of.on_due),
        reviewers: of.reviewers,
        begun_by: of.begun_by,
        created_at: of.created_at,
        closed_at: of.closed_at,
        closed_by: of.closed_by,
        items: of.items,
        undecided: of.undecided,
        unused: of.unused,
    }
}

/// Something held, as the API tells it.
pub fn thing(of: Thing) -> HeldThing {
    HeldThing {
        kind: match of.kind {
            review::Kind::Membership => HeldKind::Membership,
            review::Kind::Grant => HeldKind::Grant,
            review::Kind::Client => HeldKind::Client,
            review::Kind::ApiKey => HeldKind::ApiKey,
        },
        holder: holder(&of.holder),
        holder_name: of.name,
        thing_id: of.id,
        role: of.role,
        scopes: of.scopes,
        granted_by: of.granted_by,
        granted_at: of.granted_at,
        expires_at: of.expires_at,
        last_used_at: of.last_used_at,
        unused: of.unused,
    }
}

/// Something that a review asks about, as the API tells it.
pub fn item(of: Item) -> ReviewItem {
    ReviewItem {
        id: of.id,
        review_id: of.review,
        held: thing(of.thing),
        changed: of.changed,
        decision: of.decision.map(said),
        decided_by: of.decided_by,
        decided_at: of.decided_at,
        reason: of.reason,
        outcome: of.outcome.map(|outcome| match outcome {
            review::Outcome::Kept => Outcome::Kept,
            review::Outcome::Revoked => Outcome::Revoked,
            review::Outcome::Gone => Outcome::Gone,
            review::Outcome::Changed => Outcome::Changed,
            review::Outcome::LastOwner => Outcome::LastOwner,
        }),
    }
}

/// What the log tells of an item before it was decided about: nobody's address or name.
pub fn shown(of: &Item) -> Value {
    json!({
        "kind": of.thing.kind.word(),
        "holder": of.thing.holder.to_string(),
        "thing_id": of.thing.id,
        "role": of.thing.role,
        "scopes": of.thing.scopes,
        "expires_at": of.thing.expires_at,
        "decision": of.decision.map(review::Verdict::word),
        "decided_by": of.decided_by,
        "reason": of.reason,
    })
}
