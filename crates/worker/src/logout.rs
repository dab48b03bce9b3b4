//! Telling clients that sessions of theirs are over (OpenID Connect Back-Channel Logout, section 2.5). Where a client is told is a tenant's word: public hosts
//! alone are asked, no redirect is followed, nothing but the status of an answer is read, and nobody is waited for long.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use serde_json::json;
use tokio::{sync::Semaphore, task::JoinSet, time::Instant};
use wardgraph_audit::Entry;
use wardgraph_egress::{Address, Client, Request};
use wardgraph_gate::{StoreError, SystemParts};
use wardgraph_kernel::{ClientId, EventType, Outcome, Write};
use wardgraph_oauth::logout::{self, Due};
use wardgraph_tokens::{IdKind, OwnIssuer};

/// The actor of this work's events.
const WHY: &str = "logout";
/// How long to wait when nothing is due.
const IDLE: Duration = Duration::from_secs(1);
/// How long a client may take to answer.
const WITHIN: Duration = Duration::from_secs(5);
/// How many clients are being told at once, and how many of them on one host.
const AT_ONCE: usize = 64;
const ON_ONE_HOST: usize = 4;
/// How long a turn goes on beginning to tell. What waits still for its host, which is slow then, waits for a later turn: it keeps nobody else waiting.
const BEGINS_FOR: Duration = Duration::from_secs(2);
/// How long it waits.
const LATER: Duration = Duration::from_secs(2);

/// Tells clients. Any number of them may run, in any number of servers.
#[derive(Debug, Clone)]
pub struct LogoutWorker {
    parts: SystemParts,
    issuer: OwnIssuer,
    http: Client,
}

/// What came of it.
enum Came {
    /// The client knows.
    Told,
    /// It was not tried.
    Waits,
    /// It does not know. Why, without a word of what it answered.
    Failed(String),
}

/// Those that are due on one host.
type Waiting = Arc<Mutex<VecDeque<Due>>>;

impl LogoutWorker {
    /// A worker that has not begun. `http` asks what tenants may name.
    pub const fn new(parts: SystemParts, issuer: OwnIssuer, http: Client) -> Self {
        Self { parts, issuer, http }
    }

    /// Works until the task is dropped. What is not settled by then falls due again: a client may be told twice.
    pub async fn run(self) {
        loop {
            match self.turn().await {
                Ok(0) => tokio::time::sleep(IDLE).await,
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(%error, "clients could not be told of sign-outs; trying again");
                    tokio::time::sleep(IDLE).await;
                }
            }
        }
    }

    /// Tells what is due. Returns how many were claimed.
    pub async fn turn(&self) -> Result<usize, StoreError> {
        let mut queue = self.parts.queue()?;
        let claimed = logout::claim(&mut queue.tx::<Write>(), self.parts.clock.now()).await?;
        let count = claimed.len();
        let mut hosts = BTreeMap::<String, VecDeque<Due>>::new();
        for due in claimed {
            match due.to.as_deref() {
                // It wants to know nothing, or is no more.
                None => _ = logout::done(&mut queue.tx::<Write>(), &due).await?,
                Some(to) => {
                    let host = Address::parse(to).map(|address| address.host().to_owned()).unwrap_or_default();
                    hosts.entry(host).or_default().push_back(due);
                }
            }
        }
        queue.commit(&[]).await?;
        let (room, until) = (Arc::new(Semaphore::new(AT_ONCE)), Instant::now() + BEGINS_FOR);
        let mut lanes = JoinSet::new();
        for waiting in hosts.into_values() {
            let side_by_side = waiting.len().min(ON_ONE_HOST);
            let waiting = Arc::new(Mutex::new(waiting));
            for _ in 0..side_by_side {
                lanes.spawn(self.clone().lane(waiting.clone(), room.clone(), until));
            }
        }
        // One client's trouble is no other's: it falls due again with its lease.
        let mut trouble = Ok(count);
        while let Some(ended) = lanes.join_next().await {
            if let Ok(Err(error)) = ended {
                trouble = Err(error);
            }
        }
        trouble
    }

    /// Tells what waits for a host, one after another.
    async fn lane(self, waiting: Waiting, room: Arc<Semaphore>, until: Instant) -> Result<(), StoreError> {
        while let Some(due) = next(&waiting) {
            let room = room.acquire().await;
            let came = if room.is_ok() && Instant::now() < until { self.tell(&due).await } else { Came::Waits };
            self.settle(&due, came).await?;
        }
        Ok(())
    }

    async fn tell(&self, due: &Due) -> Came {
        let Some(address) = due.to.as_deref().and_then(|to| Address::parse(to).ok()) else {
            return Came::Failed("the address cannot be read".into());
        };
        let now = self.parts.clock.now();
        let claims = due.claims(self.issuer.iss(), now, &*self.parts.chance);
        let token = match self.issuer.sign_claims(IdKind::Logout, &claims, due.algorithm, now) {
            Ok(token) => token,
            Err(error) => return Came::Failed(error.to_string()),
        };
        // What a token is made of needs no escaping (RFC 7515, section 7.1).
        let form = format!("logout_token={}", token.expose());
        match self.http.send(Request::post_form(address, form, WITHIN, WITHIN)).await {
            Ok(answer) if answer.status.is_success() => Came::Told,
            Ok(answer) => Came::Failed(format!("the client answered {}", answer.status.as_u16())),
            Err(error) => Came::Failed(error.to_string()),
        }
    }

    async fn settle(&self, due: &Due, came: Came) -> Result<(), StoreError> {
        let now = self.parts.clock.now();
        let mut queue = self.parts.queue()?;
        match came {
            Came::Told => _ = logout::done(&mut queue.tx::<Write>(), due).await?,
            Came::Waits => {
                logout::later(&mut queue.tx::<Write>(), due, now.saturating_add(LATER).unwrap_or(now)).await?;
            }
            Came::Failed(why) => match due.again(now) {
                Some(at) => logout::again(&mut queue.tx::<Write>(), due, at).await?,
                None => return self.give_up(due, &why).await,
            },
        }
        queue.commit(&[]).await
    }

    /// Forgets it, and has that on record where the client worked.
    async fn give_up(&self, due: &Due, why: &str) -> Result<(), StoreError> {
        tracing::warn!(client = due.client, tries = due.tries, why, "a client could not be told of a sign-out");
        let mut work = self.parts.work::<Write>(WHY, due.organization.clone())?;
        let entries = if logout::done(&mut work.tx(), due).await? {
            let payload = json!({ "session": due.session, "tries": due.tries, "reason": why });
            let subject = ClientId::parse(&due.client).map(|id| (&id).into());
            vec![Entry { event_type: EventType::LogoutUndelivered, subject, outcome: Outcome::Failure, payload }]
        } else {
            Vec::new()
        };
        work.commit(entries).await
    }
}

fn next(waiting: &Waiting) -> Option<Due> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
}
