//! Decisions for others, and why they are what they are.

use crate::{
    Document, Json, Query,
    carry::JsonText,
    wire::{
        authz::{ExplainQuery, ExplainRequest, ExplainedOf},
        authzen::{
            ActionSearch, Decision, DecisionAction, DecisionResource, DecisionSubject, Decisions, Evaluation, Evaluations, Found,
            ResourceSearch, SubjectSearch,
        },
    },
};

/// The body limit: one question.
const ONE: usize = 16 << 10;
/// The body limit: as many as are answered at once.
const MANY: usize = 512 << 10;

crate::endpoints! {
    /// Why somebody of the organization may do something or not: which rule of which role, by which grant, and what would be needed.
    Explain: POST "/api/v1/authz/explain" (Json<ExplainRequest>) -> Json<ExplainedOf> {
        permission: AuthzRead, rows: Organization, limit: Read, body: ONE,
    }
    /// Why the caller may do something or not, with the credential of the call.
    ExplainOwn: GET "/api/v1/authz/explain" (Query<ExplainQuery>) -> Json<ExplainedOf> {
        own: "everyone may know what they may do, and why not more", limit: Read, body: 0,
    }
    /// Whether somebody of the organization may do something (AuthZEN Authorization API 1.0, section 6).
    Evaluate: POST "/access/v1/evaluation" (Json<Evaluation>) -> Json<Decision> {
        permission: AuthzRead, rows: Organization, limit: Search, body: ONE,
    }
    /// The same of several questions at once (section 7).
    EvaluateAll: POST "/access/v1/evaluations" (Json<Evaluations>) -> Json<Decisions> {
        permission: AuthzRead, rows: Organization, limit: Search, body: MANY,
    }
    /// Who of the organization may do something (section 8.4).
    SearchSubjects: POST "/access/v1/search/subject" (Json<SubjectSearch>) -> Json<Found<DecisionSubject>> {
        permission: AuthzRead, rows: Organization, limit: Search, body: ONE,
    }
    /// To what somebody of the organization may do something (section 8.5).
    SearchResources: POST "/access/v1/search/resource" (Json<ResourceSearch>) -> Json<Found<DecisionResource>> {
        permission: AuthzRead, rows: Organization, limit: Search, body: ONE,
    }
    /// What somebody of the organization may do (section 8.6).
    SearchActions: POST "/access/v1/search/action" (Json<ActionSearch>) -> Json<Found<DecisionAction>> {
        permission: AuthzRead, rows: Organization, limit: Search, body: ONE,
    }
    /// What this server can decide for others (section 9).
    AuthzenConfiguration: GET "/.well-known/authzen-configuration" (()) -> Document<JsonText> {
        public: "whoever would ask reads first where", limit: Probe, body: 0,
    }
}
