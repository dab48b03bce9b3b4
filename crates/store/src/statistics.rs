//! What the planner knows of tables that have outgrown it.
//!
//! A plan is made once and kept (`docs/adr/0080-the-planner-is-told-of-tables-that-double.md`). Of a table that was small when it was looked at, the best plan reads
//! all of it, and stays the plan while the table grows: autovacuum looks again once a minute at most.

use wardgraph_kernel::Read;

use crate::{Login, Role, Scope, Statement, StatementInfo, Store, StoreError, scope::Plan};

/// So many rows are read through as fast as they are looked up.
const FEW: i64 = 100;

/// Tables with more than twice the rows that the planner knows of, by what sessions have told of their work.
const OUTGROWN: Statement<Read> = Statement::reading(
    "store.statistics.outgrown",
    &[Role::Worker],
    "select quote_ident(s.relname) from pg_stat_user_tables s join pg_class c on c.oid = s.relid
     where s.schemaname = 'wardgraph' and c.relkind = 'r' and s.n_live_tup > 2 * greatest(c.reltuples, 0) + $1::bigint order by s.relname",
);

pub(crate) const STATEMENTS: &[&StatementInfo] = &[OUTGROWN.info()];

impl Store {
    /// Has Postgres look again at tables that have more than doubled since it did, so that plans of them are made anew. Returns how many those were.
    /// One that something else holds, as the building of an index does, is passed over.
    ///
    /// # Errors
    /// [`StoreError::Timeout`] if one takes longer than a minute: a sample is bounded, a slow disk is not.
    pub async fn gather_statistics(&self) -> Result<usize, StoreError> {
        let mut unit = self.unit::<Read>(Role::Worker, Scope::Nobody, Plan::Generic)?;
        unit.end_with_next();
        let rows = unit.tx::<Read>().query(&OUTGROWN, &[&FEW]).await?;
        let outgrown: Vec<String> = rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
        if !outgrown.is_empty() {
            gather(self.owner()?, &outgrown).await?;
        }
        Ok(outgrown.len())
    }
}

async fn gather(owner: &Login, tables: &[String]) -> Result<(), StoreError> {
    let client = owner.connect_as("wardgraph_statistics", "-c search_path=wardgraph,public -c statement_timeout=60000").await?;
    let mut outcome = Ok(());
    // One table's trouble is no other's.
    for table in tables {
        outcome = client.batch_execute(&format!("analyze (skip_locked) {table}")).await.and(outcome);
    }
    outcome.map_err(StoreError::from)
}
