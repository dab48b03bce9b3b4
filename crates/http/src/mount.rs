//! Mounting: the only way from a path to a handler leads through the gate.

use std::{
    net::IpAddr,
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use axum::{
    Router,
    extract::Request,
    response::Response,
    routing::{MethodFilter, on},
};
use bytes::Bytes;
use http::{HeaderValue, header};
use hyper::body::Body as _;
use metrics::Histogram;
use tower::ServiceExt;
use wardgraph_api::{
    Problem,
    table::{self, Row},
};
use wardgraph_gate::{Arrival, Confirmed, Entry, Finish, Gate, Handler};
use wardgraph_kernel::{Endpoint, Method, RequestId, Spec, metric};
use wardgraph_limits::Decision;
use wardgraph_oauth::ErrorCode;

use crate::{
    Cors, Decode, Reply, condition, cors, headers, pages, reading, reply,
    wire::{body, held::Held},
};

/// The address of a connection's other end, put on each request by the listener.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// What holds for every endpoint alike.
#[derive(Debug, Clone)]
pub struct Edge {
    /// No body may be larger, whatever its endpoint takes.
    pub most_bytes: usize,
    /// How much large bodies may hold in memory together, those that arrive and those that wait to be read each.
    pub most_held_bytes: usize,
    /// How long a whole body may take to arrive.
    pub body_within: Duration,
    /// Which pages of other origins may read answers.
    pub cors: Option<Cors>,
}

impl Default for Edge {
    fn default() -> Self {
        Self { most_bytes: 10 << 20, most_held_bytes: 256 << 20, body_within: Duration::from_secs(30), cors: None }
    }
}

/// The API while it is put together.
#[derive(Debug)]
pub struct Api {
    gate: Arc<Gate>,
    edge: Edge,
    arriving: Arc<Held>,
    leaving: Arc<Held>,
    router: Router,
    mounted: Vec<&'static str>,
}

/// The API, ready to be served.
#[derive(Debug, Clone)]
pub struct Mounted {
    /// The ids of what was mounted, in the table's order if nothing is missing.
    pub ids: Arc<[&'static str]>,
    router: Router,
    gate: Arc<Gate>,
    cors: Option<Arc<Cors>>,
    encrypted: bool,
}

impl Mounted {
    /// The same for requests that come by TLS: browsers are told to come no other way.
    pub(crate) fn encrypted(self) -> Self {
        Self { encrypted: true, ..self }
    }

    /// Answers one request of a client at `peer` without a listener, exactly as the listener has it answered.
    pub fn answer(&self, peer: IpAddr, request: Request) -> impl Future<Output = Response> + Send + use<> {
        self.respond(Peer(peer), request)
    }

    /// Answers one request. Dropped before it is done, the request is cancelled.
    pub(crate) fn respond(&self, peer: Peer, mut request: Request) -> impl Future<Output = Response> + Send + use<> {
        request.extensions_mut().insert(peer);
        let (router, cors) = (self.router.clone(), self.cors.as_ref().map(|cors| (cors.clone(), self.gate.clone())));
        let encrypted = self.encrypted;
        async move {
            let mut response = match cors {
                None => routed(router, request).await,
                // Boxed: without origins, a request does not carry the room for this.
                Some((cors, gate)) => Box::pin(across_origins(router, cors, gate, request)).await,
            };
            if encrypted {
                headers::encrypted(&mut response);
            }
            response
        }
    }

    /// A problem as the answer to what is no request that could be routed.
    pub(crate) fn refuse(&self, problem: Problem) -> Response {
        let mut response = refused(problem, self.gate.request_id(), None, true);
        if self.encrypted {
            headers::encrypted(&mut response);
        }
        response
    }
}

async fn routed(router: Router, request: Request) -> Response {
    router.oneshot(request).await.unwrap_or_else(|never| match never {})
}

async fn across_origins(router: Router, cors: Arc<Cors>, gate: Arc<Gate>, request: Request) -> Response {
    let asking = cors.asking(request.headers());
    let asks_first = asking.is_some() && cors::is_preflight(&request);
    let methods = if asks_first { allowed(request.uri().path()).filter(|methods| !methods.is_empty()) } else { None };
    let mut response = match methods {
        Some(methods) => {
            let mut response = Cors::preflight(methods);
            headers::finish(&mut response, gate.request_id(), None);
            response
        }
        None => routed(router, request).await,
    };
    cors.finish(&mut response, asking);
    response
}

impl Api {
    /// Nothing mounted yet.
    pub fn new(gate: Arc<Gate>, edge: Edge) -> Self {
        let (arriving, leaving) = (Held::new(edge.most_held_bytes), Held::new(edge.most_held_bytes));
        Self { gate, edge, arriving, leaving, router: Router::new(), mounted: Vec::new() }
    }

    /// Mounts `handler` as endpoint `E`: admission, then the body, then the handler.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the one place that routes")]
    pub fn mount<E, H>(mut self, _: E, handler: H) -> Self
    where
        E: Endpoint<Entry: Entry, Mode: Finish, Input: Decode, Output: Reply>,
        H: Handler<E>,
    {
        let room = Room {
            most_bytes: self.edge.most_bytes.min(E::SPEC.body_bytes),
            body_within: self.edge.body_within,
            arriving: self.arriving.clone(),
            leaving: self.leaving.clone(),
        };
        // One counted reference for a request to hold, whatever the handler carries.
        let parts = Arc::new((self.gate.clone(), handler, room, Timings::of(&E::SPEC)));
        let serve = move |request: Request| {
            let parts = parts.clone();
            async move {
                let (gate, handler, room, timings) = &*parts;
                let began = Instant::now();
                let proves = headers::proves(request.headers());
                let asked_as = E::SPEC.speaks_authzen().then(|| headers::asked_as(request.headers())).flatten();
                let mut response = serve::<E, H>(gate, handler, room, request).await;
                if proves {
                    headers::nonce(&mut response, &gate.nonce());
                }
                if let Some(id) = asked_as {
                    headers::answered_as(&mut response, id);
                }
                timings.record(&response, began);
                tracing::debug!(
                    endpoint = E::SPEC.id,
                    status = response.status().as_u16(),
                    micros = began.elapsed().as_micros(),
                    "answered"
                );
                response
            }
        };
        self.router = self.router.route(E::SPEC.path, on(filter(E::SPEC.method), serve));
        self.mounted.push(E::SPEC.id);
        self
    }

    /// Ends mounting: other paths are 404, other methods 405.
    pub fn finish(self) -> Mounted {
        let (lost, refused) = (self.gate.clone(), self.gate.clone());
        let router = self.router.method_not_allowed_fallback(move |request: Request| {
            let path = request.uri().path().to_owned();
            nowhere(
                refused.clone(),
                request,
                Problem::method_not_allowed("the path is there, with other methods"),
                allowed(&path),
            )
        });
        let router = router
            .fallback(move |request: Request| nowhere(lost.clone(), request, Problem::not_found("there is no such path"), None));
        Mounted { router, ids: self.mounted.into(), gate: self.gate, cors: self.edge.cors.map(Arc::new), encrypted: false }
    }
}

/// What bodies may take.
#[derive(Debug)]
struct Room {
    most_bytes: usize,
    body_within: Duration,
    arriving: Arc<Held>,
    leaving: Arc<Held>,
}

async fn serve<E, H>(gate: &Arc<Gate>, handler: &H, room: &Room, request: Request) -> Response
where
    E: Endpoint<Entry: Entry, Mode: Finish, Input: Decode, Output: Reply>,
    H: Handler<E>,
{
    let request_id = gate.request_id();
    let (mut parts, body) = request.into_parts();
    let Some(Peer(peer)) = parts.extensions.get().copied() else {
        return refused(Problem::internal("the connection has no address"), request_id, None, false);
    };
    let has_body = !body.is_end_stream();
    let admitted = match gate.admit::<E>(&Arrival { target: &parts.uri, headers: &parts.headers, peer, request_id }).await {
        Ok(admitted) => admitted,
        Err(refusal) => {
            let (problem, limit) = *refusal;
            body::drain(&parts.headers, body).await;
            if E::SPEC.is_for_clients() {
                return refused_with(problem, request_id, limit, has_body, reply::client_error);
            }
            if E::SPEC.is_page() {
                let page = |problem: &Problem| pages::turned_away(problem, E::SPEC.method, &parts.uri);
                return refused_with(problem, request_id, limit, has_body, page);
            }
            return refused(problem, request_id, limit, has_body);
        }
    };
    let (tenant, browser, from) = (admitted.tenant, admitted.browser, admitted.from);
    let refuse = |problem: Problem, limit, closes, sent: &[u8]| match &browser {
        None if E::SPEC.is_for_clients() => refused_with(problem, request_id, limit, closes, reply::client_error),
        Some(browser) => {
            refused_with(problem, request_id, limit, closes, |problem| pages::refused::<E::Input>(problem, browser, sent))
        }
        None => refused(problem, request_id, limit, closes),
    };
    let wanted = body::Wanted { most: room.most_bytes, within: room.body_within, held: &room.arriving, whose: tenant.as_ref() };
    let (body, holding) = match body::read(&parts.headers, body, wanted).await {
        Ok(read) => read,
        Err(problem) => {
            gate.failed(&E::SPEC, from, problem.status);
            return refuse(problem, admitted.limit, true, &[]);
        }
    };
    // What a large body holds, it holds until the handler is done with what it was made into.
    let holding = holding.map(Arc::new);
    // A form that is refused is shown again with what was filled in.
    let sent = if E::SPEC.is_page() { body.clone() } else { Bytes::new() };
    let outcome = async {
        condition::understood::<E>(&parts)?;
        // Before a key is claimed: that takes a connection, with which nobody waits for a turn.
        reading::turn(&mut parts, &body, tenant.as_ref(), holding.as_ref()).await?;
        let pass = match E::Entry::confirm::<E>(admitted.pass, &body).await? {
            Confirmed::Pass(pass) => pass,
            Confirmed::Again(kept) => return kept.problem().map_or_else(|| Ok(reply::again(kept)), Err),
        };
        let input = E::Input::decode(&mut parts, body).await?;
        let response = condition::judged::<E>(&parts.headers, handler.serve(pass, input).await?.reply())?;
        room.leaving.hold(response, tenant.as_ref(), E::SPEC.event.is_some()).await
    };
    match outcome.await {
        Ok(mut response) => {
            if E::SPEC.is_for_clients() {
                reply::no_cache(&mut response);
            }
            headers::finish(&mut response, request_id, admitted.limit);
            response
        }
        Err(problem) => {
            let problem = condition::explained(&parts.headers, problem);
            // Whoever is told of a nonce did nothing wrong, as every client asks for one first; nor did a device whose person has not decided.
            let expected = [ErrorCode::UseDpopNonce, ErrorCode::AuthorizationPending].map(ErrorCode::word);
            if !problem.error_code.is_some_and(|code| expected.contains(&code)) {
                gate.failed(&E::SPEC, from, problem.status);
            }
            refuse(problem, admitted.limit, false, &sent)
        }
    }
}

/// A problem as the whole answer. `closes`: the client may still be sending, so that the connection cannot carry another request.
fn refused(problem: Problem, request_id: RequestId, limit: Option<Decision>, closes: bool) -> Response {
    refused_with(problem, request_id, limit, closes, reply::problem)
}

/// A problem in whatever form.
fn refused_with(
    mut problem: Problem,
    request_id: RequestId,
    limit: Option<Decision>,
    closes: bool,
    form: impl FnOnce(&Problem) -> Response,
) -> Response {
    if problem.status >= 500 {
        let reason = problem.inside.as_deref().unwrap_or(&problem.detail);
        // A fault of ours is loud. What is away or busy is told by metrics and /health; a line for each caller would drown the rest.
        if problem.status == 500 {
            tracing::error!(request_id = %request_id, reason, "a request failed");
        } else {
            tracing::debug!(request_id = %request_id, status = problem.status, reason, "a request was not served");
        }
    }
    problem.request_id = Some(request_id.to_string());
    let mut response = form(&problem);
    headers::finish(&mut response, request_id, limit);
    if closes {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

async fn nowhere(gate: Arc<Gate>, request: Request, problem: Problem, allow: Option<HeaderValue>) -> Response {
    let has_body = !request.body().is_end_stream();
    let (parts, body) = request.into_parts();
    body::drain(&parts.headers, body).await;
    let mut response = refused(problem, gate.request_id(), None, has_body);
    if let Some(allow) = allow {
        response.headers_mut().insert(header::ALLOW, allow);
    }
    response
}

/// The methods that the table has for a path (RFC 9110, section 15.5.6).
fn allowed(path: &str) -> Option<HeaderValue> {
    let matches = |template: &str| {
        let (mut given, mut wanted) = (path.split('/'), template.split('/'));
        let alike = given.by_ref().zip(wanted.by_ref()).all(|(given, wanted)| wanted.starts_with('{') || given == wanted);
        alike && given.next().is_none() && wanted.next().is_none() && path.split('/').count() == template.split('/').count()
    };
    let words = |row: &Row| match row.spec.method {
        Method::GET => vec!["GET", "HEAD"],
        method => vec![method.word()],
    };
    let methods: Vec<_> = table::rows().filter(|row| matches(row.spec.path)).flat_map(words).collect();
    HeaderValue::from_str(&methods.join(", ")).ok()
}

const fn filter(method: Method) -> MethodFilter {
    match method {
        Method::GET => MethodFilter::GET,
        Method::POST => MethodFilter::POST,
        Method::PUT => MethodFilter::PUT,
        Method::PATCH => MethodFilter::PATCH,
        Method::DELETE => MethodFilter::DELETE,
    }
}

/// How long an endpoint's requests took, by class of status. A series is there once it has something to say: most endpoints are never
/// asked, and all of them at all times would be a megabyte of zeros for each scrape.
struct Timings {
    endpoint: &'static str,
    series: [(&'static str, OnceLock<Histogram>); 3],
}

impl Timings {
    fn of(spec: &'static Spec) -> Self {
        Self { endpoint: spec.id, series: ["2xx", "4xx", "5xx"].map(|status| (status, OnceLock::new())) }
    }

    fn record(&self, response: &Response, began: Instant) {
        let [success, refused, failed] = &self.series;
        let (status, series) = match response.status().as_u16() {
            ..400 => success,
            400..500 => refused,
            500.. => failed,
        };
        let timing = series.get_or_init(|| metric::HTTP_REQUEST_DURATION.of([self.endpoint, status]));
        timing.record(began.elapsed().as_secs_f64());
    }
}
