//! Problem documents (RFC 9457): the one form of every error outside the OAuth endpoints.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// What is wrong with one field of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct FieldError {
    /// The field, as a JSON Pointer into the body (RFC 6901), or the name of a query parameter.
    pub field: String,
    /// What is wrong with it.
    pub detail: String,
}

impl FieldError {
    /// How much of a field's place and of what is wrong is told, in bytes: both may hold what was sent.
    const MOST_TOLD: usize = 300;

    /// What is wrong with a field, shortened where what was sent is long.
    pub fn new(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { field: clipped(field.into()), detail: clipped(detail.into()) }
    }
}

fn clipped(mut text: String) -> String {
    if text.len() > FieldError::MOST_TOLD {
        text.truncate(text.floor_char_boundary(FieldError::MOST_TOLD));
        text.push('…');
    }
    text
}

/// A problem document. Says nothing of the inside: no SQL, no paths, no hosts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Problem {
    /// What kind of problem: `urn:wardgraph:problem:` and a fixed word.
    #[serde(rename = "type")]
    pub kind: Cow<'static, str>,
    /// The kind for people: the same for every problem of the kind.
    pub title: Cow<'static, str>,
    /// The HTTP status.
    pub status: u16,
    /// What is wrong this time, and how to mend it.
    pub detail: Cow<'static, str>,
    /// The request's id, under which the operator finds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// What is wrong with which field.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// When to come back: sent as `Retry-After`, in seconds.
    #[serde(skip)]
    pub retry_after_s: Option<u64>,
    /// How to authenticate: sent as `WWW-Authenticate`.
    #[serde(skip)]
    pub challenge: Option<Cow<'static, str>>,
    /// The word for it where clients of the OAuth server are answered (RFC 6749, section 5.2); that of its status if there is none.
    #[serde(skip)]
    pub error_code: Option<&'static str>,
    /// What happened inside: for the log, never sent.
    #[serde(skip)]
    pub inside: Option<String>,
}

macro_rules! problems {
    ($( $(#[$doc:meta])* $name:ident: $status:literal $word:literal $title:literal;)*) => {
        impl Problem { $(
            $(#[$doc])*
            pub fn $name(detail: impl Into<Cow<'static, str>>) -> Self {
                Self {
                    kind: Cow::Borrowed(concat!("urn:wardgraph:problem:", $word)),
                    title: Cow::Borrowed($title),
                    status: $status,
                    detail: detail.into(),
                    request_id: None,
                    errors: Vec::new(),
                    retry_after_s: None,
                    challenge: None,
                    error_code: None,
                    inside: None,
                }
            }
        )* }
    };
}

problems! {
    /// The request cannot be read: bad JSON, a bad id, a bad cursor.
    malformed: 400 "malformed" "The request cannot be read";
    /// No credential, or one that is not valid.
    unauthenticated: 401 "unauthenticated" "A valid credential is needed";
    /// The credential lacks the permission.
    forbidden: 403 "forbidden" "The credential does not allow this";
    /// There is no such thing, or it is another tenant's.
    not_found: 404 "not-found" "There is no such thing";
    /// The path exists, with other methods.
    method_not_allowed: 405 "method-not-allowed" "The method is not allowed here";
    /// The client took too long to send its request.
    too_slow: 408 "too-slow" "The request came too slowly";
    /// It collides with what is there.
    conflict: 409 "conflict" "It collides with what is there";
    /// The thing is of another version than the request is meant for.
    precondition: 412 "precondition-failed" "It was changed in the meantime";
    /// The body is larger than the endpoint takes.
    too_large: 413 "too-large" "The body is too large";
    /// The request can be read and makes no sense.
    invalid: 422 "invalid" "The request is not valid";
    /// Too many requests.
    too_many: 429 "too-many-requests" "Too many requests";
    /// The request line and the headers are larger than the server takes.
    head_too_large: 431 "head-too-large" "The head of the request is too large";
    /// A fault of the server.
    internal: 500 "internal" "The server failed";
    /// The embedding service makes no vectors right now: search by words goes on.
    no_embedding: 503 "embedding-unavailable" "Search by meaning is not available right now";
    /// Something that the server needs is not there right now.
    unavailable: 503 "unavailable" "Not available right now";
}

impl Problem {
    /// Says when to come back.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    /// Says how to authenticate.
    #[must_use]
    pub fn challenge(mut self, challenge: impl Into<Cow<'static, str>>) -> Self {
        self.challenge = Some(challenge.into());
        self
    }

    /// Says by which word clients of the OAuth server are told of it.
    #[must_use]
    pub const fn error_code(mut self, code: &'static str) -> Self {
        self.error_code = Some(code);
        self
    }

    /// Says what happened inside, for the log alone.
    #[must_use]
    pub fn inside(mut self, error: &dyn std::error::Error) -> Self {
        let chain = std::iter::successors(Some(error), |error| error.source()).map(ToString::to_string);
        self.inside = Some(chain.collect::<Vec<_>>().join(": "));
        self
    }

    /// Says what is wrong with which field.
    #[must_use]
    pub fn fields(mut self, errors: Vec<FieldError>) -> Self {
        self.errors = errors;
        self
    }
}
