//! Fetching what lies at clients' ids.
//!
//! **Invariant:** strangers have documents fetched by naming them, so that everything about it is bounded: to whom the connection goes (the client's
//! rules), how large the answer is and how long it takes, how many are fetched at once and how many of them on one host, and how often each address is
//! asked. No redirect is followed, and what
//! is wrong is not kept as a client.

use std::{sync::Arc, time::Duration};

use moka::{policy::EvictionPolicy, sync::Cache};
use tokio::sync::{Mutex, OwnedMutexGuard};
use wardgraph_egress::{Address, Client, EgressError, HeaderMap, HeaderValue, Request, Turns, header};
use wardgraph_kernel::Timestamp;
use wardgraph_tokens::Algorithm;

use super::{Described, Terms, document};

/// The largest document, in bytes (the draft has servers take 5 KB at least).
const MOST_BYTES: usize = 16 << 10;
/// How long an answer may take, and rest while it comes: somebody's browser waits.
const DEADLINE: Duration = Duration::from_secs(5);
const IDLE: Duration = Duration::from_secs(3);
/// How many are fetched at once, and how many of them on one host.
const AT_ONCE: usize = 8;
const ON_ONE_HOST: usize = 2;
/// How many addresses are known to have failed, and for how long they are not asked again.
const FAILED: u64 = 10_000;
const PAUSE: Duration = Duration::from_secs(30);
/// For how long a document is believed: as its server says, within these bounds.
const LEAST: Duration = Duration::from_mins(1);
const MOST: Duration = Duration::from_hours(24);
const USUAL: Duration = Duration::from_hours(1);

/// Fetches clients' documents.
#[derive(Debug)]
pub struct Documents {
    client: Client,
    scopes: Vec<String>,
    turns: Turns,
    flights: Cache<String, Arc<Mutex<()>>>,
    failed: Cache<String, (Timestamp, NoDocument)>,
}

/// A document that was fetched.
#[derive(Debug)]
pub struct Fetched {
    /// What it describes.
    pub described: Described,
    /// Until when it is believed.
    pub believed_until: Timestamp,
}

/// Why there is no document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoDocument {
    /// Its server is away for now, or too many are fetched: what was known before may be believed for a while.
    Away,
    /// There is none, or it is none that may be believed.
    Unfit,
}

impl Documents {
    /// Documents that are fetched by `client`, whose rules say where they may lie; their clients may ask for `scopes`.
    pub fn new(client: Client, scopes: Vec<String>) -> Self {
        let flights = Cache::builder().max_capacity(FAILED).time_to_idle(Duration::from_mins(1));
        let failed = Cache::builder().max_capacity(FAILED).time_to_live(PAUSE).eviction_policy(EvictionPolicy::lru());
        Self {
            client,
            scopes,
            turns: Turns::new(AT_ONCE, AT_ONCE, ON_ONE_HOST),
            flights: flights.build(),
            failed: failed.build(),
        }
    }

    /// Waits until nobody else fetches this document.
    pub async fn turn(&self, id: &str) -> OwnedMutexGuard<()> {
        let flight = self.flights.get_with_by_ref(id, Arc::default);
        flight.lock_owned().await
    }

    /// Whether fetching it failed a moment ago.
    pub fn failed(&self, id: &str, now: Timestamp) -> Option<NoDocument> {
        let (at, why) = self.failed.get(id)?;
        (now.duration_since(at).unsigned_abs() < PAUSE).then_some(why)
    }

    /// Fetches what lies at `id`.
    ///
    /// # Errors
    /// As [`NoDocument`] says, which is remembered for a moment, unless nobody was asked for want of a turn: that says nothing of the document.
    pub async fn fetch(&self, id: &str, algorithms: &[Algorithm], now: Timestamp) -> Result<Fetched, NoDocument> {
        let host = Address::parse(id).map(|address| address.host().to_owned()).unwrap_or_default();
        // They are nobody's, all of them.
        let Some(_turn) = self.turns.take("", &host, DEADLINE).await else {
            tracing::debug!(id, "too many clients' documents are fetched at once");
            return Err(NoDocument::Away);
        };
        let fetched = self.ask(id, algorithms, now).await;
        fetched.map_err(|(why, told)| {
            tracing::debug!(id, told, "a client's document cannot be used");
            self.failed.insert(id.to_owned(), (now, why));
            why
        })
    }

