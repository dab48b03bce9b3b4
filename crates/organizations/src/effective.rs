//! What somebody may do in an organization, by which roles, and until when.

use std::collections::BTreeMap;

use wardgraph_access::{Held, Lineage, Matcher, On, Question, RoleName, Rule, Rulebook};
use wardgraph_kernel::{GlobalRole, Holder, Mode, Permission, Read, TenantId, Timestamp, UserId};
use wardgraph_store::{Role, Statement, StatementInfo, Tx};

use crate::{
    OrganizationError,
    bench::apart,
    held,
    sets::{self, Holding},
};

const APP: &[Role] = &[Role::App];
/// How many roles are named in all, beside the rules that count by them: an answer of some ten megabytes.
const MOST_NAMED: usize = 200_000;
/// What is known of a holder besides roles of the organization.
const MEMBER: Statement<Read> = Statement::reading(
    "organizations.effective.member",
    APP,
    "select u.global_role, u.disabled_at is not null, o.roles_version
     from memberships m join users u on u.user_id = m.user_id join organizations o on o.organization_id = m.organization_id
     where m.organization_id = $1 and m.user_id = $2",
);
const CLIENT: Statement<Read> = Statement::reading(
    "organizations.effective.client",
    APP,
    "select null::text, c.disabled_at is not null, o.roles_version
     from clients c join organizations o on o.organization_id = c.organization_id where c.organization_id = $1 and c.client_id = $2",
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

/// What somebody holds in an organization, which is still to be worked out.
#[derive(Debug)]
pub struct Looked {
    /// The version of the organization's roles.
    pub roles_version: i64,
    user: Option<UserId>,
    disabled: bool,
    roles: Vec<Holding>,
    global: Option<GlobalRole>,
}

/// What a holder holds in the organization at `now`.
///
/// # Errors
/// [`OrganizationError::Missing`] for who is no member, and no client, of it.
pub async fn look<M: Mode>(
    tx: &mut Tx<'_, M>,
    organization: &TenantId,
    holder: &Holder,
    now: Timestamp,
) -> Result<Looked, OrganizationError> {
    let (row, user) = match holder {
        Holder::User(id) => (tx.find(&MEMBER, &[&organization.as_str(), &id.uuid()]).await?, Some(*id)),
        Holder::Client(id) => (tx.find(&CLIENT, &[&organization.as_str(), &id.as_str()]).await?, None),
    };
    let row = row.ok_or(OrganizationError::Missing(if user.is_some() { "member" } else { "client" }))?;
    let global = match row.try_get::<Option<&str>>(0)? {
        None => None,
        Some(word) => Some(GlobalRole::of(word).ok_or(OrganizationError::Unreadable("a role on the whole server"))?),
    };
    let (disabled, roles_version) = (row.try_get(1)?, row.try_get(2)?);
    let mut roles = sets::held_by(tx, holder, now).await?.unwrap_or_default();
    roles.sort_by(|one, other| {
        (&one.role, one.until.is_some(), one.until).cmp(&(&other.role, other.until.is_some(), other.until))
    });
    Ok(Looked { roles_version, user, disabled, roles, global })
}

/// What a holder may do in the organization at `now`, by the roles as they stand in this transaction.
///
/// # Errors
/// Those of [`look`] and [`Looked::comes_to`].
pub async fn effective<M: Mode>(
    tx: &mut Tx<'_, M>,
    organization: &TenantId,
    holder: &Holder,
    now: Timestamp,
) -> Result<Effective, OrganizationError> {
    let looked = look(tx, organization, holder, now).await?;
    let (held, book) = (looked.held()?, held::rulebook(tx, organization).await?);
    apart(organization, book.effort(), || looked.comes_to(&book, &book.compile(&held)?)).await?
}

impl Looked {
    /// The set of roles.
    ///
    /// # Errors
    /// Where they are more than somebody may hold.
    pub fn held(&self) -> Result<Held, OrganizationError> {
        Ok(Held::new(self.roles.iter().map(|holding| holding.role.clone()), self.global)?)
    }

    /// What the holder may do by these roles, and by what they come to.
    ///
    /// # Errors
    /// [`OrganizationError::InTheWay`] for what is too much to be told.
    pub fn comes_to(self, book: &Rulebook, matcher: &Matcher) -> Result<Effective, OrganizationError> {
        let on_everything =
            |permission: &Permission| matcher.allows(&Question { permission: *permission, on: On::All, user: self.user }, &[]);
        let held = self.held()?;
        let lineage = book.lineage(&held)?;
        let named: usize =
            lineage.iter().map(|one| (one.role.allows().count() + one.role.denies().count()) * one.through.len()).sum();
        if named > MOST_NAMED {
            let told = "so many rules count by so many roles that they cannot be told: ask for a decision, or why it is made";
            return Err(OrganizationError::InTheWay(told.into()));
        }
        Ok(Effective {
            disabled: self.disabled,
            permissions: Permission::ALL.iter().copied().filter(on_everything).collect(),
            until: self.roles.iter().filter_map(|holding| holding.until).min(),
            allows: counting(&lineage, &self.roles, |role| role.allows().cloned().collect()),
            denies: counting(&lineage, &self.roles, |role| role.denies().cloned().collect()),
            global: self.global,
            roles: self.roles,
        })
    }
}

/// The rules of one kind that count, of each role that is held or inherited from.
fn counting(
    lineage: &[Lineage<'_>],
    holdings: &[Holding],
    rules: impl Fn(&wardgraph_access::Role) -> Vec<Rule>,
) -> Vec<Counting> {
    // When each role that is held ends for good, `None` last of all.
    let mut ends: BTreeMap<&RoleName, Option<Timestamp>> = BTreeMap::new();
    for holding in holdings {
        let end = ends.entry(&holding.role).or_insert(holding.until);
        *end = later(*end, holding.until);
    }
    let mut counting: Vec<Counting> = Vec::new();
    for Lineage { role, through } in lineage {
        let until = through.iter().filter_map(|held| ends.get(held).copied()).reduce(later).flatten();
        let through: Vec<RoleName> = through.iter().map(|&held| held.clone()).collect();
        for rule in rules(role) {
            counting.push(Counting { role: role.name().clone(), rule, through: through.clone(), until });
        }
    }
    counting.sort();
    counting
}

fn later(one: Option<Timestamp>, other: Option<Timestamp>) -> Option<Timestamp> {
    one.zip(other).map(|(one, other)| one.max(other))
}
