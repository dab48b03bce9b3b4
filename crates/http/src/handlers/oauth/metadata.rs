//! What is published of the OAuth server.

use wardgraph_api::{
    Document,
    carry::JsonText,
    table::oauth::{OpenIdConfiguration, ServerMetadata},
};
use wardgraph_gate::Visitor;
use wardgraph_oauth::metadata;

use crate::{Failure, Services};

pub(crate) async fn server(_: Visitor<ServerMetadata>, (): (), services: Services) -> Result<Document<JsonText>, Failure> {
    Ok(document(&services))
}

pub(crate) async fn openid(_: Visitor<OpenIdConfiguration>, (): (), services: Services) -> Result<Document<JsonText>, Failure> {
    Ok(document(&services))
}

fn document(services: &Services) -> Document<JsonText> {
    Document::new(metadata::document(&services.issuer).to_string()).kept_for(services.issuer.keep_for())
}
