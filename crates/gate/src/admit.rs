//! Admission: one function that reads top to bottom.

use std::{net::IpAddr, sync::Arc, time::Duration};

use serde_json::json;
use wardgraph_access::Bound as Most;
use wardgraph_api::Problem;
use wardgraph_audit::{Circumstances, Fold, Refusal};
use wardgraph_identity::{api_key::KeyText, session::browser::CookieText};
use wardgraph_kernel::{
    Access, ActorType, Chance, ChangeKind, Clock, Endpoint, EventType, LimitClass, Method, RequestId, Rows, Spec, TenantId,
    Timestamp,
};
use wardgraph_limits::{Decision, Limiter, Network};
use wardgraph_store::Store;
use wardgraph_tokens::{
    Binding, Claims, Fingerprint, OwnIssuer, OwnKeyError, TokenError, Verified, Verifier,
    dpop::{Nonces, Proof, Replays},
};

use crate::{
    Arrival, Browser, Proxies, WebhookKeys,
    api_key::{KeyRing, NoKey},
    authenticate::{self, Credential, Scheme},
    binding::{Bindings, Bound, Claim},
    browser,
    caller::{Caller, forbidden, stale},
    client::ClientRing,
    document::Described,
    entry::Entry,
    ledger::Ledger,
    premises::PremisesRing,
    resource::Resource,
    seen::Seen,
    standing::Standings,
    uses::Uses,
    watch::{self, Watch},
};

/// How many different refusals are told apart within a second.
const FOLDED: usize = 10_000;

/// What a gate is made of.
#[derive(Debug)]
pub struct GateParts {
    /// The database.
    pub store: Store,
    /// Whose tokens are believed.
    pub verifier: Verifier,
    /// This server as an issuer: whose tokens can be taken back before they expire.
    pub issuer: OwnIssuer,
    /// What proofs of possession must carry.
    pub nonces: Nonces,
    /// How often is too often.
    pub limiter: Limiter,
    /// How clients are known by the documents at their ids, if they are.
    pub described: Option<Described>,
    /// The most that clients may ask for that nobody vouched for, whatever they were registered with.
    pub registered_scopes: Arc<[String]>,
    /// For how long after signing in a person may do what asks for a fresh sign-in.
    pub fresh_for: Duration,
    /// Which proxies are believed.
    pub proxies: Proxies,
    /// The keys of outside systems that sign what they send.
    pub webhooks: WebhookKeys,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub chance: Arc<dyn Chance>,
}

/// The gate. Holds the store, so that there is no way to data around it.
#[derive(Debug)]
pub struct Gate {
    pub(crate) parts: GateParts,
    pub(crate) fold: Fold,
    pub(crate) keys: KeyRing,
    pub(crate) proofs: Replays,
    pub(crate) clients: ClientRing,
    pub(crate) premises: PremisesRing,
    pub(crate) ledger: Ledger,
    bindings: Bindings,
    pub(crate) watch: Watch,
    pub(crate) standings: Standings,
    pub(crate) uses: Uses,
    seen: Seen,
}

/// Who was let in, to what, and when. Inside every pass; made here alone.
#[derive(Debug, Clone)]
pub(crate) struct Admission {
    pub(crate) gate: Arc<Gate>,
    pub(crate) spec: &'static Spec,
    pub(crate) request_id: RequestId,
    pub(crate) now: Timestamp,
    pub(crate) ip: IpAddr,
    /// Which browser asks, where the endpoint is a page.
    pub(crate) browser: Option<Arc<Browser>>,
    /// Who calls in whose place, as far as somebody does.
    pub(crate) acting: Option<serde_json::Value>,
}

/// A credential that is believed.
struct Shown {
    verified: Verified,
    proof: Option<Proof>,
    /// What an API key leaves of what its owner may do.
    key: Option<Arc<Most>>,
}

/// A pass, and what the answer's headers say of the caller's limit.
#[derive(Debug)]
pub struct Admitted<P> {
    /// The pass.
    pub pass: P,
    /// The bucket that was charged, for the `RateLimit` headers.
    pub limit: Option<Decision>,
    /// Where it comes from.
    pub from: IpAddr,
    /// Whose request it is: what it holds of the server's memory counts as that tenant's.
    pub tenant: Option<TenantId>,
    /// Which browser asks, where the endpoint is a page: for a page that is shown instead of what the handler would have answered.
    pub browser: Option<Arc<Browser>>,
}

