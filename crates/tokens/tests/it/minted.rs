//! Tokens that this server signs itself.

use std::time::Duration;

use wardgraph_kernel::{Permission, Permissions, Secret, SeededChance, TenantId};
use wardgraph_tokens::{KeyError, LocalKey, MintError, MintRequest, Minter, TokenError, Verifier};

use crate::kit::*;

fn request() -> MintRequest {
    MintRequest {
        subject: "tester".to_owned(),
        tenant: TenantId::parse("acme").unwrap(),
        scopes: vec!["nodes:write".to_owned(), "search:read".to_owned()],
        ttl: Duration::from_hours(1),
        now: at(NOW),
    }
}

#[test]
fn a_local_key_survives_storage_and_signs_what_its_issuer_takes() {
    let made = LocalKey::generate().unwrap();
    let pem = made.to_pem();
    assert!(pem.expose().starts_with("-----BEGIN PRIVATE KEY-----\n") && pem.expose().ends_with("-----END PRIVATE KEY-----\n"));
    let kept = LocalKey::from_pem(&pem).unwrap();
    assert_eq!(kept.to_pem(), pem);
    let verifier = Verifier::new(vec![kept.issuer("http://here", "wardgraph", Permissions::all()).unwrap()]).unwrap();
    let token = made.minter("http://here", "wardgraph").mint(&request(), &SeededChance::new(1)).unwrap();
    let claims = verifier.verify(token.expose(), at(NOW)).unwrap().claims;
    assert_eq!((&*claims.subject, claims.tenant.as_str(), &*claims.issuer), ("tester", "acme", "local"));
    assert_eq!(claims.expires_at, at(NOW + 3_600));
    assert!(claims.permissions.allows(Permission::SearchRead) && claims.token_id.is_some());
    let strangers = [
        LocalKey::generate().unwrap().minter("http://here", "wardgraph"),
        made.minter("http://there", "wardgraph"),
        made.minter("http://here", "other"),
    ];
    let errors =
        strangers.map(|m| verifier.verify(m.mint(&request(), &SeededChance::new(1)).unwrap().expose(), at(NOW)).map(|_| ()));
    assert_eq!(errors, [Err(TokenError::Signature), Err(TokenError::UnknownIssuer), Err(TokenError::Audience)]);
}

#[test]
fn a_secret_mints_what_its_issuer_takes_and_no_two_tokens_are_alike() {
    let minter = Minter::with_secret(&Secret::new(SECRET), None, "wardgraph").unwrap();
    let chance = SeededChance::new(1);
    let [one, two] = [(); 2].map(|()| minter.mint(&request(), &chance).unwrap());
    assert!(one != two && verify(one.expose()).is_ok() && verify(two.expose()).is_ok());
    let empty = MintRequest { scopes: vec![], ..request() };
    assert_eq!(verify(minter.mint(&empty, &chance).unwrap().expose()).unwrap().claims.permissions, Permissions::NONE);
}

#[test]
fn the_header_and_claims_are_those_of_rfc_9068() {
    let minter = Minter::with_secret(&Secret::new(SECRET), Some("http://here"), "wardgraph").unwrap();
    let token = minter.mint(&request(), &SeededChance::new(1)).unwrap();
    let parts: Vec<serde_json::Value> = token
        .expose()
        .split('.')
        .take(2)
        .map(|p| {
            serde_json::from_slice(&base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, p).unwrap())
                .unwrap()
        })
        .collect();
    assert_eq!(parts[0], serde_json::json!({"typ": "at+jwt", "alg": "HS256"}));
    assert_eq!(parts[1]["scope"], "nodes:write search:read");
    assert_eq!(parts[1]["scopes"], serde_json::json!(["nodes:write", "search:read"]));
    assert_eq!((&parts[1]["iat"], &parts[1]["exp"]), (&NOW.into(), &(NOW + 3_600).into()));
    assert_eq!(parts[1]["jti"].as_str().unwrap().len(), 43);
}

#[test]
fn what_could_not_be_verified_is_not_minted() {
    let minter = Minter::with_secret(&Secret::new(SECRET), None, "wardgraph").unwrap();
    let mint = |request: MintRequest| minter.mint(&request, &SeededChance::new(1)).map(|_| ());
    for subject in ["", " ", "a\0", &"x".repeat(256)] {
        assert_eq!(mint(MintRequest { subject: subject.to_owned(), ..request() }), Err(MintError::Subject));
    }
    for scope in ["", "a b", "ä", "a\"b"] {
        assert_eq!(mint(MintRequest { scopes: vec![scope.to_owned()], ..request() }), Err(MintError::Scope));
    }
    for ttl in [Duration::ZERO, Duration::from_millis(999), Duration::from_secs(u64::MAX), Duration::from_mins(5_000_000_000)] {
        assert_eq!(mint(MintRequest { ttl, ..request() }), Err(MintError::Life));
    }
    let scopes = (0..1_000).map(|n| format!("scope:{n}")).collect();
    assert_eq!(mint(MintRequest { scopes, ..request() }), Err(MintError::Oversized));
}

#[test]
fn a_stored_key_that_is_none_is_refused() {
    for text in ["", SECRET, &ec_pem(), &rsa_private_pem(), &pem("PRIVATE KEY", b"junk")] {
        assert_eq!(LocalKey::from_pem(&Secret::new(text)).map(|_| ()), Err(KeyError::NotKeyPair), "{text}");
    }
}
