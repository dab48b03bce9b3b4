//! Storing edges again: one that is there gets the props that are given.

use std::collections::HashSet;

use serde_json::Value;
use uuid::Uuid;
use wardgraph_kernel::{Chance, Timestamp, Write};
use wardgraph_store::{Role, Row, Statement, StatementInfo, StoreError, Tx};

use super::{Creation, Edge, LAST, NewEdge, insert, read};
use crate::upsert::{Changed, Created, Upsert};

/// Gives edges their props; what is the same already stays as it is.
const UPDATE: Statement<Write> = Statement::writing(
    "graph.edge.update",
    &[Role::App],
    "with input as materialized (
       select i.edge_id, i.props, i.size_bytes, i.n from unnest($2::uuid[], $3::jsonb[], $4::int[]) with ordinality as i(edge_id, props, size_bytes, n)
     ), was as materialized (
       select e.edge_id, e.src, e.rel, e.dst, e.props, e.created_at
       from edges e where e.tenant_id = $1 and e.edge_id = any($2) order by e.edge_id for no key update
     ), updated as (
       update edges e set props = i.props, size_bytes = i.size_bytes
       from was w join input i using (edge_id)
       where e.tenant_id = $1 and e.edge_id = w.edge_id and w.props is distinct from i.props
       returning e.edge_id, e.props
     )
     select $1::text, w.edge_id, w.src, w.rel, w.dst, coalesce(u.props, w.props), w.created_at, u.edge_id is not null
     from input i left join was w using (edge_id) left join updated u using (edge_id) order by i.n",
);

pub(crate) const STATEMENTS: &[&StatementInfo] = &[UPDATE.info()];

/// What became of an edge that was to be stored.
#[derive(Debug, Clone)]
pub enum Stored {
    /// It was created.
    Created(Box<Edge>),
    /// It was there.
    Replaced(Box<Replaced>),
    /// The end that this field names is no node of the tenant.
    NoEnd(&'static str),
    /// A later item is the same edge, and counts.
    Superseded,
}

/// An edge that was there.
#[derive(Debug, Clone)]
pub struct Replaced {
    /// The edge as it is now.
    pub edge: Edge,
    /// Whether they are others now.
    pub changed: bool,
}

impl Upsert for NewEdge {
    type Stored = Stored;

    /// Of several items that are one edge the last counts.
    async fn create(tx: &mut Tx<'_, Write>, new: &[Self], now: Timestamp, chance: &dyn Chance) -> Created<Stored> {
        let created = insert(tx, new, LAST, now, chance).await?;
        let (tenant, mut met) = (tx.tenant(), HashSet::new());
        let told = |(creation, item): (Creation, &Self)| match creation {
            Creation::NoEnd(field) => Ok(Stored::NoEnd(field)),
            Creation::Created { id, .. } | Creation::Exists { id, .. } if !met.insert(id) => Ok(Stored::Superseded),
            Creation::Created { id, src, dst } => {
                Ok(Stored::Created(Box::new(Edge::created(tenant.clone(), id, (src, dst), item.clone(), now))))
            }
            Creation::Exists { id, .. } => Err(id.uuid()),
        };
        let mut told: Vec<_> = created.into_iter().zip(new).rev().map(told).collect();
        told.reverse();
        Ok(told)
    }

    /// Gives edges their props.
    async fn change(tx: &mut Tx<'_, Write>, there: &[(Uuid, &Self)], _now: Timestamp) -> Changed<Stored> {
        let ids: Vec<Uuid> = there.iter().map(|(id, _)| *id).collect();
        let props: Vec<Value> = there.iter().map(|(_, item)| Value::Object(item.props.clone())).collect();
        let sizes: Vec<i32> = there.iter().map(|(_, item)| item.size_bytes()).collect();
        let tenant = tx.tenant();
        let rows = tx.write(&UPDATE, &[&tenant, &ids, &props, &sizes]).await?;
        Ok(rows.iter().map(replaced).collect::<Result<_, StoreError>>()?)
    }
}

fn replaced(row: &Row) -> Result<Option<Stored>, StoreError> {
    if row.try_get::<Option<Uuid>>(1)?.is_none() {
        return Ok(None);
    }
    let replaced = Replaced { edge: read(row)?, changed: row.try_get(7)? };
    Ok(Some(Stored::Replaced(Box::new(replaced))))
}
