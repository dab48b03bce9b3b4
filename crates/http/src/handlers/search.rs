//! Search. The model works before the transaction begins, so that no connection is held meanwhile.

use wardgraph_api::{
    Json,
    table::graph::Search,
    wire::search::{SearchMode, SearchRequest, SearchResponse, SearchResult},
};
use wardgraph_gate::{Permit, Plan};
use wardgraph_graph::search::{self, By, Found, Query};

use crate::{Failure, Services};

pub(crate) async fn search(
    permit: Permit<Search>,
    Json(request): Json<SearchRequest>,
    services: Services,
) -> Result<Json<SearchResponse>, Failure> {
    if request.tenant_id.contradicts(permit.tenant()) {
        permit.tenant_claim_ignored();
    }
    let mode = request.mode();
    let text = request.query.as_deref();
    let by = match mode {
        SearchMode::Text => By::Text(text.unwrap_or_default().to_owned()),
        SearchMode::Vector => By::Vector(search::query_vector(&*services.embedder, request.vector, text).await?),
        SearchMode::Hybrid => {
            let vector = search::query_vector(&*services.embedder, request.vector, text).await?;
            By::Hybrid(vector, text.unwrap_or_default().to_owned())
        }
    };
    let classes = (!request.classes.is_empty()).then_some(request.classes);
    let query = Query { by, model: services.embedder.model().to_string(), classes, top_k: request.top_k };
    let mut work = permit.begin_planned(Plan::Custom)?;
    let found = search::search(&mut work.once(), &query).await?;
    let results: Vec<_> = found.into_iter().map(wire).collect();
    Ok(Json(SearchResponse { query: request.query, count: results.len(), results, mode }))
}

fn wire(found: Found) -> SearchResult {
    SearchResult {
        id: found.id,
        tenant_id: found.tenant,
        classes: found.classes,
        props: found.props,
        metadata: found.metadata,
        similarity: found.similarity,
        score: found.score,
        text: found.text,
    }
}
