//! Health, documents, and who one is.

use wardgraph_api::{
    Document, Json, Problem,
    carry::{Exposition, Html, JsonText, JwkSet},
    table::system::{Docs, HealthNow, Jwks, Live, Metrics, OpenApi, ReadyNow, WhoAmI},
    wire::system::{Health, Ready, Whoami},
};
use wardgraph_gate::{Permit, Visitor};

use crate::{Failure, Services};

pub(crate) async fn live(_: Visitor<Live>, (): ()) -> Result<Json<Ready>, Failure> {
    Ok(Json(Ready { status: "ok".into() }))
}

pub(crate) async fn ready(_: Visitor<ReadyNow>, (): (), services: Services) -> Result<Json<Ready>, Failure> {
    if services.health.database() {
        Ok(Json(Ready { status: "ok".into() }))
    } else {
        Err(Problem::unavailable("not ready").retry_after(2).into())
    }
}

pub(crate) async fn health(_: Visitor<HealthNow>, (): (), services: Services) -> Result<Json<Health>, Failure> {
    let up = services.health.database();
    Ok(Json(Health {
        status: if up { "ok" } else { "degraded" }.into(),
        version: env!("CARGO_PKG_VERSION").into(),
        uptime_seconds: services.clock.elapsed().as_secs(),
        database: if up { "up" } else { "down" }.into(),
        full_text: services.health.full_text().into(),
        embedding_model: services.embedder.model().to_string(),
        embedding: services.health.embedding().into(),
    }))
}

pub(crate) async fn metrics(_: Permit<Metrics>, (): (), services: Services) -> Result<Document<Exposition>, Failure> {
    // To write thousands of lines takes milliseconds.
    let text = tokio::task::spawn_blocking(move || services.metrics.render()).await;
    Ok(Document::new(text.map_err(|error| Problem::internal("the metrics could not be written").inside(&error))?))
}

pub(crate) async fn openapi(_: Visitor<OpenApi>, (): ()) -> Result<Document<JsonText>, Failure> {
    Ok(Document::new(wardgraph_api::openapi()))
}

pub(crate) async fn docs(_: Visitor<Docs>, (): ()) -> Result<Document<Html>, Failure> {
    Ok(Document::new(wardgraph_api::docs_page()))
}

pub(crate) async fn jwks(visitor: Visitor<Jwks>, (): (), services: Services) -> Result<Document<JwkSet>, Failure> {
    Ok(Document::new(services.issuer.jwks(visitor.now())).kept_for(services.issuer.keep_for()))
}

pub(crate) async fn whoami(permit: Permit<WhoAmI>, (): ()) -> Result<Json<Whoami>, Failure> {
    Ok(Json(Whoami {
        subject: permit.actor().id.to_string(),
        tenant_id: permit.tenant().to_string(),
        actor_type: permit.actor().kind.word().into(),
        permissions: permit.permissions().map(|permission| permission.word().to_owned()).collect(),
        issuer: permit.issuer().to_owned(),
        expires_at: permit.expires_at(),
    }))
}
