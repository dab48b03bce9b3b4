//! What is published of the OAuth server.

use wardgraph_api::{
    Document,
    carry::JsonText,
    table::oauth::{OpenIdConfiguration, ServerMetadata},
};
use wardgraph_gate::Visitor;
use wardgraph_oauth::metadata::{self, Published};

use crate::{Failure, Joining, Services};

pub(crate) async fn server(_: Visitor<ServerMetadata>, (): (), services: Services) -> Result<Document<JsonText>, Failure> {
    Ok(document(&services))
}

pub(crate) async fn openid(_: Visitor<OpenIdConfiguration>, (): (), services: Services) -> Result<Document<JsonText>, Failure> {
    Ok(document(&services))
}

fn document(services: &Services) -> Document<JsonText> {
    let (issuer, newcomers) = (&services.issuer, &services.newcomers);
    let published = Published { issuer, registers: newcomers.joining != Joining::Closed, documents: newcomers.documents };
    Document::new(metadata::document(&published).to_string()).kept_for(services.issuer.keep_for())
}
