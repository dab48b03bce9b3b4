//! Storing edges again: one that is there gets the props that are given.

use std::collections::HashSet;

use serde_json::Value;
use uuid::Uuid;
use wardgraph_kernel::{Chance, EdgeId, Timestamp, Write};
use wardgraph_store::{Role, Row, Statement, StatementInfo, StoreError, Tx};

use super::{Created, Creation, Edge, End, FIRST, LAST, NewEdge, columns, insert, read};
use crate::{
    GraphError,
    upsert::{self, Met, There, Upsert},
};

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

/// Holds an edge after its ends, as they go: whoever deletes one of them waits, or has taken the edge along.
const HOLD: Statement<Write> = Statement::writing(
    "graph.edge.hold",
    &[Role::App],
    concat!(
        "with there as materialized (
           select src, dst from edges where tenant_id = $1 and edge_id = $2
         ), one as materialized (
           select node_id from nodes where tenant_id = $1 and node_id = (select least(src, dst) from there) for key share
         ), other as materialized (
           select node_id from nodes where tenant_id = $1 and node_id = (select greatest(src, dst) from there) and exists (select from one) for key share
         )
         select ",
        columns!(),
        " from edges where tenant_id = $1 and edge_id = $2 and exists (select from other) for key share"
    ),
);

/// Holds the ends of new edges, in one order for all: whoever deletes one of them waits, or has it gone.
const HOLD_ENDS: Statement<Write> = Statement::writing(
    "graph.edge.hold_ends",
    &[Role::App],
    "with ends as materialized (
       select node_id from nodes where tenant_id = $1 and node_id = any($2)
       union
       select node_id from nodes where tenant_id = $1 and external_id = any($3)
     )
     select n.node_id from nodes n where n.tenant_id = $1 and n.node_id in (select node_id from ends) order by n.node_id for key share",
);

pub(crate) const STATEMENTS: &[&StatementInfo] = &[UPDATE.info(), HOLD.info(), HOLD_ENDS.info()];

/// What became of an edge that was to be stored.
#[derive(Debug, Clone)]
pub enum Stored {
    /// It was created.
    Created(Created),
    /// The tenant has this edge already.
    Exists {
        /// The id of that edge.
        id: EdgeId,
        /// Whether its props are others.
        differs: bool,
    },
    /// The same, and it is held.
    Held(Box<Edge>),
    /// It was there, and has the props that were given.
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
    type Keeps = ();

    /// Of several items that are one edge the last counts where what is there is changed, and else the first.
    async fn create(
        tx: &mut Tx<'_, Write>,
        new: &[Self],
        there: There<()>,
        now: Timestamp,
        chance: &dyn Chance,
    ) -> upsert::Created<Stored> {
        let changes = there == There::Changed(());
        let created = insert(tx, new, if changes { LAST } else { FIRST }, now, chance).await?;
        let mut met = HashSet::new();
        let told = |creation| match creation {
            Creation::NoEnd(field) => Ok(Stored::NoEnd(field)),
            Creation::Open => Err(None),
            Creation::Created(Created { id, .. }) | Creation::Exists { id, .. } if changes && !met.insert(id) => {
                Ok(Stored::Superseded)
            }
            Creation::Created(created) => Ok(Stored::Created(created)),
            Creation::Exists { id, differs } if there == There::Named => Ok(Stored::Exists { id, differs }),
            Creation::Exists { id, .. } => Err(Some(id.uuid())),
        };
        let mut told: Vec<_> = created.into_iter().rev().map(told).collect();
        told.reverse();
        Ok(told)
    }

    async fn hold(tx: &mut Tx<'_, Write>, met: &[(Uuid, &Self)]) -> Met<Stored> {
        let tenant = tx.tenant();
        let mut held = Vec::with_capacity(met.len());
        for (id, _) in met {
            let rows = tx.write(&HOLD, &[&tenant, id]).await?;
            held.push(rows.first().map(read).transpose()?.map(|edge| Stored::Held(Box::new(edge))));
        }
        Ok(held)
    }

    async fn steady(tx: &mut Tx<'_, Write>, new: &[Self]) -> Result<(), GraphError> {
        let ends = || new.iter().flat_map(|edge| [&edge.src, &edge.dst]);
        let ids: Vec<Uuid> = ends().filter_map(End::id).collect();
        let external_ids: Vec<&str> = ends().filter_map(End::external_id).collect();
        let tenant = tx.tenant();
        Ok(tx.write(&HOLD_ENDS, &[&tenant, &ids, &external_ids]).await.map(drop)?)
    }

    /// Gives edges their props.
    async fn change(tx: &mut Tx<'_, Write>, met: &[(Uuid, &Self)], (): (), _now: Timestamp) -> Met<Stored> {
        let ids: Vec<Uuid> = met.iter().map(|(id, _)| *id).collect();
        let props: Vec<Value> = met.iter().map(|(_, item)| Value::Object(item.props.clone())).collect();
        let sizes: Vec<i32> = met.iter().map(|(_, item)| item.size_bytes()).collect();
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
