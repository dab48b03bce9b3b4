//! The authorization endpoint: a browser comes that a client sent, and goes back with a code, with what is wrong, or first to where its person
//! signs in or is asked.

use std::{net::IpAddr, sync::Arc};

use serde_json::json;
use wardgraph_api::{
    Errand, Held, Parameters, Problem, Redirect,
    table::authorize::{Authorize, AuthorizeByForm},
    wire::{authorize::AuthorizationParameters, page::Done},
};
use wardgraph_gate::{Browser, Ceremony, CeremonyWork, Committed, Proven, Visitor};
use wardgraph_identity::{
    account::{self, Place},
    session::{
        Lifetimes,
        browser::{self, BrowserSession},
    },
};
use wardgraph_kernel::{Chance, ClientId, CodeId, EventType, Outcome, PushedRequestId, SessionId, Timestamp};
use wardgraph_oauth::{
    AuthMethod, Client,
    code::{self, Leave},
    consent,
    par::{self, Pushed},
    redirect,
    request::{self, Answer, Fault, Origin, Params, Request, Return, Told},
    scope,
    step::{self, Met, Stance, Step},
};

use super::{
    owner,
    progress::{self, Progress},
    registered,
};
use crate::{
    Failure, Services,
    handlers::{admitted::places, auth::person, granted::with_grants},
    pages::{
        self,
        consent::{Question, consent as question},
        leaving::{self, errand, host},
    },
};

pub(crate) async fn by_form(
    _: Visitor<AuthorizeByForm>,
    parameters: Parameters<AuthorizationParameters>,
) -> Result<Redirect, Failure> {
    let params = Params::of(parameters.pairs).ok_or_else(too_long)?;
    let to = format!("/oauth2/authorize?{}", params.query());
    Ok(Redirect::to(to))
}

pub(crate) async fn ask(
    pass: Ceremony<Authorize>,
    parameters: Parameters<AuthorizationParameters>,
    services: Services,
) -> Result<Committed<Authorize>, Failure> {
    let asked_by = pass.browser()?;
    let (now, chance, ip) = (pass.now(), pass.chance(), pass.ip());
    let (progress, params) = Progress::take(Params::of(parameters.pairs).ok_or_else(too_long)?, &asked_by);
    let unknown =
        || Problem::malformed("the application is not known here: its request has no client_id of one that is registered");
    let id = params.one("client_id").and_then(ClientId::parse).ok_or_else(unknown)?;
    let client = pass.named_client(&id).await?;
    let client = client.filter(|client| client.disabled_at.is_none()).ok_or_else(unknown)?;
    let scene = Scene { client, browser: asked_by, services, now, chance, ip, progress };
    Box::pin(scene.play(pass.begin()?, params)).await
}

fn too_long() -> Problem {
    Problem::malformed("the application's request is too long")
}

/// What every step of a request needs.
struct Scene {
    client: Arc<Client>,
    browser: Arc<Browser>,
    services: Services,
    now: Timestamp,
    chance: Arc<dyn Chance>,
    /// Where the person is.
    ip: IpAddr,
    progress: Progress,
}

/// A request that was understood, and what it came as.
struct Asked {
    request: Request,
    params: Params,
    pushed: Option<PushedRequestId>,
    /// Since when its person is being asked.
    since: Option<Timestamp>,
}

/// Somebody who signed in.
struct Person {
    session: SessionId,
    met: BrowserSession,
}

type Work = CeremonyWork<Authorize>;
type Outgoing = Result<Committed<Authorize>, Failure>;

