//! Clients of the OAuth server.

use std::sync::Arc;

use serde_json::{Value, json};
use wardgraph_api::describe::KnownClient;
use wardgraph_gate::SystemParts;
use wardgraph_identity::{
    account::Seat,
    refresh,
    session::{self, Lifetimes, Proof, Use},
};
use wardgraph_kernel::{ClientId, Clock, OrganizationRole, Permissions, SystemChance, TenantId};
use wardgraph_oauth::grant::{self, Granted, Means, Terms};

use crate::{App, Caller, Person, Reply};

/// A client that somebody registered.
#[derive(Debug, Clone)]
pub struct OAuthClient {
    stranger: Caller,
    /// Its id.
    pub id: String,
    /// Its secret, if it has one.
    pub secret: Option<String>,
    /// How it proves who it is.
    pub auth_method: String,
}

impl App {
    /// Registers a client in the organization of `person`, an owner who signed in just now. `changes` are laid over a service account that may read and
    /// write nodes.
    pub async fn client_of(&self, person: &Person, changes: Value) -> OAuthClient {
        let made = person.caller.post("/api/v1/clients", &registration(changes)).await.created();
        self.client(&made)
    }

    /// A client by what was answered when it was registered.
    pub fn client(&self, made: &Value) -> OAuthClient {
        OAuthClient {
            stranger: self.stranger(),
            id: made["client_id"].as_str().unwrap().to_owned(),
            secret: made["client_secret"].as_str().map(str::to_owned),
            auth_method: made["token_endpoint_auth_method"].as_str().unwrap().to_owned(),
        }
    }
}

/// A service account's registration, with other members laid over it; null leaves one out.
pub fn registration(changes: Value) -> Value {
    let mut wanted = json!({
        "client_name": "a service",
        "grant_types": ["client_credentials"],
        "token_endpoint_auth_method": "client_secret_basic",
        "scopes": ["nodes:write", "search:read"],
        "role": "developer",
    });
    let Value::Object(changes) = changes else { unreachable!("a registration is an object") };
    for (name, value) in changes {
        wanted[name] = value;
    }
    wanted.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    wanted
}

impl OAuthClient {
    /// Posts a form, and proves who it is as it is registered to.
    pub async fn form(&self, path: &str, fields: &[(&str, &str)]) -> Reply {
        Reply::of(self.posting(path, fields)).await
    }

    /// The same, not yet sent.
    pub fn posting(&self, path: &str, fields: &[(&str, &str)]) -> reqwest::RequestBuilder {
        let mut fields = fields.to_vec();
        let secret = self.secret.as_deref().unwrap_or_default();
        match self.auth_method.as_str() {
            "client_secret_basic" => self.stranger.posting_form(path, &fields).basic_auth(&self.id, Some(secret)),
            "client_secret_post" => {
                fields.extend([("client_id", self.id.as_str()), ("client_secret", secret)]);
                self.stranger.posting_form(path, &fields)
            }
            _ => {
                fields.push(("client_id", &self.id));
                self.stranger.posting_form(path, &fields)
            }
        }
    }

    /// Asks for a token on its own behalf.
    pub async fn token(&self, fields: &[(&str, &str)]) -> Reply {
        let all = [&[("grant_type", "client_credentials")], fields].concat();
        self.form("/oauth2/token", &all).await
    }

    /// Somebody who calls with a token of its own.
    pub async fn caller(&self, app: &App) -> Caller {
        let answer = self.token(&[]).await.ok();
        app.bearer(answer["access_token"].as_str().unwrap())
    }

    /// Asks about a token.
    pub async fn introspect(&self, token: &str) -> Value {
        self.form("/oauth2/introspect", &[("token", token)]).await.ok()
    }

    pub(crate) async fn known(app: &App, person: &Person) -> KnownClient {
        let client = app.client_of(person, json!({ "token_endpoint_auth_method": "client_secret_post" })).await;
        let answer = client.token(&[]).await.ok();
        let said = json!({ "redirect_uris": ["https://app.example/cb"] });
        let registered = Reply::of(app.stranger().request("POST", "/oauth2/register").json(&said)).await.created();
        let token = person.caller.post("/api/v1/initial-tokens", &json!({})).await.created();
        KnownClient {
            id: ClientId::parse(&client.id).unwrap(),
            secret: client.secret.unwrap(),
            access_token: answer["access_token"].as_str().unwrap().to_owned(),
            registered: ClientId::parse(registered["client_id"].as_str().unwrap()).unwrap(),
            registration_token: registered["registration_access_token"].as_str().unwrap().to_owned(),
            initial_token: serde_json::from_value(token["id"].clone()).unwrap(),
        }
    }
}

impl App {
    /// What `client` got by the leave of `person`, an owner, without anybody's having been asked: access token and refresh token.
    pub async fn grant(&self, client: &OAuthClient, person: &Person, terms: Terms) -> (String, Option<String>) {
        let (clock, chance): (Arc<dyn Clock>, Arc<SystemChance>) = (self.clock.clone(), Arc::new(SystemChance));
        let parts = SystemParts { store: self.store.clone(), clock, chance };
        let mut work = parts.accounts("a test").unwrap();
        let now = work.now();
        let id = ClientId::parse(&client.id).unwrap();
        let found = wardgraph_oauth::client::find(&mut work.tx(), &id).await.unwrap().unwrap();
        let organization = TenantId::parse(&person.caller.tenant).unwrap();
        let seat = Seat { organization, role: Some(OrganizationRole::Owner), global: None, granted: Permissions::NONE };
        let program = refresh::Client::new(&client.id, "127.0.0.0/24".into());
        let at = Use { client: &program, device: "a test", ip: std::net::IpAddr::from([127, 0, 0, 1]), now };
        let granted = Granted {
            client: &found,
            user: uuid::Uuid::try_parse(&person.id).unwrap().into(),
            seat: &seat,
            generation: 0,
            proof: &Proof::of(&[session::PASSWORD], now),
            terms,
            at: &at,
        };
        let (vault, issuer, lifetimes) = (&self.vault, &self.issuer, Lifetimes::default());
        let means = Means { vault, issuer, lifetimes, chance: &SystemChance };
        let tokens = grant::begin(&mut work.tx(), &granted, &means).await.unwrap();
        work.commit(Vec::new()).await.unwrap();
        (tokens.access.token.expose().to_owned(), tokens.refresh.map(|token| token.expose().to_owned()))
    }
}

impl Caller {
    /// Posts a form without a credential of the caller's own.
    pub fn posting_form(&self, path: &str, fields: &[(&str, &str)]) -> reqwest::RequestBuilder {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.request("POST", path).header("content-type", "application/x-www-form-urlencoded").body(body)
    }
}

impl Reply {
    /// The word of a refusal of the OAuth server with this status: it has its form, and is kept nowhere.
    #[track_caller]
    pub fn refused(&self, status: u16) -> &str {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(self.headers["content-type"], "application/json");
        assert_eq!(
            (&self.headers["cache-control"], &self.headers["pragma"]),
            (&"no-store".parse().unwrap(), &"no-cache".parse().unwrap())
        );
        let members: Vec<_> = self.body.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(members, ["error", "error_description"], "{}", self.text);
        assert!(self.body["error_description"].is_string());
        self.tells_nothing();
        self.body["error"].as_str().unwrap()
    }
}
