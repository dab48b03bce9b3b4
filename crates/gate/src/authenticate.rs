//! From headers to who calls.

use http::{HeaderMap, HeaderName, header::AUTHORIZATION};
use wardgraph_api::Problem;
use wardgraph_identity::api_key::PREFIX;
use wardgraph_tokens::{Algorithm, Claims, TokenError, dpop::ProofError};

/// What a caller brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Credential<'a> {
    /// A token, and how it is to be used.
    Token(Scheme, &'a str),
    /// An API key.
    Key(&'a str),
}

static API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// The one credential of a request: a bearer token or an API key (RFC 6750, section 2.1), a token with a proof, or an API key in `X-API-Key`. Two
/// are none.
pub(crate) fn credential(headers: &HeaderMap) -> Result<Credential<'_>, Problem> {
    let mut keys = headers.get_all(&API_KEY).iter();
    let Some(key) = keys.next() else {
        return match authorization(headers)? {
            (Scheme::Bearer, token) if token.starts_with(PREFIX) => Ok(Credential::Key(token)),
            (scheme, token) => Ok(Credential::Token(scheme, token)),
        };
    };
    let alone = keys.next().is_none() && !headers.contains_key(AUTHORIZATION);
    key.to_str().ok().filter(|_| alone).map(Credential::Key).ok_or_else(missing)
}

/// How a token is to be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    /// By whoever has it.
    Bearer,
    /// By whoever holds the key that it is bound to, which the request proves (RFC 9449, section 7.1).
    Proof,
}

impl Scheme {
    /// The scheme of a token that was believed.
    pub(crate) fn of(claims: &Claims) -> Self {
        if claims.key().is_some() { Self::Proof } else { Self::Bearer }
    }

    /// What `WWW-Authenticate` says, with these parameters besides the realm.
    pub(crate) fn challenge(self, parameters: &str) -> String {
        match self {
            Self::Bearer => format!(r#"Bearer realm="wardgraph", {parameters}"#),
            Self::Proof => format!(r#"DPoP realm="wardgraph", {parameters}, algs="{}""#, Algorithm::NAMES.join(" ")),
        }
    }
}

/// The token, and how it is to be used: exactly one `Authorization` header, of exactly one token.
fn authorization(headers: &HeaderMap) -> Result<(Scheme, &str), Problem> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return Err(missing());
    };
    let text = value.to_str().map_err(|_| missing())?;
    let (scheme, token) = text.split_once(' ').ok_or_else(missing)?;
    let token = token.trim_matches(' ');
    let scheme = match scheme {
        bearer if bearer.eq_ignore_ascii_case("bearer") => Scheme::Bearer,
        proof if proof.eq_ignore_ascii_case("dpop") => Scheme::Proof,
        _ => return Err(missing()),
    };
    if token.is_empty() { Err(missing()) } else { Ok((scheme, token)) }
}

fn missing() -> Problem {
    Problem::unauthenticated("send one `Authorization: Bearer TOKEN` header, or one `X-API-Key`")
        .challenge(r#"Bearer realm="wardgraph""#)
}

/// How soon keys that could not be fetched may be there.
const KEYS_RETRY_S: u64 = 10;

/// The answer to a token that is not believed. Says in fixed words what is wrong, and nothing of the inside.
pub(crate) fn refused(scheme: Scheme, error: TokenError) -> Problem {
    match error {
        TokenError::KeysUnavailable => Problem::unavailable(error.description()).retry_after(KEYS_RETRY_S),
        TokenError::ForeignTenant => Problem::forbidden(error.description()),
        _ => invalid(scheme, "invalid_token", error.description()),
    }
}

/// The answer to an API key that is not believed, whyever.
pub(crate) fn unknown_key() -> Problem {
    invalid(Scheme::Bearer, "invalid_token", "the API key is unknown, revoked or expired")
}

/// The answer to a token that is bound to a key, or should be, and is used otherwise.
pub(crate) fn misused(description: &'static str) -> Problem {
    invalid(Scheme::Proof, "invalid_token", description)
}

/// The answer to a proof that is not believed. The nonce that the next one must carry is put on every such answer by whoever sends it.
pub(crate) fn unproven(error: ProofError) -> Problem {
    invalid(Scheme::Proof, error.word(), error.description())
}

fn invalid(scheme: Scheme, error: &str, description: &'static str) -> Problem {
    let parameters = format!(r#"error="{error}", error_description="{description}""#);
    Problem::unauthenticated(description).challenge(scheme.challenge(&parameters))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(values: &[&str], token: Option<&str>) {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, value.parse().unwrap());
        }
        let read = authorization(&headers).ok();
        assert_eq!(
            read,
            token.map(|token| (if token == "proven" { Scheme::Proof } else { Scheme::Bearer }, token)),
            "{values:?}"
        );
    }

    #[test]
    fn a_key_stands_in_one_place() {
        let read = |pairs: &[(&'static str, &str)]| {
            let headers: HeaderMap =
                pairs.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap())).collect();
            credential(&headers).ok().map(|credential| format!("{credential:?}"))
        };
        assert_eq!(read(&[("authorization", "Bearer wg_1")]).unwrap(), "Key(\"wg_1\")");
        assert_eq!(read(&[("x-api-key", "wg_1")]).unwrap(), "Key(\"wg_1\")");
        assert_eq!(read(&[("authorization", "Bearer eyJ")]).unwrap(), "Token(Bearer, \"eyJ\")");
        assert_eq!(read(&[("authorization", "DPoP wg_1")]).unwrap(), "Token(Proof, \"wg_1\")");
        assert_eq!(read(&[("x-api-key", "wg_1"), ("authorization", "Bearer eyJ")]), None);
        assert_eq!(read(&[]), None);
    }

    #[test]
    fn there_is_one_bearer_token_or_none() {
        check(&["Bearer abc"], Some("abc"));
        check(&["bearer abc"], Some("abc"));
        check(&[], None);
        check(&["abc"], None);
        check(&["Basic abc"], None);
        check(&["Bearer "], None);
        check(&["Bearer abc", "Bearer def"], None);
        check(&["DPoP proven"], Some("proven"));
        check(&["dpop proven"], Some("proven"));
        check(&["DPoP "], None);
        check(&["DPoP proven", "Bearer abc"], None);
        check(&["Bearer abc", "DPoP proven"], None);
    }
}
