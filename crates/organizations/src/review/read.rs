//! Reviews, and what they ask about.

use uuid::Uuid;
use wardgraph_kernel::{ClientId, Cursor, Holder, Mode, Page, PageSize, Read, ReviewId, TenantId, Timestamp, UserId};
use wardgraph_store::{Role, Row, Statement, Tx};

use super::{Item, Kind, Outcome, Review, Thing, Verdict};
use crate::OrganizationError;

const APP: &[Role] = &[Role::App];

macro_rules! review_columns {
    () => {
        "r.review_id, r.name, r.due_at, r.on_due, r.reviewers, r.begun_by, r.created_at, r.closed_at, r.closed_by, i.items, i.undecided, i.unused
         from reviews r cross join lateral (
           select count(*) as items, count(*) filter (where decision is null) as undecided, count(*) filter (where unused) as unused
           from review_items where tenant_id = r.tenant_id and review_id = r.review_id) i"
    };
}

/// What of an item is told. Whether it changed is asked of what is there now.
macro_rules! item_columns {
    () => {
        "select i.kind, i.user_id, i.client_id, i.thing_id, i.role, i.scopes, i.granted_by, i.granted_at, i.expires_at, i.last_used_at, i.unused,
           coalesce((select u.email from users u where u.user_id = i.user_id), (select c.name from clients c where c.client_id = i.client_id)),
           i.item_id, i.review_id, i.decision, i.decided_by, i.decided_at, i.reason, i.outcome,
           coalesce(i.outcome, '') <> 'revoked' and case i.kind
             when 'membership' then
               (select m.role from memberships m where m.organization_id = $1 and m.user_id = i.user_id) is distinct from i.role
             when 'grant' then not exists (select from grants g where g.tenant_id = $1 and g.grant_id = i.thing_id
               and g.role = i.role and g.expires_at is not distinct from i.expires_at)
             when 'client' then (select c.role from clients c where c.organization_id = $1 and c.client_id = i.client_id) is distinct from i.role
             else not exists (select from api_keys k where k.organization_id = $1 and k.key_id = i.thing_id and k.revoked_at is null
               and k.scopes = i.scopes and k.expires_at is not distinct from i.expires_at)
           end
         from review_items i"
    };
}
pub(super) use item_columns;

pub(super) const FIND: Statement<Read> = Statement::reading(
    "organizations.review.find",
    APP,
    concat!("select ", review_columns!(), " where r.tenant_id = $1 and r.review_id = $2"),
);
pub(super) const LIST: Statement<Read> = Statement::reading(
    "organizations.review.list",
    APP,
    concat!("select ", review_columns!(), " where r.tenant_id = $1 and r.review_id < $2 order by r.review_id desc limit $3"),
);
pub(super) const ITEMS: Statement<Read> = Statement::reading(
    "organizations.review.items",
    APP,
    concat!(
        item_columns!(),
        " where i.tenant_id = $1 and i.review_id = $2 and i.item_id > $5 and ($3::boolean is null or (i.decision is null) = $3)
            and ($4::boolean is null or i.unused = $4)
         order by i.item_id limit $6"
    ),
);

/// Which items are meant.
#[derive(Debug, Clone, Copy, Default, Hash)]
pub struct ItemFilter {
    /// Those about which nobody decided, or the others.
    pub undecided: Option<bool>,
    /// Those that were unused, or the others.
    pub unused: Option<bool>,
}

/// A review.
///
/// # Errors
/// [`OrganizationError::Missing`].
pub async fn find<M: Mode>(tx: &mut Tx<'_, M>, organization: &TenantId, id: ReviewId) -> Result<Review, OrganizationError> {
    let row = tx.find(&FIND, &[&organization.as_str(), &id.uuid()]).await?;
    review(&row.ok_or(OrganizationError::Missing("review"))?)
}

