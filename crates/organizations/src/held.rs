//! Who holds what, and what the roles say that they hold.

use wardgraph_access::{Held, Role as Made, RoleName, Rule, Rulebook};
use wardgraph_kernel::{GlobalRole, Holder, Identity, Mode, OrganizationRole, Permissions, Read, TenantId, Timestamp, UserId};
use wardgraph_store::{Question, Role, Row, Statement, StatementInfo, StoreError, Tx};

use crate::{OrganizationError, bench::apart};

/// What a member holds: the role of the membership, what is granted besides, and what they are on the whole server.
pub(crate) const MEMBER_SQL: &str =
    "select m.role, u.global_role, g.roles, g.until, o.roles_version, o.grants_version, u.generation, g.lasting
     from memberships m join users u on u.user_id = m.user_id join organizations o on o.organization_id = m.organization_id
     cross join lateral (
       select coalesce(array_agg(role), '{}') as roles, min(expires_at) as until,
              coalesce(array_agg(role) filter (where expires_at is null), '{}') as lasting from grants
       where tenant_id = $1 and user_id = $2 and (expires_at is null or expires_at > $3)) g
     where m.organization_id = $1 and m.user_id = $2 and u.disabled_at is null";
const MEMBER: Statement<Read> = Statement::reading("organizations.held.member", &[Role::App, Role::Identity], MEMBER_SQL);
/// The same of a client on its own behalf.
const CLIENT: Statement<Read> = Statement::reading(
    "organizations.held.client",
    &[Role::App, Role::Identity],
    "select c.role, null::text, g.roles, g.until, o.roles_version, o.grants_version, c.generation, g.lasting
     from clients c join organizations o on o.organization_id = c.organization_id
     cross join lateral (
       select coalesce(array_agg(role), '{}') as roles, min(expires_at) as until,
              coalesce(array_agg(role) filter (where expires_at is null), '{}') as lasting from grants
       where tenant_id = $1 and client_id = $2 and (expires_at is null or expires_at > $3)) g
     where c.organization_id = $1 and c.client_id = $2 and c.disabled_at is null",
);
/// The roles that an organization made, with the version of them, and how much each states: one row without a name where there are none.
pub(crate) const ROLES_SQL: &str = "select o.roles_version, r.name, r.allows, r.denies, r.inherits,
       cardinality(r.allows) + cardinality(r.denies) + cardinality(r.inherits)
     from organizations o left join roles r on r.tenant_id = $1 where o.organization_id = $1";
const ROLES: Statement<Read> =
    Statement::reading("organizations.held.roles", &[Role::App, Role::Identity, Role::Admin], ROLES_SQL);

/// The roles that are granted to somebody, with those that they take over, and what the organization's own say.
const GRANTED: Statement<Identity> = Statement::identity(
    "organizations.held.granted",
    "with recursive given(name) as (
       select role from grants where tenant_id = $1 and user_id = $2 and (expires_at is null or expires_at > $3)
       union
       select i.name from given join roles r on r.tenant_id = $1 and r.name = given.name cross join lateral unnest(r.inherits) i(name))
     select given.name, coalesce(r.allows, '{}') from given left join roles r on r.tenant_id = $1 and r.name = given.name",
);

pub(crate) const STATEMENTS: &[&StatementInfo] = &[MEMBER.info(), CLIENT.info(), ROLES.info(), GRANTED.info()];

/// What a holder holds in an organization.
#[derive(Debug, Clone)]
pub struct Standing {
    /// The roles: in the organization, and on the whole server.
    pub held: Held,
    /// Those of them that they hold for good.
    pub lasting: Held,
    /// When the next of them ends that was given for a while.
    pub until: Option<Timestamp>,
    /// The version of the organization's roles.
    pub roles_version: i64,
    /// The version of who holds which.
    pub grants_version: i64,
    /// The account's generation, or what is registered of the client's.
    pub generation: i64,
}

/// What a holder holds in the tenant at `now`; `None` where they hold nothing there: no member, disabled, no such client.
///
/// # Errors
/// Besides those of the database, for what cannot be read: what it would have denied is not known.
pub async fn standing<M: Mode>(
    tx: &mut Tx<'_, M>,
    organization: &TenantId,
    holder: &Holder,
    now: Timestamp,
) -> Result<Option<Standing>, OrganizationError> {
    let row = match holder {
        Holder::User(id) => tx.find(&MEMBER, &[&organization.as_str(), &id.uuid(), &now]).await?,
        Holder::Client(id) => tx.find(&CLIENT, &[&organization.as_str(), &id.as_str(), &now]).await?,
    };
    row.as_ref().map(read).transpose()
}

