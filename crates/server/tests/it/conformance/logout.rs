//! Signing out at a client's word (OpenID Connect RP-Initiated Logout).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use serde_json::json;
use wardgraph_testkit::{Reply, Signer};

use super::kit::Scene;
use crate::front::kit::{answer, hidden};

const BACK: &str = "https://app.example/out";

/// Somebody who signed in and agreed, and the ID token that the client got.
async fn signed_in() -> (Scene, String) {
    let scene = Scene::with(json!({})).await;
    let tokens = scene.tokens(&[]).await;
    let token = tokens["id_token"].as_str().unwrap().to_owned();
    (scene, token)
}

async fn out(scene: &Scene, fields: &[(&str, &str)]) -> Reply {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    scene.window.get(&format!("/oauth2/logout?{query}")).await
}

/// What a silent request says afterwards.
async fn silent(scene: &Scene) -> Option<String> {
    let said = answer(&scene.window.get(&scene.site.request(&[("prompt", "none")])).await, &scene.site.redirect);
    said.get("error").cloned()
}

/// Module `oidcc-rp-initiated-logout`.
#[tokio::test]
async fn signed_out_at_a_clients_word_a_person_comes_back_with_the_state() {
    let (scene, hint) = signed_in().await;
    let gone = out(&scene, &[("id_token_hint", &hint), ("post_logout_redirect_uri", BACK), ("state", "of mine")]).await;
    let said = answer(&gone, BACK);
    assert_eq!((said.len(), said["state"].as_str()), (1, "of mine"));
    assert_eq!(silent(&scene).await.as_deref(), Some("login_required"));
}

/// Module `oidcc-rp-initiated-logout-no-state`.
#[tokio::test]
async fn signed_out_without_a_state_a_person_comes_back_without_one() {
    let (scene, hint) = signed_in().await;
    assert_eq!(out(&scene, &[("id_token_hint", &hint), ("post_logout_redirect_uri", BACK)]).await.leads(), BACK);
    assert_eq!(silent(&scene).await.as_deref(), Some("login_required"));
}

/// Modules `oidcc-rp-initiated-logout-bad-post-logout-redirect-uri` and `oidcc-rp-initiated-logout-query-added-to-post-logout-redirect-uri`.
#[tokio::test]
async fn nobody_comes_back_to_an_address_that_is_not_registered_for_it() {
    let (scene, hint) = signed_in().await;
    for uri in ["https://app.example/another", "https://app.example/out?foo=bar", "https://app.example/cb"] {
        let refused = out(&scene, &[("id_token_hint", &hint), ("post_logout_redirect_uri", uri), ("state", "x")]).await;
        assert!(refused.status == 400 && refused.headers.get("location").is_none(), "{uri}: {}", refused.text);
    }
}

/// Modules `oidcc-rp-initiated-logout-modified-id-token-hint`, `oidcc-rp-initiated-logout-bad-id-token-hint` and
/// `oidcc-rp-initiated-logout-no-id-token-hint`.
#[tokio::test]
async fn without_an_id_token_of_ours_nobody_is_led_away_unasked() {
    let (scene, hint) = signed_in().await;
    let claims = hint.split('.').nth(1).unwrap();
    let unsigned = format!("{}.{claims}.", B64.encode(r#"{"alg":"none"}"#));
    let of_another = Signer::es256().sign(
        &serde_json::from_slice(&B64.decode(hint.split('.').next().unwrap()).unwrap()).unwrap(),
        &serde_json::from_slice(&B64.decode(claims).unwrap()).unwrap(),
    );
    for hint in [unsigned.as_str(), of_another.as_str(), ""] {
        let fields = [("id_token_hint", hint), ("post_logout_redirect_uri", BACK), ("state", "x")];
        let refused = out(&scene, &fields[usize::from(hint.is_empty())..]).await;
        assert!(refused.headers.get("location").is_none(), "{hint}");
        // Named by the client, the person decides.
        let named = [&fields[..], &[("client_id", scene.site.id.as_str())]].concat();
        let page = out(&scene, &named[usize::from(hint.is_empty())..]).await;
        assert!(page.status == 200 && page.text.contains("action=\"/oauth2/logout\""), "{hint}: {}", page.text);
        assert!(silent(&scene).await.is_none(), "signed in still");
    }
}

/// Modules `oidcc-rp-initiated-logout-no-params`, `oidcc-rp-initiated-logout-only-state` and `oidcc-rp-initiated-logout-no-post-logout-redirect-uri`.
#[tokio::test]
async fn with_nowhere_to_go_a_person_is_told_that_they_are_signed_out() {
    for fields in [vec![], vec![("state", "x")]] {
        let (scene, _) = signed_in().await;
        // Any site could have sent them: they say so themselves.
        let page = out(&scene, &fields).await;
        let fields = hidden(&page);
        let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let gone = scene.window.send_raw("/oauth2/logout", fields).await;
        assert!(scene.window.get(gone.leads()).await.text.contains("signed out"));
        assert_eq!(silent(&scene).await.as_deref(), Some("login_required"));
    }
    let (scene, hint) = signed_in().await;
    let gone = out(&scene, &[("id_token_hint", &hint)]).await;
    assert!(scene.window.get(gone.leads()).await.text.contains("signed out"));
    assert_eq!(silent(&scene).await.as_deref(), Some("login_required"));
}
