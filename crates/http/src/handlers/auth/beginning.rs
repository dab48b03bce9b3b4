//! A session begins, whatever its owner will hold: the one way from a proof to a session.

use std::net::IpAddr;

use wardgraph_gate::Tx;
use wardgraph_identity::{
    account::Seat,
    refresh::Client,
    session::{self, Credential, Lifetimes, NewSession, Proof, Use},
};
use wardgraph_kernel::{Identity, SessionId, Timestamp, UserId};
use wardgraph_oauth::follow;
use wardgraph_tokens::{Revocation, revoke};

use crate::Failure;

/// Who signed in, where, and when.
#[derive(Debug)]
pub(crate) struct Beginning<'a> {
    pub(in crate::handlers) user: UserId,
    pub(in crate::handlers) generation: i64,
    /// With what is granted there.
    pub(in crate::handlers) seat: &'a Seat,
    pub(in crate::handlers) device: &'a str,
    pub(in crate::handlers) ip: IpAddr,
    pub(in crate::handlers) network: String,
    pub(in crate::handlers) proof: Proof,
    pub(in crate::handlers) now: Timestamp,
}

impl Beginning<'_> {
    /// Begins the session `id`, used by `credential` from then on. Those of the account beyond as many as it may have end, with what clients began in them,
    /// and every server hears it. Tells until when it lives if it is not used.
    pub(in crate::handlers) async fn begin(
        &self,
        tx: &mut Tx<'_, Identity>,
        id: SessionId,
        credential: Credential<'_>,
        lifetimes: Lifetimes,
    ) -> Result<Timestamp, Failure> {
        let client = Client::new(self.device, self.network.clone());
        let at = Use { client: &client, device: self.device, ip: self.ip, now: self.now };
        let organization = &self.seat.organization;
        let new = NewSession { id, user: self.user, organization, credential, at: &at, lifetimes, proof: &self.proof };
        let begun = session::begin(tx, &new).await?;
        for ended in begun.crowded {
            let followed = follow::end_unknown(tx, ended, self.now).await?;
            for session in followed.into_iter().chain([ended]) {
                revoke(tx, Revocation::Session(&session.to_string()), self.now).await?;
            }
        }
        Ok(begun.until)
    }
}
