//! Search.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value, json};
use wardgraph_kernel::{NodeId, Timestamp};

use super::{Name, NamedTenant};
use crate::{
    describe::{Body, Known},
    validate::{Faults, Validate},
};

/// The most numbers of a vector: pgvector keeps no more. No model that is configured has a larger dimension.
pub const MOST_NUMBERS: usize = 16_000;

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
#[serde(deny_unknown_fields)]
pub struct SearchRequest {
    /// Words, 1 to 2,000 characters.
    #[serde(default)]
    #[schemars(length(min = 1, max = 2_000), regex(pattern = r"\S"))]
    pub query: Option<String>,
    /// A ready vector of the server's model, of its dimension.
    #[serde(default)]
    #[schemars(length(min = 1, max = 16_000))]
    pub vector: Option<Vec<f32>>,
    /// How many results, 1 to 100.
    #[serde(default = "ten", deserialize_with = "ten_if_null")]
    #[schemars(range(min = 1, max = 100))]
    pub top_k: i64,
    /// By what; `hybrid` for a query, `vector` for a vector if absent.
    #[serde(default)]
    pub mode: Option<SearchMode>,
    /// Active Graph KG's way to say `mode`: true is `hybrid`, false is `vector`. Beside a `mode` it must say the same.
    #[serde(default)]
    pub use_hybrid: Option<bool>,
    /// Active Graph KG's, taken and not looked at: results are fused, and no other model orders them anew.
    #[serde(default)]
    pub use_reranker: Option<bool>,
    /// Only nodes that have one of these classes, 1 to 20; whatever classes they have if absent.
    #[serde(default)]
    #[schemars(length(min = 1, max = 20), inner(length(min = 1, max = 100)))]
    pub classes: Option<Vec<Name>>,
    /// Which nodes may be found. A filter takes no results away from those that pass: as many are found as there are.
    #[serde(default, deserialize_with = "none_if_null")]
    pub filter: SearchFilter,
    /// Active Graph KG's way to filter: keys of metadata, and what each must be, written as text; at most 20.
    #[serde(default)]
    pub metadata_filters: Option<Map<String, Value>>,
    /// Active Graph KG's word for `filter.metadata`.
    #[serde(default)]
    pub compound_filter: Option<Map<String, Value>>,
    /// Whether age and drift lower the score: to `score * left`, and one below 0 to `score * (2 - left)`, where `left` is
    /// `exp(-decay_lambda * age in days) * max(0, 1 - drift_beta * drift)`. The results are the best so among the 5,000 nearest, or best by words;
    /// among 400 or 1,000 where an index finds them.
    #[serde(default)]
    pub use_weighted_score: Option<bool>,
    /// How fast the old fades, a day, 0 to 1; 0.01 if absent. Without a word on `use_weighted_score` it is refused.
    #[serde(default)]
    #[schemars(range(min = 0, max = 1))]
    pub decay_lambda: Option<f64>,
    /// How much drift counts, 0 to 1; 0.1 if absent. Without a word on `use_weighted_score` it is refused.
    #[serde(default)]
    #[schemars(range(min = 0, max = 1))]
    pub drift_beta: Option<f64>,
    /// Whether each result says what its score was made of, and the answer how it was searched.
    #[serde(default, deserialize_with = "none_if_null")]
    pub explain: bool,
    /// Ignored: the credential says whose nodes are searched.
    #[serde(default)]
    pub tenant_id: NamedTenant,
}

/// Which nodes may be found: all that is said must hold.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SearchFilter {
    /// Nodes that have one of these classes, 1 to 20. The same as `classes` beside `filter`.
    #[serde(default)]
    #[schemars(length(min = 1, max = 20), inner(length(min = 1, max = 100)))]
    pub classes: Option<Vec<Name>>,
    /// Nodes whose props contain this, as JSON containment.
    #[serde(default)]
    pub props: Option<Map<String, Value>>,
    /// Nodes whose metadata contain this, as JSON containment.
    #[serde(default)]
    pub metadata: Option<Map<String, Value>>,
    /// Created later than this time (RFC 3339).
    #[serde(default, deserialize_with = "super::moment::moment")]
    pub created_after: Option<Timestamp>,
    /// Created earlier than this time.
    #[serde(default, deserialize_with = "super::moment::moment")]
    pub created_before: Option<Timestamp>,
    /// Last changed later than this time.
    #[serde(default, deserialize_with = "super::moment::moment")]
    pub updated_after: Option<Timestamp>,
    /// Last changed earlier than this time.
    #[serde(default, deserialize_with = "super::moment::moment")]
    pub updated_before: Option<Timestamp>,
}

const fn ten() -> i64 {
    10
}

fn ten_if_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_else(ten))
}

/// Null is what absence is: clients of Active Graph KG send it for what they do not say.
fn none_if_null<'de, T: Deserialize<'de> + Default, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// Whoever names none of them did not mean all of them.
fn classes(faults: &mut Faults, field: &str, classes: Option<&[Name]>) {
    let Some(classes) = classes else { return };
    faults.unless((1..=20).contains(&classes.len()), field, "must have 1 to 20 entries, or be left out");
    for (index, class) in classes.iter().enumerate().take(20) {
        faults.asked_name(&format!("{field}/{index}"), class, 1, 100);
    }
}

