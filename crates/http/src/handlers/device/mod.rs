//! Devices without a browser (RFC 8628): how they ask, and how people let them in.

pub(crate) mod ask;
pub(crate) mod decide;
pub(crate) mod open;

use wardgraph_api::{FieldError, Problem};
use wardgraph_gate::{Browser, CeremonyWork};
use wardgraph_identity::session::{
    Lifetimes,
    browser::{self, BrowserSession},
};
use wardgraph_kernel::{ClientId, Endpoint, SessionId, Timestamp};
use wardgraph_oauth::{
    Client,
    client::{self, GrantType},
    device::{self, Counted, UserCode, Waiting},
};

use crate::Failure;

/// Who enters a code.
struct Person {
    session: SessionId,
    met: BrowserSession,
}

/// A device that waits, and the client that it is of.
struct Opened {
    code: UserCode,
    waiting: Waiting,
    client: Client,
}

/// Who is signed in with this browser.
async fn person<E: Endpoint>(work: &mut CeremonyWork<E>, browser: &Browser, now: Timestamp) -> Result<Option<Person>, Failure> {
    let Some(cookie) = browser.session() else { return Ok(None) };
    let met = browser::find(&mut work.tx(), &cookie, Lifetimes::BROWSER, now).await?;
    Ok(met.map(|met| Person { session: cookie.session, met }))
}

/// The page with a code, which has whoever is not signed in sign in first.
fn page(code: &str) -> String {
    format!("/oauth2/device?{}", form_urlencoded::Serializer::new(String::new()).append_pair("user_code", code).finish())
}

/// The device that shows a code. That one was entered is counted before it is judged, and stays counted where there is no such device.
///
/// # Errors
/// In the inner result what whoever entered it is told.
async fn opened<E: Endpoint>(
    work: &mut CeremonyWork<E>,
    person: &Person,
    network: &str,
    text: &str,
    now: Timestamp,
) -> Result<Result<Opened, Problem>, Failure> {
    let Some(code) = UserCode::read(text) else { return Ok(Err(unknown())) };
    if let Counted::TooMany(until) = device::count(&mut work.tx(), person.met.user, network, now).await? {
        let wait = until.as_second().saturating_sub(now.as_second()).max(1);
        let problem = Problem::too_many("too many codes were entered that are no device's");
        return Ok(Err(problem.retry_after(wait.unsigned_abs())));
    }
    work.keep().await?;
    let Some(waiting) = device::find(&mut work.tx(), &code, now).await? else { return Ok(Err(unknown())) };
    device::forgive(&mut work.tx(), person.met.user, network).await?;
    let id = ClientId::parse(&waiting.client).ok_or_else(unknown)?;
    let client = client::find(&mut work.tx(), &id).await?.filter(|client| client.grants(GrantType::DeviceCode));
    Ok(client.map(|client| Opened { code, waiting, client }).ok_or_else(unknown))
}

/// The one answer to a code that opens nothing.
fn unknown() -> Problem {
    let fault =
        FieldError::new("/user_code", "is no code of a device that waits: look at your device, which may show another by now");
    Problem::invalid("see `errors`").fields(vec![fault])
}
