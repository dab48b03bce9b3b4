//! Adding passkeys, naming and removing them.

use serde_json::{Value, json};
use wardgraph_testkit::{App, KeyKind, OWN_ISS, SecurityKey};

use super::{add, authenticator, begin, begin_adding, claims, count, payload, sign_in_alone, verify, with_passkey};

/// What its owner is told when one comes, and when one goes.
const ADDED: &str = "Your account has another second factor";
const REMOVED: &str = "Your account has one second factor less";

#[tokio::test]
async fn a_person_has_several_passkeys_with_names() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let (mut phone, mut key) = (authenticator(), SecurityKey::with(OWN_ISS, KeyKind::EdDsa));
    let begun = begin_adding(&ada, "phone").await;
    let options = &begun["creation_options"];
    assert_eq!(begun["method"], "webauthn");
    assert_eq!(options["rp"], json!({ "id": "wardgraph.test", "name": "Wardgraph" }));
    assert_eq!((&options["user"]["name"], &options["user"]["displayName"]), (&json!("ada@example.com"), &json!("Grace Hopper")));
    assert_eq!(options["user"]["id"].as_str().unwrap().len(), 86, "64 bytes, of chance");
    assert_eq!(options["pubKeyCredParams"][1], json!({ "type": "public-key", "alg": -7 }));
    assert_eq!((&options["excludeCredentials"], &options["attestation"]), (&json!([]), &json!("none")));
    let made = phone.create(options);
    verify(&app, &begun["mfa_token"], &made).await.ok();

    // Whoever has one already makes no second on the same authenticator: the browser is told of it.
    let begun = begin_adding(&ada, "key").await;
    let excluded = &begun["creation_options"]["excludeCredentials"];
    assert_eq!(excluded, &json!([{ "type": "public-key", "id": made["id"], "transports": ["hybrid", "internal"] }]));
    assert_eq!(begun["creation_options"]["user"]["id"], phone.handle.clone().unwrap(), "one account, one handle");
    let made = key.create(&begun["creation_options"]);
    verify(&app, &begun["mfa_token"], &made).await.ok();
    let mut third = SecurityKey::with(OWN_ISS, KeyKind::Rs256);
    add(&app, &ada, &mut third, "third").await;

    let listed = ada.caller.get("/api/v1/users/me/mfa").await.ok();
    let mut names: Vec<_> = listed["factors"].as_array().unwrap().iter().map(|factor| factor["name"].to_string()).collect();
    names.sort();
    assert_eq!((&listed["count"], names), (&json!(3), ["\"key\"", "\"phone\"", "\"third\""].map(str::to_owned).to_vec()));
    assert!(listed["factors"].as_array().unwrap().iter().all(|factor| factor["last_used_at"].is_null()));
    for authenticator in [&mut phone, &mut key, &mut third] {
        sign_in_alone(&app, authenticator).await.ok();
    }
    let listed = ada.caller.get("/api/v1/users/me/mfa").await.ok();
    assert!(listed["factors"].as_array().unwrap().iter().all(|factor| factor["last_used_at"].is_string()));
    app.mail_everything().await;
    let subjects: Vec<_> = app.mails.to("ada@example.com").into_iter().map(|mail| mail.subject).collect();
    assert_eq!(subjects.iter().filter(|subject| *subject == ADDED).count(), 3, "{subjects:?}");
}

#[tokio::test]
async fn a_passkey_is_its_owners_to_name_and_to_remove() {
    let app = App::start().await;
    let (ada, mut phone) = with_passkey(&app, "ada@example.com").await;
    let bob = app.person("bob@example.com").await;
    let listed = ada.caller.get("/api/v1/users/me/mfa").await.ok();
    let path = format!("/api/v1/users/me/mfa/{}", listed["factors"][0]["id"].as_str().unwrap());
    assert_eq!(bob.caller.get("/api/v1/users/me/mfa").await.ok()["count"], 0);
    bob.caller.patch(&path, &json!({ "name": "mine" })).await.problem(404);
    bob.caller.delete(&path).await.problem(404);
    ada.caller.patch(&path, &json!({ "name": " " })).await.problem(422);
    ada.caller.patch(&path, &json!({ "name": "x", "id": 1 })).await.problem(400);
    assert_eq!(ada.caller.patch(&path, &json!({ "name": "my phone" })).await.ok()["name"], "my phone");

    assert_eq!(ada.caller.delete(&path).await.status, 204);
    ada.caller.delete(&path).await.problem(404);
    let refused = sign_in_alone(&app, &mut phone).await;
    refused.problem(401);
    assert_eq!(payload(&app, "passkey.refused").await["reason"], "unknown");
    // A sign-in asks for no second factor any more.
    let tokens = super::super::login(&app, "ada@example.com", wardgraph_testkit::PASSWORD).await.ok();
    assert_eq!(claims(&tokens)["amr"], json!(["pwd"]));
    app.mail_everything().await;
    let last = app.mails.to("ada@example.com").pop().unwrap();
    assert_eq!(last.subject, REMOVED);
    let log = super::super::log(&app, &ada.caller.tenant).await;
    for event in ["factor.added success", "factor.renamed success", "factor.removed success"] {
        assert!(log.iter().any(|entry| entry == event), "{event}: {log:?}");
    }
}

