//! Tokens and codes that are bound to a key (RFC 9449), as FAPI 2.0 has every client's.

use serde_json::{Value, json};
use wardgraph_testkit::{OWN_ISS, Signer, token_hash};

use super::kit::{Profile, access};

const TOKEN: &str = "/oauth2/token";

/// FAPI's module `ensure-holder-of-key-required`.
#[tokio::test]
async fn without_a_proof_of_a_key_there_are_no_tokens() {
    let profile = Profile::new().await;
    let code = profile.code(&[]).await;
    let assertion = || profile.own.assert("own", &profile.assertion_claims());
    assert_eq!(profile.redeem_with(&code, &[], Some(&assertion()), &[]).await.refused(400), "invalid_dpop_proof");
    let proof = profile.key.prove(&profile.proof_claims("POST", TOKEN, None));
    profile.redeem_with(&code, &[], Some(&assertion()), &[proof]).await.ok();
}

/// FAPI's modules `ensure-dpop-auth-code-binding-success`, `ensure-dpopproof-at-par-endpoint-binding-success`, and where the keys differ:
/// `ensure-mismatched-dpop-jkt-fails`, `ensure-token-endpoint-fails-with-mismatched-dpop-proof-jkt` and `..-with-mismatched-dpop-jkt`.
#[tokio::test]
async fn a_code_is_for_the_key_that_was_named_or_proved_when_it_was_pushed() {
    let profile = Profile::new().await;
    let (mine, other) = (profile.key.thumbprint(), Signer::es256().thumbprint());
    let proof = || profile.key.prove(&profile.proof_claims("POST", "/oauth2/par", None));
    // Named and proved, and the same.
    let pushed = profile.push_with(&[("dpop_jkt", &mine)], &[proof()]).await.created();
    let code = profile.follow(&profile.by_reference(&pushed, "")).await["code"].clone();
    profile.redeem(&code, &[]).await.ok();
    // Proved alone.
    let pushed = profile.push_with(&[], &[proof()]).await.created();
    let code = profile.follow(&profile.by_reference(&pushed, "")).await["code"].clone();
    profile.redeem(&code, &[]).await.ok();
    // Named otherwise than proved.
    assert_eq!(profile.push_with(&[("dpop_jkt", &other)], &[proof()]).await.refused(400), "invalid_dpop_proof");
    // Proved by another key, or another named, than comes with the code.
    let thief = Signer::es256();
    let by_thief = thief.prove(&profile.proof_claims("POST", "/oauth2/par", None));
    let pushed = profile.push_with(&[], &[by_thief]).await.created();
    let code = profile.follow(&profile.by_reference(&pushed, "")).await["code"].clone();
    assert_eq!(profile.redeem(&code, &[]).await.refused(400), "invalid_grant");
    let pushed = profile.push(&[("dpop_jkt", &other)]).await.created();
    let code = profile.follow(&profile.by_reference(&pushed, "")).await["code"].clone();
    assert_eq!(profile.redeem(&code, &[]).await.refused(400), "invalid_grant");
}

/// FAPI's modules `ensure-dpopproof-with-iat-10seconds-before-succeeds` and `..-after-succeeds`, and `check-dpop-proof-nbf-exp`.
#[tokio::test]
async fn clocks_may_differ_by_ten_seconds_and_proofs_may_say_more() {
    let profile = Profile::new().await;
    let changes: [&[(&str, i64)]; 3] = [&[("iat", -10)], &[("iat", 10)], &[("nbf", 0), ("exp", 300)]];
    for change in changes {
        let proved = |method: &str, path: &str, token: Option<&str>| {
            let mut claims = profile.proof_claims(method, path, token);
            for (name, seconds) in change {
                claims[*name] = json!(profile.now() + seconds);
            }
            profile.key.prove(&claims)
        };
        let pushed = profile.push_with(&[], &[proved("POST", "/oauth2/par", None)]).await.created();
        let code = profile.follow(&profile.by_reference(&pushed, "")).await["code"].clone();
        let assertion = profile.own.assert("own", &profile.assertion_claims());
        let tokens = profile.redeem_with(&code, &[], Some(&assertion), &[proved("POST", TOKEN, None)]).await.ok();
        let reply = profile.call("DPoP", &tokens, &[proved("GET", "/oauth2/userinfo", Some(access(&tokens)))]).await;
        assert_eq!(reply.status, 200, "{change:?}: {}", reply.text);
    }
}

