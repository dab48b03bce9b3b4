//! The `openidconnect` crate, as an application that uses it.

use openidconnect::{
    AccessTokenHash, AdditionalProviderMetadata, AuthorizationCode, CsrfToken, HttpRequest, HttpResponse, IntrospectionUrl,
    IssuerUrl, Nonce, OAuth2TokenResponse, PkceCodeChallenge, ProviderMetadata, RedirectUrl, RevocationUrl, Scope,
    TokenIntrospectionResponse, TokenResponse,
    core::{
        CoreAuthDisplay, CoreAuthenticationFlow, CoreClaimName, CoreClaimType, CoreClient, CoreClientAuthMethod, CoreGrantType,
        CoreJsonWebKey, CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm, CoreResponseMode, CoreResponseType,
        CoreRevocableToken, CoreSubjectIdentifierType, CoreUserInfoClaims,
    },
};
use serde_json::json;
use wardgraph_testkit::{App, OWN_ISS};

use crate::front::{
    kit::{Site, agree, answer, claims, somebody},
    outside::to_now,
};

/// What the crate does not look for by itself.
#[derive(Clone, Debug, serde::Deserialize, serde::Serialize)]
struct Besides {
    introspection_endpoint: IntrospectionUrl,
    revocation_endpoint: RevocationUrl,
}

impl AdditionalProviderMetadata for Besides {}

type Metadata = ProviderMetadata<
    Besides,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

/// Asks the server under test what the crate asks of its issuer.
async fn ask(app: &App, request: HttpRequest) -> Result<HttpResponse, reqwest::Error> {
    let path = request.uri().to_string().strip_prefix(OWN_ISS).expect("nobody else is asked").to_owned();
    let (parts, body) = request.into_parts();
    let sent = app.stranger().request(parts.method.as_str(), &path).headers(parts.headers).body(body).send().await?;
    let mut answer = http::Response::builder().status(sent.status());
    answer.headers_mut().unwrap().extend(sent.headers().clone());
    Ok(answer.body(sent.bytes().await?.to_vec()).unwrap())
}

#[tokio::test]
async fn the_openidconnect_crate_signs_somebody_in_refreshes_asks_and_gives_back() {
    let app = App::start().await;
    to_now(&app);
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let me = claims(&json!(ada.caller.token.clone().unwrap()))["sub"].as_str().unwrap().to_owned();
    for method in ["client_secret_basic", "none"] {
        let site = Site::of(&app, &ada.caller.tenant, json!({ "auth_method": method })).await;
        let http = |request| ask(&app, request);
        let metadata = Metadata::discover_async(IssuerUrl::new(OWN_ISS.into()).unwrap(), &http).await.unwrap();
        let besides = metadata.additional_metadata().clone();
        let secret = site.secret.map(|secret| openidconnect::ClientSecret::new(secret.into()));
        let client = CoreClient::from_provider_metadata(metadata, openidconnect::ClientId::new(site.id.clone()), secret)
            .set_redirect_uri(RedirectUrl::new(site.redirect.clone()).unwrap())
            .set_introspection_url(besides.introspection_endpoint)
            .set_revocation_url(besides.revocation_endpoint);
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let (to, state, nonce) = client
            .authorize_url(CoreAuthenticationFlow::AuthorizationCode, CsrfToken::new_random, Nonce::new_random)
            .add_scope(Scope::new("email".into()))
            .add_scope(Scope::new("nodes:read".into()))
            .set_pkce_challenge(challenge)
            .url();
        let page = window.get(to.as_str().strip_prefix(OWN_ISS).unwrap()).await;
        let said = answer(&agree(&window, page).await, &site.redirect);
        assert_eq!(said["state"], *state.secret());
        let asked = client.exchange_code(AuthorizationCode::new(said["code"].clone())).unwrap();
        let tokens = asked.set_pkce_verifier(verifier).request_async(&http).await.unwrap();
        let trusted = client.id_token_verifier();
        let id_token = tokens.id_token().unwrap();
        let id = id_token.claims(&trusted, &nonce).unwrap();
        assert_eq!(id.subject().as_str(), me);
        let (algorithm, key) = (id_token.signing_alg().unwrap(), id_token.signing_key(&trusted).unwrap());
        let hash = AccessTokenHash::from_token(tokens.access_token(), algorithm, key).unwrap();
        assert_eq!(Some(&hash), id.access_token_hash());
        assert!(id_token.claims(&trusted, &Nonce::new_random()).is_err(), "of another request");
        let asked = client.user_info(tokens.access_token().clone(), Some(id.subject().clone())).unwrap();
        let told: CoreUserInfoClaims = asked.request_async(&http).await.unwrap();
        assert_eq!(told.email().map(|email| email.as_str()), Some("ada@example.com"));
        let next = client.exchange_refresh_token(tokens.refresh_token().unwrap()).unwrap().request_async(&http).await.unwrap();
        assert_ne!(next.access_token().secret(), tokens.access_token().secret());
        if site.secret.is_some() {
            let known = client.introspect(next.access_token()).request_async(&http).await.unwrap();
            assert!(known.active() && known.sub() == Some(me.as_str()));
        }
        let token = next.refresh_token().unwrap().clone();
        let revoked = client.revoke_token(CoreRevocableToken::RefreshToken(token.clone())).unwrap();
        revoked.request_async(&http).await.unwrap();
        assert!(client.exchange_refresh_token(&token).unwrap().request_async(&http).await.is_err());
    }
}
