//! How a request becomes an endpoint's input: every refusal is the same kind of problem document.

use std::any::TypeId;

use axum::extract::{FromRequestParts, RawPathParams};
use bytes::Bytes;
use http::{HeaderMap, header, request::Parts};
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;
use wardgraph_api::{
    Accept, FieldError, Form, Json, Parameters, Path, Problem, Query, Within,
    describe::Body,
    json,
    validate::{Faults, Validate},
    wire::{page::object, version::VersionNumber},
};
use wardgraph_gate::browser::FORM_TOKEN;
use wardgraph_kernel::NodeId;

use crate::{
    form,
    pages::{Filled, Screen, Shown},
    reading,
};

/// What can be made of a request's head and body.
pub trait Decode: Sized + Send {
    /// Whether it looks at the query.
    const QUERIED: bool = false;

    /// Whether it looks at `If-Match`.
    const CONDITIONAL: bool = false;

    /// Makes it, or says what is wrong.
    fn decode(parts: &mut Parts, body: Bytes) -> impl Future<Output = Result<Self, Problem>> + Send;

    /// The form of a page, shown again with what was filled in and what is wrong with it; `None` for what is no form.
    fn again(_: &Filled<'_>) -> Option<Screen> {
        None
    }
}

impl Decode for () {
    async fn decode(_: &mut Parts, _: Bytes) -> Result<Self, Problem> {
        Ok(())
    }
}

impl<T: DeserializeOwned + Send + 'static> Decode for Path<T> {
    async fn decode(parts: &mut Parts, _: Bytes) -> Result<Self, Problem> {
        let params =
            RawPathParams::from_request_parts(parts, &()).await.map_err(|_| Problem::malformed("the path is not valid UTF-8"))?;
        id(params.iter().find(|(name, _)| *name == "id")).map(Path)
    }
}

impl<T: DeserializeOwned + Send + 'static> Decode for Within<T> {
    async fn decode(parts: &mut Parts, _: Bytes) -> Result<Self, Problem> {
        let params =
            RawPathParams::from_request_parts(parts, &()).await.map_err(|_| Problem::malformed("the path is not valid UTF-8"))?;
        id(params.iter().find(|(name, _)| *name != "id")).map(Within)
    }
}

fn id<T: DeserializeOwned + 'static>(param: Option<(&str, &str)>) -> Result<T, Problem> {
    let text = param.map(|(_, id)| id).unwrap_or_default().to_owned();
    serde_json::from_value(serde_json::Value::String(text)).map_err(|_| {
        let of = TypeId::of::<T>();
        Problem::malformed(if of == TypeId::of::<NodeId>() {
            "the id in the path is not a UUID: a node is found by its external id with `GET /nodes?external_id=`"
        } else if of == TypeId::of::<VersionNumber>() {
            "the version in the path is not a number of one"
        } else {
            "the id in the path is not a UUID"
        })
    })
}

impl<T: DeserializeOwned + Validate + Send> Decode for Query<T> {
    const QUERIED: bool = true;

    async fn decode(parts: &mut Parts, _: Bytes) -> Result<Self, Problem> {
        let query = parts.uri.query().unwrap_or_default();
        // Read with replacement characters, it would be another text than was sent.
        percent_decode_str(query).decode_utf8().map_err(|_| Problem::malformed("the query is not valid UTF-8"))?;
        let reader = serde_urlencoded::Deserializer::new(form_urlencoded::parse(query.as_bytes()));
        let parsed: T = serde_path_to_error::deserialize(reader).map_err(|error| unreadable_query(&error))?;
        validated(parsed).map(Query)
    }
}

impl Decode for Accept {
    async fn decode(parts: &mut Parts, _: Bytes) -> Result<Self, Problem> {
        let lines: Vec<_> = parts.headers.get_all(header::ACCEPT).iter().filter_map(|line| line.to_str().ok()).collect();
        Ok(Self((!lines.is_empty()).then(|| lines.join(","))))
    }
}

macro_rules! together {
    ($($part:ident),+) => {
        impl<$($part: Decode),+> Decode for ($($part,)+) {
            const QUERIED: bool = false $(|| $part::QUERIED)+;
            const CONDITIONAL: bool = false $(|| $part::CONDITIONAL)+;

            async fn decode(parts: &mut Parts, body: Bytes) -> Result<Self, Problem> {
                Ok(($($part::decode(parts, body.clone()).await?,)+))
            }

            fn again(filled: &Filled<'_>) -> Option<Screen> {
                None$(.or_else(|| $part::again(filled)))+
            }
        }
    };
}

together!(A, B);
together!(A, B, C);

impl<T: Send> Decode for Parameters<T> {
    async fn decode(parts: &mut Parts, body: Bytes) -> Result<Self, Problem> {
        let pairs = if parts.method == http::Method::POST {
            uncompressed(&parts.headers)?;
            form::read(&parts.headers, &body)?
        } else {
            let query = parts.uri.query().unwrap_or_default();
            form::fields(query.as_bytes()).ok_or_else(|| Problem::malformed("the query cannot be read"))?
        };
        Ok(Self::new(pairs))
    }
}