/// A refusal, and what its headers say of the limit.
pub type Refused = Box<(Problem, Option<Decision>)>;

impl Gate {
    /// A gate of these parts.
    pub fn new(parts: GateParts) -> Arc<Self> {
        Arc::new(Self {
            parts,
            fold: Fold::new(FOLDED),
            keys: KeyRing::new(),
            proofs: Replays::default(),
            clients: ClientRing::new(),
            premises: PremisesRing::new(),
            ledger: Ledger::default(),
            bindings: Bindings::new(),
            watch: Watch::new(),
            standings: Standings::new(),
            uses: Uses::default(),
            seen: Seen::new(),
        })
    }

    /// Time, for whoever stands outside of a request.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.parts.clock
    }

    /// A fresh request id.
    pub fn request_id(&self) -> RequestId {
        RequestId::new(self.parts.clock.now(), &*self.parts.chance)
    }

    /// Lets a request in to endpoint `E`, or refuses it. The body is read only after this.
    pub async fn admit<E>(self: &Arc<Self>, arrival: &Arrival<'_>) -> Result<Admitted<<E::Entry as Entry>::Pending<E>>, Refused>
    where
        E: Endpoint,
        E::Entry: Entry,
    {
        let ip = self.parts.proxies.client(arrival);
        let (now, request_id) = (self.parts.clock.now(), arrival.request_id);
        let mut admission = Admission { gate: self.clone(), spec: &E::SPEC, request_id, now, ip, browser: None, acting: None };
        if E::SPEC.is_page() {
            admission.browser = Some(Arc::new(Browser::asking(arrival.headers, &E::SPEC, &*self.parts.chance)));
            if let Err(problem) = browser::judge(arrival.headers, E::SPEC.method, self.parts.issuer.iss()) {
                return Err(admission.refuse(None, "another_site", problem, None));
            }
        }
        let browser = admission.browser.clone();
        Ok(Admitted { browser, ..E::Entry::admit::<E>(admission, arrival).await? })
    }

    /// Hears what every server must know, again and again, until the task is dropped.
    pub async fn keep_listening(self: Arc<Self>) {
        let mut turn = tokio::time::interval(watch::EVERY);
        turn.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut fails = false;
        loop {
            turn.tick().await;
            match self.hear().await {
                Ok(()) => fails = false,
                Err(error) if !fails => {
                    tracing::warn!(%error, "revocations and keys cannot be heard of: tokens of this server are refused until they can");
                    fails = true;
                }
                Err(_) => {}
            }
        }
    }

    /// Hears what every server must know: what was taken back, and the keys that this server signs with.
    pub async fn hear(&self) -> Result<(), OwnKeyError> {
        self.watch.hear(&self.parts.store, &self.parts.issuer, &*self.parts.clock).await
    }

    /// Refuses with 503 unless what was taken back is known as of the last second. Waits for nobody then; else asks the database first,
    /// and says so: what was judged before may be judged otherwise now.
    pub(crate) async fn fresh(&self) -> Result<bool, Problem> {
        if self.watch.is_fresh(&*self.parts.clock) {
            return Ok(false);
        }
        let asked = Box::pin(self.watch.freshen(&self.parts.store, &self.parts.issuer, &*self.parts.clock)).await;
        asked.map_err(|error| Problem::unavailable("revocations cannot be looked up now").retry_after(1).inside(&error))?;
        Ok(true)
    }

    /// Whether something was taken back, as far as was heard; see `fresh`. `number` is what a generation is compared with, where the kind
    /// has one.
    pub fn is_revoked(&self, kind: ChangeKind, subject: &str, number: i64) -> bool {
        self.watch.denies(kind, subject, number)
    }

    /// Fetches the keys that issuers publish, now and again, until the task is dropped: so long is a key believed that was taken back.
    pub async fn keep_keys(self: Arc<Self>) {
        while let Some(wait) = self.renew_keys().await {
            tokio::time::sleep(wait).await;
        }
        std::future::pending::<()>().await;
    }

    /// Fetches the keys that issuers publish, and tells when to do it again; never if no issuer publishes any.
    pub async fn renew_keys(&self) -> Option<Duration> {
        self.parts.verifier.renew_all(self.parts.clock.now()).await
    }
}

