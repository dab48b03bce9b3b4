//! Requests that are pushed (RFC 9126), as FAPI 2.0 has every client do it.

use std::time::Duration;

use wardgraph_testkit::{OWN_ISS, Signer};

use super::kit::Profile;
use crate::front::kit::{agree, answer};

/// FAPI's modules `happy-flow` and `par-without-duplicate-parameters`.
#[tokio::test]
async fn with_its_name_and_the_reference_alone_a_pushed_request_is_answered() {
    let profile = Profile::new().await;
    let pushed = profile.push(&[]).await.created();
    let said = profile.follow(&profile.by_reference(&pushed, "")).await;
    assert_eq!((said["iss"].as_str(), said["state"].as_str()), (OWN_ISS, "a state&of=mine"));
    let tokens = profile.redeem(&said["code"], &[]).await.ok();
    assert_eq!(tokens["token_type"], "DPoP");
    let (_, id) = profile.scene.verified(&tokens["id_token"]).await;
    assert_eq!(id["nonce"], "a-nonce");
    let proof = profile.key.prove(&profile.resource_claims(&tokens));
    assert_eq!(profile.call("DPoP", &tokens, &[proof]).await.ok()["sub"], id["sub"]);
}

/// FAPI's module `ensure-unsigned-authorization-request-without-using-par-fails`.
#[tokio::test]
async fn a_client_that_must_push_is_told_so_where_it_does_not() {
    let profile = Profile::new().await;
    let said = profile.scene.send(&[]).await;
    assert_eq!((said["error"].as_str(), said["iss"].as_str()), ("invalid_request", OWN_ISS));
    assert!(!said.contains_key("code"));
}

/// FAPI's modules `par-attempt-reuse-request_uri` and `par-ensure-reused-request-uri-prior-to-auth-completion-succeeds`.
#[tokio::test]
async fn a_reference_is_good_until_it_is_answered_and_no_longer() {
    let profile = Profile::new().await;
    let to = profile.by_reference(&profile.push(&[]).await.created(), "");
    // Looked at, in another window too, and gone away from.
    assert!(wardgraph_testkit::Window::open(&profile.scene.app).get(&to).await.leads().starts_with("/sign-in?"));
    assert!(profile.scene.window.get(&to).await.text.contains("action=\"/oauth2/consent\""));
    assert!(profile.follow(&to).await.contains_key("code"));
    let again = profile.scene.window.get(&to).await;
    assert!(again.status == 400 && again.headers.get("location").is_none(), "{}", again.text);
}

/// FAPI's module `par-attempt-to-use-expired-request_uri`.
#[tokio::test]
async fn a_reference_ends_when_it_was_said_to() {
    let profile = Profile::new().await;
    let pushed = profile.push(&[]).await.created();
    let seconds = pushed["expires_in"].as_u64().unwrap();
    assert!(seconds < 600, "FAPI 2.0 asks for less than ten minutes");
    profile.scene.app.clock.advance(Duration::from_secs(seconds + 1));
    assert_eq!(profile.scene.window.get(&profile.by_reference(&pushed, "")).await.status, 400);
}

/// FAPI's module `par-attempt-to-use-request_uri-for-different-client`.
#[tokio::test]
async fn a_reference_is_for_the_client_that_pushed_it() {
    let profile = Profile::new().await;
    let other = profile.another(&Signer::es256()).await;
    let pushed = profile.push(&[]).await.created();
    let to = profile.by_reference(&pushed, "").replace(&profile.scene.site.id, &other.id);
    let refused = profile.scene.window.get(&to).await;
    assert!(refused.status == 400 && refused.headers.get("location").is_none(), "{}", refused.text);
}

/// FAPI's module `par-authorization-request-containing-request_uri-form-param`.
#[tokio::test]
async fn a_reference_is_not_pushed() {
    let profile = Profile::new().await;
    for uri in ["urn:ietf:params:oauth:request_uri:another", "https://app.example/request.jwt", "x"] {
        assert_eq!(profile.push(&[("request_uri", uri)]).await.refused(400), "invalid_request", "{uri}");
    }
}

