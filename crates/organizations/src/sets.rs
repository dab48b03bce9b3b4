//! The sets of roles that people and clients of an organization hold, now and once what was given for a while has ended.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;
use wardgraph_access::{Held, Matcher, RoleName, Rulebook};
use wardgraph_kernel::{GrantId, Holder, Mode, OrganizationRole, Read, TenantId, Timestamp, UserId, Write};
use wardgraph_store::{Role, Row, Statement, StatementInfo, Tx};

use crate::{Desk, Giver, OrganizationError, bench::apart, desk::compiled, effort::Effort, giver::At};

const APP: &[Role] = &[Role::App];
const BOTH: &[Role] = &[Role::App, Role::Admin];
/// How many different sets an edit of a role is judged by.
const MOST_SETS: i64 = 1_000;

/// All that a member holds, whether the account may do anything for now or not.
const OF_MEMBER: Statement<Read> = Statement::reading(
    "organizations.sets.of_member",
    APP,
    "select m.role, null::uuid, null::timestamptz from memberships m where m.organization_id = $1 and m.user_id = $2
     union all
     select g.role, g.grant_id, g.expires_at from grants g
     where g.tenant_id = $1 and g.user_id = $2 and (g.expires_at is null or g.expires_at > $3)",
);
const OF_CLIENT: Statement<Read> = Statement::reading(
    "organizations.sets.of_client",
    APP,
    "select c.role, null::uuid, null::timestamptz from clients c where c.organization_id = $1 and c.client_id = $2
     union all
     select g.role, g.grant_id, g.expires_at from grants g
     where g.tenant_id = $1 and g.client_id = $2 and (g.expires_at is null or g.expires_at > $3)",
);
/// The sets, now and at each later moment, that have one of some roles among them.
const WITH: Statement<Read> = Statement::reading(
    "organizations.sets.with",
    APP,
    "with held as (
       select 'user/' || m.user_id as holder, m.role, 'infinity'::timestamptz as until from memberships m where m.organization_id = $1 and m.role is not null
       union all
       select coalesce('user/' || g.user_id, 'client/' || g.client_id), g.role, coalesce(g.expires_at, 'infinity') from grants g
       where g.tenant_id = $1 and (g.expires_at is null or g.expires_at > $2)
       union all
       select 'client/' || c.client_id, c.role, 'infinity' from clients c where c.organization_id = $1 and c.role is not null),
     moments as (
       select holder, $2::timestamptz as at from held union select holder, until from held where until < 'infinity')
     select distinct roles from (
       select array_agg(distinct h.role) as roles from moments m join held h on h.holder = m.holder and h.until > m.at group by m.holder, m.at) s
     where roles && $3::text[] limit $4",
);
/// The owners, with what else they hold now.
const OWNERS: Statement<Write> = Statement::writing(
    "organizations.sets.owners",
    BOTH,
    "select m.user_id, array(
       select g.role from grants g where g.tenant_id = $1 and g.user_id = m.user_id and (g.expires_at is null or g.expires_at > $2))
     from memberships m join users u on u.user_id = m.user_id
     where m.organization_id = $1 and m.role = 'owner' and u.disabled_at is null order by m.user_id limit 1000",
);

pub(crate) const STATEMENTS: &[&StatementInfo] = &[OF_CLIENT.info(), OF_MEMBER.info(), OWNERS.info(), WITH.info()];

/// A role that somebody holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holding {
    /// The role.
    pub role: RoleName,
    /// By which grant; else by the membership, or by what is registered of the client.
    pub grant: Option<GrantId>,
    /// From when on it counts no more.
    pub until: Option<Timestamp>,
}

/// All that somebody holds at `now`, whether they may do anything for now or not; `None` for who is no member, and no client, of the organization.
pub(crate) async fn held_by<M: Mode>(
    tx: &mut Tx<'_, M>,
    holder: &Holder,
    now: Timestamp,
) -> Result<Option<Vec<Holding>>, OrganizationError> {
    let tenant = tx.tenant();
    let rows = match holder {
        Holder::User(id) => tx.query(&OF_MEMBER, &[&tenant, &id.uuid(), &now]).await?,
        Holder::Client(id) => tx.query(&OF_CLIENT, &[&tenant, &id.as_str(), &now]).await?,
    };
    // Who is here has a row of their own, with a role or without one.
    let is_here = rows.iter().map(|row| row.try_get::<Option<Uuid>>(1)).collect::<Result<Vec<_>, _>>()?.contains(&None);
    if !is_here {
        return Ok(None);
    }
    let holding = |row: &Row| -> Result<Option<Holding>, OrganizationError> {
        let Some(role) = row.try_get::<Option<&str>>(0)? else { return Ok(None) };
        let grant = row.try_get::<Option<Uuid>>(1)?.map(GrantId::from);
        Ok(Some(Holding { role: RoleName::read(role)?, grant, until: row.try_get(2)? }))
    };
    rows.iter().filter_map(|row| holding(row).transpose()).collect::<Result<_, _>>().map(Some)
}

