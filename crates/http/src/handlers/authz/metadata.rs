//! What is published of decisions (AuthZEN Authorization API 1.0, section 9).

use serde_json::json;
use wardgraph_api::{Document, carry::JsonText, table::authz::AuthzenConfiguration};
use wardgraph_gate::Visitor;

use crate::{Failure, Services};

pub(crate) async fn document(
    _: Visitor<AuthzenConfiguration>,
    (): (),
    services: Services,
) -> Result<Document<JsonText>, Failure> {
    let iss = services.issuer.iss();
    let document = json!({
        "policy_decision_point": iss,
        "access_evaluation_endpoint": format!("{iss}/access/v1/evaluation"),
        "access_evaluations_endpoint": format!("{iss}/access/v1/evaluations"),
        "search_subject_endpoint": format!("{iss}/access/v1/search/subject"),
        "search_resource_endpoint": format!("{iss}/access/v1/search/resource"),
        "search_action_endpoint": format!("{iss}/access/v1/search/action"),
    });
    Ok(Document::new(document.to_string()).kept_for(services.issuer.keep_for()))
}
