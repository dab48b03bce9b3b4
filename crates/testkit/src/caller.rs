//! Callers as values: a tenant, a token, and what can be asked over HTTP.

use std::{
    sync::{Arc, LazyLock, Mutex},
    time::Duration,
};

use reqwest::{Method, StatusCode, header::HeaderMap};
use serde_json::{Value, json};
use wardgraph_api::{describe::Known, table::Row};
use wardgraph_gate::browser::{FORM_TOKEN, SESSION as SESSION_COOKIE, VISIT as VISIT_COOKIE, form_token};
use wardgraph_kernel::{Access, Clock, Permission, SystemChance, TenantId};
use wardgraph_tokens::{MintRequest, Minter};

use crate::{App, Window, presenting};

/// Someone who calls.
#[derive(Debug, Clone)]
pub struct Caller {
    base: String,
    http: reqwest::Client,
    /// The token, if there is one.
    pub token: Option<String>,
    /// The tenant, as the token was minted.
    pub tenant: String,
    /// The token and the cookie of the person as whom endpoints are called that are about a person's account; [`App::known`] says who.
    person: Arc<Mutex<Held>>,
}

/// What somebody holds who signed in.
#[derive(Debug, Default)]
struct Held {
    token: Option<String>,
    cookie: Option<String>,
}

/// What a browser holds in which nobody signed in: every caller comes with the same one.
const VISIT: &str = "dGhlIHZpc2l0IG9mIGV2ZXJ5IGNhbGxlciBpcyBpdDA";

/// What came back.
#[derive(Debug)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as JSON; null if it is none.
    pub body: Value,
    /// The body as text.
    pub text: String,
}

impl Caller {
    pub(crate) fn minted(app: &App, minter: &Minter, tenant: &str, scopes: &[&str]) -> Self {
        let request = MintRequest {
            subject: format!("user-of-{tenant}"),
            tenant: TenantId::parse(tenant).unwrap(),
            scopes: scopes.iter().map(|&scope| scope.to_owned()).collect(),
            ttl: Duration::from_hours(1),
            now: app.clock.now(),
        };
        let token = minter.mint(&request, &SystemChance).unwrap().expose().to_owned();
        Self { tenant: tenant.to_owned(), ..Self::bearing(app, Some(token)) }
    }

    pub(crate) fn bearing(app: &App, token: Option<String>) -> Self {
        Self { base: app.base.clone(), http: app.http.clone(), token, tenant: String::new(), person: Arc::default() }
    }

