//! Reading a tenant's events, newest first.

use std::str::FromStr;

use serde_json::Value;
use uuid::Uuid;
use wardgraph_kernel::{Cursor, EventId, Mode, NodeId, Page, PageSize, Read, RequestId, Timestamp};
use wardgraph_store::{Role, Row, Statement, StoreError, Tx};

/// The next of the tenant's events, `$which` of them.
macro_rules! list {
    ($name:literal, $which:literal) => {
        Statement::reading(
            $name,
            &[Role::App],
            concat!(
                "select event_id, type, category, subject_type, subject, actor_id, actor_type, outcome, request_id, payload, created_at
                 from events where tenant_id = $1 and event_id < $2",
                $which,
                " order by event_id desc limit $3"
            ),
        )
    };
}

pub(crate) const LIST: Statement<Read> = list!("audit.event.list", "");
// A text for each index: what else is asked is asked of what the one that brings least leaves.
pub(crate) const OF_TYPE: Statement<Read> = list!("audit.event.list_of_type", " and type = $4");
pub(crate) const OF_NODE: Statement<Read> =
    list!("audit.event.list_of_node", " and subject = $4 and ($5::text is null or type = $5)");
pub(crate) const OF_REQUEST: Statement<Read> = list!(
    "audit.event.list_of_request",
    " and request_id = $4 and ($5::text is null or type = $5) and ($6::text is null or subject = $6)"
);

/// Which events to list.
#[derive(Debug, Clone, Default, Hash)]
pub struct Filter {
    /// About this node.
    pub node: Option<NodeId>,
    /// Of this type.
    pub event_type: Option<String>,
    /// Of this request.
    pub request: Option<RequestId>,
}

/// An event as it was written.
#[derive(Debug, Clone)]
pub struct Listed {
    /// Its id.
    pub id: EventId,
    /// What happened.
    pub event_type: String,
    /// The category of what happened.
    pub category: String,
    /// What kind of thing it happened to.
    pub subject_type: Option<String>,
    /// To what.
    pub subject: Option<String>,
    /// Who acted.
    pub actor_id: String,
    /// What kind of actor.
    pub actor_type: String,
    /// How it ended.
    pub outcome: String,
    /// In which request.
    pub request_id: Option<RequestId>,
    /// More about it.
    pub payload: Value,
    /// When.
    pub created_at: Timestamp,
}

impl Listed {
    /// The node it is about, if it is about one.
    pub fn node(&self) -> Option<NodeId> {
        let id = self.subject.as_deref().filter(|_| self.subject_type.as_deref() == Some("node"))?;
        Uuid::from_str(id).ok().map(NodeId::from)
    }

    fn read(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.try_get::<Uuid>(0)?.into(),
            event_type: row.try_get(1)?,
            category: row.try_get(2)?,
            subject_type: row.try_get(3)?,
            subject: row.try_get(4)?,
            actor_id: row.try_get(5)?,
            actor_type: row.try_get(6)?,
            outcome: row.try_get(7)?,
            request_id: row.try_get::<Option<Uuid>>(8)?.map(RequestId::from),
            payload: row.try_get(9)?,
            created_at: row.try_get(10)?,
        })
    }
}

/// A page of the tenant's events.
pub async fn list<M: Mode>(
    tx: &mut Tx<'_, M>,
    filter: &Filter,
    after: Option<Cursor>,
    size: PageSize,
) -> Result<Page<Listed>, StoreError> {
    let tenant = tx.tenant();
    let after = after.map_or_else(Uuid::max, Cursor::id);
    let probe = size.probe();
    let node = filter.node.map(|id| id.to_string());
    let rows = match (filter.request, &node, &filter.event_type) {
        (None, None, None) => tx.query(&LIST, &[&tenant, &after, &probe]).await?,
        (None, None, Some(of_type)) => tx.query(&OF_TYPE, &[&tenant, &after, &probe, of_type]).await?,
        (None, Some(node), of_type) => tx.query(&OF_NODE, &[&tenant, &after, &probe, node, of_type]).await?,
        (Some(request), node, of_type) => {
            tx.query(&OF_REQUEST, &[&tenant, &after, &probe, &request.uuid(), of_type, node]).await?
        }
    };
    let events = rows.iter().map(Listed::read).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::cut(events, size, |event| event.id.uuid()))
}
