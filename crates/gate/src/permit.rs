//! The pass of a caller who proved who they are, and may do this.

use std::{fmt, marker::PhantomData, sync::Arc};

use wardgraph_access::{Name, On};
use wardgraph_api::Problem;
use wardgraph_audit::Circumstances;
use wardgraph_kernel::{
    Actor, Chance, ClientId, Endpoint, EventType, LimitClass, Mode, Owner, Permission, Read, RequestId, Rows, SessionId,
    TenantId, Timestamp, UserId,
};
use wardgraph_oauth::{Client, scope};
use wardgraph_store::{Plan, Role, Scope, StoreError, Unit};
use wardgraph_tokens::{Ancestor, OwnClaims};

use crate::{
    Authority, Browser, Confirmed, Finish, Look, Others, Work,
    admit::{Admission, too_many},
    caller::Caller,
    idempotency::{Asked, Claim, Key, ROLLED_BACK_WITHIN},
};

/// The account and the session of a person who signed in here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Account {
    /// The account.
    pub user: UserId,
    /// The session that the call is made with.
    pub session: SessionId,
    /// The account's generation when the call's token was signed.
    pub generation: i64,
}

/// The person that a credential is of, and what may be told of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The person.
    pub user: UserId,
    /// What whoever calls may be told, in the words of scopes.
    pub scopes: Vec<String>,
}

/// Leave to do what endpoint `E` does, in the caller's tenant or, where the table says so, with the shared rows. Made by admission alone; a
/// request has one, and it begins one unit of work.
#[must_use = "a permit that begins nothing answers nothing"]
pub struct Permit<E> {
    admission: Admission,
    caller: Caller,
    /// On the heap, as what holds a key is: few requests name one, and every one would be larger for it.
    asked: Option<Box<Asked>>,
    /// The transaction that holds the request's idempotency key.
    held: Option<Box<(Unit, Key)>>,
    endpoint: PhantomData<fn() -> E>,
}

impl<E: Endpoint> Permit<E> {
    pub(crate) fn new(admission: Admission, caller: Caller, asked: Option<Asked>) -> Self {
        let acting = caller.claims.own.as_ref().and_then(|own| own.chain().act());
        let admission = Admission { acting, ..admission };
        Self { admission, caller, asked: asked.map(Box::new), held: None, endpoint: PhantomData }
    }

    /// Claims the idempotency key of a write, if the request names one; or finds the answer that it got before.
    pub(crate) async fn confirm(mut self, body: &[u8]) -> Result<Confirmed<Self>, Problem>
    where
        E::Mode: Finish,
    {
        self.admission.vouched(body)?;
        match self.asked.take().filter(|_| <E::Mode as Finish>::KEEPS && E::SPEC.answers_again()) {
            Some(asked) => Box::pin(self.claim(*asked, body)).await,
            None => Ok(Confirmed::Pass(self)),
        }
    }

    async fn claim(mut self, asked: Asked, body: &[u8]) -> Result<Confirmed<Self>, Problem>
    where
        E::Mode: Finish,
    {
        let claims = &self.caller.claims;
        // A subject is unique within its issuer only, what a client does for a person is not that person's other clients' to find, and none of the three
        // has control characters.
        let client = claims.own.as_ref().map(|own| format!("\u{1f}{}", own.client_id)).unwrap_or_default();
        let key = asked.key(format!("{}\u{1f}{}{client}", claims.issuer, claims.actor.id), E::SPEC.id, body).await?;
        let fresh = || self.unit(Plan::Generic).map_err(|error| Problem::internal("the server failed").inside(&error));
        let mut unit = fresh()?;
        let mut claim = key.claim(&mut unit, &claims.tenant, self.admission.now).await?;
        if matches!(claim, Claim::Busy) {
            // What was refused a moment ago may still be on its way to being rolled back. Nobody waits for that with a connection in hand.
            drop(unit);
            tokio::time::sleep(ROLLED_BACK_WITHIN).await;
            unit = fresh()?;
            claim = key.claim(&mut unit, &claims.tenant, self.admission.now).await?;
        }
        match claim {
            Claim::Busy => Err(Problem::conflict("a request with this `Idempotency-Key` is still running").retry_after(1)),
            Claim::Held => {
                // The key is held until the end, also where the domain undoes what it did and does it again.
                unit.keep_with_next();
                self.held = Some(Box::new((unit, key)));
                Ok(Confirmed::Pass(self))
            }
            Claim::Answered(kept) => {
                let tenant = self.caller.claims.tenant.clone();
                let again = Work::<E>::new(unit, self.circumstances(), tenant, self.admission, None).answered_again();
                again
                    .await
                    .map_err(|error| Problem::unavailable("the database is not available").retry_after(2).inside(&error))?;
                Ok(Confirmed::Again(kept))
            }
        }
    }

