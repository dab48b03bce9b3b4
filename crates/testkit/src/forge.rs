//! Tokens that nobody should believe.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use serde_json::{Value, json};

use crate::{Caller, START};

/// A token that must be refused, and why.
#[derive(Debug)]
pub struct Forgery {
    /// What is wrong with it.
    pub name: &'static str,
    /// The token.
    pub token: String,
}

/// The claims of a token with some of them changed, and the old signature.
pub fn with_claims(token: &str, change: impl FnOnce(&mut Value)) -> String {
    let parts: Vec<&str> = token.split('.').collect();
    let mut claims: Value = serde_json::from_slice(&B64.decode(parts[1]).unwrap()).unwrap();
    change(&mut claims);
    format!("{}.{}.{}", parts[0], B64.encode(claims.to_string()), parts[2])
}

/// What every protected endpoint must refuse with 401, made from a caller's good token.
pub fn forgeries(good: &Caller) -> Vec<Forgery> {
    let token = good.token.clone().unwrap();
    let parts: Vec<&str> = token.split('.').collect();
    let mint = |change: &dyn Fn(&mut Value), secret: &str| hs256(&token, change, secret);
    let known = crate::app::SECRET;
    let alg_none = format!("{}.{}.", B64.encode(json!({ "alg": "none", "typ": "JWT" }).to_string()), parts[1]);
    let forgery = |name, token| Forgery { name, token };
    vec![
        forgery("expired", mint(&|c| c["exp"] = json!(START - 31), known)),
        forgery("unsigned", alg_none),
        forgery("signature cut off", format!("{}.{}.", parts[0], parts[1])),
        forgery("wrongly signed", mint(&|_| {}, "another-secret-another-secret-another")),
        forgery("wrong audience", mint(&|c| c["aud"] = json!("elsewhere"), known)),
        forgery("wrong issuer", mint(&|c| c["iss"] = json!("https://elsewhere.test"), known)),
        forgery("changed tenant", with_claims(&token, |c| c["tenant_id"] = json!("victim"))),
        forgery("no expiry", mint(&|c| drop(c.as_object_mut().unwrap().remove("exp")), known)),
        forgery("tenant is a list", mint(&|c| c["tenant_id"] = json!(["tenant-a"]), known)),
        forgery("not a token", "not-a-token".into()),
    ]
}

/// The claims of `token`, changed, and honestly signed with `secret` (HS256).
fn hs256(token: &str, change: &dyn Fn(&mut Value), secret: &str) -> String {
    let payload = token.split('.').nth(1).unwrap();
    let mut claims: Value = serde_json::from_slice(&B64.decode(payload).unwrap()).unwrap();
    change(&mut claims);
    let header = B64.encode(json!({ "alg": "HS256", "typ": "JWT" }).to_string());
    let signed = format!("{header}.{}", B64.encode(claims.to_string()));
    let signature = sign(signed.as_bytes(), secret.as_bytes());
    format!("{signed}.{}", B64.encode(signature))
}

fn sign(message: &[u8], secret: &[u8]) -> Vec<u8> {
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, secret);
    aws_lc_rs::hmac::sign(&key, message).as_ref().to_vec()
}
