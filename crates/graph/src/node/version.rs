//! Versions: what a node was, page by page, and going back to one.

use serde_json::{Map, Value};
use uuid::Uuid;
use wardgraph_kernel::{Cursor, Mode, NodeId, Page, PageSize, Read, Timestamp};
use wardgraph_store::{Row, Statement, StatementInfo, StoreError, Tx};

use super::{NewNode, REQUESTS, replace::Meant};
use crate::{
    GraphError,
    bound::{ANSWER_BYTES, cut},
};

/// The versions of a node that is there, the one in force first, each beside the number of the oldest that is kept: one row of nothing where none is
/// before `$3`. Of a shared node a tenant sees the one in force alone: what it was is for whoever may correct it.
const LIST: Statement<Read> = Statement::reading(
    "graph.node_version.list",
    REQUESTS,
    "select b.version, b.external_id, b.classes, b.props, b.payload_ref, b.metadata, b.refresh_policy, b.triggers, b.written_at, b.superseded_at,
            coalesce(o.version, n.version), b.there
     from nodes n left join lateral (
       select v.version from node_versions v where v.tenant_id = $1 and v.node_id = $2 and n.tenant_id = $1 order by v.version limit 1
     ) o on true left join lateral (
       select f.*, sum(size_bytes) over (order by version desc) - size_bytes as before, count(*) over () as there from (
         select n.version, n.external_id, n.classes, n.props, n.payload_ref, n.metadata, n.refresh_policy, n.triggers, n.size_bytes,
                n.updated_at as written_at, null::timestamptz as superseded_at
         where n.version < $3
         union all
         (select v.version, v.external_id, v.classes, v.props, v.payload_ref, v.metadata, v.refresh_policy, v.triggers, v.size_bytes,
                 v.written_at, v.superseded_at
          from node_versions v where v.tenant_id = $1 and v.node_id = $2 and v.version < $3 and n.tenant_id = $1
          order by v.version desc limit $4)
         order by version desc limit $4
       ) f
     ) b on before <= $5
     where n.tenant_id = any(array[$1, '*']) and n.node_id = $2 order by b.version desc",
);

/// What a node was in a version, or is, and which version is in force. One row where the node is there, of nothing where it never had that version.
macro_rules! get {
    ($name:literal, $whose:literal) => {
        Statement::reading(
            $name,
            REQUESTS,
            concat!(
                "select f.version, f.external_id, f.classes, f.props, f.payload_ref, f.metadata, f.refresh_policy, f.triggers, f.written_at,
                        f.superseded_at, n.version
                 from nodes n left join lateral (
                   select n.version, n.external_id, n.classes, n.props, n.payload_ref, n.metadata, n.refresh_policy, n.triggers,
                          n.updated_at as written_at, null::timestamptz as superseded_at
                   where n.version = $3
                   union all
                   select v.version, v.external_id, v.classes, v.props, v.payload_ref, v.metadata, v.refresh_policy, v.triggers, v.written_at,
                          v.superseded_at
                   from node_versions v where v.tenant_id = $1 and v.node_id = $2 and v.version = $3 and n.tenant_id = $1
                 ) f on true
                 where n.tenant_id = ",
                $whose,
                " and n.node_id = $2"
            ),
        )
    };
}

const GET: Statement<Read> = get!("graph.node_version.get", "any(array[$1, '*'])");
/// Of those alone that can go back to it.
const GET_OWN: Statement<Read> = get!("graph.node_version.get_own", "$1");

pub(crate) const STATEMENTS: &[&StatementInfo] = &[LIST.info(), GET.info(), GET_OWN.info()];

/// A state of a node.
#[derive(Debug, Clone)]
pub struct Version {
    /// Its number.
    pub version: i32,
    /// The caller's own id.
    pub external_id: Option<String>,
    /// Its classes.
    pub classes: Vec<String>,
    /// What described it.
    pub props: Value,
    /// Where its content lay.
    pub payload_ref: Option<String>,
    /// What else was known of it.
    pub metadata: Value,
    /// When it was refreshed.
    pub refresh_policy: Value,
    /// Which triggers watched it.
    pub triggers: Value,
    /// When the node became this.
    pub written_at: Timestamp,
    /// When it became something else; `None` for the version in force.
    pub superseded_at: Option<Timestamp>,
}

