//! What endpoints are called with one after the other: made once where no call changes it, and anew where one does.

use wardgraph_api::{describe::Known, table::Row};
use wardgraph_kernel::Method;

use crate::{App, Caller};

/// Callers, and things with which they may call.
#[derive(Debug)]
pub struct Supply<'a> {
    app: &'a App,
    owner: Caller,
    known: Known,
}

impl App {
    /// What endpoints are called with as the owner of `tenant`.
    pub async fn supply(&self, tenant: &str) -> Supply<'_> {
        let owner = self.owner(tenant);
        let known = self.known(&owner).await;
        Supply { app: self, owner, known }
    }
}

impl Supply<'_> {
    /// Who calls where nothing is changed, and what is there from the beginning.
    pub fn kept(&self) -> (Caller, Known) {
        (self.owner.clone(), self.known.clone())
    }

    /// Somebody who may call this endpoint, and things that no call before has changed.
    pub async fn of(&self, row: &Row) -> (Caller, Known) {
        let reads = row.spec.method == Method::GET && !row.spec.access.admits_strangers();
        if reads || row.spec.event.is_none() {
            return self.kept();
        }
        if is_about_data(row) {
            return (self.owner.clone(), self.app.data(&self.owner, &self.known).await);
        }
        self.whole(&self.owner.tenant).await
    }

    /// The same, in a tenant where nobody else calls.
    pub async fn apart(&self, row: &Row) -> (Caller, Known) {
        let tenant = format!("t-{}", row.spec.id.to_lowercase());
        if is_about_data(row) {
            let owner = self.app.owner(&tenant);
            let known = self.app.data(&owner, &self.known).await;
            return (owner, known);
        }
        self.whole(&tenant).await
    }

    async fn whole(&self, tenant: &str) -> (Caller, Known) {
        let owner = self.app.owner(tenant);
        let known = self.app.known(&owner).await;
        (owner, known)
    }
}

/// Whether an endpoint is about nodes and edges alone: no account, client or organization is looked at but to see who calls.
fn is_about_data(row: &Row) -> bool {
    !row.spec.rows.are_peoples() && !row.spec.access.admits_strangers()
}
