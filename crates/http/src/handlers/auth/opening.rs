//! What a sign-in ends in: tokens for a program, a session's cookie for a browser.

use wardgraph_api::{Held, Json, Redirect, table::auth::Login, wire::page::LocalPath};
use wardgraph_gate::Tx;
use wardgraph_identity::{
    refresh::Client,
    session::{
        self, Lifetimes, Use,
        browser::{self, NewBrowserSession},
    },
};
use wardgraph_kernel::{Chance, Endpoint, Identity, SessionId};
use wardgraph_tokens::{Revocation, revoke};

use super::tokens::{self, Beginning};
use crate::{Failure, Services};

/// What a sign-in at endpoint `E` ends in.
pub(crate) trait Opening<E: Endpoint>: Send {
    /// Begins the session of somebody who proved who they are.
    fn begin(
        self,
        tx: &mut Tx<'_, Identity>,
        begun: &Beginning<'_>,
        services: &Services,
        chance: &dyn Chance,
    ) -> impl Future<Output = Result<(SessionId, E::Output), Failure>> + Send;
}

/// A session of a program, which is told its tokens.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WithTokens;

impl Opening<Login> for WithTokens {
    async fn begin(
        self,
        tx: &mut Tx<'_, Identity>,
        begun: &Beginning<'_>,
        services: &Services,
        chance: &dyn Chance,
    ) -> Result<(SessionId, <Login as Endpoint>::Output), Failure> {
        let (session, tokens) = tokens::begin(tx, begun, services, chance).await?;
        Ok((session, Json(tokens)))
    }
}

/// A session of a browser, which holds a new cookie from then on, whatever it held before; and goes where it wanted to.
#[derive(Debug, Clone)]
pub(crate) struct InBrowser {
    pub(crate) return_to: Option<LocalPath>,
}

impl<E: Endpoint<Output = Redirect>> Opening<E> for InBrowser {
    async fn begin(
        self,
        tx: &mut Tx<'_, Identity>,
        begun: &Beginning<'_>,
        _: &Services,
        chance: &dyn Chance,
    ) -> Result<(SessionId, Redirect), Failure> {
        let id = SessionId::new(begun.now, chance);
        let cookie = browser::cookie(id, chance);
        let client = Client::new(begun.device, begun.network.clone());
        let at = Use { client: &client, device: begun.device, ip: begun.ip, now: begun.now };
        let (organization, lifetimes) = (&begun.seat.organization, Lifetimes::BROWSER);
        browser::begin(tx, &NewBrowserSession { id, user: begun.user, organization, cookie: &cookie, at: &at, lifetimes })
            .await?;
        for ended in session::end_crowded(tx, begun.user, begun.now).await? {
            revoke(tx, Revocation::Session(&ended.to_string()), begun.now).await?;
        }
        let to = self.return_to.map_or_else(|| "/account".to_owned(), |path| path.as_str().to_owned());
        Ok((id, Redirect { to, session: Held::Begins(cookie) }))
    }
}