pub(crate) fn read(row: &Row) -> Result<Standing, OrganizationError> {
    let (own, granted, for_good): (Option<String>, Vec<String>, Vec<String>) =
        (row.try_get(0)?, row.try_get(2)?, row.try_get(7)?);
    let with = |granted: &[String]| own.iter().chain(granted).map(|name| RoleName::read(name)).collect::<Result<Vec<_>, _>>();
    let (roles, lasting) = (with(&granted)?, with(&for_good)?);
    let global = match row.try_get::<Option<&str>>(1)? {
        None => None,
        Some(word) => Some(GlobalRole::of(word).ok_or(OrganizationError::Unreadable("a role on the whole server"))?),
    };
    Ok(Standing {
        held: Held::new(roles, global)?,
        lasting: Held::new(lasting, global)?,
        until: row.try_get(3)?,
        roles_version: row.try_get(4)?,
        grants_version: row.try_get(5)?,
        generation: row.try_get(6)?,
    })
}

/// All roles of the organization as they stand in this transaction, built-in ones among them.
///
/// # Errors
/// Besides those of the database, for roles that cannot be read or do not go together.
pub async fn rulebook<M: Mode>(tx: &mut Tx<'_, M>, organization: &TenantId) -> Result<Rulebook, OrganizationError> {
    stated(tx, organization).await?.read(organization).await
}

/// What the roles of an organization say as they stand in this transaction, which nobody has read yet: that may take a while.
///
/// # Errors
/// Those of the database.
pub async fn stated<M: Mode>(tx: &mut Tx<'_, M>, organization: &TenantId) -> Result<Stated, OrganizationError> {
    Ok(Stated(tx.query(&ROLES, &[&organization.as_str()]).await?))
}

/// What the roles of an organization say, as rows have it.
#[derive(Debug)]
pub struct Stated(pub(crate) Vec<Row>);

impl Stated {
    /// How much it is to read it: how many rules and parents there are.
    ///
    /// # Errors
    /// [`OrganizationError::Unreadable`].
    pub fn effort(&self) -> Result<usize, OrganizationError> {
        let each = self.0.iter().map(|row| row.try_get::<Option<i32>>(5).map(Option::unwrap_or_default));
        let all = each.sum::<Result<i32, StoreError>>()?;
        usize::try_from(all).map_err(|_| OrganizationError::Unreadable("how much roles state"))
    }

    /// What they come to, worked out where others wait for nobody.
    ///
    /// # Errors
    /// As [`Self::book`], and [`OrganizationError::Busy`].
    pub(crate) async fn read(&self, organization: &TenantId) -> Result<Rulebook, OrganizationError> {
        let (_, book) = apart(organization, self.effort()?, || self.book()).await??;
        Ok(book)
    }

    /// The version of the roles, and what they come to.
    ///
    /// # Errors
    /// For roles that cannot be read or do not go together.
    pub fn book(&self) -> Result<(i64, Rulebook), OrganizationError> {
        let version = self.0.first().map(|row| row.try_get(0)).transpose()?.unwrap_or_default();
        let mut made = Vec::with_capacity(self.0.len());
        for row in &self.0 {
            if let Some(name) = row.try_get::<Option<&str>>(1)? {
                made.push(role(name, row)?);
            }
        }
        Ok((version, Rulebook::new(made)?))
    }
}

fn role(name: &str, row: &Row) -> Result<Made, OrganizationError> {
    let (allows, denies, inherits): (Vec<String>, Vec<String>, Vec<String>) = (row.try_get(2)?, row.try_get(3)?, row.try_get(4)?);
    let rules = |texts: &[String]| texts.iter().map(|text| Rule::read(text)).collect::<Result<Vec<_>, _>>();
    let inherits = inherits.iter().map(|name| RoleName::read(name)).collect::<Result<Vec<_>, _>>()?;
    Ok(Made::new(RoleName::read(name)?, rules(&allows)?, rules(&denies)?, inherits)?)
}

/// The most that grants allow a member, whatever their names and denies leave of it: for the scopes of tokens, which only bound what is decided.
///
/// # Errors
/// Those of the database.
pub fn granted(organization: &TenantId, user: UserId, now: Timestamp) -> Question<'_, Permissions, OrganizationError> {
    Question::new(&GRANTED, vec![Box::new(organization.as_str()), Box::new(user.uuid()), Box::new(now)], |rows| most(&rows))
}

fn most(rows: &[Row]) -> Result<Permissions, OrganizationError> {
    let mut all = Permissions::NONE;
    for row in rows {
        let (name, allows): (&str, Vec<String>) = (row.try_get(0)?, row.try_get(1)?);
        all = all.union(OrganizationRole::of(name).map_or(Permissions::NONE, OrganizationRole::permissions));
        for rule in &allows {
            // One that cannot be read gives nothing here; and where it is decided, nobody is let in by it.
            all = all.union(Rule::read(rule).map_or(Permissions::NONE, |rule| rule.permissions()));
        }
    }
    Ok(all)
}