    pub(crate) const fn admission(&self) -> &Admission {
        &self.admission
    }

    pub(crate) const fn caller(&self) -> &Caller {
        &self.caller
    }

    fn unit(&self, plan: Plan) -> Result<Unit, StoreError>
    where
        E::Mode: Mode,
    {
        // Under the administrator's role row-level security guards little: it serves shared rows and accounts, each behind a permission of its own.
        let role = match E::SPEC.rows {
            Rows::Members if self.administers() => Role::Admin,
            Rows::Own | Rows::Account | Rows::Subject | Rows::Members | Rows::Organization => Role::App,
            Rows::Shared | Rows::Accounts | Rows::Directory => Role::Admin,
        };
        self.admission.gate.parts.store.unit::<E::Mode>(role, self.scope(), plan)
    }

    fn scope(&self) -> Scope {
        match (E::SPEC.rows, self.caller.account()) {
            (Rows::Account, Some(account)) => Scope::Account(self.caller.claims.tenant.clone(), account.user),
            (Rows::Subject, _) => match self.caller.person() {
                Some(user) => Scope::Account(self.caller.claims.tenant.clone(), user),
                None => Scope::Nobody,
            },
            (Rows::Organization, caller) if E::SPEC.event.is_some() => {
                Scope::Organization(self.caller.claims.tenant.clone(), caller.map(|account| account.user))
            }
            (Rows::Members | Rows::Organization, _) => Scope::Members(self.caller.claims.tenant.clone()),
            _ => Scope::from(self.owner()),
        }
    }

    /// Whether the caller is a person of this server who administers everybody's accounts. A token that was signed elsewhere says nothing of
    /// people here, whatever its scopes.
    pub fn administers(&self) -> bool {
        self.caller.account().is_some() && self.caller.authority.allows(Permission::UsersWrite, On::All)
    }

    /// A look at the caller's own account, before the unit of work begins.
    pub fn look(&self) -> Result<Look<Read>, StoreError> {
        Ok(Look::new(self.admission.gate.parts.store.unit::<Read>(Role::App, self.scope(), Plan::Generic)?))
    }

    /// The caller's account. Admission has seen to it that there is one, where the table says `rows: Account`.
    ///
    /// # Errors
    /// Elsewhere.
    pub fn account(&self) -> Result<Account, Problem> {
        self.caller.account().ok_or_else(|| Problem::internal("an endpoint without an account asked for one"))
    }

    /// The person that the credential is of, where the table says `rows: Subject`: a client's as far as its scopes go, or the person's own.
    ///
    /// # Errors
    /// 403 for a client's without the scope `openid`.
    pub fn person(&self) -> Result<Person, Problem> {
        let user = self.caller.person().ok_or_else(|| Problem::internal("an endpoint without a person asked for one"))?;
        let own = self.own().filter(|own| own.is_a_clients());
        let all = || scope::PERSONAL.iter().map(|&word| word.to_owned()).collect();
        let scopes = own.map_or_else(all, |own| own.scopes.to_vec());
        if scopes.iter().any(|word| word == scope::OPENID) {
            return Ok(Person { user, scopes });
        }
        let challenge = r#"Bearer realm="wardgraph", error="insufficient_scope", scope="openid""#;
        Err(Problem::forbidden("the scope `openid` is needed").challenge(challenge))
    }

    /// The client of this name that asks, as it is registered now. Waits for nobody if it was met lately.
    ///
    /// # Errors
    /// 503 while that cannot be known.
    pub async fn client(&self, id: &ClientId) -> Result<Option<Arc<Client>>, Problem> {
        self.admission.gate.client(id, self.admission.ip).await
    }

    /// The same of one that a browser names, in which there is a person and not the client.
    ///
    /// # Errors
    /// As [`Self::client`].
    pub async fn named_client(&self, id: &ClientId) -> Result<Option<Arc<Client>>, Problem> {
        self.admission.gate.named_client(id, self.admission.ip).await
    }

    /// Begins the unit of work. Sends nothing and holds no connection until its first statement.
    pub fn begin(self) -> Result<Work<E>, StoreError>
    where
        E::Mode: Mode,
    {
        self.begin_planned(Plan::Generic)
    }

