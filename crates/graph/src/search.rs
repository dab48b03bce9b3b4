//! Search by meaning, by words, or by both (reciprocal rank fusion, Cormack et al. 2009, k = 60). One statement, one flight.
//!
//! A node that one of the two lists lacks counts there as the place behind the list's last: it is unranked, not worst. Without that, a node
//! with one common word in it passed the nearest by meaning (measured: `bench/QUALITY.md`).
//!
//! Vectors are compared exactly, within the tenant's own rows and the shared ones: no other tenant's row can shorten a result.

use serde_json::Value;
use uuid::Uuid;
use wardgraph_embed::{Embedder, Lane};
use wardgraph_kernel::{Mode, NodeId, Read};
use wardgraph_store::{Role, Row, Statement, StatementInfo, StoreError, Tx};

use crate::{GraphError, bound::ANSWER_BYTES};

macro_rules! by_meaning {
    ($limit:literal) => {
        concat!(
            "select e.tenant_id, e.node_id, (e.embedding <=> $3::real[]::vector)::float8 as distance
             from embeddings e
             where e.tenant_id = any(array[$1, '*']) and e.model = $2
               and ($4::text[] is null or exists (select from nodes c where c.tenant_id = e.tenant_id and c.node_id = e.node_id and c.classes && $4))
             order by distance limit ",
            $limit
        )
    };
}

/// The query's words, any of which may match: `a & b` as `a | b`.
macro_rules! words {
    ($query:literal) => {
        concat!("replace(plainto_tsquery('english', ", $query, ")::text, ' & ', ' | ')::tsquery")
    };
}

macro_rules! by_words {
    ($query:literal, $classes:literal, $limit:literal) => {
        concat!(
            "select w.tenant_id, w.node_id, ts_rank(w.content_search, ",
            words!($query),
            ", 1)::float8 as rank
             from nodes w
             where w.tenant_id = any(array[$1, '*']) and w.content_search @@ ",
            words!($query),
            " and (",
            $classes,
            "::text[] is null or w.classes && ",
            $classes,
            ") order by rank desc, w.node_id limit ",
            $limit
        )
    };
}

/// What a result shows, of the found nodes that fit into one answer: `$order` is theirs, `$most` the parameter that bounds their octets.
macro_rules! shown {
    ($found:literal, $similarity:literal, $score:literal, $order:literal, $most:literal) => {
        concat!(
            "select n.node_id, n.tenant_id, n.classes, n.props, n.metadata, left(coalesce(n.content, ''), 300), ",
            $similarity,
            ", ",
            $score,
            " from (select f.*, sum(s.size_bytes) over (order by ",
            $order,
            ", s.node_id) - s.size_bytes as before from ",
            $found,
            " f join nodes s using (tenant_id, node_id)) f join nodes n using (tenant_id, node_id) where f.before <= ",
            $most,
            " order by ",
            $order,
            ", n.node_id"
        )
    };
}

const VECTOR: Statement<Read> = Statement::reading(
    "graph.search.vector",
    &[Role::App],
    concat!(
        "with found as materialized (",
        by_meaning!("$5"),
        ") ",
        shown!("found", "1 - f.distance", "1 - f.distance", "f.distance", "$6")
    ),
);

const TEXT: Statement<Read> = Statement::reading(
    "graph.search.text",
    &[Role::App],
    concat!(
        "with found as materialized (",
        by_words!("$2", "$3", "$4"),
        ") ",
        shown!("found", "null::float8", "f.rank", "f.rank desc", "$5")
    ),
);

const HYBRID: Statement<Read> = Statement::reading(
    "graph.search.hybrid",
    &[Role::App],
    concat!(
        "with meaning as materialized (",
        by_meaning!("$7"),
        "), words as materialized (",
        by_words!("$6", "$4", "$7"),
        "), fused as (
           select tenant_id, node_id, m.distance, (1.0 / (60 + coalesce(m.place, $7 + 1)))::float8 + (1.0 / (60 + coalesce(w.place, $7 + 1)))::float8 as score
           from (select *, row_number() over (order by distance, node_id) as place from meaning) m
           full join (select *, row_number() over (order by rank desc, node_id) as place from words) w using (tenant_id, node_id)
           order by score desc, node_id limit $5
         ), near as (
           select f.tenant_id, f.node_id, f.score, coalesce(f.distance,
             (select e.embedding <=> $3::real[]::vector from embeddings e
              where e.tenant_id = f.tenant_id and e.tenant_id = any(array[$1, '*']) and e.model = $2 and e.node_id = f.node_id))::float8 as distance
           from fused f
         ) ",
        shown!("near", "1 - f.distance", "f.score", "f.score desc", "$8")
    ),
);