impl SearchFilter {
    fn validate(&self, faults: &mut Faults) {
        classes(faults, "/filter/classes", self.classes.as_deref());
        for (field, object) in [("/filter/props", &self.props), ("/filter/metadata", &self.metadata)] {
            if let Some(object) = object {
                faults.asked_object(field, object);
            }
        }
        for (field, time) in [
            ("/filter/created_after", self.created_after),
            ("/filter/created_before", self.created_before),
            ("/filter/updated_after", self.updated_after),
            ("/filter/updated_before", self.updated_before),
        ] {
            faults.year(field, time);
        }
    }
}

impl SearchRequest {
    /// How fast the old fades where nobody says it.
    const DECAY_LAMBDA: f64 = 0.01;
    /// How much drift counts where nobody says it.
    const DRIFT_BETA: f64 = 0.1;

    /// How fast the old fades and how much drift counts, if they lower the score.
    pub fn weighting(&self) -> Option<(f64, f64)> {
        let weighted = self.use_weighted_score.unwrap_or_default();
        weighted.then(|| (self.decay_lambda.unwrap_or(Self::DECAY_LAMBDA), self.drift_beta.unwrap_or(Self::DRIFT_BETA)))
    }

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
            faults.unless((1..=MOST_NUMBERS).contains(&vector.len()), "/vector", "must have 1 to 16,000 numbers");
            let finite = vector.iter().all(|x| x.is_finite()) && vector.iter().any(|x| *x != 0.0);
            faults.unless(finite, "/vector", "must be finite and not all zero");
        }
        classes(faults, "/classes", self.classes.as_deref());
        self.filter.validate(faults);
        faults.unless(self.classes.is_none() || self.filter.classes.is_none(), "/classes", "must not be said twice");
        if let Some(object) = &self.compound_filter {
            faults.asked_object("/compound_filter", object);
            faults.unless(
                self.filter.metadata.is_none(),
                "/compound_filter",
                "must not be said twice: `filter.metadata` is the same",
            );
        }
        if let Some(object) = &self.metadata_filters {
            faults.asked_object("/metadata_filters", object);
            faults.unless(object.len() <= 20, "/metadata_filters", "must have at most 20 entries");
            let plain = object.values().all(|value| !value.is_object() && !value.is_array());
            faults.unless(plain, "/metadata_filters", "must have texts, numbers, booleans or nulls as values");
        }
        for (field, share) in [("/decay_lambda", self.decay_lambda), ("/drift_beta", self.drift_beta)] {
            faults.unless(share.is_none_or(|share| (0.0..=1.0).contains(&share)), field, "must be 0 to 1");
            let said = share.is_none() || self.use_weighted_score.is_some();
            faults.unless(said, field, "has no effect without `use_weighted_score`");
        }
        let same = match (self.mode, self.use_hybrid) {
            (Some(mode), Some(hybrid)) => mode == if hybrid { SearchMode::Hybrid } else { SearchMode::Vector },
            (None, _) | (_, None) => true,
        };
        faults.unless(same, "/use_hybrid", "says another way than `mode`");
    }
}

impl Body for SearchRequest {
    const MEASURED: &'static [&'static str] = &["vector"];

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
    /// The caller's own id; null if it has none.
    pub external_id: Option<String>,
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
    /// What its score was made of, if that was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub explanation: Option<Explanation>,
}

/// What a result's score was made of.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Explanation {
    /// Cosine similarity of its vector to the query's.
    pub similarity: Option<f64>,
    /// Its place among the nearest by meaning, from 1; null if it is not among them.
    pub meaning_place: Option<i64>,
    /// Its place among the best by words, from 1; null if it is not among them.
    pub words_place: Option<i64>,
    /// How well the words match, as Postgres ranks them.
    pub text_rank: Option<f64>,
    /// The score before age and drift.
    pub base_score: f64,
    /// How many days ago a new text or a refresh last brought it a vector in place of another; if none did, how many days ago it was created.
    pub age_days: f64,
    /// How far its content moved then; 0 if it never did.
    pub drift: f64,
    /// What age leaves of the score; 1 without weighting.
    pub age_factor: f64,
    /// What drift leaves of the score; 1 without weighting.
    pub drift_factor: f64,
    /// The whole sum, with this result's numbers.
    pub formula: String,
}

/// How the vectors were searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SearchRoute {
    /// One by one.
    Exact,
    /// By an HNSW index that tenants share, and one by one what is not in it yet.
    Graph,
    /// By the tenant's own HNSW index, and one by one what is not in it yet.
    Own,
}

/// Why search by meaning looked at a part of the nodes alone, or at none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PartialReason {
    /// The server's model is another one than before: nodes wait for vectors of the new one.
    ModelChanging,
    /// Nodes that were written just now wait for their vectors.
    VectorsWaiting,
    /// The embedding service could not make a vector of the query: what is told was found by words alone.
    ModelUnavailable,
}

/// What search by meaning could not look at. The numbers are those of a second or a few ago, and counted up to 100,000.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Partial {
    /// Why.
    pub reason: PartialReason,
    /// How many nodes search by meaning finds now; null while they are not counted yet, or none was looked at.
    pub searchable: Option<i64>,
    /// How many it will find besides when they have their vectors; null likewise. Those that the model refused are not among them.
    pub waiting: Option<i64>,
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
    /// Whether fewer came than were found and asked for, since one answer carries some 16 MiB: the best are there.
    pub truncated: bool,
    /// By what they were found: what was asked for, or `text` for a hybrid search while the embedding service is away.
    pub mode: SearchMode,
    /// What search by meaning could not look at; absent when it looked at everything, and for a search by words. Search by words finds all
    /// nodes at any time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partial: Option<Partial>,
    /// How the vectors were searched, if an explanation was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub route: Option<SearchRoute>,
    /// The model whose vectors were compared, if an explanation was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
}