/// Judges what changes for one holder, now and at each later moment, by what whoever changes it holds then. What is only taken may be taken by who may
/// take it now.
pub(crate) async fn judge(desk: &Desk, by: &Giver, before: &[Holding], after: &[Holding]) -> Result<(), OrganizationError> {
    desk.apart(|| judged(desk, by, before, after)).await?
}

fn judged(desk: &Desk, by: &Giver, before: &[Holding], after: &[Holding]) -> Result<(), OrganizationError> {
    if holds_all(desk, by)? {
        return Ok(());
    }
    let mut effort = Effort::default();
    let only_takes = after.iter().all(|holding| before.contains(holding));
    let moments: BTreeSet<Timestamp> = ends(before).chain(ends(after)).chain(by.ends()).chain([desk.now]).collect();
    for at in moments {
        let (was, will) = (standing_at(before, at), standing_at(after, at));
        let by_what = At { given: Some(at), taken: (!only_takes).then_some(at) };
        if was != will && fit(was.iter().cloned()).is_err() {
            // What it comes to together is not known: each of it is taken by who holds it.
            let nothing = compiled(&desk.book, &[])?;
            for role in &was {
                effort.spend(&desk.book, std::slice::from_ref(role))?;
                by.may_change(&desk.compiled(role)?, &nothing, by_what)?;
            }
        }
        effort.spend(&desk.book, &was)?;
        effort.spend(&desk.book, &will)?;
        by.may_change(&comes_to(&desk.book, &was)?, &comes_to(&desk.book, &will)?, by_what)?;
    }
    Ok(())
}

/// Whether somebody holds all that an organization can give, for good: they need no leave for any of it.
fn holds_all(desk: &Desk, by: &Giver) -> Result<bool, OrganizationError> {
    Ok(by.may_give(&desk.compiled(&RoleName::from(OrganizationRole::Owner))?).is_ok())
}

/// Refuses more roles than somebody may hold.
///
/// # Errors
/// [`OrganizationError::InTheWay`].
pub(crate) fn fit(roles: impl IntoIterator<Item = RoleName>) -> Result<(), OrganizationError> {
    Held::new(roles, None).map(drop).map_err(|error| OrganizationError::InTheWay(error.to_string()))
}

/// Refuses another role of the own, besides all that is granted, to who would hold more than they may.
///
/// # Errors
/// As [`fit`].
pub(crate) async fn has_room(
    tx: &mut Tx<'_, Write>,
    holder: &Holder,
    role: OrganizationRole,
    now: Timestamp,
) -> Result<(), OrganizationError> {
    let held = held_by(tx, holder, now).await?.unwrap_or_default();
    let granted = held.into_iter().filter(|holding| holding.grant.is_some()).map(|holding| holding.role);
    fit(granted.chain([role.into()]))
}

/// What roles come to: nothing, where they are more than somebody may hold, since nobody is let in by them.
fn comes_to(book: &Rulebook, roles: &[RoleName]) -> Result<Matcher, OrganizationError> {
    if fit(roles.iter().cloned()).is_ok() { compiled(book, roles) } else { compiled(book, &[]) }
}

/// The moments at which something of it ends, in order.
pub(crate) fn ends(holdings: &[Holding]) -> impl Iterator<Item = Timestamp> {
    holdings.iter().filter_map(|holding| holding.until).collect::<BTreeSet<_>>().into_iter()
}

/// What of it stands at a moment.
pub(crate) fn standing_at(holdings: &[Holding], at: Timestamp) -> Vec<RoleName> {
    let stands = |holding: &&Holding| holding.until.is_none_or(|until| at < until);
    holdings.iter().filter(stands).map(|holding| holding.role.clone()).collect()
}

