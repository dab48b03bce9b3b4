//! Proofs of possession (DPoP, RFC 9449) at the door: which request they are made for, and that each comes once.

use http::{HeaderMap, HeaderName};
use wardgraph_kernel::{Method, Timestamp};
use wardgraph_tokens::dpop::{Asked, Nonces, Place, Proof, ProofError};

use crate::{Arrival, Gate};

static PROOF: HeaderName = HeaderName::from_static("dpop");

/// What a request brought as its proof, before anything of it was looked at.
#[derive(Debug, Clone, Default)]
pub(crate) enum Presented {
    /// Nothing.
    #[default]
    Nothing,
    /// Several headers, or one that is no text.
    Muddled,
    /// One proof, for a request of this path.
    One { proof: Box<str>, path: Box<str> },
}

impl Presented {
    /// Reads the `DPoP` header, of which there may be one (RFC 9449, section 4.3).
    pub(crate) fn by(arrival: &Arrival<'_>) -> Self {
        match one(arrival.headers) {
            Ok(None) => Self::Nothing,
            Ok(Some(proof)) => Self::One { proof: proof.into(), path: arrival.target.path().into() },
            Err(_) => Self::Muddled,
        }
    }
}

/// The proof of a request, if it brought one.
pub(crate) fn one(headers: &HeaderMap) -> Result<Option<&str>, ProofError> {
    let mut values = headers.get_all(&PROOF).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(proof), None) => proof.to_str().map(Some).map_err(|_| ProofError::Malformed),
        (Some(_), Some(_)) => Err(ProofError::Malformed),
    }
}

impl Gate {
    /// The nonce that proofs must carry from now on.
    pub fn nonce(&self) -> String {
        self.parts.nonces.at(self.parts.clock.now())
    }

    /// Verifies a proof of a request to `path` of this server's public address, whatever host the request names; with the access token that it
    /// carries, if it carries one.
    pub(crate) fn prove(
        &self,
        proof: &str,
        (method, path): (Method, &str),
        token: Option<&str>,
        now: Timestamp,
    ) -> Result<Proof, ProofError> {
        let place = Place::at(self.parts.issuer.iss(), path).ok_or(ProofError::Place)?;
        let nonces: &Nonces = &self.parts.nonces;
        Proof::verify(proof, &Asked { method: method.word(), place: &place, token, nonces, now })
    }
}
