//! Who calls, proven by a credential, and the refusals that only somebody who is known can get.

use std::{sync::Arc, time::Duration};

use uuid::Uuid;
use wardgraph_api::Problem;
use wardgraph_kernel::{Permission, Timestamp, UserId};
use wardgraph_tokens::Claims;

use crate::{Account, Authority, authenticate::Scheme};

/// Who calls, proven by a credential.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) claims: Arc<Claims>,
    /// What they may do. Nothing, until it is looked at.
    pub(crate) authority: Authority,
}

impl Caller {
    /// Somebody whose credential is believed, before it is known what they may do.
    pub(crate) fn known(claims: Arc<Claims>) -> Self {
        Self { claims, authority: Authority::default() }
    }

    /// The account and the session that the credential is of, if it is a person's who signed in here, and no OAuth client's.
    pub(crate) fn account(&self) -> Option<Account> {
        account(&self.claims)
    }

    /// The person that the credential is of, if it is of a session of theirs: their own, or one that a client got.
    pub(crate) fn person(&self) -> Option<UserId> {
        self.claims.own.as_ref()?.session.as_ref()?;
        Uuid::try_parse(&self.claims.subject).ok().map(UserId::from)
    }

    /// Whether the person proved who they are no longer than `within` ago. Who did not say when did not.
    pub(crate) fn signed_in_since(&self, now: Timestamp, within: Duration) -> bool {
        let signed_in = self.claims.own.as_ref().and_then(|own| own.auth_time);
        let stands = |at: Timestamp| at.saturating_add(within).is_ok_and(|until| now <= until);
        signed_in.is_some_and(stands)
    }
}

/// The account and the session of a person who signed in here, as their own token or cookie says.
pub(crate) fn account(claims: &Claims) -> Option<Account> {
    // What a client got stands for its scopes, and for nobody's account.
    let own = claims.own.as_ref().filter(|own| !own.is_a_clients())?;
    let session = Uuid::try_parse(own.session.as_deref()?).ok()?;
    let user = Uuid::try_parse(&claims.subject).ok()?.into();
    Some(Account { user, session: session.into(), generation: own.generation })
}

/// What RFC 9470 has a client sign its user in again by.
pub(crate) fn stale(fresh_for: Duration, scheme: Scheme) -> Problem {
    let seconds = fresh_for.as_secs();
    let challenge = scheme.challenge(&format!(r#"error="insufficient_user_authentication", max_age={seconds}"#));
    let detail = format!("sign in again and repeat the request with the new token: the sign-in may be at most {seconds} s ago");
    Problem::unauthenticated(detail).challenge(challenge)
}

pub(crate) fn forbidden(permission: Permission, scheme: Scheme) -> Problem {
    let challenge = scheme.challenge(&format!(r#"error="insufficient_scope", scope="{permission}""#));
    Problem::forbidden(format!("the permission `{permission}` is needed")).challenge(challenge)
}
