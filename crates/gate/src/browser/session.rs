//! Sessions of browsers, as they are recognised: their rows are looked at for every page.

use std::{net::IpAddr, sync::Arc, time::Duration};

use wardgraph_identity::{
    IdentityError,
    session::{
        Lifetimes,
        browser::{self, CookieText},
    },
};
use wardgraph_kernel::{Actor, ActorType, Identity, Read, SessionId, Timestamp};
use wardgraph_store::{Plan, Role, Scope};
use wardgraph_tokens::{Binding, Claims, OWN_CLIENT, OwnClaims, Words};

use crate::Gate;

/// How exactly it is known when a session was used last.
const USED_TO: Duration = Duration::from_mins(1);
impl Gate {
    /// What a call with this cookie is. Asks the database, so that whatever ends a session ends it at once.
    pub(crate) async fn browser_session(
        &self,
        cookie: &CookieText<'_>,
        ip: IpAddr,
        now: Timestamp,
    ) -> Result<Option<Claims>, IdentityError> {
        let mut unit = self.parts.store.unit::<Read>(Role::Identity, Scope::System, Plan::Generic)?;
        unit.end_with_next();
        let Some(met) = browser::find(&mut unit.tx::<Identity>(), cookie, Lifetimes::BROWSER, now).await? else {
            return Ok(None);
        };
        if met.last_used_at.saturating_add(USED_TO).is_ok_and(|then| then < now) {
            // A page is not worth less for it: its session ends an hour after what is known.
            if let Err(error) = self.touch(cookie.session, ip, now).await {
                tracing::warn!(%error, "that a session is used could not be written down");
            }
        }
        let subject: Arc<str> = met.user.to_string().into();
        Ok(Some(Claims {
            actor: Actor { kind: ActorType::User, id: subject.clone() },
            subject,
            permissions: met.seat.permissions(),
            tenant: met.seat.organization,
            issuer: self.parts.issuer.iss().into(),
            token_id: None,
            expires_at: met.expires_at,
            binding: Binding::Settled,
            own: Some(
                OwnClaims {
                    session: Some(cookie.session.to_string().into()),
                    generation: met.generation,
                    client_id: OWN_CLIENT.into(),
                    client_generation: 0,
                    scopes: Words::default(),
                    jkt: None,
                    amr: met.proof.amr.into(),
                    acr: Some(met.proof.acr.into()),
                    auth_time: Some(met.proof.at),
                    chain: None,
                }
                .into(),
            ),
        }))
    }

    async fn touch(&self, session: SessionId, ip: IpAddr, now: Timestamp) -> Result<(), IdentityError> {
        let mut unit = self.parts.store.unit::<Identity>(Role::Identity, Scope::System, Plan::Generic)?;
        browser::touch(&mut unit.tx::<Identity>(), session, ip, now).await?;
        Ok(unit.commit(&[]).await?)
    }
}
