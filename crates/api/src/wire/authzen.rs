//! Decisions for outside programs: the Authorization API 1.0 of the OpenID Foundation's AuthZEN group.
//!
//! What is unknown here is passed over (section 10.1.1), which no other body of this API allows.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value, json};

use crate::{
    describe::{Body, Known},
    validate::{Faults, Validate},
};

/// An object that may be sent and is not looked at: roles decide here, and nobody's word on what somebody is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passed;

impl<'de> Deserialize<'de> for Passed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Map::<String, Value>::deserialize(deserializer).map(|_| Self)
    }
}

impl JsonSchema for Passed {
    fn schema_name() -> Cow<'static, str> {
        "Passed".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "object" })
    }
}

/// Whom a decision is about (section 5.1).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct DecisionSubject {
    /// `user` for a member by id, `identity` for one by e-mail address, `client` for a service account.
    #[serde(rename = "type")]
    pub kind: String,
    /// The id, unique within the type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

/// What would be done (section 5.3).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct DecisionAction {
    /// The second word of a permission: `read`, `write`, `train`, ...
    pub name: String,
}

/// What it would be done to (section 5.2).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct DecisionResource {
    /// The first word of a permission: `nodes`, `search`, `indices`, ...
    #[serde(rename = "type")]
    pub kind: String,
    /// The name; all there are, if absent or `*`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

/// A question (section 6.1).
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct Evaluation {
    /// Who.
    pub subject: DecisionSubject,
    /// Would do what.
    pub action: DecisionAction,
    /// To what.
    pub resource: DecisionResource,
    /// What else is known: passed over.
    #[serde(default)]
    pub context: Option<Passed>,
}

/// A question of several (section 7.1): what it does not say is said for all of them.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct EvaluationPart {
    /// Who.
    #[serde(default)]
    pub subject: Option<DecisionSubject>,
    /// Would do what.
    #[serde(default)]
    pub action: Option<DecisionAction>,
    /// To what.
    #[serde(default)]
    pub resource: Option<DecisionResource>,
    /// What else is known: passed over.
    #[serde(default)]
    pub context: Option<Passed>,
}

/// How far several questions are answered (section 7.1.2).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Semantic {
    /// Each of them.
    #[default]
    ExecuteAll,
    /// Up to the first no.
    DenyOnFirstDeny,
    /// Up to the first yes.
    PermitOnFirstPermit,
}

/// How several questions are answered.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
pub struct EvaluationOptions {
    /// How far.
    #[serde(default)]
    pub evaluations_semantic: Semantic,
}

/// Several questions at once (section 7.1).
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct Evaluations {
    /// Who, unless a question says otherwise.
    #[serde(default)]
    pub subject: Option<DecisionSubject>,
    /// Would do what, unless a question says otherwise.
    #[serde(default)]
    pub action: Option<DecisionAction>,
    /// To what, unless a question says otherwise.
    #[serde(default)]
    pub resource: Option<DecisionResource>,
    /// What else is known: passed over.
    #[serde(default)]
    pub context: Option<Passed>,
    /// The questions, at most 1,000 about at most 50 subjects; without any, what is said for all is the one question.
    #[serde(default)]
    pub evaluations: Vec<EvaluationPart>,
    /// How they are answered.
    #[serde(default)]
    pub options: EvaluationOptions,
}

/// Why something is refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DecisionContext {
    /// In words.
    pub reason: String,
    /// What would be needed, if roles refuse it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<String>,
}

/// An answer (section 5.5).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Decision {
    /// Whether it may be done.
    pub decision: bool,
    /// Why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<DecisionContext>,
}

/// The answers to several questions (section 7.2), or to the only one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Decisions {
    /// Whether it may be done, if there was one question.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<bool>,
    /// Why not, if there was one question.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<DecisionContext>,
    /// The answers in the order of the questions; fewer, where the first no or yes ended it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evaluations: Option<Vec<Decision>>,
}

/// Which part of what was found is asked for (section 8.2.1).
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
pub struct SearchPage {
    /// `next_token` of the answer before, to the same question.
    #[serde(default)]
    pub token: Option<String>,
    /// How many are looked at, 1 to 1,000; 100 if absent.
    #[serde(default)]
    pub limit: Option<i64>,
}

/// Who may do this to that? (Section 8.4.)
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct SubjectSearch {
    /// Of which type; an id is passed over.
    pub subject: DecisionSubject,
    /// What.
    pub action: DecisionAction,
    /// To what.
    pub resource: DecisionResource,
    /// What else is known: passed over.
    #[serde(default)]
    pub context: Option<Passed>,
    /// Which part.
    #[serde(default)]
    pub page: SearchPage,
}

/// To what may they do this? (Section 8.5.)
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct ResourceSearch {
    /// Who.
    pub subject: DecisionSubject,
    /// What.
    pub action: DecisionAction,
    /// Of which type; an id is passed over.
    pub resource: DecisionResource,
    /// What else is known: passed over.
    #[serde(default)]
    pub context: Option<Passed>,
    /// Which part.
    #[serde(default)]
    pub page: SearchPage,
}

/// What may they do to that? (Section 8.6.)
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct ActionSearch {
    /// Who.
    pub subject: DecisionSubject,
    /// To what.
    pub resource: DecisionResource,
    /// What else is known: passed over.
    #[serde(default)]
    pub context: Option<Passed>,
    /// Which part: there is one.
    #[serde(default)]
    pub page: SearchPage,
}

/// How what was found goes on (section 8.2.2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FoundPage {
    /// Where the next part begins; empty on the last.
    pub next_token: String,
    /// How many are in this part.
    pub count: usize,
}

/// What a search found (section 8.3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Found<T> {
    /// How it goes on.
    pub page: FoundPage,
    /// What was found in what was looked at: nothing may be among them, although more follows.
    pub results: Vec<T>,
    /// Why nothing can be found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<DecisionContext>,
}

impl Validate for Evaluation {
    fn validate(&self, _: &mut Faults) {}
}

impl Body for Evaluation {
    fn example(known: &Known) -> Value {
        json!({
            "subject": { "type": "user", "id": known.account.member },
            "action": { "name": "read" },
            "resource": { "type": "nodes", "id": "production-1" }
        })
    }
}

impl Validate for Evaluations {
    fn validate(&self, _: &mut Faults) {}
}

impl Body for Evaluations {
    fn example(known: &Known) -> Value {
        json!({
            "subject": { "type": "user", "id": known.account.member },
            "action": { "name": "read" },
            "evaluations": [{ "resource": { "type": "nodes" } }, { "action": { "name": "train" }, "resource": { "type": "indices" } }],
            "options": { "evaluations_semantic": "execute_all" }
        })
    }
}

impl Validate for SubjectSearch {
    fn validate(&self, _: &mut Faults) {}
}

impl Body for SubjectSearch {
    fn example(_: &Known) -> Value {
        json!({ "subject": { "type": "user" }, "action": { "name": "read" }, "resource": { "type": "nodes", "id": "production-1" } })
    }
}

impl Validate for ResourceSearch {
    fn validate(&self, _: &mut Faults) {}
}

impl Body for ResourceSearch {
    fn example(known: &Known) -> Value {
        json!({ "subject": { "type": "user", "id": known.account.member }, "action": { "name": "read" }, "resource": { "type": "nodes" } })
    }
}

impl Validate for ActionSearch {
    fn validate(&self, _: &mut Faults) {}
}

impl Body for ActionSearch {
    fn example(known: &Known) -> Value {
        json!({ "subject": { "type": "user", "id": known.account.member }, "resource": { "type": "nodes", "id": "production-1" } })
    }
}
