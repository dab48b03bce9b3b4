//! Whether somebody may do something, and why.

use wardgraph_access::{Bound, Name, On, Question};
use wardgraph_api::wire::authz::ExplainedOf;
use wardgraph_http::shown_explained;
use wardgraph_kernel::{Holder, Permission, Read, TenantId, Timestamp};
use wardgraph_organizations::{OrganizationError, held, subjects};
use wardgraph_store::Tx;

use crate::{
    commands::{ids, sound::explained},
    wire::StartError,
};

/// What is asked.
#[derive(Debug)]
pub(super) struct Asked {
    holder: Holder,
    permission: Permission,
    resource: Option<String>,
    bound: Option<Bound>,
}

impl Asked {
    pub(super) fn read(holder: &str, permission: &str, resource: Option<String>, scopes: &[String]) -> Result<Self, StartError> {
        let permission = Permission::of(permission).ok_or_else(|| format!("`{permission}` is no permission"))?;
        let bound = (!scopes.is_empty()).then(|| Bound::of_scopes(scopes.iter().map(String::as_str)));
        Ok(Self { holder: ids::holder(holder)?, permission, resource, bound })
    }

    /// The answer, by what the database says now.
    pub(super) async fn answer(
        &self,
        tx: &mut Tx<'_, Read>,
        organization: &TenantId,
        now: Timestamp,
    ) -> Result<ExplainedOf, StartError> {
        let name = self.resource.as_deref().map(Name::read).transpose().map_err(|error| format!("--resource: {error}"))?;
        let standing = held::standing(tx, organization, &self.holder, now).await.map_err(explained)?;
        let standing = standing.ok_or("nobody of the organization is this, or may do anything for now")?;
        let book = held::rulebook(tx, organization).await.map_err(explained)?;
        let holdings = subjects::holdings(tx, &self.holder, now).await.map_err(explained)?;
        let user = match &self.holder {
            Holder::User(id) => Some(*id),
            Holder::Client(_) => None,
        };
        let question = Question { permission: self.permission, on: name.map_or(On::All, On::Named), user };
        let matcher = book.compile(&standing.held).map_err(OrganizationError::from)?;
        let why = matcher.explain(&question, &self.bound.iter().collect::<Vec<_>>());
        Ok(shown_explained(&self.holder, (self.permission, name), why, &holdings))
    }
}
