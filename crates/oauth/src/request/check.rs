//! Judging a request, from what could send its answer astray to what is merely wrong with it.

use std::collections::BTreeSet;

use wardgraph_tokens::Thumbprint;

use super::{Claims, Fault, Mode, Params, Prompt, Registered, Request, Return, Told};
use crate::{pkce, redirect, scope, target};

/// How long `state` and `nonce` may be.
const MOST_TEXT: usize = 2_048;

/// How a request came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// By a browser.
    Browser,
    /// Pushed by the client itself (RFC 9126).
    Pushed,
}

const fn invalid(description: &'static str) -> Fault {
    Fault::new("invalid_request", description)
}

/// Where a request's answer goes.
///
/// # Errors
/// [`Told::Person`] where it may go nowhere.
pub fn return_of(client: &Registered<'_>, params: &Params) -> Result<Return, Told> {
    let Some(uri) = params.one("redirect_uri") else {
        return Err(Told::Person("the application's request has no redirect_uri, or two"));
    };
    if !client.redirect_uris.iter().any(|registered| redirect::is(registered, uri)) {
        return Err(Told::Person("the application did not register the redirect_uri of its request"));
    }
    let mode = if params.one("response_mode") == Some("form_post") { Mode::FormPost } else { Mode::Query };
    let state = params.one("state").filter(|state| state.len() <= MOST_TEXT).map(str::to_owned);
    Ok(Return { uri: uri.to_owned(), mode, state })
}

/// Judges the request of `client`.
///
/// # Errors
/// Why it cannot be granted, and whom that is told.
pub fn check(client: &Registered<'_>, params: &Params, origin: Origin) -> Result<Request, Told> {
    if params.one("client_id") != Some(client.id) {
        return Err(Told::Person("the request is not of the application that it names"));
    }
    let to = return_of(client, params)?;
    judged(client, params, origin, &to).map_err(|fault| Told::Client(to, fault))
}

fn judged(client: &Registered<'_>, params: &Params, origin: Origin, to: &Return) -> Result<Request, Fault> {
    if params.has_twins() {
        return Err(invalid("a parameter comes twice"));
    }
    if client.requires_par && origin == Origin::Browser {
        return Err(invalid("this client must push its requests (RFC 9126)"));
    }
    if params.has("request") {
        return Err(Fault::new("request_not_supported", "request objects are not taken: push the request (RFC 9126)"));
    }
    if params.has("request_uri") {
        return Err(Fault::new("request_uri_not_supported", "only a request_uri of a pushed request is taken (RFC 9126)"));
    }
    if params.has("registration") {
        return Err(Fault::new("registration_not_supported", "clients are registered beforehand"));
    }
    match params.one("response_type") {
        Some("code") => {}
        None => return Err(invalid("response_type is missing")),
        Some(_) => return Err(Fault::new("unsupported_response_type", "response_type must be `code`")),
    }
    if !client.takes_codes {
        return Err(Fault::new("unauthorized_client", "the client is not registered for the code flow"));
    }
    if !matches!(params.one("response_mode"), None | Some("query" | "form_post")) {
        return Err(invalid("response_mode must be `query` or `form_post`"));
    }
    if params.one("state").is_some_and(|text| text.len() > MOST_TEXT)
        || params.one("nonce").is_some_and(|text| text.len() > MOST_TEXT)
    {
        return Err(invalid("state or nonce is too long"));
    }
    let text = |name: &str| params.one(name).map(str::to_owned);
    let words =
        |name: &str| params.one(name).map(|text| text.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect());
    let scopes = scopes(client, params.one("scope"))?;
    let claims = params.one("claims").map_or(Ok(Claims::default()), |text| Claims::read(text, client.scopes))?;
    let is_openid = scopes.iter().any(|word| word == scope::OPENID);
    Ok(Request {
        to: to.clone(),
        scopes,
        challenge: challenge(params)?,
        nonce: text("nonce"),
        prompt: params.one("prompt").map_or(Ok(Prompt::default()), Prompt::read)?,
        max_age: params.one("max_age").map(seconds).transpose()?,
        acr_values: words("acr_values").unwrap_or_default(),
        login_hint: text("login_hint"),
        id_token_hint: text("id_token_hint"),
        claims: if is_openid { claims } else { claims.of_nobody() },
        resource: target::one(client.resources, params.all("resource"), client.ours)
            .map_err(|why| Fault::new("invalid_target", why))?,
        jkt: params.one("dpop_jkt").map(thumbprint).transpose()?,
        organization: text("organization"),
    })
}

/// RFC 7636, of every client: with nothing but S256.
fn challenge(params: &Params) -> Result<String, Fault> {
    if params.one("code_challenge_method") != Some("S256") {
        return Err(invalid("code_challenge_method must be `S256` (RFC 7636)"));
    }
    let challenge = params.one("code_challenge").ok_or(invalid("code_challenge is missing (RFC 7636)"))?;
    if pkce::is_challenge(challenge) {
        Ok(challenge.to_owned())
    } else {
        Err(invalid("code_challenge is no SHA-256 in base64url"))
    }
}

/// What is asked for, of what the client may ask for: the rest is left out, and the token's answer says so (RFC 6749, section 3.3). What no scope here
/// is called is passed over (OpenID Connect Core, section 3.1.2.1).
fn scopes(client: &Registered<'_>, asked: Option<&str>) -> Result<Vec<String>, Fault> {
    let may = |word: &&str| scope::holds(client.scopes, word) && (*word != scope::OFFLINE || client.refreshes);
    let asked: BTreeSet<&str> = match asked {
        Some(asked) => asked.split(' ').filter(|word| !word.is_empty()).collect(),
        None => client.scopes.iter().map(String::as_str).collect(),
    };
    let granted: Vec<_> = asked.into_iter().filter(|word| scope::is_known(word)).filter(may).map(str::to_owned).collect();
    if granted.is_empty() { Err(Fault::new("invalid_scope", "nothing of scope is open to this client")) } else { Ok(granted) }
}

fn seconds(text: &str) -> Result<u64, Fault> {
    let digits = text.len() <= 10 && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| digits).ok_or(invalid("max_age must be a number of seconds"))
}

/// SHA-256 in base64url (RFC 7638).
fn thumbprint(text: &str) -> Result<String, Fault> {
    if Thumbprint::parse(text).is_some() { Ok(text.to_owned()) } else { Err(invalid("dpop_jkt is no thumbprint (RFC 9449)")) }
}
