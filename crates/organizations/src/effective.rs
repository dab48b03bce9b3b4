//! What somebody may do in an organization, by which roles, and until when.

use std::collections::{BTreeMap, BTreeSet};

use wardgraph_access::{On, Question, RoleName, Rule, Rulebook};
use wardgraph_kernel::{GlobalRole, Holder, Mode, Permission, Read, TenantId, Timestamp, UserId};
use wardgraph_store::{Role, Statement, StatementInfo, Tx};

use crate::{
    OrganizationError, held,
    sets::{self, Holding},
};

const APP: &[Role] = &[Role::App];
/// What is known of a holder besides roles of the organization.
const MEMBER: Statement<Read> = Statement::reading(
    "organizations.effective.member",
    APP,
    "select u.global_role, u.disabled_at is not null from memberships m join users u on u.user_id = m.user_id
     where m.organization_id = $1 and m.user_id = $2",
);
const CLIENT: Statement<Read> = Statement::reading(
    "organizations.effective.client",
    APP,
    "select null::text, disabled_at is not null from clients where organization_id = $1 and client_id = $2",
);

pub(crate) const STATEMENTS: &[&StatementInfo] = &[CLIENT.info(), MEMBER.info()];

/// What somebody may do.
#[derive(Debug)]
pub struct Effective {
    /// Whether they may do nothing at all for now.
    pub disabled: bool,
    /// The roles that they hold, by name.
    pub roles: Vec<Holding>,
    /// What a person is on the whole server.
    pub global: Option<GlobalRole>,
    /// What allows.
    pub allows: Vec<Counting>,
    /// What denies.
    pub denies: Vec<Counting>,
    /// What may be done to everything.
    pub permissions: Vec<Permission>,
    /// When the next role ends that was given for a while.
    pub until: Option<Timestamp>,
}

/// A rule that counts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Counting {
    /// The role that states it.
    pub role: RoleName,
    /// The rule.
    pub rule: Rule,
    /// The roles that are held by which that one counts.
    pub through: Vec<RoleName>,
    /// From when on it counts no more.
    pub until: Option<Timestamp>,
}

/// What a holder may do in the organization at `now`.
///
/// # Errors
/// [`OrganizationError::Missing`] for who is no member, and no client, of it.
pub async fn effective<M: Mode>(
    tx: &mut Tx<'_, M>,
    organization: &TenantId,
    holder: &Holder,
    now: Timestamp,
) -> Result<Effective, OrganizationError> {
    let (row, user) = match holder {
        Holder::User(id) => (tx.find(&MEMBER, &[&organization.as_str(), &id.uuid()]).await?, Some(*id)),
        Holder::Client(id) => (tx.find(&CLIENT, &[&organization.as_str(), &id.as_str()]).await?, None),
    };
    let row = row.ok_or(OrganizationError::Missing(if user.is_some() { "member" } else { "client" }))?;
    let global = match row.try_get::<Option<&str>>(0)? {
        None => None,
        Some(word) => Some(GlobalRole::of(word).ok_or(OrganizationError::Unreadable("a role on the whole server"))?),
    };
    let disabled = row.try_get(1)?;
    let mut roles = sets::held_by(tx, holder, now).await?.unwrap_or_default();
    roles.sort_by(|one, other| {
        (&one.role, one.until.is_some(), one.until).cmp(&(&other.role, other.until.is_some(), other.until))
    });
    let book = held::rulebook(tx, organization).await?;
    Ok(Effective {
        disabled,
        permissions: permissions(&book, &roles, global, user)?,
        until: roles.iter().filter_map(|holding| holding.until).min(),
        allows: counting(&book, &roles, |role| role.allows().cloned().collect()),
        denies: counting(&book, &roles, |role| role.denies().cloned().collect()),
        global,
        roles,
    })
}

fn permissions(
    book: &Rulebook,
    roles: &[Holding],
    global: Option<GlobalRole>,
    user: Option<UserId>,
) -> Result<Vec<Permission>, OrganizationError> {
    let held = wardgraph_access::Held::new(roles.iter().map(|holding| holding.role.clone()), global)?;
    let matcher = book.compile(&held)?;
    let on_everything = |permission: &Permission| matcher.allows(&Question { permission: *permission, on: On::All, user }, &[]);
    Ok(Permission::ALL.iter().copied().filter(on_everything).collect())
}

/// The rules of one kind that count, of each role that is held or inherited from.
fn counting(book: &Rulebook, holdings: &[Holding], rules: impl Fn(&wardgraph_access::Role) -> Vec<Rule>) -> Vec<Counting> {
    // When each role that is held ends for good, `None` last of all.
    let mut ends: BTreeMap<&RoleName, Option<Timestamp>> = BTreeMap::new();
    for holding in holdings {
        let end = ends.entry(&holding.role).or_insert(holding.until);
        *end = later(*end, holding.until);
    }
    let mut through: BTreeMap<&RoleName, BTreeSet<&RoleName>> = BTreeMap::new();
    for held in ends.keys().copied() {
        let mut waiting = vec![held];
        while let Some(name) = waiting.pop() {
            if through.entry(name).or_default().insert(held) {
                waiting.extend(book.find(name).into_iter().flat_map(wardgraph_access::Role::inherits));
            }
        }
    }
    let mut counting: Vec<Counting> = Vec::new();
    for (name, by) in through {
        let until = by.iter().filter_map(|held| ends.get(held).copied()).reduce(later).flatten();
        for rule in book.find(name).map(&rules).unwrap_or_default() {
            let through = by.iter().map(|&held| held.clone()).collect();
            counting.push(Counting { role: name.clone(), rule, through, until });
        }
    }
    counting.sort();
    counting
}

fn later(one: Option<Timestamp>, other: Option<Timestamp>) -> Option<Timestamp> {
    one.zip(other).map(|(one, other)| one.max(other))
}
