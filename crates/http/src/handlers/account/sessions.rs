//! The caller's sessions.

use wardgraph_api::{
    Json, NoContent, Path, Problem,
    table::account::{EndSession, EndSessions, ListSessions, Logout},
    wire::account::{Session, SessionList},
};
use wardgraph_gate::{Committed, Permit, Work};
use wardgraph_identity::session::{self, Why};
use wardgraph_kernel::{Endpoint, SessionId, Timestamp, UserId, Write};
use wardgraph_tokens::{Revocation, revoke};

use crate::{Failure, Services};

pub(crate) async fn list(permit: Permit<ListSessions>, (): (), services: Services) -> Result<Json<SessionList>, Failure> {
    let (caller, now) = (permit.account()?, permit.now());
    let idle_since = now.saturating_sub(services.accounts.lifetimes.idle).unwrap_or(Timestamp::MIN);
    let mut work = permit.begin()?;
    let found = session::list(&mut work.once(), caller.user, idle_since, now).await?;
    let sessions: Vec<_> = found.into_iter().map(|session| wire(session, caller.session)).collect();
    Ok(Json(SessionList { count: sessions.len(), sessions }))
}

pub(crate) async fn end(permit: Permit<EndSession>, Path(id): Path<SessionId>) -> Result<Committed<EndSession>, Failure> {
    let (user, now) = (permit.account()?.user, permit.now());
    let mut work = permit.begin()?;
    finish(&mut work, user, id, Why::Revoked, now).await?;
    Ok(work.commit(id, NoContent).await?)
}

pub(crate) async fn end_all(permit: Permit<EndSessions>, (): ()) -> Result<Committed<EndSessions>, Failure> {
    let (user, now) = (permit.account()?.user, permit.now());
    let mut work = permit.begin()?;
    let generation = session::finish_everything(&mut work.tx(), user, Why::Revoked, now).await?;
    revoke(&mut work.tx(), Revocation::User { id: &user.to_string(), generation }, now).await?;
    Ok(work.commit(user, NoContent).await?)
}

pub(crate) async fn logout(permit: Permit<Logout>, (): ()) -> Result<Committed<Logout>, Failure> {
    let (caller, now) = (permit.account()?, permit.now());
    let mut work = permit.begin()?;
    finish(&mut work, caller.user, caller.session, Why::Logout, now).await?;
    Ok(work.commit(caller.session, NoContent).await?)
}

async fn finish<E: Endpoint<Mode = Write>>(
    work: &mut Work<E>,
    user: UserId,
    id: SessionId,
    why: Why,
    now: Timestamp,
) -> Result<(), Failure> {
    let ended = session::finish(&mut work.tx(), user, id, why, now).await?;
    let ended = ended.ok_or_else(|| Problem::not_found("the account has no such session"))?;
    Ok(revoke(&mut work.tx(), Revocation::Session(&ended.to_string()), now).await?)
}

fn wire(session: session::Session, current: SessionId) -> Session {
    Session {
        id: session.id,
        current: session.id == current,
        organization_id: session.organization,
        device: session.device,
        ip: session.ip,
        created_at: session.created_at,
        last_used_at: session.last_used_at,
        expires_at: session.expires_at,
    }
}
