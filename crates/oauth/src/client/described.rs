//! Clients as they describe themselves (RFC 7591, section 2): read into what is registered of them.
//!
//! **Invariant:** a client that nobody vouched for gets nothing by describing itself but what every such client may have: no role, no consent
//! passed over, no scope beyond those that the operator leaves to strangers (`nobody_describes_himself_into_more`).

use serde_json::{Map, Value};
use wardgraph_tokens::{Algorithm, assertion::ClientKeys};

use super::{Fault, GrantType, Registration, check};
use crate::{AuthMethod, scope};

/// The longest name that people are shown, in characters.
const MOST_NAME: usize = 100;

/// What clients may have that describe themselves.
#[derive(Debug, Clone)]
pub struct Terms<'a> {
    /// The scopes that they may ask for.
    pub scopes: &'a [String],
    /// What ID tokens are signed with, where a client does not say.
    pub id_token_alg: Algorithm,
    /// Whether this server may give them secrets; none may be given to a client that is known by its document alone.
    pub secrets: bool,
}

/// What is wrong with a description.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfit {
    /// Whether it is about `redirect_uris`, which has a word of its own (RFC 7591, section 3.2.2).
    pub is_redirect: bool,
    /// What it is, for the programmer.
    pub detail: String,
}

/// Reads a client's description. What it says beyond what is known here is passed over, as the standard has it; what it says that is not so here is
/// refused, since it would find out otherwise only when it is used.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn read(described: &Map<String, Value>, terms: &Terms<'_>) -> Result<Registration, Unfit> {
    let says = Says(described);
    let auth_method = match says.text("token_endpoint_auth_method")? {
        None if terms.secrets => AuthMethod::Basic,
        None => AuthMethod::None,
        Some(word) => AuthMethod::of(word)
            .filter(|method| terms.secrets || matches!(method, AuthMethod::None | AuthMethod::PrivateKeyJwt))
            .ok_or_else(|| unfit("token_endpoint_auth_method", "is none that this server takes here"))?,
    };
    let grant_types = says.list("grant_types")?.unwrap_or_else(|| vec![GrantType::AuthorizationCode.word().to_owned()]);
    let grant_types = grant_types.iter().map(|word| GrantType::of(word).filter(|grant| *grant != GrantType::ClientCredentials));
    let grant_types: Option<Vec<_>> = grant_types.collect();
    let grant_types = grant_types.ok_or_else(|| unfit("grant_types", "may hold `authorization_code` and `refresh_token`"))?;
    if says.list("response_types")?.is_some_and(|types| types != ["code"]) {
        return Err(unfit("response_types", "must be `code`"));
    }
    if says.text("subject_type")?.is_some_and(|word| word != "public") {
        return Err(unfit("subject_type", "must be `public`"));
    }
    let jwks = match described.get("jwks") {
        None | Some(Value::Null) => None,
        Some(set) => Some(keys(set)?),
    };
    let registered = Registration {
        name: name(says.text("client_name")?),
        auth_method,
        grant_types,
        redirect_uris: says.list("redirect_uris")?.unwrap_or_default(),
        post_logout_redirect_uris: says.list("post_logout_redirect_uris")?.unwrap_or_default(),
        backchannel_logout_uri: says.text("backchannel_logout_uri")?.map(str::to_owned),
        scopes: scopes(says.text("scope")?, terms.scopes)?,
        resources: Vec::new(),
        role: None,
        first_party: false,
        dpop_bound: says.flag("dpop_bound_access_tokens")?,
        require_par: says.flag("require_pushed_authorization_requests")?,
        id_token_alg: says.algorithm("id_token_signed_response_alg")?.unwrap_or(terms.id_token_alg),
        access_token_alg: None,
        jwks,
        jwks_uri: says.text("jwks_uri")?.map(str::to_owned),
    };
    match check(&registered).into_iter().next() {
        None => Ok(registered),
        Some(Fault { place, detail }) => Err(unfit(&place, &detail)),
    }
}

/// A description's members.
struct Says<'a>(&'a Map<String, Value>);

impl<'a> Says<'a> {
    fn found(&self, name: &str) -> Option<&'a Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    fn text(&self, name: &str) -> Result<Option<&'a str>, Unfit> {
        self.found(name).map(|value| value.as_str().ok_or_else(|| unfit(name, "must be a text"))).transpose()
    }

    fn list(&self, name: &str) -> Result<Option<Vec<String>>, Unfit> {
        let texts = |value: &Value| -> Option<Vec<String>> {
            value.as_array()?.iter().map(|item| item.as_str().map(str::to_owned)).collect()
        };
        self.found(name).map(|value| texts(value).ok_or_else(|| unfit(name, "must be a list of texts"))).transpose()
    }

    fn flag(&self, name: &str) -> Result<bool, Unfit> {
        self.found(name).map_or(Ok(false), |value| value.as_bool().ok_or_else(|| unfit(name, "must be true or false")))
    }

    fn algorithm(&self, name: &str) -> Result<Option<Algorithm>, Unfit> {
        let read = |word: &str| word.parse().ok().filter(|algorithm| Algorithm::ASYMMETRIC.contains(algorithm));
        self.text(name)?.map(|word| read(word).ok_or_else(|| unfit(name, "must be ES256, EdDSA or RS256"))).transpose()
    }
}

