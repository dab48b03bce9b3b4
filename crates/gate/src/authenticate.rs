//! From headers to who calls.

use http::{HeaderMap, HeaderName, header::AUTHORIZATION};
use wardgraph_api::Problem;
use wardgraph_identity::api_key::PREFIX;
use wardgraph_tokens::TokenError;

/// What a caller brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Credential<'a> {
    /// A token.
    Token(&'a str),
    /// An API key.
    Key(&'a str),
}

static API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// The one credential of a request: a bearer token or an API key (RFC 6750, section 2.1), or an API key in `X-API-Key`. Two are none.
pub(crate) fn credential(headers: &HeaderMap) -> Result<Credential<'_>, Problem> {
    let mut keys = headers.get_all(&API_KEY).iter();
    let Some(key) = keys.next() else {
        let token = bearer(headers)?;
        return Ok(if token.starts_with(PREFIX) { Credential::Key(token) } else { Credential::Token(token) });
    };
    let alone = keys.next().is_none() && !headers.contains_key(AUTHORIZATION);
    key.to_str().ok().filter(|_| alone).map(Credential::Key).ok_or_else(missing)
}

/// The bearer token: exactly one `Authorization` header, of exactly one token.
fn bearer(headers: &HeaderMap) -> Result<&str, Problem> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return Err(missing());
    };
    let text = value.to_str().map_err(|_| missing())?;
    let (scheme, token) = text.split_once(' ').ok_or_else(missing)?;
    let token = token.trim_matches(' ');
    if scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() { Ok(token) } else { Err(missing()) }
}

fn missing() -> Problem {
    Problem::unauthenticated("send one `Authorization: Bearer TOKEN` header, or one `X-API-Key`")
        .challenge(r#"Bearer realm="wardgraph""#)
}

/// How soon keys that could not be fetched may be there.
const KEYS_RETRY_S: u64 = 10;

/// The answer to a token that is not believed. Says in fixed words what is wrong, and nothing of the inside.
pub(crate) fn refused(error: TokenError) -> Problem {
    match error {
        TokenError::KeysUnavailable => Problem::unavailable(error.description()).retry_after(KEYS_RETRY_S),
        TokenError::ForeignTenant => Problem::forbidden(error.description()),
        _ => invalid(error.description()),
    }
}

/// The answer to an API key that is not believed, whyever.
pub(crate) fn unknown_key() -> Problem {
    invalid("the API key is unknown, revoked or expired")
}

fn invalid(description: &'static str) -> Problem {
    let challenge = format!(r#"Bearer realm="wardgraph", error="invalid_token", error_description="{description}""#);
    Problem::unauthenticated(description).challenge(challenge)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(values: &[&str], token: Option<&str>) {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, value.parse().unwrap());
        }
        assert_eq!(bearer(&headers).ok(), token, "{values:?}");
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
        assert_eq!(read(&[("authorization", "Bearer eyJ")]).unwrap(), "Token(\"eyJ\")");
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
    }
}
