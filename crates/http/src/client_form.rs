//! How clients of the OAuth server are read: parameters (RFC 6749, appendix B), and the `Authorization` header (section 2.3.1).

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderMap, header, request::Parts};
use serde::de::DeserializeOwned;
use wardgraph_api::{
    ClientForm, ClientQuery, Problem,
    describe::Body,
    validate::Faults,
    wire::{
        oauth::{AuthorizationHeader, ClientCredentials},
        page::object,
    },
};
use wardgraph_kernel::Secret;

use crate::{Decode, form};

/// The word for a request that cannot be read (RFC 6749, section 5.2).
const CODE: &str = "invalid_request";

impl<T: DeserializeOwned + Body + Send> Decode for ClientForm<T> {
    async fn decode(parts: &mut Parts, body: Bytes) -> Result<Self, Problem> {
        let fields = form::read(&parts.headers, &body).map_err(|problem| problem.error_code(CODE))?;
        let (client, parameters) = read(&parts.headers, fields)?;
        Ok(Self { client, parameters })
    }
}

impl<T: DeserializeOwned + Body + Send> Decode for ClientQuery<T> {
    async fn decode(parts: &mut Parts, _: Bytes) -> Result<Self, Problem> {
        let query = parts.uri.query().unwrap_or_default();
        let fields = form::fields(query.as_bytes()).ok_or_else(|| unreadable("the query cannot be read"))?;
        let (client, parameters) = read(&parts.headers, fields)?;
        Ok(Self { client, parameters })
    }
}

/// Who asks, and what for.
fn read<T: DeserializeOwned + Body>(
    headers: &HeaderMap,
    mut fields: Vec<(String, String)>,
) -> Result<(ClientCredentials, T), Problem> {
    if fields.iter().any(|(name, text)| name.contains('\0') || text.contains('\0')) {
        return Err(unreadable("a parameter has a NUL character"));
    }
    // A parameter without a value is none, but one that comes twice is refused whatever it says.
    object(fields.clone(), T::LISTS).map_err(|_| unreadable("a parameter comes twice"))?;
    fields.retain(|(_, text)| !text.is_empty());
    let named = |wanted: &str| fields.iter().find(|(name, _)| name == wanted).map(|(_, text)| text.clone());
    let client = ClientCredentials {
        header: authorization(headers),
        client_id: named("client_id"),
        client_secret: named("client_secret").map(Secret::new),
        client_assertion_type: named("client_assertion_type"),
        client_assertion: named("client_assertion").map(Secret::new),
    };
    let members = object(fields, T::LISTS).map_err(|_| unreadable("a parameter comes twice"))?;
    let parameters: T = serde_json::from_value(members).map_err(|_| unreadable("a parameter cannot be read"))?;
    match Faults::of(&parameters).first() {
        None => Ok((client, parameters)),
        Some(fault) => Err(unreadable(format!("{} {}", fault.field, fault.detail))),
    }
}

fn unreadable(detail: impl Into<std::borrow::Cow<'static, str>>) -> Problem {
    Problem::malformed(detail).error_code(CODE)
}

/// The one `Authorization` header: `Basic`, whose parts are written as a form's are (RFC 6749, section 2.3.1).
fn authorization(headers: &HeaderMap) -> AuthorizationHeader {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else { return AuthorizationHeader::Absent };
    let basic = || {
        let (scheme, encoded) = value.to_str().ok()?.split_once(' ')?;
        let decoded = STANDARD.decode(encoded.trim_matches(' ')).ok().filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
        let middle = decoded.iter().position(|byte| *byte == b':')?;
        let (id, secret) = decoded.split_at_checked(middle)?;
        let (id, secret) = (form::plain(id)?, form::plain(secret.get(1..)?)?);
        Some(AuthorizationHeader::Basic { id, secret: Secret::new(secret) })
    };
    basic().filter(|_| values.next().is_none()).unwrap_or(AuthorizationHeader::Unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;
    use wardgraph_api::wire::oauth::TokenRequest;

    fn parts(authorization: &[&str]) -> Parts {
        let mut request = http::Request::builder().header("content-type", "application/x-www-form-urlencoded");
        for value in authorization {
            request = request.header("authorization", *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    async fn decoded(authorization: &[&str], body: &'static str) -> Result<ClientForm<TokenRequest>, &'static str> {
        let form = ClientForm::decode(&mut parts(authorization), Bytes::from_static(body.as_bytes())).await;
        form.map_err(|problem| problem.error_code.unwrap())
    }

    #[tokio::test]
    async fn a_parameter_comes_once_or_not_at_all_and_unknown_ones_are_passed_over() {
        let form = decoded(&[], "grant_type=refresh_token&scope=&resource=a&resource=b&new=1&client_id=wgc_1").await.unwrap();
        assert_eq!(form.parameters.grant_type.as_deref(), Some("refresh_token"));
        assert_eq!((form.parameters.scope, form.parameters.resource), (None, vec!["a".to_owned(), "b".to_owned()]));
        assert_eq!(form.client.client_id.as_deref(), Some("wgc_1"));
        for bad in [
            "scope=a&scope=b",
            "scope=a&scope=",
            "new=1&new=2",
            "client_id=a&client_id=a",
            "a",
            "scope=%00",
            "scope=%zz",
            "scope=%ff",
        ] {
            assert_eq!(decoded(&[], bad).await.err(), Some("invalid_request"), "{bad}");
        }
    }

    #[tokio::test]
    async fn the_header_is_one_basic_one_or_none() {
        let of = |text: &str| format!("Basic {}", STANDARD.encode(text));
        let header = async |values: &[&str]| decoded(values, "").await.unwrap().client.header;
        assert!(matches!(header(&[]).await, AuthorizationHeader::Absent));
        let AuthorizationHeader::Basic { id, secret } = header(&[&of("a%3Ab+c:d:%2B")]).await else { panic!("it is one") };
        assert_eq!((id.as_str(), secret.expose()), ("a:b c", "d:+"));
        for bad in
            [&[of("a:b").as_str(), &of("a:b")][..], &["Bearer eyJ"], &["Basic"], &["Basic !"], &[&of("none")], &[&of("%zz:b")]]
        {
            assert!(matches!(header(bad).await, AuthorizationHeader::Unreadable), "{bad:?}");
        }
    }
}
