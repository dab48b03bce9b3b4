//! Reading a tenant's events, newest first.

use std::str::FromStr;

use serde_json::Value;
use uuid::Uuid;
use wardgraph_kernel::{Cursor, EventId, Mode, NodeId, Page, PageSize, Read, RequestId, Timestamp};
use wardgraph_store::{Role, Row, Statement, StoreError, Tx};

pub(crate) const LIST: Statement<Read> = Statement::reading(
    "audit.event.list",
    &[Role::App],
    "select event_id, type, category, subject_type, subject, actor_id, actor_type, outcome, request_id, payload, created_at
     from events
     where tenant_id = $1 and ($2::uuid is null or event_id < $2) and ($3::text is null or subject = $3)
       and ($4::text is null or type = $4) and ($5::uuid is null or request_id = $5)
     order by event_id desc limit $6",
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
    let after = after.map(Cursor::id);
    let node = filter.node.map(|id| id.to_string());
    let request = filter.request.map(RequestId::uuid);
    let rows = tx.query(&LIST, &[&tenant, &after, &node, &filter.event_type, &request, &size.probe()]).await?;
    let events = rows.iter().map(Listed::read).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::cut(events, size, |event| event.id.uuid()))
}
