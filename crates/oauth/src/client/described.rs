//! Clients as they describe themselves (RFC 7591, section 2): read into what is registered of them.
//!
//! **Invariant:** a client gets nothing by describing itself but what its terms allow: no consent passed over, no scope and no role beyond them
//! (`nobody_describes_himself_into_more`).

use serde_json::{Map, Value};
use wardgraph_kernel::OrganizationRole;
use wardgraph_tokens::Algorithm;

use super::{About, Flaw, GrantType, Registration, check};
use crate::{AuthMethod, ErrorCode, Refusal, redirect, scope};

/// The longest name that people are shown, in characters.
const MOST_NAME: usize = 100;
/// The longest text of those that are only kept, in bytes, and how many there may be in a list.
const MOST_TEXT: usize = 2_048;
const MOST_CONTACTS: usize = 10;
/// Members of a key that are nobody else's to know (RFC 7518, sections 6.2.2, 6.3.2, 6.4).
const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// What clients may have that describe themselves.
#[derive(Debug, Clone)]
pub struct Terms<'a> {
    /// The scopes that they may ask for.
    pub scopes: &'a [String],
    /// What they may do on their own behalf, if anything.
    pub role: Option<OrganizationRole>,
    /// The algorithms that this server signs with, its favourite first.
    pub algorithms: &'a [Algorithm],
    /// Whether this server may give them secrets; none may be given to a client that is known by its document alone.
    pub secrets: bool,
}

/// What a client describes.
#[derive(Debug, Clone)]
pub struct Described {
    /// What is registered of it.
    pub registered: Registration,
    /// What it says besides.
    pub about: About,
}

/// What is wrong with a description.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfit {
    /// The standard's word for it (RFC 7591, section 3.2.2).
    pub code: ErrorCode,
    /// What it is, for the programmer.
    pub detail: String,
}

impl From<Unfit> for Refusal {
    fn from(unfit: Unfit) -> Self {
        Self::new(unfit.code, unfit.detail)
    }
}

/// Reads a client's description. What is unknown here is passed over, as the standard has it; what is known and not so here is refused, since the client
/// would find out otherwise only when it is used.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn read(described: &Map<String, Value>, terms: &Terms<'_>) -> Result<Described, Unfit> {
    if described.contains_key("software_statement") {
        let detail = "`software_statement` is nobody's whose word is taken here".to_owned();
        return Err(Unfit { code: ErrorCode::UnapprovedSoftwareStatement, detail });
    }
    let says = Says(described);
    let auth_method = match says.text("token_endpoint_auth_method")? {
        None if terms.secrets => AuthMethod::Basic,
        None => AuthMethod::None,
        Some(word) => AuthMethod::of(word)
            .filter(|method| terms.secrets || matches!(method, AuthMethod::None | AuthMethod::PrivateKeyJwt))
            .ok_or_else(|| unfit("token_endpoint_auth_method", "is none that this server takes here"))?,
    };
    let mut grant_types = Vec::new();
    for word in says.list("grant_types")?.unwrap_or_else(|| vec![GrantType::AuthorizationCode.word().to_owned()]) {
        // One by one: a grant type that is added later is given to nobody by forgetting it.
        let own = |grant: &GrantType| match grant {
            GrantType::AuthorizationCode | GrantType::RefreshToken => true,
            GrantType::ClientCredentials => terms.role.is_some(),
            // Who lets in a device sees its client's name alone, and who exchanges is sent other clients' tokens: somebody is to have vouched for these.
            GrantType::DeviceCode | GrantType::TokenExchange => false,
        };
        let grant = GrantType::of(&word).filter(own).ok_or_else(|| unfit("grant_types", "has one that is not to be had"))?;
        if !grant_types.contains(&grant) {
            grant_types.push(grant);
        }
    }
    if says.list("response_types")?.is_some_and(|types| types.iter().any(|word| word != "code")) {
        return Err(unfit("response_types", "may hold `code` alone"));
    }
    if says.text("subject_type")?.is_some_and(|word| word != "public") {
        return Err(unfit("subject_type", "must be `public`"));
    }
    if says.text("token_endpoint_auth_signing_alg")?.is_some_and(|word| !is_asymmetric(word)) {
        return Err(unfit("token_endpoint_auth_signing_alg", "must be one that has a public key"));
    }
    let by_itself = grant_types.contains(&GrantType::ClientCredentials);
    let registered = Registration {
        name: name(says.text("client_name")?),
        auth_method,
        redirect_uris: says.list("redirect_uris")?.unwrap_or_default(),
        post_logout_redirect_uris: says.list("post_logout_redirect_uris")?.unwrap_or_default(),
        backchannel_logout_uri: says.text("backchannel_logout_uri")?.map(str::to_owned),
        scopes: scopes(says.text("scope")?, terms.scopes)?,
        resources: Vec::new(),
        role: terms.role.filter(|_| by_itself),
        grant_types,
        first_party: false,
        dpop_bound: says.flag("dpop_bound_access_tokens")?,
        require_par: says.flag("require_pushed_authorization_requests")?,
        id_token_alg: algorithm(&says, "id_token_signed_response_alg", terms)?
            .unwrap_or_else(|| terms.algorithms.first().copied().unwrap_or(Algorithm::ES256)),
        access_token_alg: None,
        jwks: says.keys()?,
        jwks_uri: says.text("jwks_uri")?.map(str::to_owned),
        backchannel_logout_session: says.flag("backchannel_logout_session_required")?,
        userinfo_alg: algorithm(&says, "userinfo_signed_response_alg", terms)?,
        introspection_alg: algorithm(&says, "introspection_signed_response_alg", terms)?,
    };
    match check(&registered).into_iter().next() {
        None => Ok(Described { registered, about: about(&says)? }),
        Some(Flaw { place, detail }) => Err(unfit(&place, &detail)),
    }
}