impl Scene {
    async fn play(self, mut work: Work, params: Params) -> Outgoing {
        let pushed = match params.one("request_uri").filter(|uri| uri.starts_with(par::PREFIX)) {
            None => None,
            Some(uri) => {
                let opened = par::open(&mut work.tx(), self.client.id.as_str(), uri, self.now).await?;
                if opened.is_none() {
                    let why =
                        "the application's request is too old, or it was used before: go back to the application and try again";
                    return Ok(work.refuse(Problem::malformed(why)).await?);
                }
                opened
            }
        };
        let (asks, origin) = match &pushed {
            Some(Pushed { params, .. }) => (params, Origin::Pushed),
            None => (&params, Origin::Browser),
        };
        let judged = request::check(&registered(&self.client, &self.services), asks, origin);
        let silent = asks.one("prompt") == Some("none");
        let since = pushed.as_ref().map_or(self.progress.asked, |pushed| Some(pushed.at));
        let pushed = pushed.map(|pushed| pushed.id);
        match judged {
            Err(Told::Person(why)) => Ok(work.refuse(Problem::malformed(why)).await?),
            Err(Told::Client(to, fault)) => {
                let person = self.person(&mut work).await?;
                self.fail(work, person.as_ref(), Failed { to: &to, fault, silent, pushed }).await
            }
            Ok(mut request) => {
                // What the page added counts where the request names none: a pushed one is changed by nobody.
                request.organization = request.organization.or_else(|| params.one("organization").map(str::to_owned));
                Box::pin(self.judge(work, Asked { request, params, pushed, since })).await
            }
        }
    }

    async fn judge(self, mut work: Work, asked: Asked) -> Outgoing {
        let person = self.person(&mut work).await?;
        let hinted = match &asked.request.id_token_hint {
            None => None,
            Some(token) => {
                let hint = self.services.issuer.hint(token, self.now).filter(|hint| hint.client == self.client.id.as_str());
                let Some(hint) = hint else {
                    let fault = Fault::new("invalid_request", "id_token_hint is no ID token of this client's");
                    return self.told(work, person.as_ref(), &asked, fault).await;
                };
                Some(hint.subject)
            }
        };
        let must_be = asked.request.claims.must_be(hinted);
        let met = person.as_ref().map(|person| Met { user: person.met.user, proof: &person.met.proof });
        let step = step::signed_in(&asked.request, met, must_be.as_deref(), asked.since, self.now);
        match (step, person) {
            (Err(fault), person) => self.told(work, person.as_ref(), &asked, fault).await,
            (Ok(Step::SignIn), person) => self.to_sign_in(work, person.as_ref(), &asked).await,
            (Ok(Step::On | Step::Ask), Some(person)) if self.progress.denied => {
                self.told(work, Some(&person), &asked, Fault::new("access_denied", "the person does not allow it")).await
            }
            (Ok(Step::On | Step::Ask), Some(person)) => Box::pin(self.agreement(work, person, asked)).await,
            (Ok(Step::On | Step::Ask), None) => self.to_sign_in(work, None, &asked).await,
        }
    }

    /// Who is signed in with this browser.
    async fn person(&self, work: &mut Work) -> Result<Option<Person>, Failure> {
        let Some(cookie) = self.browser.session() else { return Ok(None) };
        let met = browser::find(&mut work.tx(), &cookie, Lifetimes::BROWSER, self.now).await?;
        Ok(met.map(|met| Person { session: cookie.session, met }))
    }

