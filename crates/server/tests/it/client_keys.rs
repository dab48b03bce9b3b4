//! Clients that publish their keys: fetched when they are asked for, as seldom as can be, and never from where no stranger may look.

use std::time::Duration;

use serde_json::{Value, json};
use wardgraph_egress::{Address, Egress, Names, Rules};
use wardgraph_kernel::Timestamp;
use wardgraph_tokens::{
    RemoteKeys,
    assertion::{Assertion, AssertionError, Audience, ClientKeys},
};

use crate::issuer_kit::{Outside, SigningKey};

const NOW: i64 = 1_800_000_000;
const CLIENT: &str = "wgc_client";
const ISSUER: &str = "https://wardgraph.test";

/// A client that publishes its keys, and the server's way to them.
struct Published {
    at: Outside,
    keys: RemoteKeys,
}

impl Published {
    async fn new() -> Self {
        let at = Outside::start("client").await;
        let client =
            Egress::new(Names::System, None).unwrap().client(Rules::operator([&at.address()], &[]), Duration::from_secs(1));
        Self { keys: RemoteKeys::new(client), at }
    }

    async fn judge(&self, assertion: &str, seconds: i64) -> Result<Assertion, AssertionError> {
        let now = Timestamp::from_second(NOW + seconds).unwrap();
        let expected = Audience { client_id: CLIENT, issuer: ISSUER, algorithm: None, now };
        Assertion::verify(assertion, &expected, &ClientKeys::Published(self.keys.at(Some("org_a"), &self.at.address()))).await
    }
}

fn assertion(key: &SigningKey, seconds: i64) -> String {
    let claims = json!({ "iss": CLIENT, "sub": CLIENT, "aud": ISSUER, "exp": NOW + seconds + 60, "jti": format!("{seconds}") });
    key.sign(Some(key.id), &claims)
}

fn error(judged: Result<Assertion, AssertionError>) -> AssertionError {
    judged.unwrap_err()
}

#[tokio::test]
async fn keys_are_fetched_once_and_kept() {
    let client = Published::new().await;
    let good = assertion(&client.at.key, 0);
    let many = futures_util::future::join_all((0..20).map(|_| client.judge(&good, 0))).await;
    assert!(many.iter().all(Result::is_ok), "{many:?}");
    assert_eq!(client.at.asked(), 1, "many at once have them fetched once");
    for seconds in [1, 60, 200] {
        assert!(client.judge(&assertion(&client.at.key, seconds), seconds).await.is_ok());
    }
    assert_eq!(client.at.asked(), 1);
    // What is refused for another reason has nothing fetched.
    let other = client
        .at
        .key
        .sign(Some("first"), &json!({ "iss": "wgc_other", "sub": CLIENT, "aud": ISSUER, "exp": NOW + 60, "jti": "x" }));
    assert_eq!(error(client.judge(&other, 0).await), AssertionError::Client);
    assert!(client.judge(&assertion(&client.at.key, 301), 301).await.is_ok());
    assert_eq!(client.at.asked(), 2, "after a while they are fetched again");
}

#[tokio::test]
async fn another_key_is_found_and_one_that_was_taken_back_is_not() {
    let client = Published::new().await;
    assert!(client.judge(&assertion(&client.at.key, 0), 0).await.is_ok());
    let second = SigningKey::ed("second");
    client.at.publish(&json!({ "keys": [second.jwk()] }));
    // Not twice within half a minute, however many keys are made up.
    for _ in 0..20 {
        assert_eq!(error(client.judge(&assertion(&SigningKey::ec("made-up"), 5), 5).await), AssertionError::UnknownKey);
    }
    assert_eq!(client.at.asked(), 1);
    assert!(client.judge(&assertion(&second, 31), 31).await.is_ok());
    assert_eq!(client.at.asked(), 2);
    assert_eq!(error(client.judge(&assertion(&client.at.key, 32), 32).await), AssertionError::UnknownKey);
}

#[tokio::test]
async fn while_they_are_away_keys_are_believed_for_an_hour() {
    let client = Published::new().await;
    assert!(client.judge(&assertion(&client.at.key, 0), 0).await.is_ok());
    client.at.up.store(false, std::sync::atomic::Ordering::SeqCst);
    assert!(client.judge(&assertion(&client.at.key, 3_000), 3_000).await.is_ok());
    assert_eq!(error(client.judge(&assertion(&SigningKey::ec("new"), 3_100), 3_100).await), AssertionError::KeysUnavailable);
    assert_eq!(error(client.judge(&assertion(&client.at.key, 3_700), 3_700).await), AssertionError::KeysUnavailable);
    client.at.up.store(true, std::sync::atomic::Ordering::SeqCst);
    assert!(client.judge(&assertion(&client.at.key, 3_800), 3_800).await.is_ok());
}

