//! What is left of an organization whose grace is over goes for good, table by table and in bounded batches; last of all the organization itself, with
//! what hangs on it. Its log stays.
//!
//! **Invariant:** no table that is a tenant's or an organization's is forgotten here (`every_table_of_a_tenant_is_erased_or_said_to_stay`).

use wardgraph_kernel::{TenantId, Timestamp, Write};
use wardgraph_store::{Role, Statement, StatementInfo, StoreError, Tx};

use crate::{OrganizationError, announce};

const ADMIN: &[Role] = &[Role::Admin];
/// How many rows of a table go at once.
const BATCH: i64 = 1_000;
/// How many organizations are looked for at once.
const MOST: i64 = 16;

macro_rules! purged {
    ($($name:ident: $table:literal by $key:literal),+ $(,)?) => {
        $(const $name: Statement<Write> = Statement::writing(
            concat!("organizations.purge.", $table),
            ADMIN,
            concat!(
                "delete from ", $table, " where tenant_id = $1 and (", $key, ") in (select ", $key, " from ", $table,
                " where tenant_id = $1 limit $2) returning 1"
            ),
        );)+

        /// The tables whose rows are erased.
        pub const PURGED: &[&str] = &[$($table),+];

        const ERASE: &[&Statement<Write>] = &[$(&$name),+];

        /// What it is made of.
        pub(crate) const STATEMENTS: &[&StatementInfo] = &[$($name.info()),+];
    };
}

purged! {
    EDGES: "edges" by "edge_id",
    EMBEDDINGS: "embeddings" by "model, node_id",
    EMBEDDING_HISTORY: "embedding_history" by "node_id, entry_id",
    NODE_VERSIONS: "node_versions" by "node_id, version",
    DELETED_EDGES: "deleted_edges" by "edge_id",
    DELETED_NODES: "deleted_nodes" by "node_id",
    DELETED_EMBEDDINGS: "deleted_embeddings" by "node_id, model",
    NODES: "nodes" by "node_id",
    JOBS: "jobs" by "kind, subject_id",
    IDEMPOTENCY: "idempotency" by "actor_id, endpoint, key",
    VECTOR_SPACES: "vector_spaces" by "model",
    EMBEDDING_TENANTS: "embedding_tenants" by "tenant_id",
    ISSUER_TENANTS: "issuer_tenants" by "tenant_id",
    DATA_KEYS: "data_keys" by "data_key_id",
}

/// The tables whose rows stay, each with the reason why. What refers to its organization goes with it, and stands in neither list.
pub const KEPT: &[(&str, &str)] = &[
    ("events", "the log of what was done outlives what it was done to"),
    ("changes", "every server hears of the end, and forgets it by itself"),
    ("challenges", "what is under way ends by itself within minutes"),
    ("client_secrets", "they go with their client"),
    ("idempotency_subjects", "they go with their answer"),
    ("review_items", "they go with their review"),
    ("logouts", "clients are told of sessions that ended, and then it is forgotten"),
];

/// Organizations whose grace is over.
pub(super) const DUE: Statement<Write> = Statement::writing(
    "organizations.organization.due",
    ADMIN,
    "select organization_id from organizations where purge_at <= $1 order by purge_at, organization_id limit $2",
);
/// Before they go along: what ends them has clients told, and what deletes them does not.
pub(super) const END_SESSIONS: Statement<Write> = Statement::writing(
    "organizations.organization.end_sessions",
    ADMIN,
    "update sessions set ended_at = $2, ended_by = 'deleted' where organization_id = $1 and ended_at is null",
);
pub(super) const DISSOLVE: Statement<Write> = Statement::writing(
    "organizations.organization.dissolve",
    ADMIN,
    "with gone as (delete from organizations where organization_id = $1 and purge_at <= $2 returning name)
     select g.name, c.client_id from gone g left join clients c on c.organization_id = $1",
);

/// Organizations of which nothing is to be left at `now`, the longest overdue first; some at once.
pub async fn due(tx: &mut Tx<'_, Write>, now: Timestamp) -> Result<Vec<TenantId>, StoreError> {
    let rows = tx.write(&DUE, &[&now, &MOST]).await?;
    let read = |row: &wardgraph_store::Row| {
        let id: String = row.try_get(0)?;
        TenantId::parse(&id).map_err(|error| StoreError::Unsafe(format!("an organization's id: {error}")))
    };
    rows.iter().map(read).collect()
}

/// Erases some rows of the table at `place` in [`PURGED`]. True if there may be more.
pub async fn purge(tx: &mut Tx<'_, Write>, organization: &TenantId, place: usize) -> Result<bool, StoreError> {
    let Some(statement) = ERASE.get(place) else { return Ok(false) };
    let gone = tx.write(statement, &[&organization.as_str(), &BATCH]).await?;
    Ok(i64::try_from(gone.len()).is_ok_and(|gone| gone >= BATCH))
}

/// Deletes an organization whose grace is over, with all that refers to it, and tells every server. What it was called; `None` if it is gone already, or
/// was restored.
pub async fn dissolve(
    tx: &mut Tx<'_, Write>,
    organization: &TenantId,
    now: Timestamp,
) -> Result<Option<String>, OrganizationError> {
    tx.write(&END_SESSIONS, &[&organization.as_str(), &now]).await?;
    let rows = tx.write(&DISSOLVE, &[&organization.as_str(), &now]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    announce::ended(tx, organization, now).await?;
    for row in &rows {
        if let Some(client) = row.try_get::<Option<String>>(1)? {
            announce::client(tx, client, i64::MAX, now).await?;
        }
    }
    Ok(Some(row.try_get(0)?))
}