    async fn ask(&self, id: &str, algorithms: &[Algorithm], now: Timestamp) -> Result<Fetched, (NoDocument, String)> {
        let away = |told: &dyn ToString| (NoDocument::Away, told.to_string());
        let unfit = |told: &dyn ToString| (NoDocument::Unfit, told.to_string());
        let address = Address::parse(id).map_err(|error| unfit(&error))?;
        let headers = HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static("application/json"))]);
        let request = Request { headers, redirects: 0, ..Request::get(address, DEADLINE, IDLE) };
        let answer = self.client.send(request).await.map_err(|error| match error {
            EgressError::Slow | EgressError::Unreachable | EgressError::Unresolved | EgressError::Broken => away(&error),
            error => unfit(&error),
        })?;
        match answer.status.as_u16() {
            200 => {}
            status @ (408 | 429 | 500..) => return Err(away(&format!("the status is {status}"))),
            status => return Err(unfit(&format!("the status is {status}"))),
        }
        if !is_json(&answer.headers) {
            return Err(unfit(&"it is not sent as JSON"));
        }
        let keep = keep_for(&answer.headers);
        let body = answer.body(MOST_BYTES).await.map_err(|error| unfit(&error))?;
        let terms = Terms { scopes: &self.scopes, role: None, algorithms, secrets: false };
        let described = document::read(id, &body, &terms).map_err(|error| unfit(&error.detail))?;
        Ok(Fetched { described, believed_until: now.saturating_add(keep).unwrap_or(Timestamp::MAX) })
    }
}

/// `application/json`, or a type that is JSON by its suffix.
fn is_json(headers: &HeaderMap) -> bool {
    let mut lines = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(line), None) = (lines.next(), lines.next()) else { return false };
    let media = line.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    media == "application/json" || (media.starts_with("application/") && media.ends_with("+json"))
}

/// For how long an answer may be kept (RFC 9111, section 5.2.2), within bounds of our own.
fn keep_for(headers: &HeaderMap) -> Duration {
    let seconds = |text: &str| text.trim_matches('"').parse::<u64>().ok().map(Duration::from_secs);
    let mut keep = None;
    for line in headers.get_all(header::CACHE_CONTROL) {
        for directive in line.to_str().unwrap_or_default().to_ascii_lowercase().split(',').map(str::trim) {
            match directive.split_once('=').unwrap_or((directive, "")) {
                ("no-store" | "no-cache", _) => return LEAST,
                ("max-age", value) => keep = keep.or_else(|| Some(seconds(value).unwrap_or(LEAST))),
                _ => {}
            }
        }
    }
    let age = headers.get(header::AGE).and_then(|age| seconds(age.to_str().ok()?)).unwrap_or_default();
    keep.map_or(USUAL, |keep| keep.saturating_sub(age)).clamp(LEAST, MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(lines: &[(&'static str, &'static str)]) -> u64 {
        let headers = lines.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value)));
        keep_for(&HeaderMap::from_iter(headers.collect::<Vec<(wardgraph_egress::HeaderName, _)>>())).as_secs()
    }

    #[test]
    fn a_document_is_kept_as_its_server_says_within_bounds() {
        assert_eq!(kept(&[]), 3_600);
        assert_eq!(kept(&[("cache-control", "public, max-age=600")]), 600);
        assert_eq!(kept(&[("cache-control", "max-age=600"), ("age", "100")]), 500);
        assert_eq!(kept(&[("cache-control", "max-age=600, no-cache")]), 60);
        assert_eq!(kept(&[("cache-control", "max-age=5")]), 60);
        assert_eq!(kept(&[("cache-control", "max-age=x")]), 60);
        assert_eq!(kept(&[("cache-control", "Max-Age=99999999999")]), 86_400);
        assert_eq!(kept(&[("cache-control", "no-store")]), 60);
    }

    #[tokio::test]
    async fn a_document_that_had_no_turn_did_not_fail() {
        let client = wardgraph_egress::Egress::new(wardgraph_egress::Names::System, None).unwrap();
        let client = client.client(wardgraph_egress::Rules::tenant(None), Duration::from_secs(1));
        let none = Turns::new(0, 0, 0);
        let documents = Documents { turns: none, ..Documents::new(client, Vec::new()) };
        let (id, now) = ("https://127.0.0.1/client.json", Timestamp::UNIX_EPOCH);
        assert_eq!(documents.fetch(id, &[Algorithm::ES256], now).await.unwrap_err(), NoDocument::Away);
        assert_eq!(documents.failed(id, now), None);
        // Where somebody is asked, in vain.
        let documents = Documents { turns: Turns::new(1, 1, 1), ..documents };
        let failed = documents.fetch(id, &[Algorithm::ES256], now).await.unwrap_err();
        assert_eq!(documents.failed(id, now), Some(failed));
    }

    #[test]
    fn a_document_is_json_or_none() {
        for (line, is) in [
            ("application/json", true),
            ("Application/JSON; charset=utf-8", true),
            ("application/oauth-client+json", true),
            ("text/html", false),
            ("text/json", false),
            ("", false),
        ] {
            assert_eq!(is_json(&HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static(line))])), is, "{line}");
        }
        assert!(!is_json(&HeaderMap::new()));
    }
}
