//! Nodes.

mod delete;
mod deleted;
mod prune;
mod replace;
mod shared;
mod upsert;
mod values;
mod version;

pub use delete::{Erased, delete, erase, restore as restore_deleted};
pub use deleted::{DeletedNode, deleted};
pub use prune::MostVersions;
pub use replace::{Meant, Replaced, change, renew, replace};
pub use shared::erase as erase_shared;
pub use upsert::{Stored, replace_by_external_id};
pub use version::{Version, Versions, earlier, version, versions};

use serde_json::{Map, Value};
use uuid::Uuid;
use wardgraph_kernel::weight::weight;
use wardgraph_kernel::{Chance, Mode, NodeId, Read, Timestamp, Write};
use wardgraph_store::{Role, Row, Statement, StatementInfo, StoreError, Tx};

use self::values::{Values, input};
use crate::{GraphError, bound::is_light, clean, content};

macro_rules! columns {
    () => {
        "tenant_id, node_id, external_id, classes, props, payload_ref, metadata, refresh_policy, triggers, version, embedding_status, created_at, updated_at"
    };
}
pub(crate) use columns;

/// The `embedding_status` of a node that waits for its vector.
pub const QUEUED: &str = "queued";

/// How many `columns!` there are.
pub(crate) const COLUMNS: usize = 13;

/// The roles that write nodes for a request: each tenant's, and the administrator's, whose units are bound to the shared rows.
const REQUESTS: &[Role] = &[Role::App, Role::Admin];

/// Creates nodes and queues those with text; an item whose external id is taken is left out.
const CREATE: Statement<Write> = Statement::writing(
    "graph.node.create",
    REQUESTS,
    concat!(
        "with ",
        input!(),
        ", created as (
       insert into nodes (tenant_id, node_id, external_id, classes, props, payload_ref, metadata, refresh_policy, triggers, content,
                          beside_search, size_bytes, embedding_status, created_at, updated_at)
       select $1, node_id, external_id, classes, props, payload_ref, metadata, refresh_policy, triggers,
              content, words_beside(props, metadata, content), size_bytes, case when content is null then 'none' else 'queued' end, coalesce(t.created_at, $11), $11
       from input left join unnest($13::timestamptz[]) with ordinality as t(created_at, n) using (n)
       -- In one order for all: two batches with the same external ids wait for each other, and never in a circle.
       order by external_id
       on conflict (tenant_id, external_id) do nothing
       returning node_id, embedding_status
     ), queued as (
       insert into jobs (tenant_id, kind, subject_id, due_at) select $1, 'embed', node_id, $11 from created where embedding_status = 'queued'
     )
     select node_id from created"
    ),
);

const GET: Statement<Read> = Statement::reading(
    "graph.node.get",
    REQUESTS,
    concat!("select ", columns!(), " from nodes where tenant_id = any(array[$1, '*']) and node_id = $2"),
)
.swift(GET_LIGHT.info());

/// The same where others wait behind it: nothing that is heavy.
const GET_LIGHT: Statement<Read> = Statement::reading(
    "graph.node.get_light",
    &[Role::App],
    concat!("select ", columns!(), " from nodes where tenant_id = any(array[$1, '*']) and node_id = $2 and ", is_light!()),
);

const BY_EXTERNAL_ID: Statement<Read> = Statement::reading(
    "graph.node.by_external_id",
    REQUESTS,
    "select external_id, node_id from nodes where tenant_id = $1 and external_id = any($2)",
);

pub(crate) const STATEMENTS: &[&StatementInfo] = &[CREATE.info(), GET.info(), GET_LIGHT.info(), BY_EXTERNAL_ID.info()];
pub(crate) use delete::STATEMENTS as DELETE_STATEMENTS;
pub(crate) use deleted::STATEMENTS as DELETED_STATEMENTS;
pub(crate) use prune::STATEMENTS as PRUNE_STATEMENTS;
pub(crate) use replace::STATEMENTS as REPLACE_STATEMENTS;
pub(crate) use shared::STATEMENTS as SHARED_STATEMENTS;
pub(crate) use version::STATEMENTS as VERSION_STATEMENTS;

/// What a node is made of; checked before it comes here.
#[derive(Debug, Clone)]
pub struct NewNode {
    /// Its classes.
    pub classes: Vec<String>,
    /// What describes it.
    pub props: Map<String, Value>,
    /// Where its content lies.
    pub payload_ref: Option<String>,
    /// What else is known of it.
    pub metadata: Map<String, Value>,
    /// When it is refreshed.
    pub refresh_policy: Map<String, Value>,
    /// Which triggers watch it.
    pub triggers: Vec<Map<String, Value>>,
    /// The caller's own id.
    pub external_id: Option<String>,
    /// When it came about, if that was not now: of no account where a node is changed.
    pub created_at: Option<Timestamp>,
}

impl NewNode {
    /// Takes what a browser would run out of the texts that will be shown: those of the free forms. Names are refused instead where they have
    /// some of it, before they come here. Says where, as JSON Pointers.
    pub fn clean(&mut self) -> Vec<String> {
        let mut cleaned = Vec::new();
        clean::object(&mut self.props, "/props", &mut cleaned);
        clean::object(&mut self.metadata, "/metadata", &mut cleaned);
        clean::object(&mut self.refresh_policy, "/refresh_policy", &mut cleaned);
        for (index, trigger) in self.triggers.iter_mut().enumerate() {
            clean::object(trigger, &format!("/triggers/{index}"), &mut cleaned);
        }
        cleaned
    }

    /// Whether there is anything in it to make a vector of.
    pub fn has_text(&self) -> bool {
        content(&self.props).is_some()
    }

