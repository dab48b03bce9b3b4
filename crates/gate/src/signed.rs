//! The pass of an outside system whose signature was verified (Standard Webhooks: HMAC-SHA256 over `id.timestamp.body`).

use std::{fmt, marker::PhantomData, sync::Arc};

use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::STANDARD};
use wardgraph_api::Problem;
use wardgraph_kernel::{Endpoint, Secret, Timestamp};

use crate::{
    Arrival,
    admit::{Admission, Refused},
};

/// How far a signature's time may lie from ours, in seconds.
const TOLERANCE_S: i64 = 300;

/// The key of one outside system.
#[derive(Debug, Clone)]
pub struct WebhookKey {
    /// The endpoint that it may call.
    pub endpoint: String,
    /// Who holds it.
    pub sender: Arc<str>,
    /// The shared secret: the bytes of its text.
    pub secret: Secret,
}

/// The keys of every outside system.
pub type WebhookKeys = Vec<WebhookKey>;

/// A signed request whose body was not read yet.
#[derive(Debug)]
pub struct Announced<E> {
    admission: Admission,
    id: String,
    timestamp: i64,
    signatures: Vec<Vec<u8>>,
    endpoint: PhantomData<fn() -> E>,
}

impl<E: Endpoint> Announced<E> {
    /// Reads the three headers. A time that is not near is refused before the body is read.
    pub(crate) fn read(admission: Admission, arrival: &Arrival<'_>) -> Result<Self, Refused> {
        let header = |name| arrival.headers.get(name).and_then(|value| value.to_str().ok());
        let read = || {
            let id = header("webhook-id").filter(|id| !id.is_empty() && id.len() <= 255)?.to_owned();
            let timestamp: i64 = header("webhook-timestamp")?.parse().ok()?;
            let versions = header("webhook-signature")?.split(' ').filter_map(|signature| signature.strip_prefix("v1,"));
            let signatures: Vec<_> = versions.filter_map(|signature| STANDARD.decode(signature).ok()).take(8).collect();
            let near = admission.now.as_second().checked_sub(timestamp)?.unsigned_abs() <= TOLERANCE_S.unsigned_abs();
            (near && !signatures.is_empty()).then_some((id, timestamp, signatures))
        };
        let Some((id, timestamp, signatures)) = read() else {
            return Err(admission.refuse(None, "unsigned", unsigned(), None));
        };
        Ok(Self { admission, id, timestamp, signatures, endpoint: PhantomData })
    }

    /// Verifies the body's signature with every key of this endpoint.
    pub(crate) fn confirm(self, body: &[u8]) -> Result<Signed<E>, Problem> {
        let message = [format!("{}.{}.", self.id, self.timestamp).as_bytes(), body].concat();
        let keys = self.admission.gate.parts.webhooks.iter().filter(|key| key.endpoint == E::SPEC.id);
        let signer = keys.clone().find(|key| {
            let key = hmac::Key::new(hmac::HMAC_SHA256, key.secret.expose().as_bytes());
            self.signatures.iter().any(|signature| hmac::verify(&key, &message, signature).is_ok())
        });
        match signer {
            Some(key) => Ok(Signed { sender: key.sender.clone(), id: self.id, now: self.admission.now, endpoint: PhantomData }),
            None => Err(self.admission.refuse(None, "badly signed", unsigned(), None).0),
        }
    }
}

/// Leave to take in what an outside system sent and signed. There is no session, and no transaction to begin.
pub struct Signed<E> {
    sender: Arc<str>,
    id: String,
    now: Timestamp,
    endpoint: PhantomData<fn() -> E>,
}

impl<E: Endpoint> Signed<E> {
    /// Who signed.
    pub fn sender(&self) -> &str {
        &self.sender
    }

    /// The message's id, by which a second delivery is known.
    pub fn message_id(&self) -> &str {
        &self.id
    }

    /// The time of the request.
    pub const fn now(&self) -> Timestamp {
        self.now
    }
}

impl<E: Endpoint> fmt::Debug for Signed<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signed").field("endpoint", &E::SPEC.id).field("sender", &self.sender).finish_non_exhaustive()
    }
}

fn unsigned() -> Problem {
    Problem::unauthenticated("send `webhook-id`, `webhook-timestamp` and a valid `webhook-signature`")
}