/// A page of reviews, the newest first.
pub async fn list<M: Mode>(
    tx: &mut Tx<'_, M>,
    organization: &TenantId,
    after: Option<Cursor>,
    size: PageSize,
) -> Result<Page<Review>, OrganizationError> {
    let after = after.map_or_else(Uuid::max, Cursor::id);
    let rows = tx.query(&LIST, &[&organization.as_str(), &after, &size.probe()]).await?;
    let found = rows.iter().map(review).collect::<Result<_, _>>()?;
    Ok(Page::cut(found, size, |review: &Review| review.id.uuid()))
}

/// A page of what a review asks about.
pub async fn items<M: Mode>(
    tx: &mut Tx<'_, M>,
    organization: &TenantId,
    review: ReviewId,
    filter: ItemFilter,
    after: Option<Cursor>,
    size: PageSize,
) -> Result<Page<Item>, OrganizationError> {
    let after = after.map_or_else(Uuid::nil, Cursor::id);
    let params: wardgraph_store::Params<'_> =
        &[&organization.as_str(), &review.uuid(), &filter.undecided, &filter.unused, &after, &size.probe()];
    let rows = tx.query(&ITEMS, params).await?;
    let found = rows.iter().map(item).collect::<Result<_, _>>()?;
    Ok(Page::cut(found, size, |item: &Item| item.id.uuid()))
}

fn review(row: &Row) -> Result<Review, OrganizationError> {
    let users = |ids: Vec<Uuid>| ids.into_iter().map(UserId::from).collect();
    Ok(Review {
        id: row.try_get::<Uuid>(0)?.into(),
        name: row.try_get(1)?,
        due_at: row.try_get(2)?,
        on_due: Verdict::of(row.try_get(3)?).ok_or(OrganizationError::Unreadable("what becomes of what is due"))?,
        reviewers: users(row.try_get(4)?),
        begun_by: row.try_get::<Uuid>(5)?.into(),
        created_at: row.try_get(6)?,
        closed_at: row.try_get(7)?,
        closed_by: row.try_get::<Option<Uuid>>(8)?.map(UserId::from),
        items: row.try_get(9)?,
        undecided: row.try_get(10)?,
        unused: row.try_get(11)?,
    })
}

/// Something held, whose columns begin at a place; its holder's name stands behind them.
pub(super) fn thing(row: &Row, at: usize) -> Result<Thing, OrganizationError> {
    let holder = match (row.try_get::<Option<Uuid>>(at + 1)?, row.try_get::<Option<&str>>(at + 2)?.and_then(ClientId::parse)) {
        (Some(user), None) => Holder::User(user.into()),
        (None, Some(client)) => Holder::Client(client),
        _ => return Err(OrganizationError::Unreadable("who holds something")),
    };
    Ok(Thing {
        kind: Kind::of(row.try_get(at)?).ok_or(OrganizationError::Unreadable("what is held"))?,
        holder,
        id: row.try_get(at + 3)?,
        role: row.try_get(at + 4)?,
        scopes: row.try_get::<Option<Vec<String>>>(at + 5)?.unwrap_or_default(),
        granted_by: row.try_get(at + 6)?,
        granted_at: row.try_get::<Timestamp>(at + 7)?,
        expires_at: row.try_get(at + 8)?,
        last_used_at: row.try_get(at + 9)?,
        unused: row.try_get(at + 10)?,
        name: row.try_get(at + 11)?,
    })
}

/// What [`item_columns`] tells.
pub(super) fn item(row: &Row) -> Result<Item, OrganizationError> {
    let decision =
        row.try_get::<Option<&str>>(14)?.map(|word| Verdict::of(word).ok_or(OrganizationError::Unreadable("a decision")));
    let outcome =
        row.try_get::<Option<&str>>(18)?.map(|word| Outcome::of(word).ok_or(OrganizationError::Unreadable("an outcome")));
    Ok(Item {
        thing: thing(row, 0)?,
        id: row.try_get::<Uuid>(12)?.into(),
        review: row.try_get::<Uuid>(13)?.into(),
        decision: decision.transpose()?,
        decided_by: row.try_get::<Option<Uuid>>(15)?.map(UserId::from),
        decided_at: row.try_get(16)?,
        reason: row.try_get(17)?,
        outcome: outcome.transpose()?,
        changed: row.try_get(19)?,
    })
}
