//! What stands in the tables of a test's database: a new table is watched with no new line in a test.

use std::collections::{BTreeMap, BTreeSet};

use crate::Database;

/// The rows of each table, as text.
pub type Content = BTreeMap<String, BTreeSet<String>>;

const TABLES: &str = "select c.relname::text, exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id') from pg_class c
                      where c.relnamespace = 'wardgraph'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition";

impl Database {
    /// Every row of every table, as the superuser sees it.
    pub async fn content(&self) -> Content {
        self.rows_of("true", |_| true).await
    }

    /// The rows of one tenant and of everyone, of every table that has tenants.
    pub async fn content_of(&self, tenant: &str) -> Content {
        self.rows_of(&format!("tenant_id in ('{tenant}', '*')"), |has_tenants| has_tenants).await
    }

    /// All in one statement: a test looks again and again, and asks of dozens of tables.
    async fn rows_of(&self, condition: &str, wanted: impl Fn(bool) -> bool) -> Content {
        let client = self.watcher().await;
        let tables = client.query(TABLES, &[]).await.unwrap();
        let tables: Vec<String> = tables.iter().filter(|row| wanted(row.get(1))).map(|row| row.get(0)).collect();
        let selects = tables.iter().map(|table| format!("select '{table}', t::text from wardgraph.{table} t where {condition}"));
        let rows = client.query(&selects.collect::<Vec<_>>().join(" union all "), &[]).await.unwrap();
        let mut content: Content = tables.into_iter().map(|table| (table, BTreeSet::new())).collect();
        for row in rows {
            content.get_mut(row.get::<_, &str>(0)).unwrap().insert(row.get(1));
        }
        content
    }
}
