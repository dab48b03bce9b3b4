//! Clients with their own server, and what a browser is sent here for.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use wardgraph_testkit::{App, Person, Reply, Window};

/// RFC 7636, appendix B.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const SECRET: &str = "wgcs_a-secret-of-a-client-with-enough-chance";

/// A client.
#[derive(Clone)]
pub(crate) struct Site {
    pub(crate) id: String,
    pub(crate) redirect: String,
    pub(crate) secret: Option<&'static str>,
}

pub(crate) type Answer = BTreeMap<String, String>;

impl Site {
    /// A client of the organization, but for what `change` says: a confidential one that may do much.
    pub(crate) async fn of(app: &App, organization: &str, change: Value) -> Self {
        let client = app.database.behind_the_scenes().await;
        let number: i64 = client.query_one("select count(*) from wardgraph.clients", &[]).await.unwrap().get(0);
        let id = format!("wgc_test_{number}");
        let mut row = json!({
            "client_id": id,
            "organization_id": organization,
            "source": "api",
            "generation": 1,
            "name": "Graph Atlas",
            "auth_method": "client_secret_post",
            "grant_types": ["authorization_code", "refresh_token"],
            "redirect_uris": ["https://app.example/cb"],
            "post_logout_redirect_uris": ["https://app.example/out"],
            "scopes": ["openid", "profile", "email", "offline_access", "nodes:read", "nodes:write"],
            "resources": [],
            "first_party": false,
            "dpop_bound": false,
            "require_par": false,
            "backchannel_logout_session": false,
            "id_token_alg": "ES256",
            "created_at": "2026-01-01T00:00:00Z",
            "updated_at": "2026-01-01T00:00:00Z",
        });
        row.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let sql = "insert into wardgraph.clients select (jsonb_populate_record(null::wardgraph.clients, $1)).*";
        client.execute(sql, &[&row]).await.unwrap();
        let secret = (row["auth_method"] != "none").then_some(SECRET);
        if let Some(secret) = secret {
            let sql = "insert into wardgraph.client_secrets (secret_id, organization_id, client_id, verifier, created_at) values (gen_random_uuid(), $1, $2, $3, now())";
            client.execute(sql, &[&organization, &id, &Sha256::digest(secret).to_vec()]).await.unwrap();
        }
        Self { id, redirect: row["redirect_uris"][0].as_str().unwrap().to_owned(), secret }
    }