    /// Begins a unit of work whose statements are planned with their values known: for search.
    pub fn begin_planned(mut self, plan: Plan) -> Result<Work<E>, StoreError>
    where
        E::Mode: Mode,
    {
        let (unit, key) = match self.held.take().map(|held| *held) {
            Some((unit, key)) => (unit, Some(key)),
            None => (self.unit(plan)?, None),
        };
        Ok(Work::new(unit, self.circumstances(), self.caller.claims.tenant.clone(), self.admission, key))
    }

    /// Counts the items of a batch. More than are taken at once is 413; more than are taken now is 429.
    pub fn charge_items(&self, items: usize) -> Result<(), Problem> {
        let parts = &self.admission.gate.parts;
        let items = u32::try_from(items).unwrap_or(u32::MAX);
        parts.limiter.check_batch(LimitClass::Items, items).map_err(|error| Problem::too_large(error.to_string()))?;
        let decision = parts.limiter.charge_tenant(&self.caller.claims.tenant, LimitClass::Items, items, parts.clock.elapsed());
        if decision.admitted {
            return Ok(());
        }
        let (problem, _) = *self.admission.refuse(Some(&self.caller), "rate_limited", too_many(decision), Some(decision));
        Err(problem)
    }

    /// Has on record that a request which changes nothing named another tenant, which was ignored.
    pub fn tenant_claim_ignored(&self) {
        self.admission.observe(EventType::TenantClaimIgnored, &self.caller, "another tenant was named");
    }

    /// Whose rows the unit of work is bound to: the caller's tenant's, unless the table says that they are the shared ones. Events and
    /// idempotency records are the caller's tenant's in either case.
    pub fn owner(&self) -> Owner {
        match E::SPEC.rows {
            Rows::Own | Rows::Account | Rows::Subject | Rows::Members | Rows::Organization | Rows::Accounts | Rows::Directory => {
                Owner::Tenant(self.caller.claims.tenant.clone())
            }
            Rows::Shared => Owner::Shared,
        }
    }

    /// The caller's tenant.
    pub fn tenant(&self) -> &TenantId {
        &self.caller.claims.tenant
    }

    /// Which browser asks.
    ///
    /// # Errors
    /// Where the endpoint is no page.
    pub fn browser(&self) -> Result<Arc<Browser>, Problem> {
        self.admission.browser.clone().ok_or_else(no_browser)
    }

    /// Who calls.
    pub fn actor(&self) -> &Actor {
        &self.caller.claims.actor
    }

    /// What the caller may do to all that it is about.
    pub fn permissions(&self) -> impl Iterator<Item = Permission> {
        self.caller.authority.permissions().iter()
    }

    /// Whether the caller may do something to one resource.
    pub fn may(&self, permission: Permission, name: Name<'_>) -> bool {
        self.caller.authority.may(permission, name)
    }

    /// What the caller may do, with what it rests on.
    pub const fn authority(&self) -> &Authority {
        &self.caller.authority
    }

    /// What others of the caller's organization may do.
    pub fn others(&self) -> Others {
        Others::new(self.admission.gate.clone(), self.caller.claims.tenant.clone())
    }

    /// Who issued the credential.
    pub fn issuer(&self) -> &str {
        &self.caller.claims.issuer
    }

    /// How the credential came about, if it is a token of this server's own.
    pub fn own(&self) -> Option<&OwnClaims> {
        self.caller.claims.own.as_deref()
    }

    /// The call's token, as one that another comes of; `None` for one that cannot be taken back.
    pub fn ancestor(&self) -> Option<Ancestor> {
        Ancestor::of(&self.caller.claims)
    }

    /// When the credential ends.
    pub fn expires_at(&self) -> Timestamp {
        self.caller.claims.expires_at
    }

    /// The time of the request: one value from beginning to end.
    pub const fn now(&self) -> Timestamp {
        self.admission.now
    }

    /// Chance, for ids.
    pub fn chance(&self) -> std::sync::Arc<dyn Chance> {
        self.admission.gate.parts.chance.clone()
    }

    /// The request's id.
    pub const fn request_id(&self) -> RequestId {
        self.admission.request_id
    }

    fn circumstances(&self) -> Circumstances {
        Circumstances {
            actor: self.caller.claims.actor.clone(),
            request_id: Some(self.admission.request_id),
            ip: Some(self.admission.ip),
        }
    }
}

pub(crate) fn no_browser() -> Problem {
    Problem::internal("an endpoint that is no page asked for a browser")
}

impl<E: Endpoint> fmt::Debug for Permit<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit").field("endpoint", &E::SPEC.id).field("tenant", self.tenant()).finish_non_exhaustive()
    }
}
