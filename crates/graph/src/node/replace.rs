//! Changing nodes: every change keeps the state that it supersedes, and has the text embedded anew if that changed.

use serde_json::{Value, json};
use uuid::Uuid;
use wardgraph_kernel::{NodeId, Timestamp, Write};
use wardgraph_store::{Row, Statement, StatementInfo, StoreError, ToSql, Tx, in_turns};

use super::{
    MostVersions, NewNode, Node, REQUESTS, columns,
    values::{Values, input},
};
use crate::GraphError;

/// Holds a node until the transaction ends, and reads it as it is then.
const HOLD: Statement<Write> = Statement::writing(
    "graph.node.hold",
    REQUESTS,
    concat!("select ", columns!(), " from nodes where tenant_id = $1 and node_id = $2 for no key update"),
);

/// Replaces nodes: `$13` are the versions that may be replaced, if that matters, and `$14` makes a new version of what is the same too.
/// The node is held before its job is touched, the order in which workers take them. Whoever waited for it came earlier than whoever changed it
/// meanwhile, and other servers' clocks may be ahead: no version begins before the one that it supersedes.
macro_rules! replace {
    ($name:literal, $at:literal, $by:literal) => {
        Statement::writing(
            $name,
            REQUESTS,
            concat!(
                "with ", input!(), ", was as materialized (
                   select n.node_id, n.external_id, n.classes, n.props, n.payload_ref, n.metadata, n.refresh_policy, n.triggers, n.version, n.content,
                          n.size_bytes, n.embedding_status, n.created_at, n.updated_at
                   from nodes n where n.tenant_id = $1 and ", $at, " order by n.node_id for no key update
                 ), changed as materialized (
                   select w.node_id, i.external_id, i.classes, i.props, i.payload_ref, i.metadata, i.refresh_policy, i.triggers, i.content, i.size_bytes,
                          w.content is distinct from i.content as reworded,
                          array_remove(array[
                            case when w.external_id is distinct from i.external_id then 'external_id' end,
                            case when w.classes is distinct from i.classes then 'classes' end,
                            case when w.props is distinct from i.props then 'props' end,
                            case when w.payload_ref is distinct from i.payload_ref then 'payload_ref' end,
                            case when w.metadata is distinct from i.metadata then 'metadata' end,
                            case when w.refresh_policy is distinct from i.refresh_policy then 'refresh_policy' end,
                            case when w.triggers is distinct from i.triggers then 'triggers' end], null) as members
                   from was w join input i using (", $by, ")
                   where ($13::int[] is null or w.version = any($13)) and ($14::boolean
                     or (w.external_id, w.classes, w.props, w.payload_ref, w.metadata, w.refresh_policy, w.triggers)
                        is distinct from (i.external_id, i.classes, i.props, i.payload_ref, i.metadata, i.refresh_policy, i.triggers))
                 ), kept as (
                   insert into node_versions (tenant_id, node_id, version, external_id, classes, props, payload_ref, metadata, refresh_policy, triggers,
                                              size_bytes, written_at, superseded_at)
                   select $1, w.node_id, w.version, w.external_id, w.classes, w.props, w.payload_ref, w.metadata, w.refresh_policy, w.triggers,
                          w.size_bytes, w.updated_at, greatest($11, w.updated_at)
                   from was w join changed c using (node_id)
                 ), updated as (
                   update nodes n
                   set external_id = c.external_id, classes = c.classes, props = c.props, payload_ref = c.payload_ref, metadata = c.metadata,
                       refresh_policy = c.refresh_policy, triggers = c.triggers, content = c.content,
                       beside_search = words_beside(c.props, c.metadata, c.content), size_bytes = c.size_bytes,
                       version = n.version + 1, updated_at = greatest($11, n.updated_at),
                       embedding_status = case when not c.reworded then n.embedding_status when c.content is null then 'none' else 'queued' end
                   from changed c where n.tenant_id = $1 and n.node_id = c.node_id
                   returning n.node_id, n.version, n.embedding_status, n.updated_at
                 ), queued as (
                   insert into jobs (tenant_id, kind, subject_id, due_at) select $1, 'embed', c.node_id, $11 from changed c where c.reworded
                   on conflict (tenant_id, kind, subject_id) do update set due_at = excluded.due_at, attempts = 0, dead = false, reworded = true
                 ), parked as (
                   delete from deleted_embeddings d using changed c where d.tenant_id = $1 and d.node_id = c.node_id and c.content is null
                 )
                 select w.node_id, w.version, u.version, coalesce(u.embedding_status, w.embedding_status), w.created_at, coalesce(u.updated_at, w.updated_at),
                        coalesce(c.reworded, false), coalesce(c.members, '{}')
                 from input i left join was w using (", $by, ") left join updated u on u.node_id = w.node_id left join changed c on c.node_id = w.node_id
                 order by i.n"
            ),
        )
    };
}

