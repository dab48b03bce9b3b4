//! From headers to who calls.

use http::{HeaderMap, header::AUTHORIZATION};
use wardgraph_api::Problem;
use wardgraph_tokens::TokenError;

/// The bearer token of a request (RFC 6750, section 2.1). Exactly one `Authorization` header, of exactly one token.
pub(crate) fn bearer(headers: &HeaderMap) -> Result<&str, Problem> {
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
    Problem::unauthenticated("send one `Authorization: Bearer TOKEN` header").challenge(r#"Bearer realm="wardgraph""#)
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
