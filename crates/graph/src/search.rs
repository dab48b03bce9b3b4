//! Search by meaning, by words, or by both (reciprocal rank fusion, Cormack et al. 2009, k = 60). One statement, one flight.
//!
//! A node that is not among the first of one of the two lists counts there as if it stood one behind them: it is unranked, not worst. Without
//! that, a node with one common word in it passed the nearest by meaning (measured: `bench/QUALITY.md`).

mod coverage;
mod explain;
mod route;
mod statements;

use serde_json::Value;
use uuid::Uuid;
use wardgraph_embed::{Embedder, Lane};
use wardgraph_kernel::{Mode, NodeId, Read, TenantId, Timestamp};
use wardgraph_store::{Plan, Row, Statement, StoreError, ToSql, Tx, Vector};

use crate::{GraphError, bound::ANSWER_BYTES, clean, filter::Filter, node::named};
use statements::{Asks, Way};

pub(crate) use coverage::STATEMENTS;
pub use coverage::{Counted, Coverage, Share, count};
pub use explain::Factors;
pub use route::{Route, Routes};
pub use statements::Searches;

/// How many of a list are weighed by age and drift, whatever is shown of it: the best score may be the farthest's. Of a tenant that is searched
/// exactly all, unless `search.exact_rows` was raised or shared nodes make them more; by an index, as many as a search looks at anyway
/// (`hnsw.ef_search`). By words as many as exactly.
const fn weighed(route: Route) -> i64 {
    match route {
        Route::Exact => 5_000,
        Route::Graph => 400,
        Route::Own => 1_000,
    }
}

/// What to search by.
#[derive(Debug, Clone)]
pub enum By {
    /// Meaning alone.
    Vector(Vec<f32>),
    /// Words alone.
    Text(String),
    /// Both.
    Hybrid(Vec<f32>, String),
}

/// How age and drift lower a score: `score * left`, and below 0 `score * (2 - left)`, where `left` is
/// `exp(-decay * age in days) * max(0, 1 - drift * the node's drift)`. Multiplied by `left`, a score below 0 would rise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Weighting {
    /// How fast the old fades, a day.
    pub decay_lambda: f64,
    /// How much drift counts.
    pub drift_beta: f64,
}

/// A search.
#[derive(Debug, Clone)]
pub struct Query {
    /// By what.
    pub by: By,
    /// Which nodes may be found.
    pub filter: Filter,
    /// How age and drift count, if they do. Then many more are looked at than are shown.
    pub weighting: Option<Weighting>,
    /// How many results, 1 to 100.
    pub top_k: i64,
    /// When it is asked.
    pub now: Timestamp,
}

/// A node that was found.
#[derive(Debug, Clone)]
pub struct Found {
    /// Its id.
    pub id: NodeId,
    /// Its tenant; `None` for a shared node.
    pub tenant: Option<String>,
    /// The caller's own id.
    pub external_id: Option<String>,
    /// Its classes.
    pub classes: Vec<String>,
    /// What describes it.
    pub props: Value,
    /// What else is known of it.
    pub metadata: Value,
    /// The beginning of its text, with nothing in it that a browser would run.
    pub text: String,
    /// Cosine similarity; `None` without a vector on either side.
    pub similarity: Option<f64>,
    /// What the results are ordered by.
    pub score: f64,
    /// What the score was made of.
    pub reasons: Reasons,
}

/// What a search brought.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The nodes, best first.
    pub found: Vec<Found>,
    /// Whether more were found than one answer carries.
    pub truncated: bool,
}

/// What a score was made of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reasons {
    /// The place among the nearest by meaning, from 1.
    pub meaning_place: Option<i64>,
    /// The place among the best by words, from 1.
    pub words_place: Option<i64>,
    /// Postgres's rank of the words.
    pub text_rank: Option<f64>,
    /// How long ago it was last refreshed, or created.
    pub age_days: f64,
    /// How far its content moved at its last refresh.
    pub drift: f64,
    /// The score before age and drift.
    pub base: f64,
}

/// How a search will be run: decided before its transaction begins.
#[derive(Debug, Clone, Copy)]
pub struct Planned<'a> {
    query: &'a Query,
    searches: &'static Searches,
    statement: &'static Statement<Read>,
    route: Route,
}

/// The vector of a tenant's query: the one that was given, if it has the model's dimension, else the model's for the text.
pub async fn query_vector(
    embedder: &dyn Embedder,
    tenant: &TenantId,
    given: Option<Vec<f32>>,
    text: Option<&str>,
) -> Result<Vec<f32>, GraphError> {
    match (given, text) {
        (Some(vector), _) if vector.len() == embedder.dimension() => Ok(of_length_one(&vector)),
        (Some(vector), _) => {
            Err(GraphError::Dimension { model: embedder.model().to_string(), wanted: embedder.dimension(), given: vector.len() })
        }
        (None, text) => {
            let vectors = embedder.embed(vec![text.unwrap_or_default().to_owned()], Lane::Query(tenant.clone())).await?;
            vectors.into_iter().next().ok_or_else(|| StoreError::Unsafe("the model gave no vector".into()).into())
        }
    }
}

