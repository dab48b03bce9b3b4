//! What may be registered together.

use wardgraph_tokens::{
    Algorithm,
    assertion::{ClientKeys, KeySetError},
};

use super::{GrantType, Registration};
use crate::{AuthMethod, redirect, scope};

/// How many addresses of a kind, and how many targets, a client may have.
const MOST_ADDRESSES: usize = 50;
/// How many scopes.
const MOST_SCOPES: usize = 64;

/// What is wrong with which member of a registration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    /// The member, as the standards call it (RFC 7591), and where in it.
    pub place: String,
    /// What is wrong.
    pub detail: String,
}

/// Everything that is wrong with a registration.
pub fn check(asked: &Registration) -> Vec<Flaw> {
    let mut faults = Vec::new();
    let mut fault = |place: String, detail: &str| faults.push(Flaw { place, detail: detail.to_owned() });
    let person = asked.grant_types.contains(&GrantType::AuthorizationCode);
    let itself = asked.grant_types.contains(&GrantType::ClientCredentials);

    for (place, addresses) in
        [("redirect_uris", &asked.redirect_uris), ("post_logout_redirect_uris", &asked.post_logout_redirect_uris)]
    {
        if addresses.len() > MOST_ADDRESSES {
            fault(place.to_owned(), "must have at most 50 entries");
        }
        for (index, address) in addresses.iter().enumerate().take(MOST_ADDRESSES) {
            if let Err(unfit) = redirect::check(address) {
                fault(format!("{place}/{index}"), unfit.0);
            }
        }
    }
    for (place, address) in [("backchannel_logout_uri", &asked.backchannel_logout_uri), ("jwks_uri", &asked.jwks_uri)] {
        if let Some(Err(unfit)) = address.as_deref().map(redirect::check_https) {
            fault(place.to_owned(), unfit.0);
        }
    }
    if person && asked.redirect_uris.is_empty() {
        fault("redirect_uris".into(), "is needed for `authorization_code`");
    }
    if asked.grant_types.is_empty() {
        fault("grant_types".into(), "must have an entry");
    }
    if asked.grant_types == [GrantType::RefreshToken] {
        fault("grant_types".into(), "`refresh_token` goes with a grant that brings the first one");
    }
    if itself && asked.auth_method == AuthMethod::None {
        fault("token_endpoint_auth_method".into(), "a client that acts on its own behalf proves who it is");
    }
    if asked.grant_types.contains(&GrantType::TokenExchange) && asked.auth_method == AuthMethod::None {
        fault("token_endpoint_auth_method".into(), "a client that exchanges tokens proves who it is");
    }
    if itself != asked.role.is_some() {
        fault("role".into(), "goes with `client_credentials`, and with nothing else");
    }
    if asked.jwks.is_some() && asked.jwks_uri.is_some() {
        fault("jwks".into(), "goes without `jwks_uri`");
    }
    let signs = asked.auth_method == AuthMethod::PrivateKeyJwt;
    match asked.jwks.as_deref().map(ClientKeys::read) {
        None | Some(Ok(_)) => {}
        // Keys for something else than signatures are nobody's harm.
        Some(Err(KeySetError::NoKey)) if !signs => {}
        Some(Err(error)) => fault("jwks".into(), &error.to_string()),
    }
    if signs && asked.jwks.is_none() && asked.jwks_uri.is_none() {
        fault("jwks".into(), "or `jwks_uri` is needed for `private_key_jwt`");
    }
    if asked.scopes.len() > MOST_SCOPES {
        fault("scopes".into(), "must have at most 64 entries");
    }
    for (index, _) in asked.scopes.iter().enumerate().filter(|(_, word)| !scope::is_known(word)).take(MOST_SCOPES) {
        fault(format!("scopes/{index}"), "is no scope of this server");
    }
    if asked.resources.len() > MOST_ADDRESSES {
        fault("resources".into(), "must have at most 50 entries");
    }
    for (index, resource) in asked.resources.iter().enumerate().take(MOST_ADDRESSES) {
        if !is_resource(resource) {
            fault(format!("resources/{index}"), "must have 1 to 512 visible characters, and no `#`");
        }
    }
    if asked.id_token_alg == Algorithm::HS256 || asked.access_token_alg == Some(Algorithm::HS256) {
        fault("id_token_signed_response_alg".into(), "must be one that has a public key");
    }
    for (place, algorithm) in
        [("userinfo_signed_response_alg", asked.userinfo_alg), ("introspection_signed_response_alg", asked.introspection_alg)]
    {
        if algorithm == Some(Algorithm::HS256) {
            fault(place.to_owned(), "must be one that has a public key");
        }
    }
    if asked.backchannel_logout_session && asked.backchannel_logout_uri.is_none() {
        fault("backchannel_logout_session_required".into(), "goes with `backchannel_logout_uri`");
    }
    faults
}

