//! Codes and refresh tokens that are bound to a key (RFC 9449, sections 5 and 10), as whoever stole one without the key tries them.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};
use wardgraph_kernel::Clock;
use wardgraph_testkit::{App, OWN_ISS, Reply, Signer, token_hash};

use super::kit::{Site, VERIFIER, form, somebody};

/// A proof for a request that no other proof is for.
pub(super) fn proof(app: &App, key: &Signer, method: &str, path: &str, token: Option<&str>) -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let mut claims = json!({
        "jti": format!("front-{}", NEXT.fetch_add(1, Ordering::Relaxed)), "htm": method, "htu": format!("{OWN_ISS}{path}"),
        "iat": app.clock.now().as_second(), "nonce": app.gate.nonce(),
    });
    if let Some(token) = token {
        claims["ath"] = json!(token_hash(token));
    }
    key.prove(&claims)
}

/// Posts a form as the client, with a proof of this key.
pub(super) async fn post(app: &App, site: &Site, key: Option<&Signer>, path: &str, fields: &[(&str, &str)]) -> Reply {
    let own = [("client_id", site.id.as_str())].into_iter().chain(site.secret.map(|secret| ("client_secret", secret)));
    let fields: Vec<_> = own.chain(fields.iter().copied()).map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let request =
        app.stranger().request("POST", path).header("content-type", "application/x-www-form-urlencoded").body(form(&fields));
    Reply::of(match key {
        Some(key) => request.header("dpop", proof(app, key, "POST", path, None)),
        None => request,
    })
    .await
}

async fn redeem(app: &App, site: &Site, key: Option<&Signer>, code: &str) -> Reply {
    let fields =
        [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", &site.redirect), ("code_verifier", VERIFIER)];
    post(app, site, key, "/oauth2/token", &fields).await
}

async fn refresh(app: &App, site: &Site, key: Option<&Signer>, token: &Value) -> Reply {
    let fields = [("grant_type", "refresh_token"), ("refresh_token", token.as_str().unwrap())];
    post(app, site, key, "/oauth2/token", &fields).await
}

/// A public client, and a confidential one.
async fn sites(app: &App, organization: &str) -> [Site; 2] {
    let public = Site::of(app, organization, json!({ "auth_method": "none" })).await;
    [public, Site::of(app, organization, json!({})).await]
}

#[tokio::test]
async fn a_code_is_for_the_key_that_was_named_when_it_was_asked_for() {
    let app = App::start().await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let (key, thief) = (Signer::es256(), Signer::es256());
    for site in sites(&app, &ada.caller.tenant).await {
        let code = site.code(&window, &[("dpop_jkt", &key.thumbprint())]).await;
        assert_eq!(redeem(&app, &site, None, &code).await.refused(400), "invalid_grant", "without a proof");
        assert_eq!(redeem(&app, &site, Some(&thief), &code).await.refused(400), "invalid_grant", "with another key");
        let tokens = redeem(&app, &site, Some(&key), &code).await.ok();
        assert_eq!(tokens["token_type"], "DPoP");
        assert_eq!(super::kit::claims(&tokens["access_token"])["cnf"], json!({ "jkt": key.thumbprint() }));
    }
    let [site, _] = sites(&app, &ada.caller.tenant).await;
    for bad in ["short", &format!("{}=", key.thumbprint()), &"A".repeat(44)] {
        assert_eq!(site.send(&window, &[("dpop_jkt", bad)]).await["error"], "invalid_request", "{bad}");
    }
}

#[tokio::test]
async fn a_public_clients_refresh_tokens_are_for_its_key_alone() {
    let app = App::start().await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let (key, thief) = (Signer::eddsa(), Signer::eddsa());
    let [public, confidential] = sites(&app, &ada.caller.tenant).await;
    let offline = [("scope", "openid offline_access nodes:read")];
    let code = public.code(&window, &offline).await;
    let first = redeem(&app, &public, Some(&key), &code).await.ok();
    let token = &first["refresh_token"];
    assert_eq!(refresh(&app, &public, None, token).await.refused(400), "invalid_grant", "stolen, without a proof");
    assert_eq!(refresh(&app, &public, Some(&thief), token).await.refused(400), "invalid_grant", "stolen, with another key");
    let second = refresh(&app, &public, Some(&key), token).await.ok();
    assert_eq!(second["token_type"], "DPoP");
    // The answer was lost: the same client with the same key gets the same again.
    let again = refresh(&app, &public, Some(&key), token).await.ok();
    assert_eq!(again["refresh_token"], second["refresh_token"]);
    // A client with a secret may change its key: what it has, it has by its secret.
    let code = confidential.code(&window, &offline).await;
    let first = redeem(&app, &confidential, Some(&key), &code).await.ok();
    let changed = refresh(&app, &confidential, Some(&thief), &first["refresh_token"]).await.ok();
    assert_eq!(super::kit::claims(&changed["access_token"])["cnf"], json!({ "jkt": thief.thumbprint() }));
}

#[tokio::test]
async fn a_key_that_is_proved_with_a_pushed_request_is_the_codes() {
    let app = App::start().await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let [_, site] = sites(&app, &ada.caller.tenant).await;
    let (key, other) = (Signer::es256(), Signer::es256());
    let parameters = site.parameters(&[]);
    let mut fields: Vec<_> =
        parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).filter(|(name, _)| *name != "client_id").collect();
    let pushed = post(&app, &site, Some(&key), "/oauth2/par", &fields).await.created();
    let named =
        form(&[("client_id".into(), site.id.clone()), ("request_uri".into(), pushed["request_uri"].as_str().unwrap().into())]);
    let page = window.get(&format!("/oauth2/authorize?{named}")).await;
    let answer = super::kit::answer(&super::kit::agree(&window, page).await, &site.redirect);
    assert_eq!(redeem(&app, &site, None, &answer["code"]).await.refused(400), "invalid_grant");
    assert_eq!(redeem(&app, &site, Some(&other), &answer["code"]).await.refused(400), "invalid_grant");
    redeem(&app, &site, Some(&key), &answer["code"]).await.ok();
    let (named, mine) = (other.thumbprint(), key.thumbprint());
    fields.push(("dpop_jkt", &named));
    assert_eq!(post(&app, &site, Some(&key), "/oauth2/par", &fields).await.refused(400), "invalid_dpop_proof");
    fields.push(("dpop_jkt", &mine));
    assert_eq!(post(&app, &site, Some(&key), "/oauth2/par", &fields).await.refused(400), "invalid_request", "twice");
}

#[tokio::test]
async fn what_a_bound_token_tells_of_a_person_it_tells_its_key() {
    let app = App::start().await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let [site, _] = sites(&app, &ada.caller.tenant).await;
    let (key, thief) = (Signer::es256(), Signer::es256());
    let code = site.code(&window, &[]).await;
    let tokens = redeem(&app, &site, Some(&key), &code).await.ok();
    let token = tokens["access_token"].as_str().unwrap();
    let path = "/oauth2/userinfo";
    assert_eq!(app.bearer(token).get(path).await.status.as_u16(), 401);
    for (holder, status) in [(&key, 200), (&thief, 401)] {
        let request = app.stranger().request("GET", path).header("authorization", format!("DPoP {token}"));
        let reply = Reply::of(request.header("dpop", proof(&app, holder, "GET", path, Some(token)))).await;
        assert_eq!(reply.status.as_u16(), status, "{}", reply.text);
    }
}