/// FAPI's module `access-token-type-header-case-sensitivity`.
#[tokio::test]
async fn the_scheme_of_a_token_is_written_in_any_case() {
    let profile = Profile::new().await;
    let tokens = profile.tokens(&[]).await;
    for scheme in ["DPoP", "dpop", "DPOP", "dPoP"] {
        let proof = profile.key.prove(&profile.resource_claims(&tokens));
        assert_eq!(profile.call(scheme, &tokens, &[proof]).await.status, 200, "{scheme}");
    }
}

/// The claims of a proof without one of them.
fn without(mut claims: Value, name: &str) -> Value {
    claims.as_object_mut().unwrap().remove(name);
    claims
}

/// FAPI's module `dpop-negative-tests`: what is to be refused.
#[tokio::test]
async fn at_the_resource_a_proof_is_whole_and_for_this_request_and_token() {
    let profile = Profile::new().await;
    let tokens = profile.tokens(&[]).await;
    let claims = || profile.resource_claims(&tokens);
    let with = |name: &str, value: Value| {
        let mut claims = claims();
        claims[name] = value;
        profile.key.prove(&claims)
    };
    let headed = |change: &dyn Fn(&mut Value)| {
        let mut header = profile.key.proof_header();
        change(&mut header);
        profile.key.sign(&header, &claims())
    };
    let mut bad = vec![
        ("no JWT", "nonsense".to_owned()),
        ("another signature", Signer::es256().sign(&profile.key.proof_header(), &claims())),
        ("another key", Signer::es256().prove(&claims())),
        ("no typ", headed(&|header| *header = without(header.clone(), "typ"))),
        ("no alg", headed(&|header| *header = without(header.clone(), "alg"))),
        ("no jwk", headed(&|header| *header = without(header.clone(), "jwk"))),
        ("another typ", headed(&|header| header["typ"] = json!("jwt"))),
        ("unsigned", headed(&|header| header["alg"] = json!("none"))),
        ("a private key", headed(&|header| header["jwk"]["d"] = json!("AAAA"))),
        ("another method", with("htm", json!("PUT"))),
        ("another address", with("htu", json!(format!("{OWN_ISS}/nodes")))),
        ("an hour ahead", with("iat", json!(profile.now() + 3_600))),
        ("an hour ago", with("iat", json!(profile.now() - 3_600))),
        ("another token's", with("ath", json!(token_hash("another")))),
    ];
    bad.extend(["jti", "htm", "htu", "iat", "ath"].map(|name| (name, profile.key.prove(&without(claims(), name)))));
    for (what, proof) in &bad {
        let refused = profile.call("DPoP", &tokens, std::slice::from_ref(proof)).await;
        assert_eq!(refused.status.as_u16(), 401, "{what}: {}", refused.text);
        let challenge = refused.headers["www-authenticate"].to_str().unwrap();
        assert!(challenge.contains("error=\"invalid_dpop_proof\""), "{what}: {challenge}");
    }
    let good = || profile.key.prove(&claims());
    assert_eq!(profile.call("DPoP", &tokens, &[good(), good()]).await.status.as_u16(), 401, "two proofs");
    assert_eq!(profile.call("DPoP", &tokens, &[]).await.status.as_u16(), 401, "none");
    assert_eq!(profile.call("Bearer", &tokens, &[]).await.status.as_u16(), 401, "as if it were bound to nothing");
    let once = good();
    assert_eq!(profile.call("DPoP", &tokens, std::slice::from_ref(&once)).await.status, 200);
    assert_eq!(profile.call("DPoP", &tokens, &[once]).await.status.as_u16(), 401, "twice");
    assert_eq!(profile.call("DPoP", &tokens, &[good()]).await.status, 200, "and a good one is good still");
}

/// The same module: what is to be taken.
#[tokio::test]
async fn a_proof_may_spell_the_address_as_it_likes_and_say_more() {
    let profile = Profile::new().await;
    let tokens = profile.tokens(&[]).await;
    let place = format!("{OWN_ISS}/oauth2/userinfo");
    let spelt = [
        format!("{place}?a=b"),
        format!("{place}#part"),
        format!("{place}?a=b#part"),
        place.replace("https://wardgraph.test", "HTTPS://Wardgraph.TEST"),
        place.replace("wardgraph.test", "wardgraph.test:443"),
    ];
    for htu in spelt {
        let mut claims = profile.resource_claims(&tokens);
        claims["htu"] = json!(htu);
        assert_eq!(profile.call("DPoP", &tokens, &[profile.key.prove(&claims)]).await.status, 200, "{htu}");
    }
    let (mut header, mut claims) = (profile.key.proof_header(), profile.resource_claims(&tokens));
    header["unheard_of"] = json!("a");
    claims["unheard_of"] = json!({ "a": 1 });
    assert_eq!(profile.call("DPoP", &tokens, &[profile.key.sign(&header, &claims)]).await.status, 200);
}
