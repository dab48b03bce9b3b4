//! Somebody decides about a device. What they let it do is remembered as what they agree to elsewhere, and is taken back as that.

use serde_json::json;
use wardgraph_api::{
    Form, Onward, Problem, Redirect,
    table::device::DecideForDevice,
    wire::device::{Decision, DeviceDecisionForm},
};
use wardgraph_audit::Subject;
use wardgraph_gate::{Browser, Ceremony, CeremonyWork, Committed, Proven};
use wardgraph_identity::account::Place;
use wardgraph_kernel::{Chance, ConsentId, EventType, Outcome, Timestamp};
use wardgraph_oauth::{
    OAuthError,
    consent::{self, Agreement},
    device::{self, Allowing},
    scope,
};

use super::{Opened, Person, opened, page, person, unknown};
use crate::{
    Failure,
    handlers::{admitted::places, auth::person as somebody, granted::with_grants},
    pages::{self, device_code::decided},
};

type Work = CeremonyWork<DecideForDevice>;
type Outgoing = Result<Committed<DecideForDevice>, Failure>;

pub(crate) async fn decide(pass: Ceremony<DecideForDevice>, Form(form): Form<DeviceDecisionForm>) -> Outgoing {
    let (browser, now, chance) = (pass.browser()?, pass.now(), pass.chance());
    let (network, ip) = (pass.network(), pass.ip());
    let mut work = pass.begin()?;
    let Some(person) = person(&mut work, &browser, now).await? else {
        return Ok(work.commit(Proven::nobody(), Onward::Go(Redirect::to(page(&form.user_code)))).await?);
    };
    let opened = match opened(&mut work, &person, &network, &form.user_code, now).await? {
        Ok(opened) => opened,
        Err(problem) => return Ok(work.refuse(problem).await?),
    };
    if form.decision == Decision::Deny {
        return deny(work, &person, &opened, &browser, now).await;
    }
    let places = places(&mut work.tx(), (person.met.user, &person.met.proof), ip).await?;
    match places.into_iter().find(|place| place.seat.organization.as_str() == form.organization) {
        None => {
            let told = "you are no member of this organization, or may not work there from this address";
            Ok(work.refuse(Problem::not_found(told)).await?)
        }
        Some(place) => Box::pin(allow(work, &person, &opened, &place, &browser, (now, &*chance))).await,
    }
}

async fn allow(
    mut work: Work,
    person: &Person,
    opened: &Opened,
    place: &Place,
    browser: &Browser,
    (now, chance): (Timestamp, &dyn Chance),
) -> Outgoing {
    let (user, organization) = (person.met.user, &place.seat.organization);
    let seat = with_grants(&mut work.tx(), user, &place.seat, now).await?;
    let mut scopes = scope::within(&opened.waiting.scopes, seat.permissions());
    if scopes.is_empty() {
        return Ok(work.refuse(Problem::forbidden("you may do nothing of what the device asks for")).await?);
    }
    scopes.sort();
    let client = opened.client.id.as_str();
    let client_name = &opened.client.registered.name;
    let agreement = Agreement { user, client: &opened.client, client_name, organization, scopes: &scopes };
    let agreed = match consent::remember(&mut work.tx(), &agreement, ConsentId::new(now, chance), now).await {
        Err(error @ OAuthError::TooMany { .. }) => return Ok(work.refuse(Failure::from(error).into()).await?),
        agreed => agreed?,
    };
    let allowing = Allowing {
        user,
        organization,
        session: person.session,
        generation: person.met.generation,
        proof: &person.met.proof,
        scopes: &scopes,
    };
    let (Some(consent), true) = (agreed, device::allow(&mut work.tx(), opened.waiting.id, &allowing, now).await?) else {
        return Ok(work.refuse(unknown()).await?);
    };
    let payload = json!({ "client_id": client, "scopes": scopes });
    work.note(EventType::ConsentGiven, Some(consent.into()), Outcome::Success, json!({}));
    work.note(EventType::DeviceAllowed, Some(Subject::from(&opened.client.id)), Outcome::Success, payload);
    let who = somebody(user, Some(organization.clone()));
    Ok(work.commit(who, Onward::Show(pages::whole(browser, &decided(true)))).await?)
}

async fn deny(mut work: Work, person: &Person, opened: &Opened, browser: &Browser, now: Timestamp) -> Outgoing {
    if !device::deny(&mut work.tx(), opened.waiting.id, now).await? {
        return Ok(work.refuse(unknown()).await?);
    }
    let who = somebody(person.met.user, Some(person.met.seat.organization.clone()));
    work.note(EventType::DeviceDenied, Some(Subject::from(&opened.client.id)), Outcome::Refused, json!({}));
    Ok(work.commit(who, Onward::Show(pages::whole(browser, &decided(false)))).await?)
}