    /// A request that is about to be sent, with the token, or where it is about a person's account with that person's.
    pub fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(Method::from_bytes(method.as_bytes()).unwrap(), format!("{}{path}", self.base));
        let rows = at(path);
        let asked = rows.iter().find(|row| row.spec.method.word() == method).or_else(|| rows.first());
        if let Some(row) = asked.filter(|row| row.spec.is_page()) {
            let cookie = self.cookie(row).map(|(name, value)| format!("{name}={value}")).unwrap_or_default();
            return request.header("cookie", cookie).header("sec-fetch-site", "same-origin");
        }
        if rows.iter().any(|row| row.spec.is_for_clients()) {
            return request;
        }
        match self.token_for(&rows) {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// The token that is sent to `path`.
    pub fn token_at(&self, path: &str) -> Option<String> {
        self.token_for(&at(path))
    }

    fn token_for(&self, rows: &[&Row]) -> Option<String> {
        let of_a_person = |row: &&Row| row.spec.asks_for_a_person() || row.spec.rows.are_peoples() || of_clients(row);
        let person = self.person.lock().unwrap().token.clone().filter(|_| rows.iter().any(of_a_person));
        person.or_else(|| self.token.clone())
    }

    /// The cookie that is sent to a page: of the person's session where one is asked, else of the visit.
    fn cookie(&self, row: &Row) -> Option<(&'static str, String)> {
        let session = self.person.lock().unwrap().cookie.clone().map(|cookie| (SESSION_COOKIE, cookie));
        // A ceremony to which a client sends a browser, or a device its person, looks at the session that there may be.
        let sends = row.spec.method == wardgraph_kernel::Method::GET || row.spec.path.starts_with("/oauth2/device");
        let is_sent = sends && row.spec.event.is_some();
        if !row.spec.access.admits_strangers() || (is_sent && session.is_some()) {
            return session;
        }
        Some((VISIT_COOKIE, VISIT.to_owned()))
    }

    /// Has this caller, and all clones of it, call as `person` where it is about a person's account.
    pub fn becomes(&self, person: &Self) {
        self.person.lock().unwrap().token.clone_from(&person.token);
    }

    /// Has this caller, and all clones of it, call pages with what this window holds.
    pub(crate) fn looks_through(&self, window: &Window) {
        self.person.lock().unwrap().cookie = window.cookie(SESSION_COOKIE);
    }

    /// Gets.
    pub async fn get(&self, path: &str) -> Reply {
        Reply::of(self.request("GET", path)).await
    }

    /// Posts JSON.
    pub async fn post(&self, path: &str, body: &Value) -> Reply {
        Reply::of(self.request("POST", path).json(body)).await
    }

    /// Puts JSON.
    pub async fn put(&self, path: &str, body: &Value) -> Reply {
        Reply::of(self.request("PUT", path).json(body)).await
    }

    /// Patches with JSON.
    pub async fn patch(&self, path: &str, body: &Value) -> Reply {
        Reply::of(self.request("PATCH", path).json(body)).await
    }

    /// Deletes.
    pub async fn delete(&self, path: &str) -> Reply {
        Reply::of(self.request("DELETE", path)).await
    }

    /// Calls an endpoint of the table with its sample, made of `known` things.
    pub async fn call(&self, row: &Row, known: &Known) -> Reply {
        Reply::of(self.calling(row, known)).await
    }

    /// The call of an endpoint with its sample, not yet sent.
    pub fn calling(&self, row: &Row, known: &Known) -> reqwest::RequestBuilder {
        let request = presenting(self.request(row.spec.method.word(), &path(row, known)), row, known);
        match (row.sample)(known) {
            Some(body) if row.spec.is_page() && row.spec.method == wardgraph_kernel::Method::GET => {
                self.request(row.spec.method.word(), &format!("{}?{}", path(row, known), fields(&body).finish()))
            }
            Some(body) if row.spec.is_page() => {
                let token = self.cookie(row).map(|(_, cookie)| form_token(&cookie)).unwrap_or_default();
                request.header("content-type", "application/x-www-form-urlencoded").body(form(&body, &token))
            }
            Some(body) if row.spec.is_for_clients() && (row.shape)().query.is_some() => {
                let target = format!("{}?{}", path(row, known), fields(&body).finish());
                self.request(row.spec.method.word(), &target)
            }
            Some(body) if row.spec.is_for_clients() && (row.shape)().form => {
                request.header("content-type", "application/x-www-form-urlencoded").body(fields(&body).finish())
            }
            Some(body) => request.json(&body),
            None => request,
        }
    }

    /// Creates a node with a text.
    pub async fn create_node(&self, text: &str) -> Reply {
        self.post("/nodes", &json!({ "classes": ["Test"], "props": { "text": text } })).await
    }

    /// The events of the tenant, newest first.
    pub async fn events(&self) -> Vec<Value> {
        self.get("/events?limit=1000").await.ok()["events"].as_array().unwrap().clone()
    }
}

/// The path of an endpoint, with a known id where it wants one.
fn path(row: &Row, known: &Known) -> String {
    (row.shape)().place(row.spec.path, known)
}

/// The fields of a form that has these values, with its token.
fn form(values: &Value, token: &str) -> String {
    fields(values).append_pair(FORM_TOKEN, token).finish()
}

/// The fields of a form that has these values.
fn fields(values: &Value) -> form_urlencoded::Serializer<'static, String> {
    let mut fields = form_urlencoded::Serializer::new(String::new());
    for (name, value) in values.as_object().unwrap() {
        for item in value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]) {
            fields.append_pair(name, item.as_str().unwrap());
        }
    }
    fields
}

