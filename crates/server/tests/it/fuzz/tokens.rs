//! Tokens: none but the one that was issued is believed, and what an issuer signs is believed within its rules alone.

use std::time::Duration;

use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use proptest::prelude::*;
use wardgraph_kernel::{Permissions, Secret, SystemChance, TenantId, Timestamp};
use wardgraph_tokens::{Algorithm, Issuer, IssuerConfig, IssuerKeys, LocalKey, MintRequest, Minter, Tenants, Verifier};

use super::{
    fuzz,
    mangle::{corpus, mangled},
};

const SECRET: &str = "0123456789abcdef0123456789abcdef";
const LEEWAY: Duration = Duration::from_secs(30);
const WORDS: &[&str] = &[
    ".",
    "..",
    "=",
    "-",
    "_",
    "+",
    "/",
    "eyJ",
    "e30",
    "bnVsbA",
    "bm9uZQ",
    "\"alg\":\"none\"",
    "\"alg\":\"HS256\"",
    "\"crit\":[]",
    "\"kid\":\"\"",
    "\"sub\":\"\"",
    "\"sub\":\"\\u0000\"",
    "\"tenant_id\":\"*\"",
    "\"tenant_id\":[\"a\"]",
    "\"exp\":1e308",
    "\"exp\":-1",
    "\"exp\":null",
    "\"exp\":99999999999999999999",
    "\"nbf\":4102444800",
    "\"iat\":0.5",
    "\"aud\":[]",
    "\"aud\":\"wardgraph\"",
    "\"scope\":\"kg:write system:read\"",
    "\"scopes\":[\"shared:write\"]",
    "\\u0061",
    "\\ud800",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "null",
    "\0",
    "\u{7f}",
    " ",
];

fn now() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

fn verifier(local: &LocalKey) -> Verifier {
    let outside = IssuerConfig {
        name: "outside".into(),
        keys: IssuerKeys::Fixed { algorithm: Algorithm::HS256, key: Secret::new(SECRET) },
        audiences: vec!["wardgraph".into()],
        tenants: Tenants::ANY,
        issuer: None,
        leeway: LEEWAY,
        ceiling: Permissions::outside_ceiling(),
    };
    let local = local.issuer("wardgraph-local", "wardgraph", Permissions::all()).unwrap();
    Verifier::new(vec![Issuer::new(outside).unwrap(), local]).unwrap()
}

fn minted(minter: &Minter) -> String {
    let request = MintRequest {
        subject: "user".into(),
        tenant: TenantId::parse("acme").unwrap(),
        scopes: vec!["kg:read".into(), "search:read".into()],
        ttl: Duration::from_hours(1),
        now: now(),
    };
    minter.mint(&request, &SystemChance).unwrap().expose().to_owned()
}

#[test]
fn a_mangled_token_is_never_believed() {
    let local = LocalKey::generate().unwrap();
    let verifier = verifier(&local);
    let good = [
        minted(&Minter::with_secret(&Secret::new(SECRET), None, "wardgraph").unwrap()),
        minted(&local.minter("wardgraph-local", "wardgraph")),
    ];
    for good in &good {
        verifier.verify(good, now()).unwrap();
    }
    let seeds = good.iter().map(|token| token.clone().into_bytes()).chain(corpus("tokens")).collect();
    fuzz("tests/corpus/found/tokens.txt", &mangled(seeds, WORDS), |bytes| {
        let token = String::from_utf8_lossy(&bytes);
        let believed = verifier.verify(&token, now()).is_ok();
        prop_assert_eq!(believed, good.iter().any(|good| *good == token), "{}", token);
        Ok(())
    });
}

#[test]
fn what_an_issuer_signs_is_believed_within_its_rules() {
    let verifier = verifier(&LocalKey::generate().unwrap());
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    let header = br#"{"alg":"HS256","typ":"JWT"}"#.to_vec();
    let claims = br#"{"sub":"user","tenant_id":"acme","exp":1800003600,"nbf":1799999000,"aud":["wardgraph"],"scopes":["kg:read"],"jti":"1"}"#.to_vec();
    let parts = (prop_oneof![3 => Just(header.clone()), 1 => mangled(vec![header], WORDS)], mangled(vec![claims], WORDS));
    let mut believed = 0;
    fuzz("tests/corpus/found/claims.txt", &parts, |(header, claims)| {
        let message = format!("{}.{}", B64.encode(&header), B64.encode(&claims));
        let token = format!("{message}.{}", B64.encode(hmac::sign(&key, message.as_bytes())));
        let Ok(verified) = verifier.verify(&token, now()) else { return Ok(()) };
        believed += 1;
        let claims = verified.claims;
        prop_assert!(!claims.subject.trim().is_empty() && !claims.subject.chars().any(char::is_control));
        prop_assert!(TenantId::parse(claims.tenant.as_str()).is_ok());
        prop_assert!(claims.expires_at.saturating_add(LEEWAY).unwrap() > now());
        prop_assert_eq!(claims.permissions, claims.permissions.intersect(Permissions::outside_ceiling()));
        Ok(())
    });
    assert!(believed > 5, "{believed}: what was tried is too far from a token");
}