    async fn agreement(self, mut work: Work, person: Person, asked: Asked) -> Outgoing {
        let (user, proof) = (person.met.user, &person.met.proof);
        let places = places(&mut work.tx(), (user, proof), self.ip).await?;
        let named = asked.request.organization.as_deref();
        let home = person.met.seat.organization.as_str();
        let chosen = places.iter().find(|place| place.seat.organization.as_str() == named.unwrap_or(home)).cloned();
        let Some(chosen) = chosen.or_else(|| places.first().filter(|_| named.is_none()).cloned()) else {
            let fault = Fault::new(
                "access_denied",
                "the person is no member of such an organization, or may not work there from this address",
            );
            return self.told(work, Some(&person), &asked, fault).await;
        };
        let seat = with_grants(&mut work.tx(), user, &chosen.seat, self.now).await?;
        let scopes = scope::within(&asked.request.scopes, seat.permissions());
        if scopes.is_empty() {
            let fault = Fault::new("access_denied", "the person may do nothing of what is asked for");
            return self.told(work, Some(&person), &asked, fault).await;
        }
        let agreed = consent::find(&mut work.tx(), user, self.client.id.as_str(), &chosen.seat.organization).await?;
        let to_agree = asked.request.to_agree(&scopes);
        let standing = Stance {
            agreed: agreed.as_ref(),
            scopes: &to_agree,
            must_choose: places.len() > 1 && named.is_none(),
            trusted: self.trusts(&chosen),
            assured: self.client.registered.auth_method != AuthMethod::None || redirect::tells_who_answers(&asked.request.to.uri),
            answered: asked.since.filter(|_| self.progress.agreed),
        };
        match step::agreed(&asked.request, &standing) {
            Err(fault) => self.told(work, Some(&person), &asked, fault).await,
            Ok(Step::On | Step::SignIn) => self.give(work, person, asked, chosen, scopes).await,
            Ok(Step::Ask) => self.question(work, person, asked, &places, &chosen).await,
        }
    }

    /// Whether nobody need agree: the client is the organization's own, or the operator's. A client that calls itself trustworthy is trusted by
    /// the organization that registered it, and by no other.
    fn trusts(&self, place: &Place) -> bool {
        let ours = self.client.registered.first_party && self.client.organization.as_ref() == Some(&place.seat.organization);
        ours || self.client.is_the_operators()
    }

    async fn give(&self, mut work: Work, person: Person, mut asked: Asked, place: Place, scopes: Vec<String>) -> Outgoing {
        if work.charge(&self.client).is_err() {
            let fault = Fault::new("temporarily_unavailable", "the client gets too many codes: try again in a while");
            return self.told(work, Some(&person), &asked, fault).await;
        }
        if let Some(pushed) = asked.pushed
            && !par::finish(&mut work.tx(), pushed, self.now).await?
        {
            return Ok(work.refuse(Problem::malformed("the application's request was used before")).await?);
        }
        asked.request.scopes = scopes;
        let agreed = Leave {
            client: self.client.id.as_str(),
            request: &asked.request,
            user: person.met.user,
            organization: &place.seat.organization,
            session: person.session,
            generation: person.met.generation,
            proof: &person.met.proof,
        };
        let code = code::give(&mut work.tx(), &agreed, CodeId::new(self.now, &*self.chance), self.now, &*self.chance).await?;
        let payload = json!({ "client_id": agreed.client, "scopes": asked.request.scopes });
        work.note(EventType::AuthorizationGiven, Some(person.met.user.into()), Outcome::Success, payload);
        let answer = asked.request.to.with_code(self.services.issuer.iss(), code.expose());
        let who = self::person(person.met.user, Some(place.seat.organization));
        Ok(work.commit(who, self.leave(answer)).await?)
    }

    async fn question(&self, mut work: Work, person: Person, asked: Asked, places: &[Place], chosen: &Place) -> Outgoing {
        let user = person.met.user;
        let since = asked.since.unwrap_or(self.now);
        let paths = (progress::path(&asked.params, since), progress::denied(&asked.params, since));
        let (Some(back), Some(deny)) = paths else { return self.told(work, Some(&person), &asked, long()).await };
        let whose = account::person(&mut work.tx(), user).await?;
        let owner = owner(&mut work.tx(), &self.client).await?;
        let to = &asked.request.to.uri;
        let named = asked.request.organization.is_some();
        let places: Vec<_> = places
            .iter()
            .filter(|place| !named || place.seat.organization == chosen.seat.organization)
            .map(|place| (place.seat.organization.as_str().to_owned(), place.name.clone()))
            .collect();
        let elsewhere = sign_in(back.as_str(), None, None);
        let screen = question(&Question {
            client: (self.client.id.as_str(), &self.client.registered.name),
            owner: &owner,
            is_local: self.client.organization.is_none() && !to.starts_with("https://"),
            host: host(to),
            person: &whose.email,
            places: &places,
            chosen: chosen.seat.organization.as_str(),
            scopes: &asked.request.to_agree(&asked.request.scopes),
            back: back.as_str(),
            elsewhere: (&elsewhere, deny.as_str()),
            token: &self.browser.form_token(),
        });
        let page = pages::whole(&self.browser, &screen);
        Ok(work.commit(self::person(user, Some(person.met.seat.organization)), Errand::Show(page)).await?)
    }