impl Admission {
    /// Client address limit, credential, tenant limit, permission: in this order, for every endpoint that asks for a credential.
    pub(crate) async fn caller(&self, arrival: &Arrival<'_>) -> Result<(Caller, Decision), Refused> {
        let (class, elapsed) = (self.spec.limit, self.gate.parts.clock.elapsed());
        let network = self.gate.parts.limiter.peek_network(self.ip, class, elapsed);
        if !network.admitted {
            return Err(self.refuse(None, "rate_limited", too_many(network), Some(network)));
        }

        let Shown { verified, proof, key } = match self.credential(arrival).await {
            Ok(shown) => shown,
            Err(problem) => {
                let charged = self.gate.parts.limiter.charge_network(self.ip, class, elapsed);
                // Keys that are away are nobody's fault, and stand in the metrics.
                let away = problem.status == 503;
                let problem = self.pointing(problem);
                return Err(if away {
                    Box::new((problem, None))
                } else {
                    self.refuse(None, "unauthenticated", problem, Some(charged))
                });
            }
        };
        self.speaks_for(&verified.claims).await?;
        let mut caller = Caller::known(verified.claims);

        let tenant = self.gate.parts.limiter.charge_tenant(&caller.claims.tenant, class, 1, elapsed);
        if !tenant.admitted {
            return Err(self.refuse(Some(&caller), "rate_limited", too_many(tenant), Some(tenant)));
        }
        if let Some(proof) = proof {
            // Within the tenant's limit, so that nobody fills the memory alone.
            self.first(&caller, &proof)?;
        }
        self.seen(&caller, verified.fingerprint);
        match self.gate.authority(&caller.claims, self.browser.is_some(), key, self.now).await {
            Ok(Some(authority)) => caller.authority = authority,
            Ok(None) => return Err(self.refuse(Some(&caller), "holds_nothing", self.holds_nothing(&caller), Some(tenant))),
            // That it cannot be known now is nobody's fault, and stands in the metrics.
            Err(problem) => return Err(Box::new((problem, Some(tenant)))),
        }
        self.on_premises(&caller).await?;
        let resource = Resource::of(self.spec, arrival.target.path());
        let asked = match self.spec.access {
            Access::Permission(permission) => Some(permission),
            _ => None,
        };
        if let Some(permission) = asked.filter(|asked| !caller.authority.allows(*asked, resource.on())) {
            return Err(self.refuse(Some(&caller), "forbidden", forbidden(permission, Scheme::of(&caller.claims)), Some(tenant)));
        }
        let somebody = if self.spec.rows == Rows::Subject { caller.person().is_some() } else { caller.account().is_some() };
        if self.spec.asks_for_a_person() && !somebody {
            let problem = Problem::forbidden("sign in here for this: the credential is no session of a person's account");
            return Err(self.refuse(Some(&caller), "no_account", problem, Some(tenant)));
        }
        if self.spec.fresh.is_some() && !caller.signed_in_since(self.now, self.gate.parts.fresh_for) {
            let problem = stale(self.gate.parts.fresh_for, Scheme::of(&caller.claims));
            return Err(self.refuse(Some(&caller), "stale_sign_in", problem, Some(tenant)));
        }
        self.gate.note_use(&caller.authority, asked, resource, self.now);
        Ok((caller, tenant))
    }

    /// The credential, verified. Waits for nobody, unless the token's key is not at hand, or the API key was not met lately; or for a page, whose
    /// session is looked at.
    async fn credential(&self, arrival: &Arrival<'_>) -> Result<Shown, Problem> {
        if let Some(browser) = &self.browser {
            return Ok(Shown { verified: Box::pin(self.session(browser)).await?, proof: None, key: None });
        }
        match authenticate::credential(arrival.headers)? {
            Credential::Token(scheme, token) => {
                let verified = self.token(scheme, token).await?;
                let proof = self.possession(arrival, scheme, token, &verified.claims)?;
                Ok(Shown { verified, proof, key: None })
            }
            Credential::Key(text) => self.key(text).await,
        }
    }

