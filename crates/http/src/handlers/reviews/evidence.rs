//! The evidence of a review: who decided what, when and why, in a form that others keep. What was handed out is known by its SHA-256, which stands at
//! its end and in the log.

use serde::Serialize;
use serde_json::json;
use sha2::{Digest, Sha256};
use wardgraph_api::{
    Document, Path, Problem,
    carry::{Csv, JsonLines, Media},
    table::reviews::{ExportReview, ExportReviewTable},
    wire::review::{Review, ReviewItem},
};
use wardgraph_gate::{Committed, Permit, Work};
use wardgraph_kernel::{AuditedRead, Endpoint, PageSize, ReviewId, TenantId};
use wardgraph_organizations::{OrganizationError, review};

use super::{item, wire};
use crate::Failure;

/// The columns of the table.
const COLUMNS: [&str; 19] = [
    "item_id",
    "kind",
    "holder_type",
    "holder_id",
    "holder_name",
    "thing_id",
    "role",
    "scopes",
    "granted_by",
    "granted_at",
    "expires_at",
    "last_used_at",
    "unused",
    "changed",
    "decision",
    "outcome",
    "decided_by",
    "decided_at",
    "reason",
];

pub(crate) async fn lines(permit: Permit<ExportReview>, Path(id): Path<ReviewId>) -> Result<Committed<ExportReview>, Failure> {
    hand_out::<_, JsonLines>(permit, id, as_lines).await
}

pub(crate) async fn table(
    permit: Permit<ExportReviewTable>,
    Path(id): Path<ReviewId>,
) -> Result<Committed<ExportReviewTable>, Failure> {
    hand_out::<_, Csv>(permit, id, as_table).await
}

/// Reads all of a review, writes it, and has on record what was handed out.
async fn hand_out<E, M>(
    permit: Permit<E>,
    id: ReviewId,
    written: fn(&Review, &[ReviewItem]) -> Result<Evidence, serde_json::Error>,
) -> Result<Committed<E>, Failure>
where
    E: Endpoint<Mode = AuditedRead, Output = Document<M>>,
    M: Media,
{
    let tenant = permit.tenant().clone();
    let mut work = permit.begin()?;
    let (review, items) = match all(&mut work, &tenant, id).await {
        Ok(all) => all,
        Err(error @ OrganizationError::Missing(_)) => return Ok(work.release_nothing(Failure::from(error).into()).await?),
        Err(error) => return Err(error.into()),
    };
    let evidence =
        written(&review, &items).map_err(|error| Problem::internal("the evidence could not be written").inside(&error))?;
    let told = json!({ "sha256": evidence.sha256, "items": items.len() });
    Ok(work.release_telling(id, told, Document::new(evidence.text)).await?)
}

async fn all<E: Endpoint<Mode = AuditedRead>>(
    work: &mut Work<E>,
    tenant: &TenantId,
    id: ReviewId,
) -> Result<(Review, Vec<ReviewItem>), OrganizationError> {
    let review = wire(review::find(&mut work.tx(), tenant, id).await?);
    let size = PageSize::new(PageSize::MAX.into()).unwrap_or_default();
    let (mut items, mut after) = (Vec::new(), None);
    loop {
        let page = review::items(&mut work.tx(), tenant, id, review::ItemFilter::default(), after, size).await?;
        items.extend(page.items.into_iter().map(item));
        after = page.next;
        if after.is_none() {
            return Ok((review, items));
        }
    }
}

/// A text, and what it is known by.
#[derive(Debug)]
pub struct Evidence {
    /// The text.
    pub text: String,
    /// Its SHA-256, but for its last line.
    pub sha256: String,
}

/// The review, its items, and what all of it is known by: a line each.
pub fn as_lines(review: &Review, items: &[ReviewItem]) -> Result<Evidence, serde_json::Error> {
    let mut text = line(&json!({ "review": review }))?;
    for item in items {
        text.push_str(&line(item)?);
    }
    let sha256 = format!("{:x}", Sha256::digest(&text));
    text.push_str(&line(&json!({ "lines": items.len() + 1, "sha256": sha256 }))?);
    Ok(Evidence { text, sha256 })
}

fn line(of: &impl Serialize) -> Result<String, serde_json::Error> {
    Ok(serde_json::to_string(of)? + "\n")
}

/// The items as rows below the names of their columns, and a last row of what those are known by.
pub fn as_table(_: &Review, items: &[ReviewItem]) -> Result<Evidence, serde_json::Error> {
    let mut text = row(COLUMNS.map(str::to_owned));
    for item in items {
        // Words and times are spelled as everywhere else in this API.
        let spelled = |value: serde_json::Value| match value {
            serde_json::Value::String(text) => text,
            serde_json::Value::Null => String::new(),
            other => other.to_string(),
        };
        let held = &item.held;
        text.push_str(&row([
            item.id.to_string(),
            spelled(json!(held.kind)),
            spelled(json!(held.holder.kind)),
            held.holder.id.clone(),
            held.holder_name.clone().unwrap_or_default(),
            spelled(json!(held.thing_id)),
            held.role.clone().unwrap_or_default(),
            held.scopes.join(" "),
            held.granted_by.clone().unwrap_or_default(),
            spelled(json!(held.granted_at)),
            spelled(json!(held.expires_at)),
            spelled(json!(held.last_used_at)),
            held.unused.to_string(),
            item.changed.to_string(),
            spelled(json!(item.decision)),
            spelled(json!(item.outcome)),
            spelled(json!(item.decided_by)),
            spelled(json!(item.decided_at)),
            item.reason.clone().unwrap_or_default(),
        ]));
    }
    let sha256 = format!("{:x}", Sha256::digest(&text));
    let mut last = COLUMNS.map(|_| String::new());
    let [first, second, ..] = &mut last;
    (*first, *second) = ("sha256".to_owned(), sha256.clone());
    text.push_str(&row(last));
    Ok(Evidence { text, sha256 })
}

/// A row (RFC 4180), all of it in quotes.
fn row(cells: [String; COLUMNS.len()]) -> String {
    cells.map(|text| cell(&text)).join(",") + "\r\n"
}

/// A cell that no program takes for a formula, whatever somebody called themselves or wrote as a reason.
fn cell(text: &str) -> String {
    let runs = text.trim_start().starts_with(['=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'])
        || text.starts_with(['\t', '\r', '\n']);
    let guard = if runs { "'" } else { "" };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        for (text, shown) in [
            ("=HYPERLINK(\"x\")", "\"'=HYPERLINK(\"\"x\"\")\""),
            ("+1", "\"'+1\""),
            ("-1", "\"'-1\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            (" =1", "\"' =1\""),
            ("\t=1", "\"'\t=1\""),
            ("a=1", "\"a=1\""),
            ("a,\"b\"\n", "\"a,\"\"b\"\"\n\""),
            ("", "\"\""),
        ] {
            assert_eq!(cell(text), shown, "{text:?}");
        }
    }
}