/// Judges what another set of roles changes for everybody who holds one of `affected`.
pub(crate) async fn judge_all(
    tx: &mut Tx<'_, Write>,
    desk: &Desk,
    by: &Giver,
    after: &Rulebook,
    (affected, effort): (&[RoleName], &mut Effort),
) -> Result<(), OrganizationError> {
    if desk.apart(|| holds_all(desk, by)).await?? {
        return Ok(());
    }
    let names: Vec<&str> = affected.iter().map(RoleName::as_str).collect();
    let rows = tx.query(&WITH, &[&desk.organization.as_str(), &desk.now, &names, &(MOST_SETS + 1)]).await?;
    if i64::try_from(rows.len()).is_ok_and(|sets| sets > MOST_SETS) {
        return Err(OrganizationError::Beyond(vec![
            "more is held along with it than can be looked through: ask an owner".into(),
        ]));
    }
    let sets = rows.iter().map(|row| names_of(&row.try_get::<Vec<String>>(0)?)).collect::<Result<BTreeSet<_>, _>>()?;
    desk.apart(|| judged_with(desk, by, after, (&sets, effort))).await?
}

fn judged_with(
    desk: &Desk,
    by: &Giver,
    after: &Rulebook,
    (sets, effort): (&BTreeSet<Vec<RoleName>>, &mut Effort),
) -> Result<(), OrganizationError> {
    // Nobody's hold is as long as a role's.
    let moments: Vec<Timestamp> = by.ends().chain([desk.now]).collect();
    for roles in sets {
        for _ in &moments {
            effort.spend(&desk.book, roles)?;
            effort.spend(after, roles)?;
        }
    }
    for roles in sets {
        let (was, will) = (comes_to(&desk.book, roles)?, comes_to(after, roles)?);
        for at in &moments {
            by.may_change(&was, &will, At { given: Some(*at), taken: Some(*at) })?;
        }
    }
    Ok(())
}

/// The owners who hold all that an owner does, nothing of it denied, by these roles: without one nobody can mend what was done. No more than `most`.
pub(crate) async fn keepers(
    tx: &mut Tx<'_, Write>,
    organization: &TenantId,
    book: &Rulebook,
    now: Timestamp,
    most: usize,
) -> Result<Vec<UserId>, OrganizationError> {
    let rows = tx.write(&OWNERS, &[&organization.as_str(), &now]).await?;
    apart(organization, book.effort(), || keeping(&rows, book, most)).await?
}

fn keeping(rows: &[Row], book: &Rulebook, most: usize) -> Result<Vec<UserId>, OrganizationError> {
    let whole = compiled(book, &[OrganizationRole::Owner.into()])?;
    let (mut effort, mut judged) = (Effort::default(), BTreeMap::<Vec<RoleName>, bool>::new());
    let mut keepers = Vec::new();
    for row in rows {
        if keepers.len() >= most {
            break;
        }
        let user: UserId = row.try_get::<Uuid>(0)?.into();
        let mut roles = names_of(&row.try_get::<Vec<String>>(1)?)?;
        roles.push(OrganizationRole::Owner.into());
        roles.sort();
        // All that an owner holds speaks of nobody: which of the owners it is makes no difference.
        let keeps = if let Some(keeps) = judged.get(&roles) {
            *keeps
        } else {
            effort.spend(book, &roles)?;
            comes_to(book, &roles)?.beyond(Some(user), &[], &whole).is_empty()
        };
        if keeps {
            keepers.push(user);
        }
        judged.insert(roles, keeps);
    }
    Ok(keepers)
}

/// Whether there is one of them.
pub(crate) async fn has_keeper(tx: &mut Tx<'_, Write>, desk: &Desk, book: &Rulebook) -> Result<bool, OrganizationError> {
    Ok(!keepers(tx, &desk.organization, book, desk.now, 1).await?.is_empty())
}

/// What is in the way of a change after which there is none any more.
pub(crate) const fn no_keeper() -> OrganizationError {
    OrganizationError::LastOwner("no owner would be left to whom nothing is denied: make somebody else an owner first")
}

fn names_of(texts: &[String]) -> Result<Vec<RoleName>, OrganizationError> {
    Ok(texts.iter().map(|text| RoleName::read(text)).collect::<Result<_, _>>()?)
}