    async fn token(&self, scheme: Scheme, token: &str) -> Result<Verified, Problem> {
        let refused = |error| authenticate::refused(scheme, error);
        let issuers = &self.gate.parts.verifier;
        let judged = match issuers.verify(token, self.now) {
            Err(TokenError::UnknownKey | TokenError::KeysUnavailable) => {
                // On the heap, as below: what rarely happens takes no room in every request's future.
                let renewed = Box::pin(issuers.renew(token, self.now)).await;
                // What is at hand may do although nothing new came.
                issuers.verify(token, self.now).map_err(|error| renewed.err().unwrap_or(error))
            }
            judged => judged,
        };
        let mut verified = judged.map_err(refused)?;
        if verified.claims.own.is_some() {
            if self.gate.fresh().await? {
                // The key that signed it may have been taken back.
                verified = issuers.verify(token, self.now).map_err(refused)?;
            }
            if self.gate.watch.denies_token(&verified.claims) {
                return Err(refused(TokenError::Revoked));
            }
        }
        Ok(verified)
    }

    async fn key(&self, text: &str) -> Result<Shown, Problem> {
        let key = KeyText::read(text).ok_or_else(authenticate::unknown_key)?;
        let fingerprint = Fingerprint::of(text).ok_or_else(authenticate::unknown_key)?;
        self.gate.fresh().await?;
        match self.gate.key(&key, self.ip, self.now).await {
            Ok(met) => {
                let verified = Verified { claims: met.claims.clone(), first_seen: false, fingerprint };
                Ok(Shown { verified, proof: None, key: Some(met.bound.clone()) })
            }
            Err(NoKey::Unknown) => Err(authenticate::unknown_key()),
            Err(NoKey::Elsewhere) => Err(Problem::forbidden("this API key may not be used from this address")),
            Err(NoKey::Away(error)) => {
                Err(Problem::unavailable("API keys cannot be looked up now").retry_after(2).inside(&error))
            }
        }
    }

    /// What whoever is told who holds nothing in their tenant any more: the credential is good for nothing.
    fn holds_nothing(&self, caller: &Caller) -> Problem {
        let claims = &caller.claims;
        match claims.actor.kind {
            _ if self.browser.is_some() => Problem::unauthenticated("sign in first: there is no session, or it has ended"),
            ActorType::ApiKey => authenticate::unknown_key(),
            _ => authenticate::refused(Scheme::of(claims), TokenError::Revoked),
        }
    }

    /// Refuses a token whose issuer may not speak for its tenant, at the cost of the client's address. Waits only for a tenant that was not met
    /// yet; that the database is away costs nobody anything.
    async fn speaks_for(&self, claims: &Claims) -> Result<(), Refused> {
        let Binding::FirstSeen { issuer, per_hour } = &claims.binding else { return Ok(()) };
        let claim = Claim { tenant: &claims.tenant, issuer, per_hour: *per_hour, now: self.now };
        let bound = if let Some(bound) = self.gate.bindings.find(&claim) {
            bound
        } else {
            let circumstances =
                Circumstances { actor: claims.actor.clone(), request_id: Some(self.request_id), ip: Some(self.ip) };
            let parts = &self.gate.parts;
            let settled = Box::pin(self.gate.bindings.settle(&claim, &parts.store, &circumstances, &*parts.chance)).await;
            settled.map_err(|error| {
                Box::new((Problem::unavailable("the database is not available").retry_after(2).inside(&error), None))
            })?
        };
        let (reason, problem) = match bound {
            Bound::Own => return Ok(()),
            Bound::Foreign => ("foreign_tenant", authenticate::refused(Scheme::Bearer, TokenError::ForeignTenant)),
            Bound::TooMany { seconds } => {
                let detail = format!("the token's issuer brought too many new tenants: come back in {seconds} s");
                ("too_many_tenants", Problem::too_many(detail).retry_after(seconds))
            }
        };
        let charged = self.gate.parts.limiter.charge_network(self.ip, self.spec.limit, self.gate.parts.clock.elapsed());
        Err(self.refuse(None, reason, problem, Some(charged)))
    }

    /// The session that a browser holds the cookie of.
    async fn session(&self, browser: &Browser) -> Result<Verified, Problem> {
        let unknown = || Problem::unauthenticated("sign in first: there is no session, or it has ended");
        let cookie = CookieText::read(browser.cookie()).ok_or_else(unknown)?;
        let fingerprint = Fingerprint::of(browser.cookie()).ok_or_else(unknown)?;
        let met = self.gate.browser_session(&cookie, self.ip, self.now).await;
        let met = met.map_err(|error| Problem::unavailable("sessions cannot be looked up now").retry_after(2).inside(&error))?;
        let claims = Arc::new(met.ok_or_else(unknown)?);
        Ok(Verified { claims, first_seen: false, fingerprint })
    }

