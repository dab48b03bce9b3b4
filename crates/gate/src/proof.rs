//! Proofs of possession (DPoP, RFC 9449) at the door: which request they are made for, and that each comes once.

use http::{HeaderMap, HeaderName};
use wardgraph_api::Problem;
use wardgraph_kernel::{Method, Timestamp};
use wardgraph_tokens::{
    Claims,
    dpop::{Asked, Place, Proof, ProofError, Remembered},
};

use crate::{
    Arrival, Gate,
    admit::{Admission, Refused},
    authenticate::{self, Scheme},
    caller::Caller,
};

/// How soon there may be room for another proof of possession.
const FULL_RETRY_S: u64 = 30;

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
fn one(headers: &HeaderMap) -> Result<Option<&str>, ProofError> {
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
        Proof::verify(proof, &Asked { method: method.word(), place: &place, token, nonces: &self.parts.nonces, now })
    }
}

impl Admission {
    /// The proof that whoever calls holds the key that the token is bound to, if it is bound to one.
    pub(crate) fn possession(
        &self,
        arrival: &Arrival<'_>,
        scheme: Scheme,
        token: &str,
        claims: &Claims,
    ) -> Result<Option<Proof>, Problem> {
        let key = match (scheme, claims.key()) {
            (Scheme::Bearer, None) => return Ok(None),
            (Scheme::Bearer, Some(_)) => {
                return Err(authenticate::misused("the token is bound to a key: send it with a proof"));
            }
            (Scheme::Proof, None) => {
                return Err(authenticate::misused("the token is bound to no key: send it as a bearer token"));
            }
            (Scheme::Proof, Some(key)) => key,
        };
        let shown = one(arrival.headers).and_then(|shown| shown.ok_or(ProofError::Malformed));
        let request = (self.spec.method, arrival.target.path());
        let proved = shown.and_then(|shown| self.gate.prove(shown, request, Some(token), self.now));
        let proof = proved.map_err(authenticate::unproven)?;
        if proof.key() == key { Ok(Some(proof)) } else { Err(authenticate::unproven(ProofError::OtherKey)) }
    }

    /// Refuses a proof that this server saw before.
    pub(crate) fn first(&self, caller: &Caller, proof: &Proof) -> Result<(), Refused> {
        let elapsed = self.gate.parts.clock.elapsed();
        match self.gate.proofs.remember(proof, elapsed) {
            Remembered::New => Ok(()),
            Remembered::Replayed => {
                let charged = self.gate.parts.limiter.charge_network(self.ip, self.spec.limit, elapsed);
                let problem = authenticate::unproven(ProofError::Replayed);
                Err(self.refuse(Some(caller), "proof_replayed", problem, Some(charged)))
            }
            Remembered::Full => {
                let problem = Problem::unavailable("too many proofs came lately").retry_after(FULL_RETRY_S);
                Err(self.refuse(Some(caller), "proofs_full", problem, None))
            }
        }
    }
}