    async fn to_sign_in(&self, work: Work, person: Option<&Person>, asked: &Asked) -> Outgoing {
        // Who came back without having done what was asked is asked once more, from now on.
        let Some(back) = progress::path(&asked.params, self.now) else { return self.told(work, person, asked, long()).await };
        let stale = person.map(|_| Done::Stale);
        let to = sign_in(back.as_str(), stale, asked.request.login_hint.as_deref());
        Ok(work.commit(Proven::nobody(), Errand::Go(Redirect::to(to))).await?)
    }

    /// Tells the client what is wrong.
    async fn told(&self, work: Work, person: Option<&Person>, asked: &Asked, fault: Fault) -> Outgoing {
        let Request { to, prompt, .. } = &asked.request;
        self.fail(work, person, Failed { to, fault, silent: prompt.none, pushed: asked.pushed }).await
    }

    /// Says what is wrong. A browser in which nobody signed in is sent on where no page may be shown, and where the operator vouches for the client;
    /// else whoever registers a client would have an address of this server that leads to theirs (RFC 9700, section 4.11.2).
    async fn fail(&self, mut work: Work, person: Option<&Person>, failed: Failed<'_>) -> Outgoing {
        if let Some(pushed) = failed.pushed {
            par::finish(&mut work.tx(), pushed, self.now).await?;
        }
        let user = person.map(|person| person.met.user);
        let payload = json!({ "client_id": self.client.id.as_str(), "error": failed.fault.error });
        work.note(EventType::AuthorizationRefused, user.map(Into::into), Outcome::Refused, payload);
        let who = person
            .map_or_else(Proven::nobody, |person| self::person(person.met.user, Some(person.met.seat.organization.clone())));
        let answer = failed.to.with_fault(self.services.issuer.iss(), failed.fault);
        if person.is_some() || failed.silent || self.client.is_the_operators() {
            return Ok(work.commit(who, self.leave(answer)).await?);
        }
        let owner = owner(&mut work.tx(), &self.client).await?;
        let client = (self.client.registered.name.as_str(), owner.name());
        let errand = leaving::asked_before(&answer, client, Some(failed.fault.description), Held::Stays);
        Ok(work.commit(who, errand).await?)
    }

    /// Back to the client: by a page where the browser came from a form of ours.
    fn leave(&self, answer: Answer) -> Errand {
        errand(answer, self.progress.asked.is_some(), Held::Stays)
    }
}

/// An answer that says what is wrong.
struct Failed<'a> {
    to: &'a Return,
    fault: Fault,
    /// Whether no page may be shown (OpenID Connect Core, section 3.1.2.6).
    silent: bool,
    pushed: Option<PushedRequestId>,
}

const fn long() -> Fault {
    Fault::new("invalid_request", "the request is too long to be carried by a browser: push it (RFC 9126)")
}

/// The page to sign in, which leads back.
fn sign_in(back: &str, done: Option<Done>, hint: Option<&str>) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("return_to", back);
    if let Some(done) = done {
        query.append_pair("done", done.word());
    }
    if let Some(hint) = hint.filter(|hint| hint.len() <= 254) {
        query.append_pair("email", hint);
    }
    format!("/sign-in?{}", query.finish())
}