    /// The parameters of a request, but for what `change` says; what is empty there is left out.
    pub(crate) fn parameters(&self, change: &[(&str, &str)]) -> Vec<(String, String)> {
        let mut parameters: BTreeMap<&str, &str> = BTreeMap::from([
            ("client_id", self.id.as_str()),
            ("redirect_uri", &self.redirect),
            ("response_type", "code"),
            ("scope", "openid email nodes:read"),
            ("state", "a state&of=mine"),
            ("nonce", "a-nonce"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ]);
        parameters.extend(change.iter().copied());
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        parameters.into_iter().filter(|(_, value)| !value.is_empty()).map(owned).collect()
    }

    /// Where the client sends a browser.
    pub(crate) fn request(&self, change: &[(&str, &str)]) -> String {
        format!("/oauth2/authorize?{}", form(&self.parameters(change)))
    }

    /// Sends a browser, whose person agrees if they are asked; tells the answer.
    pub(crate) async fn send(&self, window: &Window, change: &[(&str, &str)]) -> Answer {
        let first = window.get(&self.request(change)).await;
        answer(&agree(window, first).await, &self.redirect)
    }

    /// A code.
    pub(crate) async fn code(&self, window: &Window, change: &[(&str, &str)]) -> String {
        let answer = self.send(window, change).await;
        answer.get("code").unwrap_or_else(|| panic!("{answer:?}")).clone()
    }

    /// Asks the token endpoint; `change` as above.
    pub(crate) async fn token(&self, app: &App, change: &[(&str, &str)]) -> Reply {
        let mut fields: BTreeMap<&str, &str> = BTreeMap::from([
            ("client_id", self.id.as_str()),
            ("grant_type", "authorization_code"),
            ("redirect_uri", self.redirect.as_str()),
            ("code_verifier", VERIFIER),
        ]);
        fields.extend(self.secret.map(|secret| ("client_secret", secret)));
        fields.extend(change.iter().copied());
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        let fields: Vec<_> = fields.into_iter().filter(|(_, value)| !value.is_empty()).map(owned).collect();
        post(app, "/oauth2/token", &fields).await
    }

    /// Tokens for whoever is signed in in this window.
    pub(crate) async fn tokens(&self, app: &App, window: &Window, change: &[(&str, &str)]) -> Value {
        let code = self.code(window, change).await;
        self.token(app, &[("code", &code)]).await.ok()
    }
}

/// Posts a form, as a client does.
pub(crate) async fn post(app: &App, path: &str, fields: &[(String, String)]) -> Reply {
    let request = app.stranger().request("POST", path).header("content-type", "application/x-www-form-urlencoded");
    Reply::of(request.body(form(fields))).await
}

pub(crate) fn form(fields: &[(String, String)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

/// Agrees, if somebody is asked, and follows to the end.
pub(crate) async fn agree(window: &Window, page: Reply) -> Reply {
    if !page.text.contains("action=\"/oauth2/consent\"") {
        return page;
    }
    let fields = hidden(&page);
    let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let agreed = window.send_raw("/oauth2/consent", fields).await;
    let next = agreed.leads().to_owned();
    assert!(next.starts_with("/oauth2/authorize?"), "{next}");
    window.get(&next).await
}

/// The fields of a page's form that nobody fills in, and the first choice of a list.
pub(crate) fn hidden(page: &Reply) -> Vec<(String, String)> {
    let (_, form) =
        page.text.split_once("action=\"/oauth2/consent\"").or_else(|| page.text.split_once("action=\"/oauth2/logout\"")).unwrap();
    let mut fields = Vec::new();
    for part in form.split("<input type=\"hidden\" name=\"").skip(1) {
        let (name, rest) = part.split_once("\" value=\"").unwrap();
        fields.push((name.to_owned(), plain(rest.split('"').next().unwrap())));
    }
    if let Some((_, list)) = form.split_once("name=\"organization\">") {
        let chosen = list.split("<option value=\"").skip(1).find(|option| option.contains(" selected")).unwrap();
        fields.push(("organization".into(), chosen.split('"').next().unwrap().to_owned()));
    }
    fields
}

fn plain(text: &str) -> String {
    text.replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

/// What an answer tells the client, however it goes there; it must go there.
#[track_caller]
pub(crate) fn answer(reply: &Reply, redirect: &str) -> Answer {
    let to = if reply.status == 303 {
        reply.leads().to_owned()
    } else {
        let (_, rest) = reply.text.split_once("content=\"0; url=").unwrap_or_else(|| panic!("{} {}", reply.status, reply.text));
        plain(rest.split('"').next().unwrap())
    };
    let query = to.strip_prefix(redirect).unwrap_or_else(|| panic!("{to} is not {redirect}"));
    form_urlencoded::parse(query.trim_start_matches(['?', '&']).as_bytes()).into_owned().collect()
}

/// Somebody with a window in which they are signed in.
pub(crate) async fn somebody(app: &App, email: &str) -> (Person, Window) {
    let person = app.person(email).await;
    let window = Window::open(app);
    window.sign_in(email).await;
    (person, window)
}

/// What a token says.
pub(crate) fn claims(token: &Value) -> Value {
    let payload = token.as_str().unwrap().split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

/// The types of the events of a kind.
pub(crate) async fn events(app: &App, kind: &str) -> i64 {
    let sql = "select count(*) from wardgraph.events where type = $1";
    app.database.behind_the_scenes().await.query_one(sql, &[&kind]).await.unwrap().get(0)
}