/// What people are shown: without what could make it look like something else.
fn name(said: Option<&str>) -> String {
    let visible = |letter: &char| !letter.is_control() && !is_invisible(*letter);
    let name: String = said.unwrap_or_default().trim().chars().filter(visible).take(MOST_NAME).collect();
    if name.is_empty() { "an unnamed application".to_owned() } else { name }
}

/// Letters that change how others are shown, and are not seen themselves.
const fn is_invisible(letter: char) -> bool {
    matches!(letter, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// The scopes that are asked for, as far as they may be had: what is more is left out (RFC 7591, section 2). All of them where nothing is said.
fn scopes(said: Option<&str>, may: &[String]) -> Result<Vec<String>, Unfit> {
    let Some(said) = said else { return Ok(may.to_vec()) };
    let mut words: Vec<String> = Vec::new();
    for word in said.split(' ').filter(|word| scope::holds(may, word)) {
        if !words.iter().any(|known| known == word) {
            words.push(word.to_owned());
        }
    }
    if words.is_empty() && !said.trim().is_empty() {
        return Err(unfit("scope", "names nothing that may be had"));
    }
    Ok(words)
}

fn keys(set: &Value) -> Result<String, Unfit> {
    let text = set.to_string();
    ClientKeys::read(&text).map_err(|error| unfit("jwks", &error.to_string()))?;
    Ok(text)
}

fn unfit(place: &str, detail: &str) -> Unfit {
    Unfit { is_redirect: place.starts_with("redirect_uris"), detail: format!("`{place}` {detail}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn described(value: Value) -> Result<Registration, Unfit> {
        let scopes: Vec<String> = ["nodes:read", "openid", "offline_access"].map(str::to_owned).into();
        let terms = Terms { scopes: &scopes, id_token_alg: Algorithm::RS256, secrets: true };
        read(value.as_object().unwrap(), &terms)
    }

    fn with(name: &str, value: Value) -> Value {
        let mut good = json!({ "redirect_uris": ["https://app.example/cb"], "client_name": "An app" });
        good[name] = value;
        good
    }

    #[test]
    fn what_is_not_said_is_as_the_standard_has_it() {
        let registered = described(with("unknown", json!({ "a": 1 }))).unwrap();
        assert_eq!(registered.auth_method, AuthMethod::Basic);
        assert_eq!(registered.grant_types, [GrantType::AuthorizationCode]);
        assert_eq!(registered.scopes, ["nodes:read", "openid", "offline_access"]);
        assert_eq!((registered.name.as_str(), registered.role), ("An app", None));
    }

    #[test]
    fn nobody_describes_himself_into_more() {
        let sly = json!({
            "redirect_uris": ["https://app.example/cb"],
            "scope": "nodes:write system:read nodes:read users:write",
            "first_party": true,
            "role": "owner",
            "resources": ["https://api.example"],
            "tenant_id": "victim",
            "source": "api",
        });
        let registered = described(sly).unwrap();
        assert_eq!(registered.scopes, ["nodes:read"]);
        assert_eq!((registered.role, registered.first_party, registered.resources.len()), (None, false, 0));
        for (name, value) in [
            ("grant_types", json!(["client_credentials"])),
            ("grant_types", json!(["password"])),
            ("grant_types", json!(["implicit", "authorization_code"])),
            ("grant_types", json!([])),
            ("grant_types", json!("authorization_code")),
            ("response_types", json!(["token"])),
            ("response_types", json!(["code", "code id_token"])),
            ("subject_type", json!("pairwise")),
            ("token_endpoint_auth_method", json!("tls_client_auth")),
            ("token_endpoint_auth_method", json!("private_key_jwt")),
            ("scope", json!("system:read")),
            ("scope", json!(["nodes:read"])),
            ("jwks", json!({ "keys": [{ "kty": "oct", "k": "AAAA" }] })),
            ("jwks", json!("https://app.example/jwks")),
            ("jwks_uri", json!("http://169.254.169.254/")),
            ("id_token_signed_response_alg", json!("none")),
            ("id_token_signed_response_alg", json!("HS256")),
            ("dpop_bound_access_tokens", json!("yes")),
        ] {
            let unfit = described(with(name, value.clone())).unwrap_err();
            assert!(!unfit.is_redirect, "{name} {value}: {unfit:?}");
        }
        for uris in [json!([]), json!(["http://app.example/cb"]), json!(["https://app.example/cb#a"]), json!(["javascript:alert(1)"])] {
            assert!(described(with("redirect_uris", uris.clone())).unwrap_err().is_redirect, "{uris}");
        }
    }

    #[test]
    fn a_name_is_seen_as_it_is() {
        for (said, shown) in [
            (json!("  An\u{202e}app\n"), "Anapp"),
            (json!(""), "an unnamed application"),
            (json!("\u{200b}"), "an unnamed application"),
            (json!("x".repeat(500)), &"x".repeat(100)),
        ] {
            assert_eq!(described(with("client_name", said)).unwrap().name, shown);
        }
    }
}