#[tokio::test]
async fn a_poisoned_set_is_none() {
    let shared = json!({ "kty": "oct", "kid": "first", "k": "AAAA" });
    for poison in [
        |key: &SigningKey, shared: &Value| json!({ "keys": [key.jwk(), shared] }),
        |key: &SigningKey, _: &Value| json!({ "keys": [key.jwk(), SigningKey::ec("first").jwk()] }),
        |key: &SigningKey, _: &Value| {
            let mut private = key.jwk();
            private["d"] = json!("AAAA");
            json!({ "keys": [private] })
        },
        |key: &SigningKey, _: &Value| json!({ "keys": vec![key.jwk(); 33] }),
        |key: &SigningKey, _: &Value| json!({ "keys": [key.jwk()], "padding": "x".repeat(70_000) }),
        |_: &SigningKey, _: &Value| json!({ "keys": "none" }),
    ] {
        let client = Published::new().await;
        client.at.publish(&poison(&client.at.key, &shared));
        assert_eq!(error(client.judge(&assertion(&client.at.key, 0), 0).await), AssertionError::KeysUnavailable);
    }
    let client = Published::new().await;
    *client.at.answer.lock().unwrap() = b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".to_vec();
    assert_eq!(error(client.judge(&assertion(&client.at.key, 0), 0).await), AssertionError::KeysUnavailable);
}

#[tokio::test]
async fn a_tenants_word_leads_to_no_private_address() {
    let at = Outside::start("client").await;
    let keys = RemoteKeys::new(Egress::new(Names::System, None).unwrap().client(Rules::tenant(None), Duration::from_secs(1)));
    let expected = Audience { client_id: CLIENT, issuer: ISSUER, algorithm: None, now: Timestamp::from_second(NOW).unwrap() };
    let (here, metadata) = (at.address(), Address::parse("https://169.254.169.254/keys").unwrap());
    for address in [here, metadata, Address::parse("https://localhost/keys").unwrap()] {
        let judged = Assertion::verify(&assertion(&at.key, 0), &expected, &ClientKeys::Published(keys.at(None, &address))).await;
        assert_eq!(error(judged), AssertionError::KeysUnavailable, "{}", address.as_str());
    }
    assert_eq!(at.asked(), 0);
}

/// A server that takes connections and says nothing.
async fn silent() -> (Address, tokio::task::JoinHandle<()>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = Address::parse(&format!("http://{}/keys", listener.local_addr().unwrap())).unwrap();
    let held = tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            held.push(stream);
        }
    });
    (address, held)
}

#[tokio::test]
async fn who_is_slow_keeps_nobody_elses_keys_waiting() {
    let at = Outside::start("client").await;
    let mut slow = Vec::new();
    for _ in 0..12 {
        slow.push(silent().await);
    }
    let named: Vec<_> = slow.iter().map(|(address, _)| address.clone()).chain([at.address()]).collect();
    let client = Egress::new(Names::System, None).unwrap().client(Rules::operator(&named, &[]), Duration::from_secs(1));
    let keys = RemoteKeys::new(client);
    let expected = Audience { client_id: CLIENT, issuer: ISSUER, algorithm: None, now: Timestamp::from_second(NOW).unwrap() };
    let good = assertion(&at.key, 0);
    let judge = async |whose: Option<&str>, address: &Address| {
        Assertion::verify(&good, &expected, &ClientKeys::Published(keys.at(whose, address))).await
    };
    let whose = [None, Some("org_a")];
    let waiting =
        futures_util::future::join_all(whose.iter().flat_map(|whose| slow.iter().map(|(address, _)| judge(*whose, address))));
    let quick = async {
        // They all wait by then.
        tokio::time::sleep(Duration::from_millis(200)).await;
        judge(Some("org_b"), &at.address()).await
    };
    tokio::select! {
        judged = quick => assert!(judged.is_ok(), "{judged:?}"),
        waited = waiting => panic!("who says nothing was heard first: {waited:?}"),
    }
}
