//! What somebody may give at the moment when what they gave is followed: an invitation, a token by which clients register.

use wardgraph_access::{On, Question, RoleName, Rulebook};
use wardgraph_kernel::{Identity, OrganizationRole, Permission, Read, TenantId, Timestamp, UserId, Write};
use wardgraph_store::{Role, Row, Statement, StatementInfo, Tx};

use crate::{
    Giver, OrganizationError,
    bench::apart,
    desk::compiled,
    held::{self, Standing, Stated},
};

const GIVER: Statement<Read> = Statement::reading("organizations.follow.giver", &[Role::Admin], held::MEMBER_SQL);
const ROLES: Statement<Read> = Statement::reading("organizations.follow.roles", &[Role::Admin], held::ROLES_SQL);
const GIVER_FOR: Statement<Identity> = Statement::identity("organizations.follow.giver_for", held::MEMBER_SQL);
const ROLES_FOR: Statement<Identity> = Statement::identity("organizations.follow.roles_for", held::ROLES_SQL);

pub(crate) const STATEMENTS: &[&StatementInfo] = &[GIVER.info(), GIVER_FOR.info(), ROLES.info(), ROLES_FOR.info()];

/// What somebody gave, which is followed now.
#[derive(Debug, Clone, Copy)]
pub struct Gift<'a> {
    /// Where.
    pub organization: &'a TenantId,
    /// Who gave it.
    pub giver: UserId,
    /// By what leave.
    pub by: Permission,
    /// What they gave besides that leave.
    pub role: Option<OrganizationRole>,
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

    async fn judge(&self, held: &[Row], roles: Stated) -> Result<bool, OrganizationError> {
        let Some(row) = held.first() else { return Ok(false) };
        let standing = held::read(row)?;
        let book = roles.read(self.organization).await?;
        apart(self.organization, book.effort(), || self.is_held(&book, &standing)).await?
    }

    fn is_held(&self, book: &Rulebook, standing: &Standing) -> Result<bool, OrganizationError> {
        let holds = book.compile(&standing.held)?;
        let leave = Question { permission: self.by, on: On::All, user: Some(self.giver) };
        if !holds.allows(&leave, &[]) {
            return Ok(false);
        }
        let roles: Vec<RoleName> = self.role.into_iter().map(RoleName::from).collect();
        let given = compiled(book, &roles)?;
        // What is followed lasts, and so does what it is worth.
        let lasting = book.compile(&standing.lasting)?;
        Ok([holds, lasting].into_iter().all(|held| Giver::person(self.giver, held, Vec::new()).may_give(&given).is_ok()))
    }
}
