//! The tiers of search: how many vectors each tenant has where, and moving them from place to place.
//!
//! What is due is found by what was counted and what was kept since. Both are taken back only when the work is done, so that whoever is
//! stopped in between is followed by someone who begins anew and finds most of it done.

use std::collections::HashMap;

use wardgraph_kernel::{Mode, Read, TenantId, Write};
use wardgraph_store::{Role, Statement, StatementInfo, StoreError, Tx};

use crate::search::Route;

/// Counts vectors that were kept just now.
const TOUCH: Statement<Write> = Statement::writing(
    "graph.tiers.touch",
    &[Role::Worker],
    "insert into vector_spaces (tenant_id, model, touched) values ($1, $2, $3)
     on conflict (tenant_id, model) do update set touched = vector_spaces.touched + excluded.touched",
);

/// Tenants with more vectors in no index than their route bears, by what is known without counting: one bound for those that are searched
/// exactly, another for those that have an index.
const DUE: Statement<Read> = Statement::reading(
    "graph.tiers.due",
    &[Role::Worker],
    "select tenant_id, route, touched from (
       (select tenant_id, route, touched, tail + touched as waiting from vector_spaces
        where model = $1 and tail + touched > $2 and route = 'exact' and tenant_id <> all($4) order by tail + touched desc limit $3)
       union all
       (select tenant_id, route, touched, tail + touched from vector_spaces
        where model = $1 and tail + touched > $5 and route <> 'exact' and tenant_id <> all($4) order by tail + touched desc limit $3)) due
     order by waiting desc limit $3",
);

/// The tenants that are not searched exactly any more.
const GROWN: Statement<Read> = Statement::reading(
    "graph.tiers.grown",
    &[Role::Worker],
    "select tenant_id, route from vector_spaces where model = $1 and route <> 'exact'",
);

const MEASURE: Statement<Read> = Statement::reading(
    "graph.tiers.measure",
    &[Role::Worker],
    "select route, count(*), sum(tail + touched)::bigint from vector_spaces where model = $1 group by route",
);

/// How many of the tenant's vectors are in each place, each counted up to a bound, in which partition they lie, and how many tenants have an
/// index of their own there, one of those named in `$4` not counted.
const COUNT: Statement<Read> = Statement::reading(
    "graph.tiers.count",
    &[Role::Worker],
    "select (select count(*) from (select from embeddings where tenant_id = $1 and model = $2 and graph = 0 limit $3) t),
            (select count(*) from (select from embeddings where tenant_id = $1 and model = $2 and graph = 1 limit $3) t),
            (select count(*) from (select from embeddings where tenant_id = $1 and model = $2 and graph = 2 limit $3) t),
            (select p.relname::text from embeddings e join pg_class p on p.oid = e.tableoid where e.tenant_id = $1 limit 1),
            (select count(*) from pg_index i join pg_class c on c.oid = i.indexrelid
             where i.indrelid = (select e.tableoid from embeddings e where e.tenant_id = $1 limit 1) and position('_own_' in c.relname::text) > 0
               and c.relname::text <> all($4))",
);

/// Moves some vectors from the tail to a place. Whoever else changes one of them at this moment keeps it; it is met again.
const MOVE: Statement<Write> = Statement::writing(
    "graph.tiers.move",
    &[Role::Worker],
    "with batch as (
       select node_id from embeddings where tenant_id = $1 and model = $2 and graph = 0 limit $4 for no key update skip locked
     ), moved as (
       update embeddings e set graph = $3 from batch b where e.tenant_id = $1 and e.model = $2 and e.node_id = b.node_id returning 1
     )
     select count(*) from moved",
);

/// Has on record how the tenant is searched now.
const ROUTE: Statement<Write> = Statement::writing(
    "graph.tiers.route",
    &[Role::Worker],
    "update vector_spaces set route = $3 where tenant_id = $1 and model = $2 and route <> $3 returning route",
);

/// Has on record what was found and done; what was kept since counts on.
const SETTLE: Statement<Write> = Statement::writing(
    "graph.tiers.settle",
    &[Role::Worker],
    "update vector_spaces set tail = $3, touched = greatest(touched - $4, 0) where tenant_id = $1 and model = $2 returning tail",
);

/// The next tenants that are searched one by one: what they have is counted again in their turn.
const EXACT: Statement<Read> = Statement::reading(
    "graph.tiers.exact",
    &[Role::Worker],
    "select tenant_id, touched from vector_spaces where model = $1 and route = 'exact' and tenant_id > $2 order by tenant_id limit $3",
);

