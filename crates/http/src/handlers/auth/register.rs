//! Registering: the answer is the same whether the address is free or taken.

use std::time::Instant;

use serde_json::json;
use wardgraph_api::{
    Accepted, Json,
    table::auth::Register,
    wire::auth::{NewAccount, Receipt},
};
use wardgraph_gate::{Ceremony, Committed, Proven};
use wardgraph_identity::{
    account::{self, Registered, Registration},
    mail::{self, Asked},
};
use wardgraph_kernel::{Endpoint, EventType, Outcome};

use super::{address, person, room_to_mail};
use crate::{Failure, Services};

pub(crate) async fn register(
    pass: Ceremony<Register>,
    Json(new): Json<NewAccount>,
    services: Services,
) -> Result<Committed<Register>, Failure> {
    enrol(pass, new, services, Accepted).await
}

/// Makes an account, unless there is one. `answer` is made of the same receipt in either case.
pub(crate) async fn enrol<E: Endpoint>(
    pass: Ceremony<E>,
    new: NewAccount,
    services: Services,
    answer: impl FnOnce(Receipt) -> E::Output + Send,
) -> Result<Committed<E>, Failure> {
    let (began, accounts) = (Instant::now(), &services.accounts);
    accounts.registration.by_oneself()?;
    let (email, name) = (address(&new.email)?, new.name.trim().to_owned());
    let (now, chance) = (pass.now(), pass.chance());
    room_to_mail(mail::is_full(&mut pass.look()?.tx()).await?)?;
    let words = [email.to_string(), name.clone()];
    let verifier = accounts.verifier(&new.password, words, "/password", chance.clone()).await?;
    let mut work = pass.begin()?;
    let mailed = mail::admits(&mut work.tx(), &accounts.keys, Asked::Account, &email, now).await?;
    let made = account::register(&mut work.tx(), &Registration { email, name, verifier, mailed }, now, &*chance).await?;
    let who = match made {
        Registered::Made(user, tenant) => {
            work.note(EventType::UserRegistered, Some(user.into()), Outcome::Success, json!({}));
            person(user, Some(tenant))
        }
        // Nobody knows yet whose the address is.
        Registered::Again(user) => {
            work.note(EventType::UserRegistered, Some(user.into()), Outcome::Success, json!({ "registered_again": true }));
            Proven::nobody()
        }
        Registered::Taken => {
            let reason = if mailed { "the address is taken" } else { "the address was mailed to lately as often as it may be" };
            work.note(EventType::UserRegistered, None, Outcome::Refused, json!({ "reason": reason }));
            Proven::nobody()
        }
    };
    let receipt = Receipt { status: "accepted".into(), verification_required: accounts.verifies };
    let done = work.commit(who, answer(receipt)).await?;
    accounts.on_the_beat(began).await;
    Ok(done)
}