/// A page of a node's versions.
#[derive(Debug)]
pub struct Versions {
    /// The versions, newest first.
    pub page: Page<Version>,
    /// The oldest that is kept: of those before it nothing is known any more.
    pub oldest: i32,
}

/// A page of a node's versions, newest first: none where all that came before are gone meanwhile.
pub async fn versions<M: Mode>(
    tx: &mut Tx<'_, M>,
    id: NodeId,
    before: Option<Cursor>,
    size: PageSize,
) -> Result<Versions, GraphError> {
    let tenant = tx.tenant();
    let before = before.and_then(|cursor| i32::try_from(cursor.id().as_u128()).ok()).unwrap_or(i32::MAX);
    let rows = tx.query(&LIST, &[&tenant, &id.uuid(), &before, &size.probe(), &ANSWER_BYTES]).await?;
    let first = rows.first().ok_or(GraphError::NoNode(id))?;
    let oldest = first.try_get(10)?;
    if first.try_get::<Option<i32>>(0)?.is_none() {
        return Ok(Versions { page: Page { items: Vec::new(), next: None }, oldest });
    }
    let page = cut(&rows, size, Version::read, |version| Uuid::from_u128(version.version.unsigned_abs().into()))?;
    Ok(Versions { page, oldest })
}

/// Reads what a node was in version `number`, or is; `None` for a version that it has not.
pub async fn version<M: Mode>(tx: &mut Tx<'_, M>, id: NodeId, number: i32) -> Result<Option<Version>, GraphError> {
    let tenant = tx.tenant();
    let row = tx.find(&GET, &[&tenant, &id.uuid(), &number]).await?.ok_or(GraphError::NoNode(id))?;
    Ok(found(&row)?)
}

/// Reads what a node was in version `number`, which stays what it was: nobody waits for whoever has it. The node is not held; whoever goes back
/// to it holds it then, and asks once more which version is meant.
pub async fn earlier<M: Mode>(tx: &mut Tx<'_, M>, id: NodeId, number: i32, meant: Meant<'_>) -> Result<NewNode, GraphError> {
    let tenant = tx.tenant();
    let row = tx.find(&GET_OWN, &[&tenant, &id.uuid(), &number]).await?.ok_or(GraphError::NoNode(id))?;
    meant.check(row.try_get(10)?)?;
    Ok(found(&row)?.ok_or(GraphError::NoVersion { version: number })?.into())
}

/// The version of a row, if the node has it.
fn found(row: &Row) -> Result<Option<Version>, StoreError> {
    row.try_get::<Option<i32>>(0)?.map(|_| Version::read(row)).transpose()
}

impl Version {
    fn read(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            version: row.try_get(0)?,
            external_id: row.try_get(1)?,
            classes: row.try_get(2)?,
            props: row.try_get(3)?,
            payload_ref: row.try_get(4)?,
            metadata: row.try_get(5)?,
            refresh_policy: row.try_get(6)?,
            triggers: row.try_get(7)?,
            written_at: row.try_get(8)?,
            superseded_at: row.try_get(9)?,
        })
    }
}

macro_rules! content_of {
    ($from:ty) => {
        impl From<$from> for NewNode {
            fn from(node: $from) -> Self {
                Self {
                    classes: node.classes,
                    props: object(node.props),
                    payload_ref: node.payload_ref,
                    metadata: object(node.metadata),
                    refresh_policy: object(node.refresh_policy),
                    triggers: objects(node.triggers),
                    external_id: node.external_id,
                    created_at: None,
                }
            }
        }
    };
}

content_of!(super::Node);
content_of!(Version);

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        _ => Map::new(),
    }
}

fn objects(value: Value) -> Vec<Map<String, Value>> {
    match value {
        Value::Array(items) => items.into_iter().map(object).collect(),
        _ => Vec::new(),
    }
}
