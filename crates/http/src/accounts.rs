//! What handlers of accounts are given besides: how passwords are worked out, how long sessions last, who may register.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use wardgraph_api::{FieldError, Problem, wire::SecretText};
use wardgraph_identity::{
    IdentityError, Keys,
    passkey::RelyingParty,
    password::{Breached, Cost, HashPool, PoolError, Verifier, weakness},
    session::Lifetimes,
};
use wardgraph_kernel::Chance;

use crate::Failure;

/// How people come to have accounts, over HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Registering {
    /// Anybody makes one, with an organization of its own.
    #[default]
    Open,
    /// Whoever is invited to an organization.
    ByInvitation,
    /// Nobody: invitations are for those who have one.
    Closed,
}

impl Registering {
    /// Refuses whoever would register without an invitation.
    pub(crate) fn by_oneself(self) -> Result<(), Problem> {
        match self {
            Self::Open => Ok(()),
            Self::ByInvitation => Err(Problem::forbidden("accounts are made by invitation here: follow the link in yours")),
            Self::Closed => Err(Problem::forbidden("nobody registers here: whoever runs the server makes accounts")),
        }
    }

    /// Refuses whoever would register by an invitation.
    pub(crate) fn by_invitation(self) -> Result<(), Problem> {
        match self {
            Self::Open | Self::ByInvitation => Ok(()),
            Self::Closed => Err(Problem::forbidden(
                "invitations are for those who have an account here: whoever runs the server makes accounts",
            )),
        }
    }
}

/// What is asked of second factors, whatever organizations ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FactorRules {
    /// Whether nobody gets in by one factor alone.
    pub required: bool,
    /// How many steps of 30 seconds the code of an app is taken early or late: clocks differ.
    pub skew: u16,
}

impl Default for FactorRules {
    fn default() -> Self {
        Self { required: false, skew: 1 }
    }
}

/// How accounts are kept.
#[derive(Debug, Clone)]
pub struct Accounts {
    /// The room's keys.
    pub keys: Keys,
    /// The threads that work passwords out.
    pub pool: HashPool,
    /// What a hash costs.
    pub cost: Cost,
    /// Where passwords are looked up that were leaked elsewhere, if anywhere.
    pub breached: Option<Breached>,
    /// How long sessions last.
    pub lifetimes: Lifetimes,
    /// How people come to have accounts.
    pub registration: Registering,
    /// What is asked of second factors.
    pub factors: FactorRules,
    /// Whether an address must be shown to be its owner's before its account can sign in.
    pub verifies: bool,
    /// Whom passkeys are for; `None` where there are none.
    pub passkeys: Option<RelyingParty>,
    /// Answers whose time must not tell what was found go out at the next multiple of this; zero has them go out at once.
    pub beat: Duration,
}

/// A password that was compared.
#[derive(Debug)]
pub(crate) struct Compared {
    pub(crate) matches: bool,
    /// The same password's verifier at the cost that is asked now, where it was kept at another.
    pub(crate) renewed: Option<Verifier>,
}

impl Accounts {
    /// The verifier of a password that may be one. `place` is where it stands in the body; `words` are the person's own.
    ///
    /// # Errors
    /// 422 for a weak one or one that was leaked elsewhere, 503 when too many wait.
    pub(crate) async fn verifier(
        &self,
        password: &SecretText,
        words: [String; 2],
        place: &'static str,
        chance: Arc<dyn Chance>,
    ) -> Result<Verifier, Failure> {
        if self.is_breached(password).await {
            let why = "was leaked elsewhere, and is tried first: take another";
            return Err(Problem::invalid("see `errors`").fields(vec![FieldError::new(place, why)]).into());
        }
        let (password, cost) = (password.0.clone(), self.cost);
        let work = self.pool.run(move |memory| {
            let words = words.each_ref().map(String::as_str);
            match weakness(password.expose(), &words) {
                Some(weak) => Err(weak),
                None => Ok(Verifier::make(&password, cost, &*chance, memory)),
            }
        });
        match work.await? {
            Ok(Some(verifier)) => Ok(verifier),
            Ok(None) => Err(IdentityError::Pool(PoolError::Failed).into()),
            Err(weak) => Err(Problem::invalid("see `errors`").fields(vec![FieldError::new(place, weak.0)]).into()),
        }
    }

    /// Whether a password was leaked elsewhere. Where that cannot be known, nobody is kept from having an account by it.
    async fn is_breached(&self, password: &SecretText) -> bool {
        let Some(breached) = &self.breached else { return false };
        breached.holds(&password.0, &self.pool).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "a password was taken without its having been looked up");
            false
        })
    }

    /// Compares a password with a verifier, or with nobody's, at the same cost.
    ///
    /// # Errors
    /// 503 when too many wait.
    pub(crate) async fn compare(
        &self,
        verifier: Option<Verifier>,
        password: &SecretText,
        chance: Arc<dyn Chance>,
    ) -> Result<Compared, Failure> {
        let (password, cost) = (password.0.clone(), self.cost);
        let verifier = verifier.unwrap_or(Verifier::of_nobody(cost));
        let work = self.pool.run(move |memory| {
            let matches = verifier.matches(&password, memory);
            let renewed =
                if matches && verifier.is_outdated(cost) { Verifier::make(&password, cost, &*chance, memory) } else { None };
            Compared { matches, renewed }
        });
        Ok(work.await?)
    }

    /// Whom passkeys are for.
    ///
    /// # Errors
    /// 409 where the operator gave this server no name that browsers bind passkeys to.
    pub(crate) fn party(&self) -> Result<&RelyingParty, Problem> {
        let why = "this server takes no passkeys: its operator has to give `public_url` an `https` address with a name";
        self.passkeys.as_ref().ok_or_else(|| Problem::conflict(why))
    }

    /// Waits for the next beat since `began`, so that the time of an answer tells nothing of what was found.
    pub(crate) async fn on_the_beat(&self, began: Instant) {
        let beat = self.beat.as_nanos();
        if let Some(past) = began.elapsed().as_nanos().checked_rem(beat) {
            tokio::time::sleep(Duration::from_nanos(u64::try_from(beat - past).unwrap_or(0))).await;
        }
    }
}
