//! Which kind of session a sign-in begins: one of a program, with tokens, or one of a browser, with a cookie.

use wardgraph_api::wire::{SecretText, auth::Tokens};
use wardgraph_gate::{Browser, Tx};
use wardgraph_identity::session::{self, Credential, Lifetimes, Why, browser};
use wardgraph_kernel::{Chance, Identity, Secret, SessionId};
use wardgraph_oauth::follow;
use wardgraph_tokens::{Revocation, revoke};

use super::{beginning::Beginning, tokens};
use crate::{Failure, Services};

/// A kind of session.
pub(crate) trait Opening: Copy + Send + Sync {
    /// What whoever signed in is given.
    type Begun: Send;

    /// Begins the session of somebody who proved who they are.
    fn begin(
        self,
        tx: &mut Tx<'_, Identity>,
        begun: &Beginning<'_>,
        services: &Services,
        chance: &dyn Chance,
    ) -> impl Future<Output = Result<(SessionId, Self::Begun), Failure>> + Send;
}

/// A session of a program, which is told its tokens. The session of the same account whose refresh token it shows ends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WithTokens<'a>(pub(crate) Option<&'a SecretText>);

impl Opening for WithTokens<'_> {
    type Begun = Tokens;

    async fn begin(
        self,
        tx: &mut Tx<'_, Identity>,
        begun: &Beginning<'_>,
        services: &Services,
        chance: &dyn Chance,
    ) -> Result<(SessionId, Tokens), Failure> {
        let held = match self.0 {
            Some(held) => session::recognise(tx, &services.vault, held.expose(), None).await?,
            None => None,
        };
        // Whoever has somebody else's token shows it where it is used.
        if let Some(held) = held.filter(|recognised| recognised.held.user == begun.user) {
            let replaced = held.presented.session;
            if session::end(tx, replaced, Why::Replaced, begun.now).await? {
                revoke(tx, Revocation::Session(&replaced.to_string()), begun.now).await?;
            }
        }
        tokens::begin(tx, begun, services, chance).await
    }
}

/// A session of this browser, which holds a new cookie from then on. The session that it held before ends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct InBrowser<'a>(pub(crate) &'a Browser);

impl Opening for InBrowser<'_> {
    type Begun = Secret;

    async fn begin(
        self,
        tx: &mut Tx<'_, Identity>,
        begun: &Beginning<'_>,
        _: &Services,
        chance: &dyn Chance,
    ) -> Result<(SessionId, Secret), Failure> {
        let replaced = match self.0.session() {
            Some(held) if browser::replace(tx, &held, begun.now).await? => Some(held.session),
            _ => None,
        };
        let id = SessionId::new(begun.now, chance);
        let cookie = browser::cookie(id, chance);
        begun.begin(tx, id, Credential::Cookie(&cookie), Lifetimes::BROWSER).await?;
        if let Some(replaced) = replaced {
            // What clients began for this person goes on; for somebody else who signed in here before, it is over.
            follow::carry(tx, replaced, id, begun.user).await?;
            let over = follow::end_unknown(tx, replaced, begun.now).await?;
            for session in over.into_iter().chain([replaced]) {
                revoke(tx, Revocation::Session(&session.to_string()), begun.now).await?;
            }
        }
        Ok((id, cookie))
    }
}