/// FAPI's module `par-attempt-invalid-http-method`.
#[tokio::test]
async fn requests_are_pushed_by_post_alone() {
    let profile = Profile::new().await;
    for method in ["GET", "PUT", "PATCH", "DELETE"] {
        let refused = wardgraph_testkit::Reply::of(profile.scene.app.stranger().request(method, "/oauth2/par")).await;
        assert_eq!(refused.status.as_u16(), 405, "{method}");
        assert_eq!(refused.headers["allow"], "POST");
    }
}

/// FAPI's modules `ensure-different-nonce-inside-and-outside-request-object`, `ensure-different-state-inside-and-outside-request-object` and
/// `state-only-outside-request-object-not-used`, for what was pushed.
#[tokio::test]
async fn what_stands_beside_a_reference_counts_for_nothing() {
    let profile = Profile::new().await;
    let pushed = profile.push(&[]).await.created();
    let said = profile.follow(&profile.by_reference(&pushed, "&nonce=another&state=another&response_mode=form_post")).await;
    assert_eq!(said["state"], "a state&of=mine");
    let tokens = profile.redeem(&said["code"], &[]).await.ok();
    assert_eq!(profile.scene.verified(&tokens["id_token"]).await.1["nonce"], "a-nonce");
    let pushed = profile.push(&[("state", ""), ("nonce", "")]).await.created();
    let said = profile.follow(&profile.by_reference(&pushed, "&state=another&nonce=another")).await;
    assert!(!said.contains_key("state"), "{said:?}");
    let tokens = profile.redeem(&said["code"], &[]).await.ok();
    let (_, id) = profile.scene.verified(&tokens["id_token"]).await;
    assert!(id.get("nonce").is_none() && id.get("s_hash").is_none(), "{id}");
}

/// FAPI's module `ensure-authorization-request-without-state-success`.
#[tokio::test]
async fn without_a_state_none_comes_back() {
    let profile = Profile::new().await;
    let pushed = profile.push(&[("state", "")]).await.created();
    let said = profile.follow(&profile.by_reference(&pushed, "")).await;
    assert!(said.contains_key("code") && said["iss"] == OWN_ISS && !said.contains_key("state"), "{said:?}");
}

/// FAPI's modules `ensure-authorization-request-with-64-char-nonce-success`, `..-with-long-nonce` and `..-with-long-state`.
#[tokio::test]
async fn a_long_state_and_nonce_come_back_whole_or_are_refused() {
    let profile = Profile::new().await;
    for length in [64, 384, 1_000, 2_048] {
        let text: String = ('a'..='z').cycle().take(length).collect();
        let pushed = profile.push(&[("nonce", &text), ("state", &text)]).await.created();
        let said = profile.follow(&profile.by_reference(&pushed, "")).await;
        assert_eq!(said["state"], text);
        let tokens = profile.redeem(&said["code"], &[]).await.ok();
        assert_eq!(profile.scene.verified(&tokens["id_token"]).await.1["nonce"], text, "{length}");
    }
    let long = "x".repeat(2_049);
    for name in ["nonce", "state"] {
        assert_eq!(profile.push(&[(name, &long)]).await.refused(400), "invalid_request", "{name}");
    }
}

/// FAPI's modules `ensure-response-type-code-idtoken-fails` and `ensure-response-type-token-fails`.
#[tokio::test]
async fn nothing_but_a_code_comes_by_the_browser() {
    let profile = Profile::new().await;
    for kind in ["code id_token", "token", "id_token", "code token", "none"] {
        assert_eq!(profile.push(&[("response_type", kind)]).await.refused(400), "unsupported_response_type", "{kind}");
        let straight = profile.scene.send(&[("response_type", kind)]).await;
        assert!(straight.contains_key("error") && !straight.contains_key("code"), "{straight:?}");
    }
}

/// FAPI's module `user-rejects-authentication`.
#[tokio::test]
async fn a_person_who_does_not_agree_is_led_back_with_that_word() {
    let profile = Profile::new().await;
    let window = &profile.scene.window;
    let page = window.get(&profile.by_reference(&profile.push(&[]).await.created(), "")).await;
    let deny = page.text.split_once("<a class=\"button\" href=\"").unwrap().1.split('"').next().unwrap().replace("&amp;", "&");
    let said = answer(&agree(window, window.get(&deny).await).await, &profile.scene.site.redirect);
    assert_eq!(
        (said["error"].as_str(), said["iss"].as_str(), said["state"].as_str()),
        ("access_denied", OWN_ISS, "a state&of=mine")
    );
}
