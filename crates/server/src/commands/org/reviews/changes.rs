//! Reviews that are begun, decided, closed and handed out.

use serde_json::json;
use wardgraph_api::wire::review::{NewDecision, NewReview, Review, ReviewItem, Verdict};
use wardgraph_audit::Entry;
use wardgraph_http::{Evidence, evidence_lines, evidence_table, logged_review_item, shown_review, shown_review_item};
use wardgraph_kernel::{EventType, OrganizationRole, Permission, ReviewId, ReviewItemId, TenantId, Write};
use wardgraph_organizations::review::{self, Decided, ItemFilter, Judgement};

use super::{super::acts::Desk, By, New, Which};
use crate::{
    commands::{
        behalf,
        columns::page_size,
        ids::user,
        sound::{self, explained},
    },
    wire::StartError,
};

pub(super) async fn begin(desk: &Desk, organization: &TenantId, new: New, by: &By) -> Result<Review, StartError> {
    let new: NewReview =
        sound::read(json!({ "name": new.name, "due_at": new.due_at, "on_due": new.on_due.said(), "reviewers": new.reviewers }))?;
    let by = user(&by.by)?;
    let mut work = desk.parts.organization::<Write>("org review begin", organization.clone())?;
    let now = work.now();
    let (held, giver) = behalf::of(&mut work, organization, by, Permission::ReviewsWrite).await?;
    let on_due = verdict(new.on_due);
    if on_due == review::Verdict::Revoke {
        held.may_promise(&giver, OrganizationRole::Owner).await.map_err(explained)?;
    }
    let id = ReviewId::new(now, &*desk.parts.chance);
    let wanted = review::NewReview { id, name: new.name.into_text(), due_at: new.due_at, on_due, reviewers: new.reviewers, by };
    let begun = shown_review(review::begin(&mut work.tx(), organization, &wanted, now).await.map_err(explained)?);
    let payload = json!({ "before": null, "after": begun });
    work.commit(vec![Entry::done(EventType::ReviewBegun, id.into()).with(payload)]).await?;
    Ok(begun)
}

pub(super) async fn decide(
    desk: &Desk,
    which: &Which,
    item: ReviewItemId,
    said: &NewDecision,
    by: &By,
) -> Result<ReviewItem, StartError> {
    let ((tenant, id), by) = (which.read()?, user(&by.by)?);
    let mut work = desk.parts.organization::<Write>("org review decide", tenant.clone())?;
    let (held, giver) = behalf::of(&mut work, &tenant, by, Permission::ReviewsWrite).await?;
    let said = Judgement { review: id, item, by, verdict: verdict(said.decision), reason: &said.reason };
    let done = match review::decide(&mut work.tx(), &held, &giver, &said).await.map_err(explained)? {
        Decided::Done(done) => *done,
        Decided::NotTheirs(why) => return Err(format!("--by: {why}").into()),
    };
    let after = shown_review_item(done.after);
    let payload = json!({ "review_id": id, "before": logged_review_item(&done.before), "after": after });
    let decided = Entry::done(EventType::ReviewDecided, item.into()).with(payload);
    let handed_over = done.handed_over.map(|handed_over| {
        let (event_type, payload) = handed_over.told();
        Entry::done(event_type, (&tenant).into()).with(payload)
    });
    work.commit([decided].into_iter().chain(handed_over).collect()).await?;
    Ok(after)
}

pub(super) async fn close(desk: &Desk, which: &Which, by: &By) -> Result<Review, StartError> {
    let ((tenant, id), by) = (which.read()?, user(&by.by)?);
    let mut work = desk.parts.organization::<Write>("org review close", tenant.clone())?;
    let now = work.now();
    behalf::of(&mut work, &tenant, by, Permission::ReviewsWrite).await?;
    let closed = shown_review(review::close(&mut work.tx(), &tenant, id, Some(by), now).await.map_err(explained)?);
    let payload = json!({ "before": { "closed_at": null, "closed_by": null }, "after": closed });
    work.commit(vec![Entry::done(EventType::ReviewClosed, id.into()).with(payload)]).await?;
    Ok(closed)
}

/// The log has what is handed out before it is.
pub(super) async fn export(desk: &Desk, which: &Which, csv: bool) -> Result<Evidence, StartError> {
    let (tenant, id) = which.read()?;
    let mut work = desk.parts.organization::<Write>("org review export", tenant.clone())?;
    let review = shown_review(review::find(&mut work.tx(), &tenant, id).await.map_err(explained)?);
    let (mut items, mut after) = (Vec::new(), None);
    loop {
        let found = review::items(&mut work.tx(), &tenant, id, ItemFilter::default(), after, page_size()).await;
        let page = found.map_err(explained)?;
        items.extend(page.items.into_iter().map(shown_review_item));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let evidence = if csv { evidence_table(&review, &items)? } else { evidence_lines(&review, &items)? };
    let payload = json!({ "sha256": evidence.sha256, "items": items.len() });
    work.commit(vec![Entry::done(EventType::ReviewExported, id.into()).with(payload)]).await?;
    Ok(evidence)
}

const fn verdict(said: Verdict) -> review::Verdict {
    match said {
        Verdict::Keep => review::Verdict::Keep,
        Verdict::Revoke => review::Verdict::Revoke,
    }
}