fn about(says: &Says<'_>) -> Result<About, Unfit> {
    let page = |name: &str| -> Result<Option<String>, Unfit> {
        let Some(text) = says.text(name)? else { return Ok(None) };
        redirect::check_https(text).map_err(|why| unfit(name, why.0))?;
        Ok(Some(text.to_owned()))
    };
    let short = |name: &str| -> Result<Option<String>, Unfit> {
        let fits = |text: &str| text.len() <= MOST_TEXT && !text.chars().any(char::is_control);
        match says.text(name)? {
            Some(text) if !fits(text) => Err(unfit(name, "must be a short text")),
            text => Ok(text.map(str::to_owned)),
        }
    };
    let contacts = says.list("contacts")?.unwrap_or_default();
    let few = contacts.len() <= MOST_CONTACTS && contacts.iter().all(|text| text.len() <= MOST_TEXT && !text.contains('\0'));
    let application_type = short("application_type")?;
    if application_type.as_deref().is_some_and(|word| !["web", "native"].contains(&word)) {
        return Err(unfit("application_type", "must be `web` or `native`"));
    }
    Ok(About {
        client_uri: page("client_uri")?,
        logo_uri: page("logo_uri")?,
        tos_uri: page("tos_uri")?,
        policy_uri: page("policy_uri")?,
        contacts: Some(contacts).filter(|_| few).ok_or_else(|| unfit("contacts", "must be at most 10 short texts"))?,
        software_id: short("software_id")?,
        software_version: short("software_version")?,
        application_type,
    })
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

    /// Its keys; whether they are good for anything is judged with the rest.
    fn keys(&self) -> Result<Option<String>, Unfit> {
        let Some(set) = self.found("jwks") else { return Ok(None) };
        let keys = set.get("keys").and_then(Value::as_array).filter(|keys| (1..=20).contains(&keys.len()));
        let keys = keys.ok_or_else(|| unfit("jwks", "must be a set of 1 to 20 keys"))?;
        if keys.iter().any(|key| PRIVATE.iter().any(|name| key.get(name).is_some())) {
            return Err(unfit("jwks", "must have public keys alone"));
        }
        Ok(Some(set.to_string()))
    }
}

fn is_asymmetric(word: &str) -> bool {
    Algorithm::named(word).is_some_and(|algorithm| Algorithm::ASYMMETRIC.contains(&algorithm))
}

fn algorithm(says: &Says<'_>, place: &str, terms: &Terms<'_>) -> Result<Option<Algorithm>, Unfit> {
    let known = |word: &str| word.parse().ok().filter(|algorithm| terms.algorithms.contains(algorithm));
    let word = says.text(place)?;
    word.map(|word| known(word).ok_or_else(|| unfit(place, "is no algorithm that this server signs with"))).transpose()
}

/// What people are shown: without what could make it look like something else.
fn name(said: Option<&str>) -> String {
    let visible = |letter: &char| !letter.is_control() && !is_invisible(*letter);
    let name: String = said.unwrap_or_default().trim().chars().filter(visible).take(MOST_NAME).collect();
    if name.trim().is_empty() { "an unnamed application".to_owned() } else { name }
}

/// Letters that change how others are shown, and are not seen themselves.
const fn is_invisible(letter: char) -> bool {
    matches!(letter, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

/// The scopes that are asked for, as far as they may be had: what is more is left out (RFC 7591, section 2). All of them where nothing is said.
fn scopes(said: Option<&str>, may: &[String]) -> Result<Vec<String>, Unfit> {
    let Some(said) = said else { return Ok(may.to_vec()) };
    let mut words: Vec<String> = Vec::new();
    for word in said.split(' ').filter(|word| scope::is_known(word) && scope::holds(may, word)) {
        if !words.iter().any(|known| known == word) {
            words.push(word.to_owned());
        }
    }
    if words.is_empty() && !said.trim().is_empty() {
        return Err(unfit("scope", "names nothing that may be had"));
    }
    Ok(words)
}

fn unfit(place: &str, detail: &str) -> Unfit {
    let code = if place.starts_with("redirect_uris") { ErrorCode::InvalidRedirectUri } else { ErrorCode::InvalidClientMetadata };
    Unfit { code, detail: format!("`{place}` {detail}") }
}

#[cfg(test)]
mod tests;