const REPLACE: Statement<Write> = replace!("graph.node.replace", "n.node_id = any($2)", "node_id");
const REPLACE_BY_EXTERNAL_ID: Statement<Write> =
    replace!("graph.node.replace_by_external_id", "n.external_id = any($3)", "external_id");

/// A node without a text has no vectors. Asked for once its row is held: a worker that held it before may have kept one that the statement which
/// changed it could not see.
const WORDLESS: Statement<Write> = Statement::writing(
    "graph.node.wordless",
    REQUESTS,
    "delete from embeddings e using nodes n
     where e.tenant_id = $1 and e.node_id = any($2) and n.tenant_id = $1 and n.node_id = e.node_id and n.content is null",
);

pub(crate) const STATEMENTS: &[&StatementInfo] = &[HOLD.info(), REPLACE.info(), REPLACE_BY_EXTERNAL_ID.info(), WORDLESS.info()];

/// What became of a node that was to be replaced.
#[derive(Debug, Clone)]
pub struct Replaced {
    /// The node as it is now.
    pub node: Node,
    /// Whether it has a new version: one that was the same already has not.
    pub changed: bool,
    /// Whether it was queued for a new vector.
    pub queued: bool,
    /// The version that was there.
    was: i32,
    /// Which members are others now.
    members: Vec<String>,
}

impl Replaced {
    /// What the log is told of the change: which members are others now, and nothing that they could be guessed by.
    pub fn told(&self) -> Value {
        json!({ "changed": self.members, "before": { "version": self.was }, "after": { "version": self.node.version } })
    }
}

/// Which versions a change is meant for.
#[derive(Debug, Clone, Copy)]
pub struct Meant<'a> {
    /// These alone; `None` for whatever is there.
    pub versions: Option<&'a [i32]>,
}

impl Meant<'_> {
    /// Whatever is there.
    pub const ANY: Meant<'static> = Meant { versions: None };

    /// Refuses another version than is meant.
    pub(super) fn check(&self, version: i32) -> Result<(), GraphError> {
        match self.versions {
            Some(versions) if !versions.contains(&version) => Err(GraphError::OtherVersion { version }),
            Some(_) | None => Ok(()),
        }
    }
}

/// Holds a node of the tenant until the transaction ends: what is read stays true.
pub(super) async fn hold(tx: &mut Tx<'_, Write>, id: NodeId, meant: Meant<'_>) -> Result<Node, GraphError> {
    let tenant = tx.tenant();
    let row = tx.write(&HOLD, &[&tenant, &id.uuid()]).await?.into_iter().next().ok_or(GraphError::NoNode(id))?;
    let node = Node::read(&row)?;
    meant.check(node.version)?;
    Ok(node)
}

/// Replaces a node of the tenant. What is the same already gets no new version.
pub async fn replace(
    tx: &mut Tx<'_, Write>,
    id: NodeId,
    new: NewNode,
    meant: Meant<'_>,
    keeps: MostVersions,
    now: Timestamp,
) -> Result<Replaced, GraphError> {
    let after = in_turns!(tx, write(tx, id, &new, meant, keeps, false, now).await)?;
    Ok(after.of(tx.tenant(), new))
}

/// Makes of a node of the tenant what `change` makes of it as it is then, unless that refuses to. What is the same already gets no new version.
pub async fn change<X: Send>(
    tx: &mut Tx<'_, Write>,
    id: NodeId,
    meant: Meant<'_>,
    keeps: MostVersions,
    change: impl Fn(Node) -> Result<NewNode, X> + Send + Sync,
    now: Timestamp,
) -> Result<Result<Replaced, X>, GraphError> {
    in_turns!(tx, {
        let new = match change(hold(tx, id, meant).await?) {
            Ok(new) => new,
            Err(refused) => return Ok(Err(refused)),
        };
        let after = write(tx, id, &new, Meant::ANY, keeps, false, now).await?;
        Ok(Ok(after.of(tx.tenant(), new)))
    })
}

/// Makes a new version of a node of the tenant, also where nothing is different.
pub async fn renew(
    tx: &mut Tx<'_, Write>,
    id: NodeId,
    new: NewNode,
    meant: Meant<'_>,
    keeps: MostVersions,
    now: Timestamp,
) -> Result<Replaced, GraphError> {
    let after = in_turns!(tx, write(tx, id, &new, meant, keeps, true, now).await)?;
    Ok(after.of(tx.tenant(), new))
}

