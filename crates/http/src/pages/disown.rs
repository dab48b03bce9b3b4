//! The pages of "it was not me": what will go, and what went.

use maud::{Markup, html};
use wardgraph_api::wire::disown::Disowning;
use wardgraph_oauth::{
    client::Shut,
    left::{Left, What},
};

use super::{
    fields::{Filled, Screen, Shown},
    texts::{disown as t, fields as f},
};

/// What went.
#[derive(Debug)]
pub(crate) struct Disowned {
    /// How many second factors.
    pub(crate) factors: usize,
    /// What was left in the account.
    pub(crate) left: Vec<Left>,
    /// Clients that do nothing any more.
    pub(crate) clients: Vec<Shut>,
}

impl Shown for Disowning {
    fn screen(filled: &Filled<'_>) -> Option<Screen> {
        let content = html! {
            p { (t::TEXT) }
            ul.scopes { @for text in t::GOES { li { (text) } } }
            p { (t::AFTER) }
            (filled.carried("token"))
            button.main { (t::BUTTON) }
        };
        Some(Screen::new(t::TITLE, filled.form("/not-me", &[("token", f::LINK)], &content)).failing(filled))
    }
}

/// What was taken back, by name: who reads it knows what of it was theirs.
pub(crate) fn disowned(gone: &Disowned) -> Screen {
    let names = |of: fn(&What) -> Option<&str>| gone.left.iter().filter_map(|left| of(&left.what)).collect::<Vec<_>>();
    let agreed = names(|what| if let What::Consent { client, .. } = what { Some(client) } else { None });
    let invited = names(|what| if let What::Invitation { email, .. } = what { Some(email) } else { None });
    let tokens = gone.left.iter().filter(|left| matches!(left.what, What::InitialToken(_))).count();
    let clients: Vec<_> = gone.clients.iter().map(|client| client.name.as_str()).collect();
    let body = html! {
        p { (t::DONE_TEXT) }
        (count(t::FACTORS, gone.factors))
        (list(t::APPLICATIONS, &agreed))
        (list(t::CLIENTS, &clients))
        @if !clients.is_empty() { p.hint { (t::CLIENTS_TEXT) } }
        (list(t::INVITATIONS, &invited))
        (count(t::TOKENS, tokens))
        p { a.button href="/forgot-password" { (t::NEXT) } }
    };
    Screen::new(t::DONE, body)
}

fn count(what: &str, count: usize) -> Markup {
    html! { @if count > 0 { p { (what) ": " (count) } } }
}

fn list(what: &str, names: &[&str]) -> Markup {
    html! {
        @if !names.is_empty() {
            h2 { (what) }
            ul.scopes { @for name in names { li { (name) } } }
        }
    }
}
