//! The page on which somebody agrees to what a client asks for, and the one on which they see what they agreed to.

use maud::{Markup, html};
use wardgraph_api::wire::{
    authorize::{ConsentForm, ConsentList, SignOutForm},
    page::Done,
};
use wardgraph_gate::browser::FORM_TOKEN;

use super::{
    fields::{Filled, Screen, Shown, button_of, notice},
    moment::moment,
    texts::{self, applications as a, consent as c, scopes as s},
};

/// What somebody is asked.
#[derive(Debug)]
pub(crate) struct Question<'a> {
    /// The client, and what it is called.
    pub(crate) client: (&'a str, &'a str),
    /// Who answers for it.
    pub(crate) owner: &'a Owner,
    /// Whether it leads to a program on the browser's own machine, and nobody answers for it.
    pub(crate) is_local: bool,
    /// Where the browser goes back to.
    pub(crate) host: &'a str,
    /// Who is asked.
    pub(crate) person: &'a str,
    /// Where the client may work, and what that is called: one of these.
    pub(crate) places: &'a [(String, String)],
    /// The one that is offered first.
    pub(crate) chosen: &'a str,
    /// What it asks for.
    pub(crate) scopes: &'a [String],
    /// The request, to which the browser goes back.
    pub(crate) back: &'a str,
    /// Where somebody else signs in, and where it is refused.
    pub(crate) elsewhere: (&'a str, &'a str),
    /// The token of the form.
    pub(crate) token: &'a str,
}

/// Who answers for a client.
#[derive(Debug)]
pub(crate) enum Owner {
    /// An organization, by its name.
    Organization(String),
    /// Whoever has this host, where it describes itself.
    Host(String),
    /// Nobody.
    Nobody,
}

impl Owner {
    /// What it is called where there is room for a name alone.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Organization(name) | Self::Host(name) => name,
            Self::Nobody => c::NOBODY,
        }
    }
}

/// The question.
pub(crate) fn consent(question: &Question<'_>) -> Screen {
    let (id, name) = question.client;
    let (other, deny) = question.elsewhere;
    let body = html! {
        @match question.owner {
            Owner::Organization(owner) => p { strong { (name) } " " (c::OF) " " strong { (owner) } " " (c::ASKS) }
            Owner::Host(host) => {
                p { strong { (name) } " " (c::ASKS_TOO) }
                p.summary { (c::DESCRIBED_AT) " " strong { (host) } ". " (c::DESCRIBED) }
            }
            Owner::Nobody => {
                p { strong { (name) } " " (c::ASKS_TOO) }
                p.summary { (c::UNVERIFIED) }
            }
        }
        @if question.is_local { p.summary { (c::LOCAL) } }
        form method="post" action="/oauth2/consent" {
            input type="hidden" name=(FORM_TOKEN) value=(question.token);
            input type="hidden" name="client_id" value=(id);
            input type="hidden" name="return_to" value=(question.back);
            @for scope in question.scopes { input type="hidden" name="scopes" value=(scope); }
            h2 { (c::MAY) }
            ul.scopes { @for scope in question.scopes { li { (s::words(scope)) } } }
            (organizations(question.places, question.chosen))
            p.hint { (c::NARROWED) }
            div.row { button.main { (c::ALLOW) } a.button href=(deny) { (c::DENY) } }
        }
        p.hint.after { (c::back_to(question.host)) }
        ul.links { li { (c::SIGNED_IN_AS) " " strong { (question.person) } ". " a href=(other) { (c::ELSE) } } }
    };
    Screen::new(c::TITLE, body)
}

/// Where the client may work: one of these, of which one is offered first.
pub(super) fn organizations(places: &[(String, String)], chosen: &str) -> Markup {
    html! {
        @if let [(id, name)] = places {
            input type="hidden" name="organization" value=(id);
            p { (c::IN) " " strong { (name) } "." }
        } @else {
            div.field {
                label for="organization" { (c::ORGANIZATION) }
                select #organization name="organization" {
                    @for (id, name) in places { option value=(id) selected[id == chosen] { (name) } }
                }
            }
        }
    }
}

impl Shown for ConsentForm {
    fn screen(_: &Filled<'_>) -> Option<Screen> {
        None
    }
}

impl Shown for SignOutForm {
    fn screen(_: &Filled<'_>) -> Option<Screen> {
        None
    }
}

/// Asks whether somebody signs out: for whom, if that is known, and where that leads then. `fields` are carried along.
pub(crate) fn sign_out(token: &str, asked: (Option<&str>, Option<&str>), fields: &[(&str, &str)]) -> Screen {
    let (client, leads) = asked;
    let body = html! {
        p { @if let Some(name) = client { strong { (name) } " " (c::SIGN_OUT_FOR) } @else { (c::SIGN_OUT_TEXT) } }
        form method="post" action="/oauth2/logout" {
            input type="hidden" name=(FORM_TOKEN) value=(token);
            @for (name, value) in fields { input type="hidden" name=(name) value=(value); }
            div.row { button.main { (c::SIGN_OUT) } a.button href="/account" { (c::STAY) } }
        }
        @if let Some(host) = leads { p.hint.after { (c::leads_to(host)) } }
    };
    Screen::new(c::SIGN_OUT_TITLE, body)
}

/// What somebody agreed to, after something was done.
pub(crate) fn applications(list: &ConsentList, token: &str, done: Option<Done>) -> Screen {
    let body = html! {
        (notice(done.map(texts::done)))
        p { (a::TEXT) }
        @if list.consents.is_empty() { p.hint { (a::NONE) } }
        ul.cards {
            @for consent in &list.consents {
                li {
                    h2 { (consent.client_name) }
                    dl {
                        div { dt { (a::ORGANIZATION) } dd { (consent.organization_name) } }
                        div { dt { (a::MAY) } dd { ul.scopes { @for scope in &consent.scopes { li { (s::words(scope)) } } } } }
                        div { dt { (a::SINCE) } dd { (moment(consent.created_at)) } }
                    }
                    form method="post" action={ "/account/applications/" (consent.id) "/revoke" } {
                        (button_of(token, a::REVOKE, "danger", &consent.client_name))
                    }
                }
            }
        }
    };
    Screen::new(a::TITLE, body).at("/account/applications")
}
