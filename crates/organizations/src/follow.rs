//! What somebody may give at the moment when what they gave is followed: an invitation, a token by which clients register.
//!
//! **Invariant:** what is followed gives what its giver holds then, for good and by what the role says then
//! (`an_invitation_to_a_role_is_judged_when_it_is_followed`); a token of theirs lets clients ask for no more (`a_token_is_worth_what_its_maker_is`).

use std::slice;

use uuid::Uuid;
use wardgraph_access::{Held, On, Question, RoleName, Rulebook};
use wardgraph_kernel::{GrantId, Holder, Identity, Permission, Permissions, Read, TenantId, Timestamp, UserId, Write};
use wardgraph_store::{Param, Role, Row, Statement, StatementInfo, Tx};

use crate::{
    Giver, OrganizationError, announce,
    bench::apart,
    desk::{compiled, is_built_in},
    grants::Grant,
    held::{self, Stated},
};

const ADMIN: &[Role] = &[Role::Admin];

const GIVER: Statement<Read> = Statement::reading("organizations.follow.giver", ADMIN, held::MEMBER_SQL);
const ROLES: Statement<Read> = Statement::reading("organizations.follow.roles", ADMIN, held::ROLES_SQL);
const GIVER_FOR: Statement<Identity> = Statement::identity("organizations.follow.giver_for", held::MEMBER_SQL);
const ROLES_FOR: Statement<Identity> = Statement::identity("organizations.follow.roles_for", held::ROLES_SQL);
/// Has a member hold a role of the organization's own, once they are one.
const GRANT_SQL: &str = "with given as (
       insert into grants (tenant_id, grant_id, user_id, role, granted_by, created_at)
       select $1, $2::uuid, $3::uuid, $4::text, $5::text, $6::timestamptz)
     update organizations set grants_version = grants_version + 1 where organization_id = $1 returning grants_version";
/// Row-level security asks for the invitation besides: one that was used up at this very moment.
const GRANT: Statement<Write> = Statement::writing("organizations.follow.grant", ADMIN, GRANT_SQL);
const GRANT_FOR: Statement<Identity> = Statement::identity("organizations.follow.grant_for", GRANT_SQL);

pub(crate) const STATEMENTS: &[&StatementInfo] =
    &[GIVER.info(), GIVER_FOR.info(), GRANT.info(), GRANT_FOR.info(), ROLES.info(), ROLES_FOR.info()];

/// What somebody gave, which is followed now.
#[derive(Debug, Clone, Copy)]
pub struct Gift<'a> {
    /// Where.
    pub organization: &'a TenantId,
    /// Who gave it.
    pub giver: UserId,
    /// By what leave.
    pub by: Permission,
    /// What they gave besides that leave: a role.
    pub role: Option<&'a RoleName>,
    /// And what clients may ask for.
    pub scopes: Permissions,
}

/// To whom it is given, and as what it is kept.
#[derive(Debug, Clone, Copy)]
pub struct Follower {
    /// Who.
    pub user: UserId,
    /// The grant of what the membership itself does not give.
    pub grant: GrantId,
}

