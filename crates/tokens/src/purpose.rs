//! What a token is for. Issuers sign more than access tokens with the same keys, and not each says in the header what it is: one that says of
//! itself to be something else, or has what only something else has, is none.

use crate::{TokenError, json::Members};

/// Claims that ID tokens have (OpenID Connect Core 1.0, 2, 3.1.3.6 and 3.3.2.11; FAPI), and logout tokens and other security events (RFC 8417).
const ELSEWHERE: &[&str] = &["nonce", "at_hash", "c_hash", "s_hash", "events"];
/// Claims by which some issuers say what a token is, with what they say of access tokens: Amazon Cognito and Keycloak.
const SAID: &[(&str, &[&str])] = &[("token_use", &["access"]), ("typ", &["Bearer", "DPoP", "JWT", "at+jwt"])];

/// Refuses what is no access token.
pub(crate) fn check(claims: &Members) -> Result<(), TokenError> {
    if ELSEWHERE.iter().any(|name| claims.find(name).is_some()) {
        return Err(TokenError::Purpose);
    }
    for (name, access) in SAID {
        if let Some(word) = claims.find_text(name)?
            && !access.iter().any(|known| known.eq_ignore_ascii_case(word))
        {
            return Err(TokenError::Purpose);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_says_to_be_something_else_is_no_access_token() {
        let judge = |text: &str| check(&Members::parse(text.as_bytes()).unwrap());
        for good in ["{}", r#"{"token_use":"access"}"#, r#"{"typ":"Bearer"}"#, r#"{"typ":"bearer","sid":"a","auth_time":1}"#] {
            assert_eq!(judge(good), Ok(()), "{good}");
        }
        for bad in [
            r#"{"nonce":"n"}"#,
            r#"{"nonce":null}"#,
            r#"{"at_hash":"a"}"#,
            r#"{"c_hash":"a"}"#,
            r#"{"s_hash":"a"}"#,
            r#"{"events":{}}"#,
            r#"{"token_use":"id"}"#,
            r#"{"typ":"ID"}"#,
            r#"{"typ":"Refresh"}"#,
            r#"{"typ":"Logout"}"#,
        ] {
            assert_eq!(judge(bad), Err(TokenError::Purpose), "{bad}");
        }
        assert_eq!(judge(r#"{"typ":1}"#), Err(TokenError::InvalidClaim("typ")));
    }
}
