//! Telling clients that sessions of theirs are over (OpenID Connect Back-Channel Logout, section 2.5). Where a client is told is a tenant's word: public hosts
//! alone are asked, no redirect is followed, nothing but the status of an answer is read, and nobody is waited for long.
//!
//! **Invariant:** a slow host has one turn of its organization's, and an organization few of all: whoever is slow keeps nobody else's clients waiting, and
//! clients that are nobody's keep no organization's (`who_is_slow_to_hear_keeps_no_other_organization_waiting`).

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde_json::json;
use tokio::{task::JoinSet, time::Instant};
use wardgraph_audit::Entry;
use wardgraph_egress::{Address, Client, Request, Turns};
use wardgraph_gate::{StoreError, SystemParts};
use wardgraph_kernel::{ClientId, EventType, Outcome, Write};
use wardgraph_oauth::logout::{self, Due};
use wardgraph_tokens::{IdKind, OwnIssuer};

/// The actor of this work's events.
const WHY: &str = "logout";
/// How long to wait when nothing is due, and between two claims when something is.
const IDLE: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_millis(100);
/// How long a client may take to answer, and from when on it is slow.
const WITHIN: Duration = Duration::from_secs(5);
const SLOW: Duration = Duration::from_secs(1);
/// On how many hosts clients of organizations are told at once, and on how many those of one organization, and those that are nobody's.
const AT_ONCE: usize = 256;
const OF_ONE: usize = 4;
const OF_NOBODY: usize = 32;
/// How many are told at once on a host that is not slow.
const ON_ONE_HOST: usize = 4;
/// How long what waits for a host waits for its turn, and how long that goes on beginning to tell. What waits still then waits for a later one.
const PATIENCE: Duration = Duration::from_secs(2);
const BEGINS_FOR: Duration = Duration::from_secs(2);
/// How long it waits.
const LATER: Duration = Duration::from_secs(2);
/// For how many hosts something is claimed at once.
const MOST_HOSTS: usize = 512;

/// Tells clients. Any number of them may run, in any number of servers.
#[derive(Debug, Clone)]
pub struct LogoutWorker {
    parts: SystemParts,
    issuer: OwnIssuer,
    http: Client,
    vouched: Arc<Turns>,
    nobodys: Arc<Turns>,
}

/// What came of it.
enum Came {
    /// The client knows.
    Told,
    /// It does not know. Why, without a word of what it answered.
    Failed(String),
}

/// Those that are due on one host, of one organization's clients or of nobody's.
#[derive(Debug)]
struct OnAHost {
    owner: Option<String>,
    host: String,
    waiting: VecDeque<Due>,
}

/// What is told side by side.
type Waiting = Arc<Mutex<VecDeque<Due>>>;
/// What was begun.
type Begun = JoinSet<Result<(), StoreError>>;

impl LogoutWorker {
    /// A worker that has not begun. `http` asks what tenants may name.
    pub fn new(parts: SystemParts, issuer: OwnIssuer, http: Client) -> Self {
        let (vouched, nobodys) = (Turns::new(AT_ONCE, OF_ONE, 1), Turns::new(OF_NOBODY, OF_NOBODY, 1));
        Self { parts, issuer, http, vouched: Arc::new(vouched), nobodys: Arc::new(nobodys) }
    }

    /// Works until the task is dropped. What is not settled by then falls due again: a client may be told twice.
    pub async fn run(self) {
        let mut begun = Begun::new();
        loop {
            while let Some(ended) = begun.try_join_next() {
                if let Ok(Err(error)) = ended {
                    tracing::warn!(%error, "a client could not be told of sign-outs; it falls due again");
                }
            }
            let claimed = if begun.len() < MOST_HOSTS { self.begin(&mut begun).await } else { Ok(0) };
            let rest = match claimed {
                Ok(0) => IDLE,
                Ok(_) => PAUSE,
                Err(error) => {
                    tracing::warn!(%error, "clients could not be told of sign-outs; trying again");
                    IDLE
                }
            };
            tokio::time::sleep(rest).await;
        }
    }

