//! The caller's sessions.

use wardgraph_api::{
    Json, Keep, NoContent, Path, Problem,
    table::account::{EndSession, EndSessions, ListSessions, Logout},
    wire::account::{Session, SessionKind, SessionList},
};
use wardgraph_gate::{Account, Committed, Permit, Work};
use wardgraph_identity::session::{self, Why};
use wardgraph_kernel::{Endpoint, EventType, Read, SessionId, Timestamp, Write};
use wardgraph_oauth::follow;
use wardgraph_tokens::{Revocation, revoke};

use crate::{Failure, Services};

pub(crate) async fn list(permit: Permit<ListSessions>, (): (), services: Services) -> Result<Json<SessionList>, Failure> {
    read(permit, &services).await.map(Json)
}

/// The caller's sessions.
pub(crate) async fn read<E: Endpoint<Mode = Read>>(permit: Permit<E>, services: &Services) -> Result<SessionList, Failure> {
    let (caller, now) = (permit.account()?, permit.now());
    let mut work = permit.begin()?;
    let found = session::list(&mut work.once(), caller.user, services.accounts.lifetimes.idle, now).await?;
    let sessions: Vec<_> = found.into_iter().map(|session| wire(session, caller.session)).collect();
    Ok(SessionList { count: sessions.len(), sessions })
}

pub(crate) async fn end(permit: Permit<EndSession>, Path(id): Path<SessionId>) -> Result<Committed<EndSession>, Failure> {
    end_one(permit, id, Why::Revoked, NoContent).await
}

/// Ends a session of the caller's; with a browser's end those that clients began in it, unless they may go on.
pub(crate) async fn end_one<E>(permit: Permit<E>, id: SessionId, why: Why, answer: E::Output) -> Result<Committed<E>, Failure>
where
    E: Endpoint<Mode = Write, Output: Keep>,
{
    let (user, now) = (permit.account()?.user, permit.now());
    let mut work = permit.begin()?;
    let ended = session::finish(&mut work.tx(), user, id, why, now).await?;
    let ended = ended.ok_or_else(|| Problem::not_found("the account has no such session"))?;
    let followed = follow::end(&mut work.tx(), ended, now).await?;
    for session in &followed {
        work.changed(EventType::SessionEnded, *session);
    }
    for session in followed.into_iter().chain([ended]) {
        revoke(&mut work.tx(), Revocation::Session(&session.to_string()), now).await?;
    }
    Ok(work.commit(id, answer).await?)
}

pub(crate) async fn end_all(permit: Permit<EndSessions>, (): ()) -> Result<Committed<EndSessions>, Failure> {
    let (user, now) = (permit.account()?.user, permit.now());
    let mut work = permit.begin()?;
    let generation = session::finish_everything(&mut work.tx(), user, Why::Revoked, now).await?;
    revoke(&mut work.tx(), Revocation::User { id: &user.to_string(), generation }, now).await?;
    Ok(work.commit(user, NoContent).await?)
}

pub(crate) async fn logout(permit: Permit<Logout>, (): ()) -> Result<Committed<Logout>, Failure> {
    let session = permit.account()?.session;
    end_one(permit, session, Why::Logout, NoContent).await
}

/// Ends every session of the caller's but the one that is called with, and has each on record.
pub(in crate::handlers) async fn end_others<E: Endpoint<Mode = Write>>(
    work: &mut Work<E>,
    caller: Account,
    why: Why,
    now: Timestamp,
) -> Result<(), Failure> {
    for ended in session::finish_all(&mut work.tx(), caller.user, Some(caller.session), why, now).await? {
        revoke(&mut work.tx(), Revocation::Session(&ended.to_string()), now).await?;
        work.changed(EventType::SessionEnded, ended);
    }
    Ok(())
}

/// Whether the caller's session lives, as the database has it: asked by whatever outlives the caller's token.
pub(in crate::handlers) async fn is_signed_in<E>(work: &mut Work<E>, caller: &Account) -> Result<bool, Failure>
where
    E: Endpoint<Mode = Write>,
{
    Ok(session::is_signed_in(&mut work.tx(), caller.user, caller.session, caller.generation).await?)
}

/// What is answered to a token whose session has ended.
pub(crate) fn signed_out() -> Problem {
    Problem::unauthenticated("the session has ended").challenge(r#"Bearer realm="wardgraph""#)
}

fn wire(session: session::Session, current: SessionId) -> Session {
    Session {
        id: session.id,
        current: session.id == current,
        kind: if session.browser { SessionKind::Browser } else { SessionKind::Program },
        organization_id: session.organization,
        device: session.device,
        ip: session.ip,
        created_at: session.created_at,
        last_used_at: session.last_used_at,
        expires_at: session.expires_at,
    }
}