pub(crate) const STATEMENTS: &[&StatementInfo] = &[VECTOR.info(), TEXT.info(), HYBRID.info()];

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

/// A search.
#[derive(Debug, Clone)]
pub struct Query {
    /// By what.
    pub by: By,
    /// The model that made the vector.
    pub model: String,
    /// Only nodes of one of these classes; `None` for all.
    pub classes: Option<Vec<String>>,
    /// How many results, 1 to 100.
    pub top_k: i64,
}

/// A node that was found.
#[derive(Debug, Clone)]
pub struct Found {
    /// Its id.
    pub id: NodeId,
    /// Its tenant; `None` for a shared node.
    pub tenant: Option<String>,
    /// Its classes.
    pub classes: Vec<String>,
    /// What describes it.
    pub props: Value,
    /// What else is known of it.
    pub metadata: Value,
    /// The beginning of its text.
    pub text: String,
    /// Cosine similarity; `None` without a vector on either side.
    pub similarity: Option<f64>,
    /// What the results are ordered by.
    pub score: f64,
}

/// The vector of a query: the one that was given, if it has the model's dimension, else the model's for the text.
pub async fn query_vector(embedder: &dyn Embedder, given: Option<Vec<f32>>, text: Option<&str>) -> Result<Vec<f32>, GraphError> {
    match (given, text) {
        (Some(vector), _) if vector.len() == embedder.dimension() => Ok(direction(&vector)),
        (Some(vector), _) => {
            Err(GraphError::Dimension { model: embedder.model().to_string(), wanted: embedder.dimension(), given: vector.len() })
        }
        (None, text) => {
            let vectors = embedder.embed(vec![text.unwrap_or_default().to_owned()], Lane::Query).await?;
            vectors.into_iter().next().ok_or_else(|| StoreError::Unsafe("the model gave no vector".into()).into())
        }
    }
}

/// The vector at length 1. Cosine asks for the direction alone, and pgvector's single-precision squares of very small or very large numbers
/// come out as nothing or infinity, so that no distance is left.
fn direction(vector: &[f32]) -> Vec<f32> {
    let length = vector.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt();
    #[expect(clippy::cast_possible_truncation, reason = "numbers from -1 to 1 lose nothing but precision")]
    vector.iter().map(|x| (f64::from(*x) / length) as f32).collect()
}

/// Searches the tenant's nodes and the shared ones.
pub async fn search<M: Mode>(tx: &mut Tx<'_, M>, query: &Query) -> Result<Vec<Found>, GraphError> {
    let tenant = tx.tenant();
    let Query { by, model, classes, top_k } = query;
    // Deep enough that what is high in both lists is in both candidates.
    let depth = (top_k * 5).max(100);
    let rows = match by {
        By::Vector(vector) => tx.query(&VECTOR, &[&tenant, model, vector, classes, top_k, &ANSWER_BYTES]).await?,
        By::Text(text) => tx.query(&TEXT, &[&tenant, text, classes, top_k, &ANSWER_BYTES]).await?,
        By::Hybrid(vector, text) => {
            tx.query(&HYBRID, &[&tenant, model, vector, classes, top_k, text, &depth, &ANSWER_BYTES]).await?
        }
    };
    Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
}

fn read(row: &Row) -> Result<Found, StoreError> {
    Ok(Found {
        id: row.try_get::<_, Uuid>(0)?.into(),
        tenant: Some(row.try_get::<_, String>(1)?).filter(|tenant| tenant != "*"),
        classes: row.try_get(2)?,
        props: row.try_get(3)?,
        metadata: row.try_get(4)?,
        text: row.try_get(5)?,
        similarity: row.try_get(6)?,
        score: row.try_get(7)?,
    })
}