    /// Tells what is due, and waits until that is done. Returns how many were claimed.
    pub async fn turn(&self) -> Result<usize, StoreError> {
        let mut begun = Begun::new();
        // One client's trouble is no other's: it falls due again with its lease.
        let mut trouble = Ok(self.begin(&mut begun).await?);
        while let Some(ended) = begun.join_next().await {
            if let Ok(Err(error)) = ended {
                trouble = Err(error);
            }
        }
        trouble
    }

    /// Claims what is due, and begins to tell it.
    async fn begin(&self, begun: &mut Begun) -> Result<usize, StoreError> {
        let (mut queue, now) = (self.parts.queue()?, self.parts.clock.now());
        let mut claimed = logout::claim(&mut queue.tx::<Write>(), true, now).await?;
        claimed.extend(logout::claim(&mut queue.tx::<Write>(), false, now).await?);
        let (count, mut places, mut hosts) = (claimed.len(), BTreeMap::new(), Vec::<OnAHost>::new());
        for due in claimed {
            let Some(to) = due.to.as_deref() else {
                // It wants to know nothing, or is no more.
                logout::done(&mut queue.tx::<Write>(), &due).await?;
                continue;
            };
            let host = Address::parse(to).map(|address| address.host().to_owned()).unwrap_or_default();
            let place = *places.entry((due.owner.clone(), host.clone())).or_insert(hosts.len());
            match hosts.get_mut(place) {
                Some(known) => known.waiting.push_back(due),
                None => hosts.push(OnAHost { owner: due.owner.clone(), host, waiting: [due].into() }),
            }
        }
        queue.commit(&[]).await?;
        for host in hosts {
            begun.spawn(self.clone().tell_all(host));
        }
        Ok(count)
    }

    /// Tells what waits for a host: one first, and others side by side once it is seen that the host is not slow.
    async fn tell_all(self, mut of: OnAHost) -> Result<(), StoreError> {
        let (turns, owner) = of.owner.as_deref().map_or((&self.nobodys, ""), |owner| (&self.vouched, owner));
        let Some(_turn) = turns.take(owner, &of.host, PATIENCE).await else { return self.put_off(&of.waiting.into()).await };
        let began = Instant::now();
        if let Some(first) = of.waiting.pop_front() {
            let came = self.tell(&first).await;
            self.settle(&first, came).await?;
        }
        let is_slow = began.elapsed() >= SLOW;
        let side_by_side = if is_slow { 0 } else { of.waiting.len().min(ON_ONE_HOST) };
        let (waiting, mut lanes, mut trouble) = (Waiting::new(of.waiting.into()), Begun::new(), Ok(()));
        for _ in 0..side_by_side {
            lanes.spawn(self.clone().lane(waiting.clone(), began + BEGINS_FOR));
        }
        while let Some(ended) = lanes.join_next().await {
            trouble = ended.unwrap_or(Ok(())).and(trouble);
        }
        self.put_off(&waiting).await.and(trouble)
    }

    /// Tells what waits, one after another, and begins none after `until`.
    async fn lane(self, waiting: Waiting, until: Instant) -> Result<(), StoreError> {
        while Instant::now() < until {
            let Some(due) = all(&waiting).pop_front() else { break };
            let came = self.tell(&due).await;
            self.settle(&due, came).await?;
        }
        Ok(())
    }

    /// Has what was not tried wait for a later turn.
    async fn put_off(&self, waiting: &Mutex<VecDeque<Due>>) -> Result<(), StoreError> {
        let left: Vec<_> = all(waiting).drain(..).collect();
        if left.is_empty() {
            return Ok(());
        }
        let (mut queue, now) = (self.parts.queue()?, self.parts.clock.now());
        logout::later(&mut queue.tx::<Write>(), &left, now.saturating_add(LATER).unwrap_or(now)).await?;
        queue.commit(&[]).await
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

fn all(waiting: &Mutex<VecDeque<Due>>) -> MutexGuard<'_, VecDeque<Due>> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner)
}
