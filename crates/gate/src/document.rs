//! Clients that are known by the documents at their ids: fetched when they are met, kept as rows that codes and agreements refer to.
//!
//! **Invariants:** whoever names a document pays for its being fetched, by network (`fetching_counts_where_it_was_asked_for`); a document is fetched
//! once, however many name it at the same time (`a_document_is_fetched_once_for_all_who_wait`).

use std::{net::IpAddr, sync::Arc, time::Duration};

use serde_json::json;
use wardgraph_api::Problem;
use wardgraph_audit::{Entry, Subject};
use wardgraph_kernel::{ClientId, EventType, LimitClass, Timestamp};
use wardgraph_oauth::{
    Client, OAuthError,
    client::{
        fetch::{Documents, Fetched, NoDocument},
        registered::{self, Kept},
    },
};

use crate::{Gate, SystemParts, admit::too_many, client::look_up};

/// For how long a client is believed whose document cannot be fetched anew because its server is away.
const STALE: Duration = Duration::from_hours(24);

/// How clients are known by their documents.
#[derive(Debug)]
pub struct Described {
    /// What fetches documents.
    pub documents: Documents,
    /// How many such clients are kept.
    pub most: i64,
}

fn away(error: &OAuthError) -> Problem {
    Problem::unavailable("clients cannot be looked up now").retry_after(2).inside(error)
}

fn stands(client: &Client, now: Timestamp, grace: Duration) -> bool {
    client.believed_until.is_some_and(|until| now < until.saturating_add(grace).unwrap_or(Timestamp::MAX))
}

impl Gate {
    /// The client whose document lies at its id, as it is believed now.
    pub(crate) async fn described(self: &Arc<Self>, id: &ClientId, from: IpAddr) -> Result<Option<Arc<Client>>, Problem> {
        if self.parts.described.is_none() {
            return Ok(None);
        }
        if let Some(known) = self.at_hand(id) {
            return Ok(Some(known));
        }
        let elapsed = self.parts.clock.elapsed();
        let peeked = self.parts.limiter.peek_network(from, LimitClass::Client, elapsed);
        if !peeked.admitted {
            return Err(too_many(peeked));
        }
        // Whoever hangs up neither ends what others wait for nor has it begun again.
        let (gate, id) = (self.clone(), id.clone());
        let fetching = tokio::spawn(async move { gate.believe(&id, from).await });
        fetching.await.unwrap_or_else(|_| Err(Problem::internal("a client could not be looked up")))
    }

    /// What is remembered, if its document is still believed.
    fn at_hand(&self, id: &ClientId) -> Option<Arc<Client>> {
        self.remembered(id)
            .filter(|client| client.disabled_at.is_some() || stands(client, self.parts.clock.now(), Duration::ZERO))
    }

    async fn believe(&self, id: &ClientId, from: IpAddr) -> Result<Option<Arc<Client>>, Problem> {
        let Some(described) = &self.parts.described else { return Ok(None) };
        let _turn = described.documents.turn(id.as_str()).await;
        let now = self.parts.clock.now();
        if let Some(known) = self.at_hand(id) {
            return Ok(Some(known));
        }
        let known = look_up(&self.parts.store, id).await.map_err(|error| away(&error))?;
        if let Some(client) = known.as_ref().filter(|client| client.disabled_at.is_some() || stands(client, now, Duration::ZERO))
        {
            return Ok(Some(self.remember(client.clone())));
        }
        let fetched = if let Some(why) = described.documents.failed(id.as_str(), now) {
            Err(why)
        } else {
            self.parts.limiter.charge_network(from, LimitClass::Client, self.parts.clock.elapsed());
            described.documents.fetch(id.as_str(), self.parts.issuer.algorithms(), now).await
        };
        match fetched {
            Ok(fetched) => self.keep(described, id, &fetched, now).await,
            // As long as its server is away, it is who it was; not so once there is none, or one that is not to be believed.
            Err(NoDocument::Away) => Ok(known.filter(|client| stands(client, now, STALE)).map(|client| self.bound(client))),
            Err(NoDocument::Unfit) => Ok(None),
        }
    }

    async fn keep(
        &self,
        by: &Described,
        id: &ClientId,
        fetched: &Fetched,
        now: Timestamp,
    ) -> Result<Option<Arc<Client>>, Problem> {
        let (store, clock, chance) = (self.parts.store.clone(), self.parts.clock.clone(), self.parts.chance.clone());
        let parts = SystemParts { store, clock, chance };
        let kept = async {
            let mut work = parts.accounts("client id metadata document")?;
            let kept =
                registered::keep_document(&mut work.tx(), id, &fetched.described, fetched.believed_until, by.most, now).await?;
            let told = |event_type| {
                let of = &fetched.described.registered;
                let payload = json!({ "client_name": of.name, "redirect_uris": of.redirect_uris, "source": "document" });
                vec![Entry::done(event_type, Subject::from(id)).with(payload)]
            };
            let entries = match &kept {
                Kept::New(_) => told(EventType::ClientCreated),
                Kept::Changed(_) => told(EventType::ClientUpdated),
                Kept::Same(_) | Kept::NoRoom => Vec::new(),
            };
            work.commit(entries).await?;
            Ok::<_, OAuthError>(kept)
        };
        match kept.await.map_err(|error| away(&error))? {
            Kept::New(client) | Kept::Changed(client) | Kept::Same(client) => Ok(Some(self.remember(client))),
            Kept::NoRoom => Err(Problem::unavailable("no more clients can be known by their documents now").retry_after(3_600)),
        }
    }
}
