//! Clients whose id is the address of their own description (draft-ietf-oauth-client-id-metadata-document), as MCP clients have it: the address
//! and the document, read. What fetches it is elsewhere.

use serde_json::Value;

use super::{
    Registration,
    described::{self, Terms, Unfit},
};

/// The largest document, in bytes.
pub const MOST_DOCUMENT_BYTES: usize = 16 << 10;
/// The longest address.
const MOST: usize = 512;
/// Members that a document may not have: it is there for everybody to read.
const SECRETS: [&str; 2] = ["client_secret", "client_secret_expires_at"];

/// Whether a client's id is an address at which its document may lie: `https`, with a path, without dots to walk by, user, query and fragment, and
/// written as everybody reads it.
pub fn is_address(id: &str) -> bool {
    let Ok(url) = url::Url::parse(id) else { return false };
    let plain = url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none();
    // What the parser changed could be read as something else by another one.
    url.scheme() == "https" && id.len() <= MOST && plain && url.as_str() == id && url.path().len() > 1 && !id.contains('%')
}

/// Reads the document that lies at `id`.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn read(id: &str, text: &[u8], terms: &Terms<'_>) -> Result<Registration, Unfit> {
    let unfit = |detail: &str| Unfit { is_redirect: false, detail: detail.to_owned() };
    let document: Value = serde_json::from_slice(text).map_err(|_| unfit("the document is no JSON"))?;
    let document = document.as_object().ok_or_else(|| unfit("the document is no object"))?;
    if document.get("client_id").and_then(Value::as_str) != Some(id) {
        return Err(unfit("`client_id` must be the document's own address"));
    }
    if let Some(secret) = SECRETS.iter().find(|secret| document.contains_key(**secret)) {
        return Err(unfit(&format!("`{secret}` is nothing to be published")));
    }
    described::read(document, &Terms { secrets: false, ..terms.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::AuthMethod;
    use serde_json::json;
    use wardgraph_tokens::Algorithm;

    const ID: &str = "https://app.example/oauth/client.json";

    fn judged(document: &Value) -> Result<Registration, Unfit> {
        let scopes = ["nodes:read".to_owned()];
        read(ID, document.to_string().as_bytes(), &Terms { scopes: &scopes, id_token_alg: Algorithm::RS256, secrets: true })
    }

    #[test]
    fn an_id_is_an_address_that_everybody_reads_alike() {
        for good in [ID, "https://app.example/c", "https://app.example:8443/c", "https://[2001:db8::1]/c"] {
            assert!(is_address(good), "{good}");
        }
        for bad in [
            "",
            "wgc_1",
            "http://app.example/c",
            "https://app.example",
            "https://app.example/",
            "https://APP.example/c",
            "https://app.example:443/c",
            "https://app.example/a/../c",
            "https://app.example/./c",
            "https://app.example/%2e%2e/c",
            "https://app.example/%63",
            "https://user@app.example/c",
            "https://user:pw@app.example/c",
            "https://app.example/c?x=1",
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
        assert_eq!(judged(&good).unwrap().auth_method, AuthMethod::None);
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
            with("redirect_uris", json!([])),
            json!([]),
            json!("x"),
        ] {
            assert!(judged(&bad).is_err(), "{bad}");
        }
        assert!(read(ID, b"{", &Terms { scopes: &[], id_token_alg: Algorithm::RS256, secrets: true }).is_err());
    }
}
