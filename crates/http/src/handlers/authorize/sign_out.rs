//! Signing out at a client's word (OpenID Connect RP-Initiated Logout): at once with an ID token of whoever is signed in, else they are asked, so that no
//! other site signs anybody out. The browser goes on to an address that the client registered for it, and to no other. Where nobody is signed in, it does so
//! unasked only with an ID token of a session that was begun in this very browser: whoever has a client has ID tokens of their own
//! (`nobody_is_led_away_by_an_id_token_of_somebody_elses_browser`).

use std::sync::Arc;

use serde_json::json;
use uuid::Uuid;
use wardgraph_api::{
    Errand, Form, Held, Parameters, Problem, Redirect,
    table::authorize::{EndSessionForClient, SignOutForClient},
    wire::{authorize::SignOutForm, page::Done},
};
use wardgraph_gate::{Browser, Ceremony, Committed, Permit, Proven, StoreError, Tx};
use wardgraph_identity::session::{
    self, Lifetimes, Why,
    browser::{self, BrowserSession},
};
use wardgraph_kernel::{ClientId, EventType, Identity, Outcome};
use wardgraph_oauth::{Client, follow, redirect, request::Answer};
use wardgraph_tokens::{Hint, Revocation, revoke};

use super::owner;
use crate::{
    Failure, Services,
    handlers::{account::sessions, auth::person, pages::after},
    pages::{
        self, consent,
        leaving::{asked_before, errand, host},
    },
};

/// What a client asks, believed as far as it can be.
struct Wish {
    client: Option<Arc<Client>>,
    hint: Option<Hint>,
    /// Where the browser goes then.
    to: Option<String>,
}

impl Wish {
    /// The client that is meant: that of the ID token, or that which is named; `None` where both are and differ.
    fn client_id(named: Option<&str>, hint: Option<&Hint>) -> Result<Option<ClientId>, Problem> {
        let hinted = hint.map(|hint| hint.client.as_str());
        match (named, hinted) {
            (Some(named), Some(hinted)) if named != hinted => Err(Problem::malformed("id_token_hint is another client's")),
            _ => Ok(hinted.or(named).and_then(ClientId::parse)),
        }
    }

    /// Whether it is about whoever is signed in.
    fn is_of(&self, met: &BrowserSession) -> bool {
        self.hint.as_ref().is_some_and(|hint| hint.subject == met.user.to_string())
    }

    /// Judges where the browser may go.
    fn new(client: Option<Arc<Client>>, hint: Option<Hint>, to: Option<&str>, state: Option<&str>) -> Result<Self, Problem> {
        let may = |uri: &str| {
            let registered = client.as_ref().map(|client| client.registered.post_logout_redirect_uris.as_slice());
            registered.unwrap_or_default().iter().any(|registered| redirect::is(registered, uri))
        };
        let to = match to {
            None => None,
            Some(uri) if may(uri) => Some(with_state(uri, state)),
            Some(_) => {
                return Err(Problem::malformed("the application did not register the post_logout_redirect_uri of its request"));
            }
        };
        Ok(Self { client, hint, to })
    }

    fn away(&self, by_page: bool) -> Errand {
        match &self.to {
            Some(to) => errand(Answer::Go(to.clone()), by_page, Held::Ends),
            None => Errand::Go(Redirect { session: Held::Ends, ..after("/sign-in", Done::SignedOut) }),
        }
    }

    /// Where to, and for whom, if somebody is to be asked first: nothing shows that anybody was signed in at the client with this browser, so that the address
    /// may be one that only has people come here to be led there (OpenID Connect RP-Initiated Logout, section 3).
    fn is_doubted(&self, began_here: bool) -> Option<(&str, &Client)> {
        let client = self.client.as_deref().filter(|client| !began_here && !client.is_the_operators());
        self.to.as_deref().zip(client)
    }