    /// Octets of what a reader will be given.
    pub fn size_bytes(&self) -> i32 {
        let objects = [&self.props, &self.metadata, &self.refresh_policy].into_iter().chain(&self.triggers);
        i32::try_from(objects.map(weight).sum::<usize>()).unwrap_or(i32::MAX)
    }

    /// Whether nothing of it has to be cleaned, which is seen by looking at so many octets.
    pub fn is_plain(&self, most_bytes: usize) -> bool {
        let objects = [&self.props, &self.metadata, &self.refresh_policy].into_iter().chain(&self.triggers);
        clean::is_plain(objects, most_bytes)
    }
}

/// A node as it is stored.
#[derive(Debug, Clone)]
pub struct Node {
    /// Its tenant; `None` for a shared node.
    pub tenant: Option<String>,
    /// Its id.
    pub id: NodeId,
    /// The caller's own id.
    pub external_id: Option<String>,
    /// Its classes.
    pub classes: Vec<String>,
    /// What describes it.
    pub props: Value,
    /// Where its content lies.
    pub payload_ref: Option<String>,
    /// What else is known of it.
    pub metadata: Value,
    /// When it is refreshed.
    pub refresh_policy: Value,
    /// Which triggers watch it.
    pub triggers: Value,
    /// How often it was changed, from 1.
    pub version: i32,
    /// `none`, `queued`, `ready` or `failed`.
    pub embedding_status: String,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// What became of one item that was to be created.
#[derive(Debug, Clone, Copy)]
enum Creation {
    Created(NodeId),
    /// The tenant has a node with this external id.
    Exists(NodeId),
    /// Whoever held the external id is gone again.
    Open,
}

/// Creates nodes in one statement: one result an item, in the items' order.
async fn insert(
    tx: &mut Tx<'_, Write>,
    new: &[NewNode],
    now: Timestamp,
    chance: &dyn Chance,
) -> Result<Vec<Creation>, GraphError> {
    let mut ids: Vec<Uuid> = new.iter().map(|_| NodeId::new(now, chance).uuid()).collect();
    // Listed in the order in which they were sent.
    ids.sort_unstable();
    let values = Values::of(tx.tenant(), ids.clone(), new, now);
    let times: Vec<Option<Timestamp>> = new.iter().map(|node| node.created_at).collect();
    let mut params = values.params().to_vec();
    params.push(&times);
    let rows = tx.write(&CREATE, &params).await?;
    let created = rows.iter().map(|row| row.try_get(0)).collect::<Result<std::collections::HashSet<Uuid>, _>>()?;
    let refused: Vec<&str> =
        new.iter().zip(&ids).filter(|(_, id)| !created.contains(id)).filter_map(|(n, _)| n.external_id.as_deref()).collect();
    let taken = by_external_id(tx, &refused).await?;
    let result = |(new, id): (&NewNode, &Uuid)| match new.external_id.as_ref().and_then(|external| taken.get(external)) {
        _ if created.contains(id) => Creation::Created((*id).into()),
        Some(existing) => Creation::Exists((*existing).into()),
        None => Creation::Open,
    };
    Ok(new.iter().zip(&ids).map(result).collect())
}

async fn by_external_id<M: Mode>(
    tx: &mut Tx<'_, M>,
    external_ids: &[&str],
) -> Result<std::collections::HashMap<String, Uuid>, StoreError> {
    if external_ids.is_empty() {
        return Ok(std::collections::HashMap::new());
    }
    let tenant = tx.tenant();
    let rows = tx.query(&BY_EXTERNAL_ID, &[&tenant, &external_ids]).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

/// The node of the tenant that has this external id: of the shared ones, where the unit is bound to those.
pub async fn holder<M: Mode>(tx: &mut Tx<'_, M>, external_id: &str) -> Result<Option<NodeId>, GraphError> {
    Ok(by_external_id(tx, &[external_id]).await?.into_values().next().map(NodeId::from))
}

/// Reads a node of the tenant, or a shared one.
pub async fn get<M: Mode>(tx: &mut Tx<'_, M>, id: NodeId) -> Result<Node, GraphError> {
    let tenant = tx.tenant();
    let row = tx.find(&GET, &[&tenant, &id.uuid()]).await?.ok_or(GraphError::NoNode(id))?;
    Ok(Node::read(&row)?)
}

/// The tenant of a row; a shared one has none.
pub(crate) fn named(tenant: String) -> Option<String> {
    Some(tenant).filter(|tenant| tenant != "*")
}

impl Node {
    /// A node that was created just now.
    pub fn created(tenant: String, id: NodeId, new: NewNode, now: Timestamp) -> Self {
        let embedding_status = if new.has_text() { QUEUED } else { "none" }.to_owned();
        Self {
            tenant: named(tenant),
            id,
            external_id: new.external_id,
            classes: new.classes,
            props: new.props.into(),
            payload_ref: new.payload_ref,
            metadata: new.metadata.into(),
            refresh_policy: new.refresh_policy.into(),
            triggers: new.triggers.into_iter().map(Value::Object).collect(),
            version: 1,
            embedding_status,
            created_at: new.created_at.unwrap_or(now),
            updated_at: now,
        }
    }

    pub(crate) fn read(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            tenant: named(row.try_get(0)?),
            id: row.try_get::<Uuid>(1)?.into(),
            external_id: row.try_get(2)?,
            classes: row.try_get(3)?,
            props: row.try_get(4)?,
            payload_ref: row.try_get(5)?,
            metadata: row.try_get(6)?,
            refresh_policy: row.try_get(7)?,
            triggers: row.try_get(8)?,
            version: row.try_get(9)?,
            embedding_status: row.try_get(10)?,
            created_at: row.try_get(11)?,
            updated_at: row.try_get(12)?,
        })
    }
}
