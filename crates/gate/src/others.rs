//! What others of the caller's organization may do, for whoever decides about them.

use std::sync::Arc;

use wardgraph_access::{AccessError, Held, Matcher, Rulebook};
use wardgraph_api::Problem;
use wardgraph_kernel::TenantId;
use wardgraph_organizations::OrganizationError;

use crate::{
    Gate,
    compiled::{Set, is_of_its_own},
    standing::unknown,
};

/// What sets of roles of the caller's organization come to: from the same bounded memory that every call is decided from.
#[derive(Debug, Clone)]
pub struct Others {
    gate: Arc<Gate>,
    tenant: TenantId,
}

impl Others {
    pub(crate) const fn new(gate: Arc<Gate>, tenant: TenantId) -> Self {
        Self { gate, tenant }
    }

    /// What a set of roles comes to, as they stood at this version of the organization's roles or stand since. To be asked without a
    /// connection at hand: it may have to wait for its turn.
    ///
    /// # Errors
    /// 503 while it cannot be known.
    pub async fn matcher(&self, held: &Held, roles_version: i64) -> Result<Arc<Matcher>, Problem> {
        let compiled = &self.gate.standings.compiled;
        let set = Set::new(&self.tenant, roles_version, held, is_of_its_own(held));
        if let Some(matcher) = compiled.find(set) {
            return Ok(matcher);
        }
        // On the heap, as what rarely happens takes no room in every request's future.
        Box::pin(compiled.compile(&self.gate.parts.store, set)).await.map_err(changed)
    }

    /// The same for whoever asks about the roles, too: has something worked out of both, which may take a while.
    ///
    /// # Errors
    /// As [`Self::matcher`].
    pub async fn work_out<T: Send + 'static>(
        &self,
        held: &Held,
        roles_version: i64,
        work: impl FnOnce(&Rulebook, &Matcher) -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let set = Set::new(&self.tenant, roles_version, held, is_of_its_own(held));
        Box::pin(self.gate.standings.compiled.work_out(&self.gate.parts.store, set, work)).await.map_err(changed)
    }
}

fn changed(error: OrganizationError) -> Problem {
    match error {
        // Whoever took it away took it from its holders before: they hold something else by now.
        OrganizationError::Access(AccessError::NoRole(_)) => {
            Problem::unavailable("roles were changed meanwhile").retry_after(1).inside(&error)
        }
        error => unknown(error),
    }
}
