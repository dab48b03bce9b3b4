//! The service itself: one request, and what comes of it.

use serde::Serialize;
use wardgraph_egress::{Client, Egress, EgressError, HeaderValue, Request, Rules, header::AUTHORIZATION};
use wardgraph_kernel::Secret;

use super::{RemoteOptions, answer, answer::Missed};
use crate::{EmbedError, ModelId};

/// A client of the service.
#[derive(Debug)]
pub(super) struct Service {
    pub(super) options: RemoteOptions,
    pub(super) id: ModelId,
    client: Client,
    authorization: Option<HeaderValue>,
}

#[derive(Serialize)]
struct Question<'a> {
    model: &'a str,
    input: &'a [&'a str],
    encoding_format: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    dimensions: Option<usize>,
}

impl Service {
    /// A client; nothing is sent yet.
    ///
    /// # Errors
    /// [`EmbedError::Client`] when the key cannot be sent.
    pub(super) fn new(options: RemoteOptions, egress: &Egress) -> Result<Self, EmbedError> {
        Ok(Self {
            id: ModelId::of_service("openai", &options.space, &options.model, options.dimension),
            client: egress.client(Rules::operator([options.endpoint.address()], &[]), options.timeout / 2),
            authorization: options.key.as_ref().map(bearer).transpose()?,
            options,
        })
    }

    /// Asks once.
    pub(super) async fn ask(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, Missed> {
        let question = Question {
            model: &self.options.model,
            input: texts,
            encoding_format: "float",
            dimensions: self.options.send_dimension.then_some(self.options.dimension),
        };
        let question = serde_json::to_vec(&question).map_err(|error| Missed::Final(EmbedError::Client(error.into())))?;
        let (address, time) = (self.options.endpoint.address().clone(), self.options.timeout);
        let mut request = Request::post_json(address, question, time, time);
        request.headers.extend(self.authorization.clone().map(|authorization| (AUTHORIZATION, authorization)));
        let response = self.client.send(request).await.map_err(unsent)?;
        answer::vectors(response, texts.len(), self.options.dimension).await
    }
}

fn bearer(key: &Secret) -> Result<HeaderValue, EmbedError> {
    let mut value = HeaderValue::from_str(&format!("Bearer {}", key.expose()))
        .map_err(|_| EmbedError::Client("the key holds what no header may".into()))?;
    value.set_sensitive(true);
    Ok(value)
}

/// Why a request got no answer.
const fn unsent(error: EgressError) -> Missed {
    let why = match error {
        EgressError::Slow => "it did not answer in time",
        EgressError::Unreachable | EgressError::Unresolved | EgressError::Special(_) | EgressError::Host | EgressError::Port => {
            "it cannot be reached"
        }
        _ => "the connection broke off",
    };
    Missed::Passing { why, retry_after: None }
}
