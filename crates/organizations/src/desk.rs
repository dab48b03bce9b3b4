//! An organization whose roles or grants are about to change: held, so that of two changes at once one is after the other.

use uuid::Uuid;
use wardgraph_access::{Bound, Held, Matcher, RoleName, Rulebook};
use wardgraph_identity::invitation::Ended;
use wardgraph_kernel::{ClientId, Holder, OrganizationRole, SessionId, TenantId, Timestamp, UserId, Write};
use wardgraph_store::{Role, Statement, StatementInfo, Tx};

use crate::{Giver, OrganizationError, announce, bench::apart, effort::Effort, error::Flaw, held, sets};

const APP: &[Role] = &[Role::App];

const HOLD: Statement<Write> = Statement::writing(
    "organizations.desk.hold",
    APP,
    "select roles_version from organizations where organization_id = $1 for no key update",
);
const RAISE_ROLES: Statement<Write> = Statement::writing(
    "organizations.desk.raise_roles",
    APP,
    "update organizations set roles_version = roles_version + 1 where organization_id = $1 returning roles_version",
);
const RAISE_GRANTS: Statement<Write> = Statement::writing(
    "organizations.desk.raise_grants",
    APP,
    "update organizations set grants_version = grants_version + 1 where organization_id = $1 returning grants_version",
);
/// A session that lives, of an account that was not told to be somebody else's since. It waits for nobody: who ends a session at this very moment
/// is as early as who acts.
const SIGNED_IN: Statement<Write> = Statement::writing(
    "organizations.desk.signed_in",
    APP,
    "select s.session_id from sessions s join users u using (user_id)
     where s.organization_id = $1 and s.session_id = $2 and s.user_id = $3 and s.ended_at is null and u.generation = $4",
);

pub(crate) const STATEMENTS: &[&StatementInfo] = &[HOLD.info(), RAISE_GRANTS.info(), RAISE_ROLES.info(), SIGNED_IN.info()];

/// An organization whose roles or grants are about to change, and its roles as they stand.
///
/// **Invariant:** its row is held until the transaction ends (`edits_that_together_make_a_circle_are_one_after_the_other`).
#[derive(Debug)]
pub struct Desk {
    pub(crate) organization: TenantId,
    pub(crate) book: Rulebook,
    pub(crate) roles_version: i64,
    pub(crate) now: Timestamp,
}

/// The account and the session of somebody who is about to change something.
#[derive(Debug, Clone, Copy)]
pub struct Session {
    /// The account.
    pub user: UserId,
    /// The session.
    pub id: SessionId,
    /// The account's generation, as the session's token has it.
    pub generation: i64,
}

impl Session {
    /// Refuses a session that has ended, or never was the organization's: a token outlives it by up to a second.
    ///
    /// # Errors
    /// [`OrganizationError::SignedOut`].
    pub(crate) async fn lives(&self, tx: &mut Tx<'_, Write>, organization: &TenantId) -> Result<(), OrganizationError> {
        let (organization, id, user) = (organization.as_str(), self.id.uuid(), self.user.uuid());
        let lives = tx.write(&SIGNED_IN, &[&organization, &id, &user, &self.generation]).await?;
        if lives.is_empty() { Err(OrganizationError::SignedOut) } else { Ok(()) }
    }
}

impl Desk {
    /// Holds the organization that the transaction is bound to, and reads its roles.
    ///
    /// # Errors
    /// [`OrganizationError::Missing`] if there is no such organization.
    pub async fn open(tx: &mut Tx<'_, Write>, organization: &TenantId, now: Timestamp) -> Result<Self, OrganizationError> {
        let rows = tx.write(&HOLD, &[&organization.as_str()]).await?;
        let row = rows.first().ok_or(OrganizationError::Missing("organization"))?;
        let roles_version = row.try_get(0)?;
        Ok(Self { organization: organization.clone(), book: held::rulebook(tx, organization).await?, roles_version, now })
    }

    /// Who gives and takes, as the database has them now and whatever their token says. What they are on the whole server is no organization's to give.
    ///
    /// # Errors
    /// [`OrganizationError::SignedOut`] for a session that has ended; [`OrganizationError::Beyond`] for whoever is no member any more.
    pub async fn giver(&self, tx: &mut Tx<'_, Write>, session: Session, bounds: Vec<Bound>) -> Result<Giver, OrganizationError> {
        session.lives(tx, &self.organization).await?;
        self.member(tx, session.user, bounds).await
    }

    /// The same of a member in whose name whoever runs the server acts.
    ///
    /// # Errors
    /// [`OrganizationError::Beyond`] for whoever is no member.
    pub async fn member(&self, tx: &mut Tx<'_, Write>, user: UserId, bounds: Vec<Bound>) -> Result<Giver, OrganizationError> {
        let standing = held::standing(tx, &self.organization, &Holder::User(user), self.now).await?;
        let outside = || OrganizationError::Beyond(vec!["you are no member of the organization any more".into()]);
        let standing = standing.ok_or_else(outside)?;
        let holdings = sets::held_by(tx, &Holder::User(user), self.now).await?.unwrap_or_default();
        self.apart(|| {
            let mut effort = Effort::default();
            let holds = self.book.compile(&standing.held.here())?;
            let lasting = self.book.compile(&standing.lasting.here())?;
            let whole = self.compiled(&OrganizationRole::Owner.into())?;
            // Whoever holds everything for good, and whatever they were given besides denies nothing of it, holds it at each moment.
            if [&holds, &lasting].iter().all(|held| held.beyond(Some(user), &[], &whole).is_empty()) {
                return Ok(Giver::person(user, holds, bounds));
            }
            let left = |at| -> Result<_, OrganizationError> {
                let roles = sets::standing_at(&holdings, at);
                effort.spend(&self.book, &roles)?;
                Ok((at, compiled(&self.book, &roles)?))
            };
            let later = sets::ends(&holdings).map(left).collect::<Result<_, _>>()?;
            Ok(Giver::for_a_while(user, holds, later, bounds))
        })
        .await?
    }