/// Whether a row is about the clients of an organization that was made here.
fn of_clients(row: &Row) -> bool {
    matches!(row.spec.access, Access::Permission(Permission::ClientsRead | Permission::ClientsWrite))
}

/// The endpoints at this path.
fn at(path: &str) -> Vec<&'static Row> {
    type Templates = Vec<(Vec<&'static str>, &'static Row)>;
    static TEMPLATES: LazyLock<Templates> =
        LazyLock::new(|| wardgraph_api::table::rows().map(|row| (row.spec.path.split('/').collect(), row)).collect());
    let given: Vec<&str> = path.split('?').next().unwrap_or_default().split('/').collect();
    let is_at = |(part, given): (&&str, &&str)| part == given || part.starts_with('{') && !given.is_empty();
    let matches = |template: &[&str]| template.len() == given.len() && template.iter().zip(&given).all(is_at);
    TEMPLATES.iter().filter(|(template, _)| matches(template)).map(|(_, row)| *row).collect()
}

impl Reply {
    /// Sends a request and reads all of the answer.
    pub async fn of(request: reqwest::RequestBuilder) -> Self {
        let response = request.send().await.expect("the server answers");
        let (status, headers) = (response.status(), response.headers().clone());
        let text = response.text().await.expect("the answer can be read");
        Self { status, headers, body: serde_json::from_str(&text).unwrap_or(Value::Null), text }
    }

    /// The body of a 200.
    #[track_caller]
    pub fn ok(self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text);
        self.body
    }

    /// The body of a 201.
    #[track_caller]
    pub fn created(self) -> Value {
        assert_eq!(self.status, 201, "{}", self.text);
        self.body
    }

    /// The problem document of a refusal with this status. It is one, says so, and tells nothing of the inside.
    #[track_caller]
    pub fn problem(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        if self.headers["content-type"] == "text/html; charset=utf-8" {
            self.tells_nothing();
            assert!(self.text.contains("<html lang=\"en\">") && self.text.contains("<h1>"), "{}", self.text);
            return json!({ "detail": self.text });
        }
        assert_eq!(self.headers["content-type"], "application/problem+json");
        assert_eq!(self.body["status"], status);
        for member in ["type", "title", "detail", "request_id"] {
            assert!(self.body[member].is_string(), "{member} in {}", self.text);
        }
        self.tells_nothing();
        self.body
    }

    /// Nothing of the inside is told.
    #[track_caller]
    pub(crate) fn tells_nothing(&self) {
        for inside in ["select ", "insert ", "wardgraph.", "postgres", "/src/", "panicked", "tokio"] {
            // Pages have fields to choose from.
            assert!(!self.text.to_lowercase().replace("<select ", "<").contains(inside), "`{inside}` in {}", self.text);
        }
    }

    /// Where the answer leads.
    #[track_caller]
    pub fn leads(&self) -> &str {
        assert_eq!(self.status, 303, "{}", self.text);
        self.headers["location"].to_str().unwrap()
    }

    /// The value of a field of a page.
    #[track_caller]
    pub fn field(&self, name: &str) -> String {
        let start = format!("name=\"{name}\" value=\"");
        assert!(self.text.contains(&start), "{name} in {}", self.text);
        let (_, rest) = self.text.split_once(&start).unwrap();
        rest.split('"').next().unwrap().to_owned()
    }

    /// Whoever asked has to prove who they are: programs are told so, browsers are led to where one signs in.
    #[track_caller]
    pub fn asks_for_a_credential(self) {
        if self.status == 303 {
            assert!(self.leads().starts_with("/sign-in"), "{}", self.leads());
        } else {
            assert!(self.headers["www-authenticate"].to_str().unwrap().starts_with("Bearer"));
            self.problem(401);
        }
    }

    /// Whether it was done: a page may lead to another, but for the one where one signs in.
    pub fn is_done(&self) -> bool {
        let led =
            self.headers.get("location").is_some_and(|to| to != "/sign-in" && !to.as_bytes().starts_with(b"/sign-in?return_to"));
        self.status.is_success() || self.status == 303 && led
    }
}