/// What an authenticator or a page does otherwise than it should, and the reason that the log has.
type Misbehaviour = (fn(&mut SecurityKey), fn(&mut Value), &'static str);

#[tokio::test]
async fn what_is_not_what_was_asked_adds_nothing() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let nothing = |_: &mut Value| {};
    let cases: [Misbehaviour; 12] = [
        (|a| a.origin = "https://evil.example".into(), nothing, "origin"),
        (|a| a.origin = "http://wardgraph.test".into(), nothing, "origin"),
        (|a| a.origin = "https://wardgraph.test.evil.example".into(), nothing, "origin"),
        (|a| a.framed = true, nothing, "origin"),
        (|a| a.domain = Some("evil.example".into()), nothing, "relying_party"),
        (|a| a.present = false, nothing, "user_absent"),
        (|a| *a = SecurityKey::with(OWN_ISS, KeyKind::Es384), nothing, "algorithm"),
        (|a| a.format = "tpm", nothing, "attestation"),
        (|_| {}, |made| made["response"]["attestationObject"] = "oWNmbXRkbm9uZQ".into(), "malformed"),
        (|_| {}, |made| made["response"]["clientDataJSON"] = "e30".into(), "malformed"),
        (|_| {}, |made| *made = json!({ "id": "AAAA" }), "malformed"),
        (|a| a.id = vec![7; 1_024], nothing, "malformed"),
    ];
    for (index, (misbehave, alter, reason)) in cases.into_iter().enumerate() {
        let begun = begin_adding(&ada, "bad").await;
        let mut authenticator = authenticator();
        misbehave(&mut authenticator);
        let mut made = authenticator.create(&begun["creation_options"]);
        alter(&mut made);
        let refused = verify(&app, &begun["mfa_token"], &made).await.problem(422);
        let told = payload(&app, "passkey.refused").await["reason"].clone();
        assert!(told == reason || (reason == "malformed" && told == "attestation"), "{index}: {told} for {reason}: {refused}");
        assert_eq!(count(&app, "passkeys").await, 0, "{index}");
    }
    // An answer to another challenge of the same account.
    let (first, second) = (begin_adding(&ada, "a").await, begin_adding(&ada, "b").await);
    let made = authenticator().create(&first["creation_options"]);
    verify(&app, &second["mfa_token"], &made).await.problem(422);
    assert_eq!(payload(&app, "passkey.refused").await["reason"], "challenge");
    // An assertion where a new passkey was asked for, and the other way around.
    let shown = authenticator().get(&json!({ "rpId": "wardgraph.test", "challenge": first["creation_options"]["challenge"] }));
    verify(&app, &first["mfa_token"], &shown).await.problem(422);
    let begun = begin(&app, None).await;
    verify(&app, &begun["mfa_token"], &made).await.problem(401);
    assert_eq!(count(&app, "passkeys").await, 0);
}

#[tokio::test]
async fn an_enrolment_ends_once_in_time_and_for_one_account() {
    let app = App::start().await;
    let (ada, bob) = (app.person("ada@example.com").await, app.person("bob@example.com").await);
    // Once.
    let begun = begin_adding(&ada, "once").await;
    let mut phone = authenticator();
    let made = phone.create(&begun["creation_options"]);
    verify(&app, &begun["mfa_token"], &made).await.ok();
    let again = verify(&app, &begun["mfa_token"], &made).await;
    assert!(again.status.is_client_error(), "{}", again.text);
    // An id that is taken, be it by another account, is nobody else's.
    let begun = begin_adding(&bob, "taken").await;
    let mut copy = authenticator();
    copy.id.clone_from(&phone.id);
    let made = copy.create(&begun["creation_options"]);
    verify(&app, &begun["mfa_token"], &made).await.problem(422);
    assert_eq!((payload(&app, "passkey.refused").await["reason"].clone(), count(&app, "passkeys").await), (json!("taken"), 1));
    // Too late.
    let begun = begin_adding(&bob, "late").await;
    let made = authenticator().create(&begun["creation_options"]);
    app.clock.advance(std::time::Duration::from_secs(601));
    assert!(verify(&app, &begun["mfa_token"], &made).await.status.is_client_error());
    app.clock.advance(std::time::Duration::from_secs(1));
    assert_eq!(count(&app, "passkeys").await, 1);
}

#[tokio::test]
async fn an_account_has_no_more_than_ten_factors() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let spare = begin_adding(&ada, "spare").await;
    for number in 0..10 {
        add(&app, &ada, &mut authenticator(), &number.to_string()).await;
    }
    let made = authenticator().create(&spare["creation_options"]);
    verify(&app, &spare["mfa_token"], &made).await.problem(409);
    assert_eq!((count(&app, "passkeys").await, count(&app, "factors").await), (10, 10));
}