impl<T: DeserializeOwned + Body + Shown + Send> Decode for Form<T> {
    async fn decode(parts: &mut Parts, body: Bytes) -> Result<Self, Problem> {
        uncompressed(&parts.headers)?;
        let mut fields = form::read(&parts.headers, &body)?;
        fields.retain(|(name, _)| name != FORM_TOKEN);
        let members = object(fields, T::LISTS).map_err(|name| Problem::malformed(format!("the field `{name}` comes twice")))?;
        validated(serde_path_to_error::deserialize(members).map_err(|error| unreadable(json::misfit(&error)))?).map(Form)
    }

    fn again(filled: &Filled<'_>) -> Option<Screen> {
        T::screen(filled)
    }
}

impl<T: DeserializeOwned + Body + Send + 'static> Decode for Json<T> {
    async fn decode(parts: &mut Parts, body: Bytes) -> Result<Self, Problem> {
        uncompressed(&parts.headers)?;
        let parsed = reading::read(parts, body, parse).await;
        parsed.unwrap_or_else(|_| Err(Problem::internal("the body could not be read"))).map(Json)
    }
}

fn parse<T: DeserializeOwned + Body>(body: &[u8]) -> Result<T, Problem> {
    let body = if body.is_empty() && T::MAY_BE_ABSENT { b"{}" } else { body };
    json::check(body, T::MEASURED).map_err(unreadable)?;
    validated(json::read(body).map_err(unreadable)?)
}

fn uncompressed(headers: &HeaderMap) -> Result<(), Problem> {
    match headers.get(header::CONTENT_ENCODING).map(http::HeaderValue::as_bytes) {
        None | Some(b"identity") => Ok(()),
        Some(_) => Err(Problem::malformed("compressed bodies are not taken")),
    }
}

fn validated<T: Validate>(value: T) -> Result<T, Problem> {
    let faults = Faults::of(&value);
    if faults.is_empty() { Ok(value) } else { Err(Problem::invalid("see `errors`").fields(faults)) }
}

fn unreadable_query(error: &serde_path_to_error::Error<serde_urlencoded::de::Error>) -> Problem {
    let place = error.path().iter().next();
    let field = match place {
        Some(serde_path_to_error::Segment::Map { key }) => key.clone(),
        _ => String::new(),
    };
    let fault = FieldError::new(field, json::nameless(&error.inner().to_string()));
    let problem = Problem::malformed(format!("the query cannot be read: {}", fault.detail));
    // Of what is wrong with the query as a whole there is no field to name.
    if place.is_some() { problem.fields(vec![fault]) } else { problem }
}

/// What cannot be read, or is not what the endpoint takes.
fn unreadable(fault: json::Fault) -> Problem {
    let fault = FieldError::new(fault.pointer, fault.detail);
    Problem::malformed(format!("the body cannot be read: {}", fault.detail)).fields(vec![fault])
}

#[cfg(test)]
mod tests {
    use super::*;
    use wardgraph_api::wire::node::NewNode;

    async fn problem(body: &str) -> Problem {
        let (mut parts, ()) = http::Request::new(()).into_parts();
        Json::<NewNode>::decode(&mut parts, Bytes::copy_from_slice(body.as_bytes())).await.map(|_| ()).unwrap_err()
    }

    #[tokio::test]
    async fn a_bad_body_is_told_by_field() {
        let wrong = problem(r#"{"classes": ["A", 7], "props": {}}"#).await;
        assert_eq!((wrong.status, wrong.errors[0].field.as_str()), (400, "/classes/1"));
        for body in ["", "[]", "{", "{} {}", r#"{"classes":"A"}"#, &"[".repeat(10_000)] {
            let problem = problem(body).await;
            assert_eq!(problem.status, 400, "{body}");
            assert!(!problem.detail.contains("NewNode"), "{}", problem.detail);
        }
        let invalid = problem(r#"{"classes": [], "props": {"a": "\u0000"}}"#).await;
        let fields: Vec<_> = invalid.errors.iter().map(|e| e.field.as_str()).collect();
        assert_eq!((invalid.status, fields), (422, vec!["/classes", "/props/a"]));
        for (body, field) in [
            (r#"{"classes": ["A"], "props": {}, "clases": []}"#, "/clases"),
            (r#"{"classes": ["A"]}"#, "/props"),
            (r#"{"classes": ["A"], "props": {"a": {"b": 1, "b": 2}}}"#, "/props/a/b"),
            (r#"{"classes": ["A"], "props": {"a": [1e400]}}"#, "/props/a/0"),
            (r#"{"classes": ["A"], "props": {"a": "\ud800"}}"#, "/props/a"),
        ] {
            let problem = problem(body).await;
            assert_eq!((problem.status, problem.errors[0].field.as_str()), (400, field), "{body}");
            assert!(!problem.detail.contains(" column "), "{}", problem.detail);
        }
    }
}
