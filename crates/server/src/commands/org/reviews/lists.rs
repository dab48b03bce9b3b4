//! Reviews, what they ask about, and what nobody uses, listed.

use std::io::Write;

use serde_json::{Value, json};
use wardgraph_api::wire::review::{HeldThing, Review, ReviewItem, Verdict};
use wardgraph_http::{shown_held, shown_review, shown_review_item};
use wardgraph_kernel::Read;
use wardgraph_organizations::review::{self, ItemFilter};

use super::{super::acts::Desk, Which};
use crate::{
    commands::{
        columns::{Form, Listing, or_none, page_size},
        sound::explained,
    },
    wire::StartError,
};

pub(super) async fn list(desk: &Desk, id: &str, out: &mut (impl Write + Send), form: Form) -> Result<(), StartError> {
    let tenant = desk.show(id).await?.id;
    let head = ["REVIEW", "NAME", "BEGAN", "DUE", "THEN", "ITEMS", "UNDECIDED", "CLOSED"];
    let (mut list, mut after) = (Listing::new(out, form, "reviews", head), None);
    loop {
        let mut work = desk.parts.organization::<Read>("org review list", tenant.clone())?;
        let page = review::list(&mut work.tx(), &tenant, after, page_size()).await.map_err(explained)?;
        drop(work);
        let found: Vec<Review> = page.items.into_iter().map(shown_review).collect();
        list.page(&found, review_line, |one| json!(one))?;
        after = page.next;
        if after.is_none() {
            return list.end();
        }
    }
}

fn review_line(one: &Review) -> [String; 8] {
    let (created, due, closed) = (one.created_at.to_string(), one.due_at.to_string(), or_none(one.closed_at));
    let then = word(one.on_due).to_owned();
    [one.id.to_string(), one.name.clone(), created, due, then, one.items.to_string(), one.undecided.to_string(), closed]
}

pub(super) async fn show(desk: &Desk, which: &Which) -> Result<Review, StartError> {
    let (tenant, id) = which.read()?;
    let mut work = desk.parts.organization::<Read>("org review show", tenant.clone())?;
    Ok(shown_review(review::find(&mut work.tx(), &tenant, id).await.map_err(explained)?))
}

pub(super) async fn items(
    desk: &Desk,
    which: &Which,
    filter: ItemFilter,
    out: &mut (impl Write + Send),
    form: Form,
) -> Result<(), StartError> {
    let (tenant, id) = which.read()?;
    show(desk, which).await?;
    let head = ["ITEM", "KIND", "HOLDER", "NAME", "ROLE", "UNTIL", "USED", "UNUSED", "DECISION", "OUTCOME"];
    let (mut list, mut after) = (Listing::new(out, form, "items", head), None);
    loop {
        let mut work = desk.parts.organization::<Read>("org review items", tenant.clone())?;
        let page = review::items(&mut work.tx(), &tenant, id, filter, after, page_size()).await.map_err(explained)?;
        drop(work);
        let found: Vec<ReviewItem> = page.items.into_iter().map(shown_review_item).collect();
        list.page(&found, item_line, |one| json!(one))?;
        after = page.next;
        if after.is_none() {
            return list.end();
        }
    }
}

fn item_line(one: &ReviewItem) -> [String; 10] {
    let [kind, holder, name, role, until, used] = held(&one.held);
    let unused = if one.held.unused { "unused" } else { "-" };
    [
        one.id.to_string(),
        kind,
        holder,
        name,
        role,
        until,
        used,
        unused.to_owned(),
        or_none(one.decision.map(word)),
        or_none(one.outcome.map(|outcome| spelled(&json!(outcome)))),
    ]
}

/// What kind of thing somebody holds, who, which role or scopes, until when, and when it was used.
fn held(thing: &HeldThing) -> [String; 6] {
    let holder = format!("{}/{}", spelled(&json!(thing.holder.kind)), thing.holder.id);
    let what = thing.role.clone().unwrap_or_else(|| thing.scopes.join(","));
    let (until, used) = (or_none(thing.expires_at), or_none(thing.last_used_at));
    [spelled(&json!(thing.kind)), holder, or_none(thing.holder_name.as_ref()), what, until, used]
}

/// What nobody used.
pub(in crate::commands::org) async fn unused(
    desk: &Desk,
    id: &str,
    days: i64,
    out: &mut (impl Write + Send),
    form: Form,
) -> Result<(), StartError> {
    let tenant = desk.show(id).await?.id;
    let mut work = desk.parts.organization::<Read>("org unused", tenant.clone())?;
    let now = work.now();
    let (found, is_shortened) = review::unused(&mut work.tx(), &tenant, days, now).await.map_err(explained)?;
    let found: Vec<HeldThing> = found.into_iter().map(shown_held).collect();
    let mut list = Listing::new(out, form, "unused", ["KIND", "HOLDER", "NAME", "ROLE", "UNTIL", "USED"]);
    list.page(&found, held, |one| json!(one))?;
    list.end()?;
    if is_shortened {
        writeln!(std::io::stderr(), "there is more: take back some of this first")?;
    }
    Ok(())
}

const fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Keep => "keep",
        Verdict::Revoke => "revoke",
    }
}

/// A word of the API's.
fn spelled(word: &Value) -> String {
    word.as_str().unwrap_or_default().to_owned()
}