/// Whether a text can name a target of tokens (RFC 8707, section 2), or the audience of this server, which is no address as a rule.
fn is_resource(text: &str) -> bool {
    (1..=512).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::tests::client;

    fn places(change: impl FnOnce(&mut Registration)) -> Vec<String> {
        let mut asked = client(AuthMethod::Basic, &[]).registered;
        change(&mut asked);
        check(&asked).into_iter().map(|fault| fault.place).collect()
    }

    #[test]
    fn what_does_not_go_together_is_not_registered() {
        assert_eq!(places(|_| {}), [""; 0]);
        let code = |asked: &mut Registration| {
            (asked.grant_types, asked.role) = (vec![GrantType::AuthorizationCode, GrantType::RefreshToken], None);
        };
        assert_eq!(places(code), ["redirect_uris"]);
        assert_eq!(
            places(|asked| {
                code(asked);
                asked.auth_method = AuthMethod::None;
                asked.redirect_uris = vec!["https://app.example/cb".into(), "http://127.0.0.1/cb".into()];
            }),
            [""; 0]
        );
        assert_eq!(places(|asked| asked.redirect_uris = vec!["http://app.example".into()]), ["redirect_uris/0"]);
        assert_eq!(places(|asked| asked.auth_method = AuthMethod::None), ["token_endpoint_auth_method"]);
        assert_eq!(places(|asked| asked.role = None), ["role"]);
        assert_eq!(places(|asked| asked.auth_method = AuthMethod::PrivateKeyJwt), ["jwks"]);
        assert_eq!(places(|asked| asked.scopes.push("nodes:*".into())), ["scopes/3"]);
        assert_eq!(places(|asked| asked.resources.push("a b".into())), ["resources/1"]);
        assert_eq!(places(|asked| asked.resources.push("https://a.example/#x".into())), ["resources/1"]);
        assert_eq!(places(|asked| asked.access_token_alg = Some(Algorithm::HS256)), ["id_token_signed_response_alg"]);
        assert_eq!(places(|asked| (asked.grant_types, asked.role) = (Vec::new(), None)), ["grant_types"]);
        assert_eq!(places(|asked| (asked.grant_types, asked.role) = (vec![GrantType::RefreshToken], None)), ["grant_types"]);
        let exchange = |asked: &mut Registration| {
            (asked.grant_types, asked.role) = (vec![GrantType::TokenExchange], None);
        };
        assert_eq!(places(exchange), [""; 0]);
        assert_eq!(
            places(|asked| {
                exchange(asked);
                asked.auth_method = AuthMethod::None;
            }),
            ["token_endpoint_auth_method"]
        );
        let device = |asked: &mut Registration| {
            (asked.grant_types, asked.role) = (vec![GrantType::DeviceCode, GrantType::RefreshToken], None);
            asked.auth_method = AuthMethod::None;
        };
        assert_eq!(places(device), [""; 0]);
        assert_eq!(places(|asked| asked.jwks_uri = Some("http://169.254.169.254/".into())), ["jwks_uri"]);
        for bad in ["http://app.example/out", "http://127.0.0.1/out", "com.example.app:/out", "https://app.example/out#x"] {
            assert_eq!(places(|asked| asked.backchannel_logout_uri = Some(bad.into())), ["backchannel_logout_uri"], "{bad}");
        }
        assert_eq!(places(|asked| asked.backchannel_logout_session = true), ["backchannel_logout_session_required"]);
        assert_eq!(places(|asked| asked.userinfo_alg = Some(Algorithm::HS256)), ["userinfo_signed_response_alg"]);
        assert_eq!(places(|asked| asked.introspection_alg = Some(Algorithm::HS256)), ["introspection_signed_response_alg"]);
    }
}
