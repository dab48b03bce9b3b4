//! Past the server: what the runtime role itself can do in Postgres, with its own login and any SQL it likes.

use tokio_postgres::{Client, error::SqlState};
use wardgraph_kernel::TenantId;
use wardgraph_store::Login;

use crate::{
    client::causes,
    demo::verdict::{Done, Failed, grouped},
};

/// What the runtime role must be refused, each with `insufficient_privilege`.
pub(in crate::demo) const FORBIDDEN: &[(&str, &[&str])] = &[
    ("Turn row security off for itself", &["set local row_security = off; select count(*) from wardgraph.nodes"]),
    (
        "Turn row security off for everyone",
        &[
            "alter table wardgraph.nodes disable row level security",
            "alter table wardgraph.nodes no force row level security",
            "drop policy tenant_read on wardgraph.nodes",
        ],
    ),
    ("Take another role", &["set role wardgraph_admin", "set role wardgraph_owner", "set role wardgraph_worker"]),
    ("Become another session user", &["set session authorization wardgraph_owner"]),
    (
        "Rewrite the log",
        &["update wardgraph.events set actor_id = 'nobody'", "delete from wardgraph.events", "truncate wardgraph.events"],
    ),
    ("Read past the policies through a partition", &["select * from wardgraph.embeddings_p0"]),
];

const TABLES: [&str; 4] = ["nodes", "edges", "embeddings", "events"];

/// The runtime role's own session.
#[derive(Debug)]
pub(in crate::demo) struct Session(Client);

impl Session {
    /// Logs in as the runtime role does.
    pub(in crate::demo) async fn open(login: Option<&Login>) -> Result<Done<Self>, Failed> {
        let unable = |came: String| Failed::unexpected("the runtime role's own login", came);
        let login = login.ok_or_else(|| unable("none: this configuration does not tell it".into()))?;
        let client = login.connect().await.map_err(|error| unable(causes(&error)))?;
        let role = client
            .query_one("select current_user::text, rolsuper or rolbypassrls from pg_roles where rolname = current_user", &[]);
        let role = role.await.map_err(failed)?;
        let (name, unbound): (String, bool) = (role.try_get(0).map_err(failed)?, role.try_get(1).map_err(failed)?);
        if unbound {
            return Err(Failed::leaked("a role that row security binds", format!("{name}, which it does not")));
        }
        Ok(Done::new(Self(client)).note(format!("{name}: no superuser, cannot bypass row security")))
    }

    /// Without a tenant no table has a row.
    pub(in crate::demo) async fn sees_nothing_without_a_tenant(&self) -> Result<Done<()>, Failed> {
        for table in TABLES {
            let rows = self.count(None, table, "true").await?;
            if rows != 0 {
                return Err(Failed::leaked(format!("0 {table}"), grouped(rows)));
            }
        }
        Ok(Done::new(()).note(format!("0 rows of {}", TABLES.join(", "))))
    }

    /// Bound to B it sees B's rows, and asking for A's finds none.
    pub(in crate::demo) async fn sees_only_its_tenant(&self, a: &TenantId, b: &TenantId) -> Result<Done<()>, Failed> {
        let mut own = Vec::new();
        for table in TABLES {
            let foreign = self.count(Some(b), table, &format!("tenant_id = '{a}' or tenant_id <> '{b}'")).await?;
            if foreign != 0 {
                return Err(Failed::leaked(format!("none of A's {table}"), grouped(foreign)));
            }
            let rows = self.count(Some(b), table, "true").await?;
            if rows == 0 {
                return Err(Failed::unexpected(format!("B's {table}"), "none, so that seeing none of A's shows nothing"));
            }
            own.push(format!("{} {table}", grouped(rows)));
        }
        Ok(Done::new(()).note(format!("0 rows of A's; of B's {}", own.join(", "))))
    }

    /// Writes rows that would be A's, bound to B.
    pub(in crate::demo) async fn writes_for_another(&self, a: &TenantId, b: &TenantId) -> Result<Done<()>, Failed> {
        let insert = format!(
            "insert into wardgraph.nodes (tenant_id, node_id, classes, props, metadata, refresh_policy, triggers, created_at, updated_at)
             values ('{a}', gen_random_uuid(), '{{Demo}}', '{{}}', '{{}}', '{{}}', '[]', now(), now())"
        );
        let give = format!("update wardgraph.nodes set tenant_id = '{a}' where tenant_id = '{b}'");
        self.refused(Some(b), &insert).await?;
        self.refused(Some(b), &give).await?;
        let taken = self.changed(b, &format!("update wardgraph.nodes set version = version where tenant_id = '{a}'")).await?;
        let deleted = self.changed(b, &format!("delete from wardgraph.nodes where tenant_id = '{a}'")).await?;
        if taken + deleted != 0 {
            return Err(Failed::leaked("0 of A's rows touched", taken + deleted));
        }
        Ok(Done::new(()).note("insert and handing over are refused; update and delete reach 0 of A's rows"))
    }

    /// Each of these must be refused, whether a tenant is set or not.
    pub(in crate::demo) async fn is_forbidden(&self, statements: &[&str], tenant: &TenantId) -> Result<Done<()>, Failed> {
        let mut done = Done::new(());
        for sql in statements {
            self.refused(None, sql).await?;
            self.refused(Some(tenant), sql).await?;
            done = done.note(format!("refused: {sql}"));
        }
        Ok(done)
    }

    /// Runs statements in a transaction of their own, which never commits. A refusal must be for want of privilege:
    /// a slip in the SQL would be refused too, and would show nothing.
    async fn refused(&self, tenant: Option<&TenantId>, sql: &str) -> Result<(), Failed> {
        self.begin(tenant).await?;
        let result = self.0.batch_execute(sql).await;
        self.0.batch_execute("rollback").await.map_err(failed)?;
        match result {
            Ok(()) => Err(Failed::leaked(format!("`{sql}` to be refused"), "it was done")),
            Err(error) if error.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE) => Ok(()),
            Err(error) => Err(Failed::unexpected(format!("`{sql}` to be refused for want of privilege"), causes(&error))),
        }
    }

    async fn changed(&self, tenant: &TenantId, sql: &str) -> Result<u64, Failed> {
        self.begin(Some(tenant)).await?;
        let result = self.0.execute(sql, &[]).await;
        self.0.batch_execute("rollback").await.map_err(failed)?;
        result.map_err(failed)
    }

    async fn count(&self, tenant: Option<&TenantId>, table: &str, condition: &str) -> Result<usize, Failed> {
        self.begin(tenant).await?;
        let row = self.0.query_one(&format!("select count(*) from wardgraph.{table} where {condition}"), &[]).await;
        self.0.batch_execute("rollback").await.map_err(failed)?;
        let count: i64 = row.map_err(failed)?.try_get(0).map_err(failed)?;
        usize::try_from(count).map_err(|error| Failed::unexpected("a count", error))
    }

    /// A tenant's id stands in SQL as it is: its alphabet leaves nothing to escape.
    async fn begin(&self, tenant: Option<&TenantId>) -> Result<(), Failed> {
        let bound = tenant.map(|tenant| format!("; set local app.current_tenant_id = '{tenant}'")).unwrap_or_default();
        self.0.batch_execute(&format!("begin{bound}")).await.map_err(failed)
    }
}

#[expect(clippy::needless_pass_by_value, reason = "stands in map_err")]
fn failed(error: tokio_postgres::Error) -> Failed {
    Failed::unexpected("an answer of Postgres", causes(&error))
}