impl Gift<'_> {
    /// Whether its giver may give it at `now`, asked before anyone is known.
    ///
    /// # Errors
    /// Besides those of the database, for what cannot be read: what it would have denied is not known.
    pub async fn stands(&self, tx: &mut Tx<'_, Identity>, now: Timestamp) -> Result<bool, OrganizationError> {
        let (organization, giver) = (self.organization.as_str(), self.giver.uuid());
        let held = tx.run(&GIVER_FOR, &[&organization, &giver, &now]).await?;
        self.judge(&held, Stated(tx.run(&ROLES_FOR, &[&organization]).await?)).await
    }

    /// The same under the administrator's role, for somebody with an account.
    ///
    /// # Errors
    /// As [`Self::stands`].
    pub async fn stands_for_account(&self, tx: &mut Tx<'_, Write>, now: Timestamp) -> Result<bool, OrganizationError> {
        let (organization, giver) = (self.organization.as_str(), self.giver.uuid());
        let held = tx.query(&GIVER, &[&organization, &giver, &now]).await?;
        self.judge(&held, Stated(tx.query(&ROLES, &[&organization]).await?)).await
    }

    /// Has a new member hold the role, where it is one of the organization's own, and every server hear of it. `None` for a built-in one, which is the
    /// membership's. That it stands was asked in this transaction, while the organization is held.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn grant(
        &self,
        tx: &mut Tx<'_, Identity>,
        to: Follower,
        now: Timestamp,
    ) -> Result<Option<Grant>, OrganizationError> {
        let Some(made) = self.granted(to, now) else { return Ok(None) };
        let rows = tx.run(&GRANT_FOR, &self.columns(to, &made).params()).await?;
        announce::grants(tx, (self.organization, &made.holder), version(&rows)?, now).await?;
        Ok(Some(made))
    }

    /// The same under the administrator's role, for somebody with an account.
    ///
    /// # Errors
    /// As [`Self::grant`].
    pub async fn grant_to_account(
        &self,
        tx: &mut Tx<'_, Write>,
        to: Follower,
        now: Timestamp,
    ) -> Result<Option<Grant>, OrganizationError> {
        let Some(made) = self.granted(to, now) else { return Ok(None) };
        let rows = tx.write(&GRANT, &self.columns(to, &made).params()).await?;
        announce::grants(tx, (self.organization, &made.holder), version(&rows)?, now).await?;
        Ok(Some(made))
    }

    async fn judge(&self, held: &[Row], roles: Stated) -> Result<bool, OrganizationError> {
        let Some(row) = held.first() else { return Ok(false) };
        let standing = held::read(row)?;
        let book = roles.read(self.organization).await?;
        apart(self.organization, book.effort(), || self.is_held(&book, &standing.held, &standing.lasting)).await?
    }

    /// Whether who holds this, and for good no more than `lasting`, may give it.
    fn is_held(&self, book: &Rulebook, held: &Held, lasting: &Held) -> Result<bool, OrganizationError> {
        // What was deleted since is nobody's to give.
        if self.role.is_some_and(|role| book.find(role).is_none()) {
            return Ok(false);
        }
        // A role on the whole server is given away in no organization.
        let holds = book.compile(&held.here())?;
        let may = |permission| holds.allows(&Question { permission, on: On::All, user: Some(self.giver) }, &[]);
        if !may(self.by) || !self.scopes.iter().all(may) {
            return Ok(false);
        }
        let given = compiled(book, self.role.map(slice::from_ref).unwrap_or_default())?;
        // What is followed lasts, and so does what it is worth.
        let lasting = book.compile(&lasting.here())?;
        Ok([holds, lasting].into_iter().all(|held| Giver::person(self.giver, held, Vec::new()).may_give(&given).is_ok()))
    }

    fn granted(&self, to: Follower, now: Timestamp) -> Option<Grant> {
        let role = self.role.filter(|role| !is_built_in(role))?;
        Some(Grant {
            id: to.grant,
            holder: Holder::User(to.user),
            role: role.to_string(),
            granted_by: Holder::User(self.giver).to_string(),
            created_at: now,
            expires_at: None,
            last_used_at: None,
        })
    }

    fn columns<'g>(&'g self, to: Follower, made: &'g Grant) -> Columns<'g> {
        let (organization, id, user) = (self.organization.as_str(), to.grant.uuid(), to.user.uuid());
        Columns { organization, id, user, role: &made.role, granted_by: &made.granted_by, created_at: made.created_at }
    }
}

/// The row of a grant.
struct Columns<'g> {
    organization: &'g str,
    id: Uuid,
    user: Uuid,
    role: &'g str,
    granted_by: &'g str,
    created_at: Timestamp,
}

impl Columns<'_> {
    fn params(&self) -> [Param<'_>; 6] {
        [&self.organization, &self.id, &self.user, &self.role, &self.granted_by, &self.created_at]
    }
}

fn version(rows: &[Row]) -> Result<i64, OrganizationError> {
    Ok(rows.first().ok_or(OrganizationError::Missing("organization"))?.try_get(0)?)
}

#[cfg(test)]
mod tests {
    use wardgraph_access::{Role, Rule};
    use wardgraph_kernel::{GlobalRole, OrganizationRole};

    use super::*;