    /// Works something out that may be about all roles of the organization.
    ///
    /// # Errors
    /// [`OrganizationError::Busy`].
    pub(crate) async fn apart<T>(&self, work: impl FnOnce() -> T + Send) -> Result<T, OrganizationError> {
        apart(&self.organization, self.book.effort(), work).await
    }

    /// The role of the organization that a text names exactly, built in or its own.
    ///
    /// # Errors
    /// [`OrganizationError::Unfit`].
    pub fn role(&self, text: &str) -> Result<RoleName, OrganizationError> {
        let known = RoleName::read(text).ok().filter(|name| self.book.find(name).is_some());
        known.ok_or_else(|| OrganizationError::Unfit(vec![Flaw::new("role", "is no role of the organization")]))
    }

    /// Whether somebody may have others hold a role, by an invitation or a token.
    ///
    /// # Errors
    /// [`OrganizationError::Beyond`].
    pub async fn may_promise(&self, by: &Giver, role: impl Into<RoleName>) -> Result<(), OrganizationError> {
        let role = role.into();
        self.apart(|| by.may_give(&self.compiled(&role)?)).await?
    }

    /// Whether somebody may end an open invitation, which is a grant that waits: one of their own, one to what they may have others hold, or one to a role
    /// that is gone.
    ///
    /// # Errors
    /// [`OrganizationError::Beyond`].
    pub async fn may_take_back(&self, by: &Giver, invitation: &Ended) -> Result<(), OrganizationError> {
        let role = RoleName::read(&invitation.role)?;
        if by.user() == Some(invitation.inviter) || self.book.find(&role).is_none() {
            return Ok(());
        }
        self.may_promise(by, role).await
    }

    /// Whether somebody may hold what opens a client: all that it may do on its own behalf, by its role as it is and is to be, and by what it was granted.
    ///
    /// # Errors
    /// [`OrganizationError::Beyond`], and [`OrganizationError::InTheWay`] for more roles than it may hold.
    pub async fn may_hold(
        &self,
        tx: &mut Tx<'_, Write>,
        by: &Giver,
        client: Option<&ClientId>,
        role: Option<OrganizationRole>,
    ) -> Result<(), OrganizationError> {
        let mut roles: Vec<RoleName> = role.into_iter().map(RoleName::from).collect();
        if let Some(client) = client {
            if let Some(role) = role {
                sets::has_room(tx, &Holder::Client(client.clone()), role, self.now).await?;
            }
            let held = sets::held_by(tx, &Holder::Client(client.clone()), self.now).await?.unwrap_or_default();
            roles.extend(held.into_iter().map(|holding| holding.role));
        }
        // As it is and as it is to be may be more together than either.
        self.apart(|| match sets::fit(roles.iter().cloned()) {
            Ok(()) => by.may_give(&compiled(&self.book, &roles)?),
            Err(_) => roles.iter().try_for_each(|role| by.may_give(&self.compiled(role)?)),
        })
        .await?
    }

    /// Whether somebody may end a client: all that it holds on its own behalf is theirs to take.
    ///
    /// # Errors
    /// [`OrganizationError::Beyond`].
    pub async fn may_end(&self, tx: &mut Tx<'_, Write>, by: &Giver, client: &ClientId) -> Result<(), OrganizationError> {
        let held = sets::held_by(tx, &Holder::Client(client.clone()), self.now).await?.unwrap_or_default();
        sets::judge(self, by, &held, &[]).await
    }

    /// What a role comes to by itself.
    pub(crate) fn compiled(&self, role: &RoleName) -> Result<Matcher, OrganizationError> {
        compiled(&self.book, std::slice::from_ref(role))
    }

    /// Has every server read the roles anew.
    pub(crate) async fn roles_changed(&self, tx: &mut Tx<'_, Write>) -> Result<(), OrganizationError> {
        let rows = tx.write(&RAISE_ROLES, &[&self.organization.as_str()]).await?;
        let version = rows.first().ok_or(OrganizationError::Missing("organization"))?.try_get(0)?;
        Ok(announce::roles(tx, &self.organization, version, self.now).await?)
    }

    /// Has every server read anew what somebody holds here.
    pub(crate) async fn grants_changed(&self, tx: &mut Tx<'_, Write>, holder: &Holder) -> Result<(), OrganizationError> {
        let rows = tx.write(&RAISE_GRANTS, &[&self.organization.as_str()]).await?;
        let version = rows.first().ok_or(OrganizationError::Missing("organization"))?.try_get(0)?;
        Ok(announce::grants(tx, (&self.organization, holder), version, self.now).await?)
    }
}

/// What a set of roles comes to.
pub(crate) fn compiled(book: &Rulebook, roles: &[RoleName]) -> Result<Matcher, OrganizationError> {
    Ok(book.compile(&Held::new(roles.iter().cloned(), None)?)?)
}

/// Whether every organization has a role of this name.
pub(crate) fn is_built_in(name: &RoleName) -> bool {
    OrganizationRole::of(name.as_str()).is_some()
}

/// A holder, as rows have it.
pub(crate) fn columns(holder: &Holder) -> (Option<Uuid>, Option<&str>) {
    match holder {
        Holder::User(id) => (Some(id.uuid()), None),
        Holder::Client(id) => (None, Some(id.as_str())),
    }
}