/// Tenants and models of which there may be no vectors any more.
const DOUBTFUL: Statement<Read> = Statement::reading(
    "graph.tiers.doubtful",
    &[Role::Worker],
    "select tenant_id, model from vector_spaces
     where (model <> all($1) or route <> 'exact') and (tenant_id, model) > ($2, $3) order by tenant_id, model limit $4",
);

/// Holds the row: whoever keeps a vector of this model from now on waits, and makes a new row.
const HOLD: Statement<Write> = Statement::writing(
    "graph.tiers.hold",
    &[Role::Worker],
    "select model from vector_spaces where tenant_id = $1 and model = $2 for update",
);

/// Forgets a tenant's model, if none of its vectors are left.
const FORGET: Statement<Write> = Statement::writing(
    "graph.tiers.forget",
    &[Role::Worker],
    "delete from vector_spaces where tenant_id = $1 and model = $2
       and not exists (select from embeddings e where e.tenant_id = $1 and e.model = $2) returning tenant_id",
);

const KNOWN: Statement<Read> =
    Statement::reading("graph.tiers.known", &[Role::Worker], "select 1 from vector_spaces where model = $1 limit 1");
const KNOWN_OF: Statement<Read> = Statement::reading(
    "graph.tiers.known_of",
    &[Role::Worker],
    "select 1 from vector_spaces where model = $1 and tenant_id = $2",
);

/// The state of an index, by what everybody may read of the catalogue: the session that builds is busy meanwhile.
const WHOLE: Statement<Read> = Statement::reading(
    "graph.tiers.is_whole",
    &[Role::Worker],
    "select i.indisvalid and i.indisready from pg_index i where i.indexrelid = to_regclass('wardgraph.' || $1::text)",
);

pub(crate) const STATEMENTS: &[&StatementInfo] = &[
    EXACT.info(),
    DOUBTFUL.info(),
    HOLD.info(),
    FORGET.info(),
    KNOWN.info(),
    KNOWN_OF.info(),
    WHOLE.info(),
    TOUCH.info(),
    DUE.info(),
    GROWN.info(),
    MEASURE.info(),
    COUNT.info(),
    MOVE.info(),
    ROUTE.info(),
    SETTLE.info(),
];

/// A tenant whose tail has grown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// Whose.
    pub tenant: TenantId,
    /// How it is searched so far.
    pub route: Route,
    /// How many vectors were kept since the last count.
    pub touched: i64,
}

/// How many vectors a tenant has where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count {
    /// In no index.
    pub tail: i64,
    /// In the common index.
    pub common: i64,
    /// In its own index alone, or waiting for it to be built.
    pub own: i64,
    /// The partition in which they lie; `None` without any.
    pub partition: Option<String>,
    /// How many tenants have an index of their own there, besides those that were named.
    pub own_indexes: i64,
}

impl Count {
    /// In all places together.
    pub const fn all(&self) -> i64 {
        self.tail + self.common + self.own
    }
}

/// How many tenants there are of one route, and their tails together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Measured {
    /// The route.
    pub route: Route,
    /// Tenants.
    pub tenants: i64,
    /// Vectors in no index, by what was counted last and kept since.
    pub tail: i64,
}

/// Counts vectors of `model` that this transaction has kept.
pub async fn touch(tx: &mut Tx<'_, Write>, model: &str, vectors: usize) -> Result<(), StoreError> {
    let tenant = tx.tenant();
    let vectors = i64::try_from(vectors).unwrap_or(i64::MAX);
    tx.write(&TOUCH, &[&tenant, &model, &vectors]).await.map(drop)
}

/// At most `most` tenants that have more than `exact` vectors and are searched exactly, or have an index and a tail longer than `tail`: the
/// longest first, without `others`.
pub async fn due<M: Mode>(
    tx: &mut Tx<'_, M>,
    model: &str,
    (exact, tail): (i64, i64),
    most: i64,
    others: &[String],
) -> Result<Vec<Due>, StoreError> {
    let mut due = Vec::new();
    for row in tx.query(&DUE, &[&model, &exact, &most, &others, &tail]).await? {
        // Only tenants are kept in tiers: shared rows are few.
        let Ok(tenant) = TenantId::parse(row.try_get(0)?) else { continue };
        due.push(Due { tenant, route: named(row.try_get(1)?)?, touched: row.try_get(2)? });
    }
    Ok(due)
}

/// The tenants that have outgrown exact search.
pub async fn grown<M: Mode>(tx: &mut Tx<'_, M>, model: &str) -> Result<HashMap<String, Route>, StoreError> {
    let rows = tx.query(&GROWN, &[&model]).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, named(row.try_get(1)?)?))).collect()
}