    /// An organization with a role `custom` that says this.
    fn book(allows: &[&str], denies: &[&str]) -> Rulebook {
        let rules = |texts: &[&str]| texts.iter().map(|text| Rule::read(text).unwrap()).collect::<Vec<_>>();
        Rulebook::new([Role::new(custom(), rules(allows), rules(denies), []).unwrap()]).unwrap()
    }

    fn custom() -> RoleName {
        RoleName::read("custom").unwrap()
    }

    fn stands(book: &Rulebook, by: Permission, role: Option<&RoleName>, scopes: &[&str], held: &Held) -> bool {
        let (organization, scopes) = (TenantId::parse("org_a").unwrap(), Permissions::from_scopes(scopes.iter().copied()));
        let gift = Gift { organization: &organization, giver: Uuid::from_u128(1).into(), by, role, scopes };
        gift.is_held(book, held, held).unwrap()
    }

    fn holding(roles: &[OrganizationRole], others: &[RoleName]) -> Held {
        Held::new(roles.iter().map(|role| RoleName::from(*role)).chain(others.iter().cloned()), None).unwrap()
    }

    #[test]
    fn a_token_is_worth_what_its_maker_is() {
        use OrganizationRole::{Admin, Developer, Owner};
        let book = book(&["clients:write", "nodes:read"], &[]);
        let worth = |scopes: &[&str], role: Option<OrganizationRole>, held: &Held| {
            stands(&book, Permission::ClientsWrite, role.map(RoleName::from).as_ref(), scopes, held)
        };
        let [owner, admin, developer] = [Owner, Admin, Developer].map(|role| holding(&[role], &[]));
        assert!(worth(&["nodes:read", "openid"], None, &owner) && worth(&["nodes:read"], None, &admin));
        assert!(!worth(&["nodes:read"], None, &developer) && !worth(&["nodes:read"], None, &holding(&[], &[])));
        assert!(worth(&["nodes:write"], Some(Developer), &admin) && !worth(&["nodes:write"], Some(Owner), &admin));
        // By whatever role it is held.
        let granted = holding(&[], &[custom()]);
        assert!(worth(&["nodes:read"], None, &granted) && !worth(&["nodes:write"], None, &granted));
        assert!(!worth(&[], Some(OrganizationRole::Analyst), &granted));
        // What somebody is on the whole server is no client's to ask for.
        let global = Held::new([RoleName::from(Owner)], Some(GlobalRole::SuperAdmin)).unwrap();
        assert!(!worth(&["system:read"], None, &global) && !worth(&["system:read"], None, &owner));
    }

    #[test]
    fn an_invitation_is_worth_what_its_role_says_when_it_is_followed() {
        let admin = holding(&[OrganizationRole::Admin], &[]);
        let worth = |book: &Rulebook, role: &RoleName, held: &Held| stands(book, Permission::MembersWrite, Some(role), &[], held);
        assert!(worth(&book(&["nodes:read:a-*"], &["nodes:write"]), &custom(), &admin));
        assert!(!worth(&book(&["nodes:read", "organizations:delete"], &[]), &custom(), &admin));
        assert!(!worth(&Rulebook::new([]).unwrap(), &custom(), &admin), "it is gone");
        // Who is denied something by that very role gives it to nobody without the deny, and with it.
        let guarded = book(&["nodes:read"], &["nodes:read:secret-*"]);
        let held = holding(&[OrganizationRole::Admin], &[custom()]);
        assert!(worth(&guarded, &custom(), &held) && !worth(&guarded, &OrganizationRole::Analyst.into(), &held));
        assert!(!worth(&guarded, &custom(), &holding(&[], &[custom()])), "without leave to invite");
        // What somebody is on the whole server is given away in no organization, and takes nothing from what they hold there.
        let looker = RoleName::read("looker").unwrap();
        let role = |name: RoleName, allows: &str| Role::new(name, [Rule::read(allows).unwrap()], [], []).unwrap();
        let both = Rulebook::new([role(custom(), "members:write"), role(looker.clone(), "users:read")]).unwrap();
        let global = |roles: RoleName| Held::new([roles], Some(GlobalRole::SuperAdmin)).unwrap();
        assert!(!worth(&both, &looker, &global(custom())) && worth(&both, &custom(), &global(custom())));
        assert!(worth(&both, &looker, &global(OrganizationRole::Owner.into())));
    }
}
