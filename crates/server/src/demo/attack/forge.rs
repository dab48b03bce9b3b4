//! Forged tokens.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;
use wardgraph_kernel::{Secret, TenantId};

/// A token that now names another tenant, under its old signature.
pub(in crate::demo) fn moved(token: &Secret, tenant: &TenantId) -> Option<Secret> {
    let (header, payload, signature) = parts(token)?;
    Some(Secret::new(format!("{header}.{}.{signature}", encode(&renamed(payload, tenant)?))))
}

/// A token that names another tenant and says that it needs no signature (RFC 8725 section 2.1).
pub(in crate::demo) fn unsigned(token: &Secret, tenant: &TenantId, algorithm: &str) -> Option<Secret> {
    let (_, payload, _) = parts(token)?;
    let header = serde_json::json!({ "alg": algorithm, "typ": "at+jwt" });
    Some(Secret::new(format!("{}.{}.", encode(&header), encode(&renamed(payload, tenant)?))))
}

fn parts(token: &Secret) -> Option<(&str, &str, &str)> {
    // Exposed to be forged: nothing of it is shown.
    let mut parts = token.expose().split('.');
    Some((parts.next()?, parts.next()?, parts.next()?))
}

fn renamed(payload: &str, tenant: &TenantId) -> Option<Value> {
    let mut claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()?;
    *claims.get_mut("tenant_id")? = Value::from(tenant.as_str());
    Some(claims)
}

fn encode(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_shall_be_forged_is_changed() {
        let claims = serde_json::json!({ "sub": "s", "tenant_id": "demo-b" });
        let token = Secret::new(format!("head.{}.sig", encode(&claims)));
        let a = TenantId::parse("demo-a").unwrap();
        let expected = serde_json::json!({ "sub": "s", "tenant_id": "demo-a" });
        assert_eq!(moved(&token, &a).unwrap().expose(), format!("head.{}.sig", encode(&expected)));
        let unsigned = unsigned(&token, &a, "none").unwrap();
        let (header, payload, signature) = parts(&unsigned).unwrap();
        assert_eq!((payload, signature), (encode(&expected).as_str(), ""));
        assert!(URL_SAFE_NO_PAD.decode(header).unwrap().starts_with(br#"{"alg":"none""#));
        assert!(moved(&Secret::new("x"), &a).is_none());
    }
}