    /// Whether the session of the ID token was begun in this browser, though nobody is signed in with it any more.
    async fn began_here(&self, tx: &mut Tx<'_, Identity>, browser: &Browser) -> Result<bool, StoreError> {
        let session = self.hint.as_ref().and_then(|hint| Uuid::try_parse(hint.session.as_deref()?).ok());
        let (Some(cookie), Some(hint), Some(session)) = (browser.session(), &self.hint, session) else { return Ok(false) };
        browser::began(tx, &cookie, session.into(), &hint.client).await
    }
}

fn with_state(uri: &str, state: Option<&str>) -> String {
    let Some(state) = state else { return uri.to_owned() };
    let query = form_urlencoded::Serializer::new(String::new()).append_pair("state", state).finish();
    format!("{uri}{}{query}", if uri.contains('?') { '&' } else { '?' })
}

pub(crate) async fn at_a_clients_word(
    pass: Ceremony<EndSessionForClient>,
    parameters: Parameters<SignOutForm>,
    services: Services,
) -> Result<Committed<EndSessionForClient>, Failure> {
    let (asking, now) = (pass.browser()?, pass.now());
    let [hint, named, to, state] =
        ["id_token_hint", "client_id", "post_logout_redirect_uri", "state"].map(|name| parameters.one(name));
    let believed = hint.and_then(|token| services.issuer.hint(token, now));
    let client = match Wish::client_id(named, believed.as_ref())? {
        Some(id) => pass.named_client(&id).await?.filter(|client| client.disabled_at.is_none()),
        None => None,
    };
    let wish = Wish::new(client, believed, to, state)?;
    let mut work = pass.begin()?;
    let met = match asking.session() {
        None => None,
        Some(cookie) => {
            let met = browser::find(&mut work.tx(), &cookie, Lifetimes::BROWSER, now).await?;
            met.map(|met| (cookie.session, met))
        }
    };
    let Some((own, met)) = met else {
        let began_here = wish.began_here(&mut work.tx(), &asking).await?;
        let errand = match wish.is_doubted(began_here) {
            None => wish.away(false),
            Some((to, client)) => {
                let owner = owner(&mut work.tx(), client).await?;
                let client = (client.registered.name.as_str(), owner.name());
                asked_before(&Answer::Go(to.to_owned()), client, None, Held::Ends)
            }
        };
        return Ok(work.commit(Proven::nobody(), errand).await?);
    };
    let who = person(met.user, Some(met.seat.organization.clone()));
    if !wish.is_of(&met) {
        let name = wish.client.as_ref().map(|client| client.registered.name.as_str());
        let fields = [("id_token_hint", hint), ("client_id", named), ("post_logout_redirect_uri", to), ("state", state)];
        let fields: Vec<_> = fields.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
        let leads = wish.to.as_deref().map(host);
        let page = pages::whole(&asking, &consent::sign_out(&asking.form_token(), (name, leads), &fields));
        return Ok(work.commit(who, Errand::Show(page)).await?);
    }
    session::end(&mut work.tx(), own, Why::Logout, now).await?;
    let followed = follow::end_unknown(&mut work.tx(), own, now).await?;
    let payload = json!({ "with_it": followed });
    for session in followed.into_iter().chain([own]) {
        revoke(&mut work.tx(), Revocation::Session(&session.to_string()), now).await?;
    }
    work.note(EventType::SessionEnded, Some(own.into()), Outcome::Success, payload);
    Ok(work.commit(who, wish.away(false)).await?)
}

pub(crate) async fn agreed(
    permit: Permit<SignOutForClient>,
    Form(form): Form<SignOutForm>,
    services: Services,
) -> Result<Committed<SignOutForClient>, Failure> {
    let (account, now) = (permit.account()?, permit.now());
    let believed = form.id_token_hint.as_deref().and_then(|token| services.issuer.hint(token, now));
    let client = match Wish::client_id(form.client_id.as_deref(), believed.as_ref())? {
        Some(id) => permit.named_client(&id).await?.filter(|client| client.disabled_at.is_none()),
        None => None,
    };
    let wish = Wish::new(client, believed, form.post_logout_redirect_uri.as_deref(), form.state.as_deref())?;
    sessions::end_one(permit, account.session, Why::Logout, wish.away(true)).await
}
