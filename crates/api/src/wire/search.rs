//! Search.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use wardgraph_kernel::NodeId;

use super::NamedTenant;
use crate::{
    describe::{Body, Known},
    validate::{Faults, Validate},
};

/// By what nodes are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SearchMode {
    /// By meaning: cosine similarity of vectors.
    Vector,
    /// By words: full text, any of the words.
    Text,
    /// By both: reciprocal rank fusion.
    Hybrid,
}

/// What to search for: `query` or `vector`, or both (then `vector` stands for the meaning and `query` for the words).
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct SearchRequest {
    /// Words, 1 to 2,000 characters.
    #[serde(default)]
    pub query: Option<String>,
    /// A ready vector of the server's model, of its dimension.
    #[serde(default)]
    pub vector: Option<Vec<f32>>,
    /// How many results, 1 to 100.
    #[serde(default = "ten")]
    pub top_k: i64,
    /// By what; `hybrid` for a query, `vector` for a vector if absent.
    #[serde(default)]
    pub mode: Option<SearchMode>,
    /// Active Graph KG's way to say `mode`: true is `hybrid`, false is `vector`.
    #[serde(default)]
    pub use_hybrid: Option<bool>,
    /// Only nodes that have one of these classes; at most 20.
    #[serde(default)]
    pub classes: Vec<String>,
    /// Ignored: the credential says whose nodes are searched.
    #[serde(default)]
    pub tenant_id: NamedTenant,
}

const fn ten() -> i64 {
    10
}

impl SearchRequest {
    /// By what to search, however it was said.
    pub fn mode(&self) -> SearchMode {
        match (self.mode, self.use_hybrid) {
            (Some(mode), _) => mode,
            (None, Some(true)) => SearchMode::Hybrid,
            (None, None) if self.query.is_some() => SearchMode::Hybrid,
            (None, Some(false) | None) => SearchMode::Vector,
        }
    }
}

impl Validate for SearchRequest {
    fn validate(&self, faults: &mut Faults) {
        faults.unless((1..=100).contains(&self.top_k), "/top_k", "must be 1 to 100");
        faults.unless(self.query.is_some() || self.vector.is_some(), "", "must have `query` or `vector`");
        faults.unless(self.mode() == SearchMode::Vector || self.query.is_some(), "/query", "is needed to search by words");
        if let Some(query) = &self.query {
            faults.text("/query", query, 1, 2_000);
            faults.unless(!query.trim().is_empty(), "/query", "must not be blank");
        }
        if let Some(vector) = &self.vector {
            faults.unless((1..=4_096).contains(&vector.len()), "/vector", "must have 1 to 4,096 numbers");
            let finite = vector.iter().all(|x| x.is_finite()) && vector.iter().any(|x| *x != 0.0);
            faults.unless(finite, "/vector", "must be finite and not all zero");
        }
        faults.unless(self.classes.len() <= 20, "/classes", "must have at most 20 entries");
        for (index, class) in self.classes.iter().enumerate().take(20) {
            faults.text(&format!("/classes/{index}"), class, 1, 100);
        }
    }
}

impl Body for SearchRequest {
    fn example(_: &Known) -> Value {
        json!({ "query": "a fast animal", "top_k": 5 })
    }
}

/// A node that was found.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct SearchResult {
    /// The node's id.
    pub id: NodeId,
    /// Its tenant; null for a shared node.
    pub tenant_id: Option<String>,
    /// Its classes.
    pub classes: Vec<String>,
    /// What describes it.
    pub props: Value,
    /// What else is known of it.
    pub metadata: Value,
    /// Cosine similarity of its vector to the query's, -1 to 1; null while it has none, or when searched by words alone.
    pub similarity: Option<f64>,
    /// What the results are ordered by: similarity, text rank, or the fused rank.
    pub score: f64,
    /// The beginning of its text, at most 300 characters.
    pub text: String,
}

/// What was found.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct SearchResponse {
    /// The words that were searched for.
    pub query: Option<String>,
    /// The nodes, best first.
    pub results: Vec<SearchResult>,
    /// How many there are.
    pub count: usize,
    /// By what they were found.
    pub mode: SearchMode,
}