/// The vector at length 1. Cosine asks for the direction alone, and pgvector's single-precision squares of very small or very large numbers
/// come out as nothing or infinity, so that no distance is left.
fn of_length_one(vector: &[f32]) -> Vec<f32> {
    let length = vector.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt();
    #[expect(clippy::cast_possible_truncation, reason = "numbers from -1 to 1 lose nothing but precision")]
    vector.iter().map(|x| (f64::from(*x) / length) as f32).collect()
}

impl Query {
    /// How this search will be run for `tenant`.
    pub fn planned<'a>(&'a self, routes: &Routes, tenant: &str) -> Planned<'a> {
        let searches = routes.searches();
        let (way, route) = match &self.by {
            By::Vector(_) => (Way::Vector, routes.of(tenant)),
            By::Text(_) => (Way::Text, Route::Exact),
            By::Hybrid(..) => (Way::Hybrid, routes.of(tenant)),
        };
        let asks = Asks { filter: !self.filter.is_empty(), weighting: self.weighting.is_some() };
        Planned { query: self, searches, statement: searches.choose(way, route, asks), route }
    }
}

impl Planned<'_> {
    /// How many places of a list count when two are fused: so many that what is high in both is in both.
    fn ranked(&self) -> i64 {
        (self.query.top_k * 5).max(100)
    }

    /// How deep the lists go.
    fn depth(&self) -> i64 {
        let least = if self.query.weighting.is_some() { weighed(self.route) } else { self.query.top_k };
        if matches!(self.query.by, By::Hybrid(..)) { self.ranked().max(least) } else { least }
    }

    /// By which way the vectors are searched.
    pub const fn route(&self) -> Route {
        self.route
    }

    /// How Postgres is to plan it. Comparing a tenant's vectors one by one has one plan whatever the values are, and planning took longer than
    /// running for the small; whatever an index or a filter may serve is planned with the values known.
    pub fn plan(&self) -> Plan {
        match (&self.query.by, self.route) {
            (By::Vector(_), Route::Exact) if self.query.filter.is_empty() => Plan::Generic,
            (By::Vector(_) | By::Hybrid(..), Route::Graph) => Plan::Indexed,
            (By::Vector(_) | By::Hybrid(..), Route::Own) => Plan::IndexedAlone,
            _ => Plan::Custom,
        }
    }

    /// Searches the tenant's nodes and the shared ones.
    pub async fn run<M: Mode>(&self, tx: &mut Tx<'_, M>) -> Result<Answer, GraphError> {
        let (tenant, Query { by, weighting, top_k, now, filter }) = (tx.tenant(), self.query);
        let weighting = weighting.unwrap_or(Weighting { decay_lambda: 0.0, drift_beta: 0.0 });
        let (depth, ranked) = (self.depth(), self.ranked());
        let model = self.searches.space().model();
        let vector = Vector(match by {
            By::Vector(vector) | By::Hybrid(vector, _) => vector.as_slice(),
            By::Text(_) => &[],
        });
        let (decay, drift) = (weighting.decay_lambda, weighting.drift_beta);
        let mut parameters: Vec<&(dyn ToSql + Sync)> = vec![&tenant, top_k, &ANSWER_BYTES, &decay, &drift, now, &depth];
        match by {
            By::Vector(_) => parameters.extend([&model as &(dyn ToSql + Sync), &vector]),
            By::Text(text) => parameters.push(text),
            By::Hybrid(_, text) => parameters.extend([&model as &(dyn ToSql + Sync), &vector, text, &ranked]),
        }
        let filter = filter.value();
        if filter.is_some() {
            parameters.push(&filter);
        }
        let rows = tx.query(self.statement, &parameters).await?;
        let found = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        let there: i64 = rows.first().map_or(Ok(0), Row::try_last)?;
        let truncated = i64::try_from(found.len()).unwrap_or(i64::MAX) < there.min(*top_k);
        Ok(Answer { found, truncated })
    }
}

fn read(row: &Row) -> Result<Found, StoreError> {
    Ok(Found {
        id: row.try_get::<Uuid>(0)?.into(),
        tenant: named(row.try_get(1)?),
        external_id: row.try_get(2)?,
        classes: row.try_get(3)?,
        props: row.try_get(4)?,
        metadata: row.try_get(5)?,
        text: clean::part(row.try_get(6)?),
        similarity: row.try_get(7)?,
        score: row.try_get(8)?,
        reasons: Reasons {
            meaning_place: row.try_get(9)?,
            words_place: row.try_get(10)?,
            text_rank: row.try_get(11)?,
            age_days: row.try_get(12)?,
            drift: row.try_get(13)?,
            base: row.try_get(14)?,
        },
    })
}
