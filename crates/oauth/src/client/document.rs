//! Clients whose id is the address of their own description (draft-ietf-oauth-client-id-metadata-document), as MCP clients have it: the address
//! and the document, read. What fetches it is [`super::fetch`].

use serde_json::Value;

use super::{Described, Terms, Unfit, described};
use crate::ErrorCode;

/// The longest address.
const MOST: usize = 512;
/// Members that a document may not have: it is there for everybody to read.
const SECRETS: [&str; 2] = ["client_secret", "client_secret_expires_at"];

/// Whether a client's id is an address at which its document may lie (section 3): `https`, with a path, without segments of dots, without a user and a
/// fragment, and written as everybody reads it.
pub fn is_address(id: &str) -> bool {
    if id.len() > MOST || !id.starts_with("https://") || !id.bytes().all(|byte| byte.is_ascii_graphic()) {
        return false;
    }
    let Ok(url) = url::Url::parse(id) else { return false };
    let nobodys = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    // What the parser changed could be read as something else by another one; so could an encoded slash or dot.
    nobodys && url.as_str() == id && url.path().len() > 1 && !url.path().contains('%')
}

/// The host of such an address, with its port if it has one.
pub fn host(id: &str) -> &str {
    let rest = id.strip_prefix("https://").unwrap_or(id);
    rest.split(['/', '?']).next().unwrap_or(rest)
}

/// Reads the document that lies at `id` (section 4).
///
/// # Errors
/// The first thing that is wrong with it.
pub fn read(id: &str, text: &[u8], terms: &Terms<'_>) -> Result<Described, Unfit> {
    let unfit = |detail: &str| Unfit { code: ErrorCode::InvalidClientMetadata, detail: detail.to_owned() };
    let document: Value = serde_json::from_slice(text).map_err(|_| unfit("the document is no JSON"))?;
    let document = document.as_object().ok_or_else(|| unfit("the document is no object"))?;
    if document.get("client_id").and_then(Value::as_str) != Some(id) {
        return Err(unfit("`client_id` must be the document's own address"));
    }
    if let Some(secret) = SECRETS.iter().find(|secret| document.contains_key(**secret)) {
        return Err(unfit(&format!("`{secret}` is nothing to be published")));
    }
    described::read(document, &Terms { secrets: false, role: None, ..terms.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::AuthMethod;
    use serde_json::json;
    use wardgraph_tokens::Algorithm;

    const ID: &str = "https://app.example/oauth/client.json";

    fn judged(text: &[u8]) -> Result<Described, Unfit> {
        let scopes = ["nodes:read".to_owned()];
        read(ID, text, &Terms { scopes: &scopes, role: None, algorithms: &[Algorithm::ES256], secrets: true })
    }

    #[test]
    fn an_id_is_an_address_that_everybody_reads_alike() {
        for good in
            [ID, "https://app.example/c", "https://app.example:8443/c", "https://[2001:db8::1]/c", "https://app.example/c?v=1"]
        {
            assert!(is_address(good), "{good}");
        }
        assert_eq!((host(ID), host("https://app.example:8443/c?x=/")), ("app.example", "app.example:8443"));
        for bad in [
            "",
            "wgc_1",
            "http://app.example/c",
            "HTTPS://app.example/c",
            "https://app.example",
            "https://app.example/",
            "https://app.example?x",
            "https://APP.example/c",
            "https://app.example:443/c",
            "https://app.example/a/../c",
            "https://app.example/./c",
            "https://app.example/%2e%2e/c",
            "https://app.example/%63",
            "https://user@app.example/c",
            "https://user:pw@app.example/c",
            "https://app.example/c#x",
            "https:\\\\app.example\\c",
            "https://app.example/c\n",
            "https://127.1/c",
            &format!("https://app.example/{}", "c".repeat(512)),
        ] {
            assert!(!is_address(bad), "{bad}");
        }
    }

    #[test]
    fn a_document_speaks_for_its_own_address_and_holds_no_secret() {
        let good = json!({ "client_id": ID, "client_name": "An app", "redirect_uris": ["http://127.0.0.1/cb"] });
        assert_eq!(judged(good.to_string().as_bytes()).unwrap().registered.auth_method, AuthMethod::None);
        let with = |name: &str, value: Value| {
            let mut document = good.clone();
            document[name] = value;
            document
        };
        for bad in [
            with("client_id", json!("https://app.example/oauth/other.json")),
            with("client_id", json!("https://app.example/oauth/client.json/")),
            with("client_id", Value::Null),
            with("client_secret", json!("x")),
            with("client_secret_expires_at", json!(0)),
            with("token_endpoint_auth_method", json!("client_secret_basic")),
            with("token_endpoint_auth_method", json!("client_secret_post")),
            with("grant_types", json!(["client_credentials"])),
            with("redirect_uris", json!([])),
            json!([]),
            json!("x"),
        ] {
            assert!(judged(bad.to_string().as_bytes()).is_err(), "{bad}");
        }
        assert!(judged(b"{").is_err() && judged(b"").is_err());
    }
}