/// How many tenants go which way.
pub async fn measure<M: Mode>(tx: &mut Tx<'_, M>, model: &str) -> Result<Vec<Measured>, StoreError> {
    let rows = tx.query(&MEASURE, &[&model]).await?;
    rows.iter()
        .map(|row| Ok(Measured { route: named(row.try_get(0)?)?, tenants: row.try_get(1)?, tail: row.try_get(2)? }))
        .collect()
}

/// Counts the tenant's vectors, in each place up to `most`: counting a large tenant takes no longer than one that has so many. Of tenants' own
/// indexes those in `unbuilt` are not counted, whether they are there already or not.
pub async fn count<M: Mode>(tx: &mut Tx<'_, M>, model: &str, most: i64, unbuilt: &[String]) -> Result<Count, StoreError> {
    let tenant = tx.tenant();
    let row = tx.find(&COUNT, &[&tenant, &model, &most, &unbuilt]).await?.ok_or(StoreError::Ended)?;
    Ok(Count {
        tail: row.try_get(0)?,
        common: row.try_get(1)?,
        own: row.try_get(2)?,
        partition: row.try_get(3)?,
        own_indexes: row.try_get(4)?,
    })
}

/// Moves at most `most` vectors from the tail to where `route` looks for them. Returns how many were moved.
pub async fn promote(tx: &mut Tx<'_, Write>, model: &str, route: Route, most: i64) -> Result<i64, StoreError> {
    let Some(place) = route.place() else { return Ok(0) };
    let tenant = tx.tenant();
    let rows = tx.write(&MOVE, &[&tenant, &model, &place, &most]).await?;
    rows.first().map_or(Ok(0), |row| row.try_get(0))
}

/// Has on record how the tenant is searched now. Returns whether that is news.
pub async fn set_route(tx: &mut Tx<'_, Write>, model: &str, route: Route) -> Result<bool, StoreError> {
    let tenant = tx.tenant();
    Ok(!tx.write(&ROUTE, &[&tenant, &model, &route.word()]).await?.is_empty())
}

/// Has on record that `tail` vectors were left in no index when all that were `touched` had been seen.
pub async fn settle(tx: &mut Tx<'_, Write>, model: &str, tail: i64, touched: i64) -> Result<(), StoreError> {
    let tenant = tx.tenant();
    tx.write(&SETTLE, &[&tenant, &model, &tail, &touched]).await.map(drop)
}

/// The next `most` tenants after `after` that are searched one by one, and how many vectors each has kept since it was counted.
pub async fn exact<M: Mode>(tx: &mut Tx<'_, M>, model: &str, after: &str, most: i64) -> Result<Vec<(String, i64)>, StoreError> {
    let rows = tx.query(&EXACT, &[&model, &after, &most]).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

/// At most `most` tenants and models after `after`, of which there may be no vectors any more: those of other models than `used`, and those that
/// have outgrown exact search.
pub async fn doubtful<M: Mode>(
    tx: &mut Tx<'_, M>,
    used: &[String],
    after: (&str, &str),
    most: i64,
) -> Result<Vec<(String, String)>, StoreError> {
    let rows = tx.query(&DOUBTFUL, &[&used, &after.0, &after.1, &most]).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

/// Forgets how the tenant's vectors of `model` are searched, if there are none. Returns whether there were none.
pub async fn forget(tx: &mut Tx<'_, Write>, model: &str) -> Result<bool, StoreError> {
    let tenant = tx.tenant();
    tx.write(&HOLD, &[&tenant, &model]).await?;
    Ok(!tx.write(&FORGET, &[&tenant, &model]).await?.is_empty())
}

/// Whether the index of this name is there and whole.
pub async fn is_whole<M: Mode>(tx: &mut Tx<'_, M>, index: &str) -> Result<bool, StoreError> {
    tx.find(&WHOLE, &[&index]).await?.map_or(Ok(false), |row| row.try_get(0))
}

/// Whether there may be vectors of `model`, of `tenant` if one is named.
pub async fn is_known<M: Mode>(tx: &mut Tx<'_, M>, model: &str, tenant: Option<&str>) -> Result<bool, StoreError> {
    let found = match tenant {
        None => tx.find(&KNOWN, &[&model]).await?,
        Some(tenant) => tx.find(&KNOWN_OF, &[&model, &tenant]).await?,
    };
    Ok(found.is_some())
}

fn named(word: &str) -> Result<Route, StoreError> {
    Route::named(word).ok_or_else(|| StoreError::Unsafe("a route that this version does not know".into()))
}
