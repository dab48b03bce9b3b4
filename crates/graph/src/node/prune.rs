//! How many earlier versions of a node are kept, and letting the oldest go.

use uuid::Uuid;
use wardgraph_kernel::{NodeId, Write};
use wardgraph_store::{Statement, StatementInfo, StoreError, Tx};

use super::REQUESTS;

/// How many superseded states one change lets go at most: where very many more are there than are kept from now on, several changes do.
const MOST_LET_GO: i64 = 1_000;

/// Lets the states of nodes before the first one that is kept go, the oldest first. The nodes are held.
const LET_GO: Statement<Write> = Statement::writing(
    "graph.node_version.let_go",
    REQUESTS,
    "with old as materialized (
       select w.node_id, max(w.version) as upto from (
         select c.node_id, o.version from unnest($2::uuid[], $3::int[]) as c(node_id, first), lateral (
           select v.version from node_versions v where v.tenant_id = $1 and v.node_id = c.node_id and v.version < c.first order by v.version limit $4
         ) o limit $4
       ) w group by w.node_id
     )
     delete from node_versions v using old where v.tenant_id = $1 and v.node_id = old.node_id and v.version <= old.upto",
);

pub(crate) const STATEMENTS: &[&StatementInfo] = &[LET_GO.info()];

/// How many superseded states of a node are kept, the latest ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MostVersions(i32);

impl MostVersions {
    /// As many as are kept where nothing else is said.
    pub const USUAL: Self = Self(1_000);

    /// As many as an operator says; 0 for all of them.
    pub fn of(most: usize) -> Self {
        Self(i32::try_from(most).ok().filter(|most| *most > 0).unwrap_or(i32::MAX))
    }

    /// Lets go what is too old of nodes that are held and have a new version, which is told.
    pub(super) async fn keep(self, tx: &mut Tx<'_, Write>, changed: &[(NodeId, i32)]) -> Result<(), StoreError> {
        let firsts = changed.iter().map(|(id, version)| (id.uuid(), version.saturating_sub(self.0)));
        // Each version is kept once: before the first there is nothing.
        let (ids, firsts): (Vec<Uuid>, Vec<i32>) = firsts.filter(|(_, first)| *first > 1).unzip();
        if ids.is_empty() {
            return Ok(());
        }
        let tenant = tx.tenant();
        tx.write(&LET_GO, &[&tenant, &ids, &firsts, &MOST_LET_GO]).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn none_said_is_all_and_what_is_too_many_to_count_is_too() {
        assert_eq!((MostVersions::of(0), MostVersions::of(usize::MAX)), (MostVersions(i32::MAX), MostVersions(i32::MAX)));
        assert_eq!((MostVersions::of(1), MostVersions::of(1_000)), (MostVersions(1), MostVersions::USUAL));
    }
}
