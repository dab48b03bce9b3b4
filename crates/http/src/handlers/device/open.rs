//! Somebody enters a code, and is asked: also where a link brought it, since whoever sent that may have sent their own (RFC 8628, section 5.4).

use std::net::IpAddr;

use serde_json::json;
use wardgraph_api::{
    Form, Onward, Page, Query, Redirect,
    table::device::{DevicePage, OpenDevice},
    wire::device::{DeviceCodeForm, DeviceQuery},
};
use wardgraph_audit::Subject;
use wardgraph_gate::{Browser, Ceremony, CeremonyWork, Committed, Permit, Proven};
use wardgraph_identity::account;
use wardgraph_kernel::{EventType, Outcome};

use super::{Opened, Person, opened, person};
use crate::{
    Failure,
    handlers::{admitted::places, auth::person as somebody, authorize::owner},
    pages::{
        self, Filled, Screen,
        device_code::{self, DeviceQuestion},
    },
};

pub(crate) async fn page(permit: Permit<DevicePage>, Query(query): Query<DeviceQuery>) -> Result<Page, Failure> {
    let browser = permit.browser()?;
    let known: Vec<_> = query.user_code.as_deref().map(|code| ("user_code", code)).into_iter().collect();
    let screen = device_code::enter(&Filled::fresh(browser.form_token(), &known), !known.is_empty());
    Ok(pages::whole(&browser, &screen))
}

pub(crate) async fn open(pass: Ceremony<OpenDevice>, Form(form): Form<DeviceCodeForm>) -> Result<Committed<OpenDevice>, Failure> {
    let (browser, now, network, ip) = (pass.browser()?, pass.now(), pass.network(), pass.ip());
    let mut work = pass.begin()?;
    let Some(person) = person(&mut work, &browser, now).await? else {
        return Ok(work.commit(Proven::nobody(), Onward::Go(Redirect::to(super::page(&form.user_code)))).await?);
    };
    let opened = match opened(&mut work, &person, &network, &form.user_code, now).await? {
        Ok(opened) => opened,
        Err(problem) => return Ok(work.refuse(problem).await?),
    };
    let screen = question(&mut work, (&person, ip), &opened, &browser).await?;
    let who = somebody(person.met.user, Some(person.met.seat.organization.clone()));
    work.note(EventType::DeviceOpened, Some(Subject::from(&opened.client.id)), Outcome::Success, json!({}));
    Ok(work.commit(who, Onward::Show(pages::whole(&browser, &screen))).await?)
}

async fn question(
    work: &mut CeremonyWork<OpenDevice>,
    (person, from): (&Person, IpAddr),
    opened: &Opened,
    browser: &Browser,
) -> Result<Screen, Failure> {
    let whose = account::person(&mut work.tx(), person.met.user).await?;
    let owner = owner(&mut work.tx(), &opened.client).await?;
    let places = places(&mut work.tx(), (person.met.user, &person.met.proof), from).await?;
    let places: Vec<_> = places.iter().map(|place| (place.seat.organization.as_str().to_owned(), place.name.clone())).collect();
    let code = opened.code.to_string();
    let back = form_urlencoded::Serializer::new(String::new()).append_pair("return_to", &super::page(&code)).finish();
    Ok(device_code::question(&DeviceQuestion {
        code: &code,
        name: &opened.client.registered.name,
        owner: owner.name(),
        person: &whose.email,
        places: &places,
        chosen: person.met.seat.organization.as_str(),
        scopes: &opened.waiting.scopes,
        elsewhere: &format!("/sign-in?{back}"),
        token: &browser.form_token(),
    }))
}
