//! What clients read before they have a token for this API (RFC 9728), and the script of pages that are sent on.

use wardgraph_api::{
    Document, Json,
    carry::Script,
    table::authorize::{ResourceDocument, SendScript},
    wire::authorize::ResourceMetadata,
};
use wardgraph_gate::Visitor;
use wardgraph_kernel::Permission;
use wardgraph_oauth::scope;
use wardgraph_tokens::Algorithm;

use crate::{Failure, Services, handlers::pages::STYLE_FOR, pages};

pub(crate) async fn document(
    _: Visitor<ResourceDocument>,
    (): (),
    services: Services,
) -> Result<Json<ResourceMetadata>, Failure> {
    let iss = services.issuer.iss();
    let scopes = scope::PERSONAL.iter().copied().chain(Permission::ALL.iter().map(|permission| permission.word()));
    Ok(Json(ResourceMetadata {
        resource: services.issuer.audience().to_owned(),
        authorization_servers: vec![iss.to_owned()],
        scopes_supported: scopes.map(str::to_owned).collect(),
        bearer_methods_supported: vec!["header".into()],
        dpop_signing_alg_values_supported: Algorithm::NAMES.iter().map(ToString::to_string).collect(),
        resource_name: "Wardgraph".into(),
        resource_documentation: format!("{iss}/docs"),
    }))
}

pub(crate) async fn script(_: Visitor<SendScript>, (): ()) -> Result<Document<Script>, Failure> {
    Ok(Document::new(pages::SEND).kept_for(STYLE_FOR))
}
