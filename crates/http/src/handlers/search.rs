//! Search. The model works before the transaction begins, so that no connection is held meanwhile.

use wardgraph_api::{
    Json,
    table::graph::Search,
    wire::{
        Name,
        search::{Explanation, Partial, PartialReason, SearchMode, SearchRequest, SearchResponse, SearchResult, SearchRoute},
    },
};
use wardgraph_embed::EmbedError;
use wardgraph_gate::Permit;
use wardgraph_graph::{
    GraphError,
    filter::Filter,
    search::{By, Found, Planned, Query, Route, Share, Weighting},
};
use wardgraph_kernel::metric;

use crate::{Failure, Services, remembered::Asker};

pub(crate) async fn search(
    permit: Permit<Search>,
    Json(mut request): Json<SearchRequest>,
    services: Services,
) -> Result<Json<SearchResponse>, Failure> {
    if request.tenant_id.contradicts(permit.tenant()) {
        permit.tenant_claim_ignored();
    }
    let mode = request.mode();
    let text = request.query.clone().unwrap_or_default();
    let (by, mode) = match mode {
        SearchMode::Text => (By::Text(text), mode),
        SearchMode::Vector => (By::Vector(vector(&permit, &mut request, &services).await?), mode),
        SearchMode::Hybrid => match vector(&permit, &mut request, &services).await {
            Ok(vector) => (By::Hybrid(vector, text), mode),
            // Whoever leaves the service alone says so once, and not for each search.
            Err(GraphError::Embed(EmbedError::Resting { .. })) => (By::Text(text), SearchMode::Text),
            Err(GraphError::Embed(error)) if error.is_the_services() => {
                tracing::warn!(%error, "a search by meaning and words is answered by words");
                (By::Text(text), SearchMode::Text)
            }
            Err(error) => return Err(error.into()),
        },
    };
    let partial = partial(request.mode(), mode, &permit, &services);
    let weighting = request.weighting().map(|(decay_lambda, drift_beta)| Weighting { decay_lambda, drift_beta });
    let query = Query { by, filter: filter(&mut request), weighting, top_k: request.top_k, now: permit.now() };
    let planned = query.planned(&services.routes, permit.tenant().as_str());
    metric::SEARCHES.of([planned.route().word()]).increment(1);
    let mut work = permit.begin_planned(planned.plan())?;
    let answer = planned.run(&mut work.once()).await?;
    let explain = request.explain;
    let results: Vec<_> = answer.found.into_iter().map(|found| wire(found, &planned, explain)).collect();
    Ok(Json(SearchResponse {
        query: request.query,
        count: results.len(),
        results,
        truncated: answer.truncated,
        mode,
        partial,
        route: explain.then(|| route(planned.route())),
        model: explain.then(|| services.embedder.model().to_string()),
    }))
}

async fn vector(permit: &Permit<Search>, request: &mut SearchRequest, services: &Services) -> Result<Vec<f32>, GraphError> {
    let (given, text) = (request.vector.take(), request.query.as_deref());
    let asker = Asker { tenant: permit.tenant(), issuer: permit.issuer(), actor: permit.actor() };
    services.queries.of(asker, &*services.embedder, given, text).await
}

fn filter(request: &mut SearchRequest) -> Filter {
    let filter = std::mem::take(&mut request.filter);
    let classes = filter.classes.or_else(|| request.classes.take()).into_iter().flatten().map(Name::into_text).collect();
    Filter {
        classes,
        props: filter.props,
        metadata: filter.metadata.or_else(|| request.compound_filter.take()),
        metadata_texts: request.metadata_filters.take().unwrap_or_default(),
        created_after: filter.created_after,
        created_before: filter.created_before,
        updated_after: filter.updated_after,
        updated_before: filter.updated_before,
        external_id: None,
        embedding_status: None,
        has_embedding: None,
    }
}

/// What search by meaning cannot look at, where it was `asked` for.
fn partial(asked: SearchMode, mode: SearchMode, permit: &Permit<Search>, services: &Services) -> Option<Partial> {
    let partial = match (asked, mode) {
        (SearchMode::Text, _) => None,
        (_, SearchMode::Text) => Some(Partial { reason: PartialReason::ModelUnavailable, searchable: None, waiting: None }),
        (_, SearchMode::Vector | SearchMode::Hybrid) => services.coverage.of(permit.tenant(), permit.now()).map(lacking),
    };
    let reason = match partial.as_ref()?.reason {
        PartialReason::ModelChanging => "model_changing",
        PartialReason::VectorsWaiting => "vectors_waiting",
        PartialReason::ModelUnavailable => "model_unavailable",
    };
    metric::SEARCHES_PARTIAL.of([reason]).increment(1);
    partial
}

fn lacking(share: Share) -> Partial {
    Partial {
        reason: if share.changing { PartialReason::ModelChanging } else { PartialReason::VectorsWaiting },
        searchable: share.counted.map(|counted| counted.searchable),
        waiting: share.counted.map(|counted| counted.waiting),
    }
}

const fn route(route: Route) -> SearchRoute {
    match route {
        Route::Exact => SearchRoute::Exact,
        Route::Graph => SearchRoute::Graph,
        Route::Own => SearchRoute::Own,
    }
}

fn wire(found: Found, planned: &Planned<'_>, explain: bool) -> SearchResult {
    SearchResult {
        explanation: explain.then(|| explanation(&found, planned)),
        id: found.id,
        tenant_id: found.tenant,
        external_id: found.external_id,
        classes: found.classes,
        props: found.props,
        metadata: found.metadata,
        similarity: found.similarity,
        score: found.score,
        text: found.text,
    }
}

fn explanation(found: &Found, planned: &Planned<'_>) -> Explanation {
    let reasons = &found.reasons;
    let factors = planned.factors(reasons);
    Explanation {
        similarity: found.similarity,
        meaning_place: reasons.meaning_place,
        words_place: reasons.words_place,
        text_rank: reasons.text_rank,
        base_score: reasons.base,
        age_days: reasons.age_days,
        drift: reasons.drift,
        age_factor: factors.age,
        drift_factor: factors.drift,
        formula: planned.formula(found),
    }
}