    /// Refuses a form that this server did not show to the browser which sends it.
    pub(crate) fn vouched(&self, body: &[u8]) -> Result<(), Problem> {
        let Some(browser) = self.browser.as_ref().filter(|_| self.spec.method != Method::GET) else { return Ok(()) };
        browser::vouched(browser, body).map_err(|problem| self.refuse(None, "another_form", problem, None).0)
    }

    /// The client address limit of endpoints that ask for no credential: each call is charged, but where clients of the OAuth server call.
    pub(crate) fn stranger(&self) -> Result<Option<Decision>, Refused> {
        if self.spec.limit == LimitClass::Probe {
            return Ok(None);
        }
        let (limiter, elapsed) = (&self.gate.parts.limiter, self.gate.parts.clock.elapsed());
        // Of clients' requests only those count that fail: see `Gate::failed`.
        let charged = if self.spec.is_for_clients() {
            limiter.peek_network(self.ip, self.spec.limit, elapsed)
        } else {
            limiter.charge_network(self.ip, self.spec.limit, elapsed)
        };
        if charged.admitted {
            Ok(Some(charged))
        } else {
            Err(self.refuse(None, "rate_limited", too_many(charged), Some(charged)))
        }
    }

    /// Says where tokens come from to whoever has none that is good (RFC 9728, section 5.1).
    fn pointing(&self, mut problem: Problem) -> Problem {
        let asks_for_a_token = |challenge: &str| ["Bearer ", "DPoP "].iter().any(|scheme| challenge.starts_with(scheme));
        if problem.status != 401 || self.spec.is_page() || !problem.challenge.as_deref().is_some_and(asks_for_a_token) {
            return problem;
        }
        let challenge = problem.challenge.take().unwrap_or_default();
        let iss = self.gate.parts.issuer.iss();
        problem.challenge(format!(r#"{challenge}, resource_metadata="{iss}/.well-known/oauth-protected-resource""#))
    }

    /// Refuses, and has it on record.
    pub(crate) fn refuse(
        &self,
        caller: Option<&Caller>,
        reason: &'static str,
        problem: Problem,
        limit: Option<Decision>,
    ) -> Refused {
        self.gate.fold.add(self.happening(EventType::AccessRefused, caller, reason));
        Box::new((problem, limit))
    }

    /// Has something on record that is folded like a refusal.
    pub(crate) fn observe(&self, event_type: EventType, caller: &Caller, reason: &'static str) {
        self.gate.fold.add(self.happening(event_type, Some(caller), reason));
    }

    /// A token's first use from each address is on record; its every use is not.
    fn seen(&self, caller: &Caller, token: Fingerprint) {
        if self.gate.seen.is_new(token, self.ip, self.now) {
            self.observe(EventType::TokenAccepted, caller, "accepted");
        }
    }

    fn happening(&self, event_type: EventType, caller: Option<&Caller>, reason: &'static str) -> Refusal {
        Refusal {
            event_type,
            tenant: caller.map(|caller| caller.claims.tenant.clone()),
            actor: caller.map(|caller| caller.claims.actor.clone()),
            // Strangers fold by network, so that one subscriber's many addresses fill one entry.
            ip: if caller.is_some() { self.ip } else { Network::of(self.ip).address() },
            endpoint: self.spec.id,
            reason,
        }
    }

    /// What the request event says besides its circumstances.
    pub(crate) fn payload(&self) -> serde_json::Value {
        match &self.acting {
            None => json!({ "method": self.spec.method.word(), "path": self.spec.path }),
            Some(act) => json!({ "method": self.spec.method.word(), "path": self.spec.path, "act": act }),
        }
    }
}

pub(crate) fn too_many(decision: Decision) -> Problem {
    let seconds = decision.retry_after.map_or(1, |wait| wait.as_millis().div_ceil(1_000).max(1));
    let detail = format!("the `{}` limit is reached: come back in {seconds} s", decision.class.word());
    Problem::too_many(detail).retry_after(u64::try_from(seconds).unwrap_or(u64::MAX))
}