/// Replaces a node, with a new version even if nothing is different where `always`.
async fn write(
    tx: &mut Tx<'_, Write>,
    id: NodeId,
    new: &NewNode,
    meant: Meant<'_>,
    keeps: MostVersions,
    always: bool,
    now: Timestamp,
) -> Result<After, GraphError> {
    let values = Values::of(tx.tenant(), vec![id.uuid()], [new], now);
    let mut params = values.params().to_vec();
    params.extend([&meant.versions as &(dyn ToSql + Sync), &always]);
    let rows = tx.write(&REPLACE, &params).await.map_err(|error| taken(error, new.external_id.as_deref()))?;
    let row = rows.first().map(After::read).transpose()?.flatten().ok_or(GraphError::NoNode(id))?;
    if row.version.is_none() {
        meant.check(row.was)?;
    }
    take_along(tx, std::slice::from_ref(&row), keeps).await?;
    Ok(row)
}

/// Replaces the nodes that have the external ids of `new`, those of a version that is meant, in its order; `None` where there is none.
pub(super) async fn write_by_external_id(
    tx: &mut Tx<'_, Write>,
    new: &[&NewNode],
    meant: Meant<'_>,
    keeps: MostVersions,
    now: Timestamp,
) -> Result<Vec<Option<Replaced>>, GraphError> {
    let tenant = tx.tenant();
    let values = Values::of(tenant.clone(), vec![Uuid::nil(); new.len()], new.iter().copied(), now);
    let mut params = values.params().to_vec();
    params.extend([&meant.versions as &(dyn ToSql + Sync), &false]);
    let rows = tx.write(&REPLACE_BY_EXTERNAL_ID, &params).await?;
    let rows: Vec<Option<After>> = rows.iter().map(After::read).collect::<Result<_, StoreError>>()?;
    take_along(tx, rows.iter().flatten(), keeps).await?;
    Ok(rows.into_iter().zip(new).map(|(row, new)| Some(row?.of(tenant.clone(), (*new).clone()))).collect())
}

/// Takes along, of those that were changed, the states that are too old, and the vectors where there is no text.
async fn take_along<'r>(
    tx: &mut Tx<'_, Write>,
    rows: impl IntoIterator<Item = &'r After> + Send,
    keeps: MostVersions,
) -> Result<(), StoreError> {
    let (mut changed, mut wordless) = (Vec::new(), Vec::new());
    for (row, version) in rows.into_iter().filter_map(|row| Some((row, row.version?))) {
        changed.push((row.id, version));
        if row.embedding_status == "none" {
            wordless.push(row.id.uuid());
        }
    }
    if !wordless.is_empty() {
        let tenant = tx.tenant();
        tx.write(&WORDLESS, &[&tenant, &wordless]).await?;
    }
    keeps.keep(tx, &changed).await
}

/// Another node of the tenant has the external id: found by the key, since the two may be changed at once.
pub(super) fn taken(error: StoreError, external_id: Option<&str>) -> GraphError {
    match (error, external_id) {
        (StoreError::Constraint { name }, Some(external_id)) if name == "nodes_tenant_id_external_id_key" => {
            GraphError::ExternalIdElsewhere { external_id: external_id.to_owned() }
        }
        (other, _) => other.into(),
    }
}

/// What [`REPLACE`] says of one node.
struct After {
    id: NodeId,
    was: i32,
    version: Option<i32>,
    embedding_status: String,
    created_at: Timestamp,
    updated_at: Timestamp,
    queued: bool,
    members: Vec<String>,
}

impl After {
    fn read(row: &Row) -> Result<Option<Self>, StoreError> {
        let Some(id) = row.try_get::<Option<Uuid>>(0)? else { return Ok(None) };
        Ok(Some(Self {
            id: id.into(),
            was: row.try_get(1)?,
            version: row.try_get(2)?,
            embedding_status: row.try_get(3)?,
            created_at: row.try_get(4)?,
            updated_at: row.try_get(5)?,
            queued: row.try_get(6)?,
            members: row.try_get(7)?,
        }))
    }

    fn of(self, tenant: String, new: NewNode) -> Replaced {
        let mut node = Node::created(tenant, self.id, new, self.created_at);
        (node.version, node.embedding_status) = (self.version.unwrap_or(self.was), self.embedding_status);
        (node.created_at, node.updated_at) = (self.created_at, self.updated_at);
        let changed = self.version.is_some();
        Replaced { node, changed, queued: self.queued, was: self.was, members: self.members }
    }
}
