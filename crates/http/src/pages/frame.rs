//! The frame of every page.

use std::sync::LazyLock;

use maud::{DOCTYPE, Markup, html};
use sha2::{Digest, Sha256};
use wardgraph_api::{Held, Page};
use wardgraph_gate::Browser;
use wardgraph_kernel::hex::hex;

use super::{
    fields::{Screen, button},
    texts::frame as t,
};

/// The look.
pub(crate) const STYLE: &str = include_str!("assets/pages.css");

/// The mark, by itself.
pub(crate) const ICON: &str = include_str!("assets/icon.svg");

/// Where the look is: an address that changes with it, so that browsers may keep it.
static STYLE_AT: LazyLock<String> = LazyLock::new(|| format!("/assets/pages.css?v={}", version(STYLE)));

/// What speaks with authenticators.
pub(crate) const SCRIPT: &str = include_str!("assets/passkeys.js");

/// Where that is.
static SCRIPT_AT: LazyLock<String> = LazyLock::new(|| format!("/assets/passkeys.js?v={}", version(SCRIPT)));

/// What sends the form of a page that is there to be sent on.
pub(crate) const SEND: &str = include_str!("assets/send.js");

/// Where that is.
static SEND_AT: LazyLock<String> = LazyLock::new(|| format!("/assets/send.js?v={}", version(SEND)));

fn version(text: &str) -> String {
    hex(Sha256::digest(text).get(..6).unwrap_or_default())
}

/// The whole page, for this browser.
pub(crate) fn whole(browser: &Browser, screen: &Screen) -> Page {
    let token = browser.is_signed_in().then(|| browser.form_token());
    let html = document(screen, token.as_deref());
    Page { html: html.into_string(), visit: browser.to_hold().cloned(), session: Held::Stays }
}

/// A page for a browser of which nothing is known.
pub(super) fn bare(screen: &Screen) -> String {
    document(screen, None).into_string()
}

/// `token`: of the form by which somebody who signed in signs out.
fn document(screen: &Screen, token: Option<&str>) -> Markup {
    let title = if screen.fails { format!("{}{}", t::ERROR, screen.title) } else { screen.title.to_owned() };
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · " (t::PRODUCT) }
                link rel="icon" href="/assets/icon.svg";
                link rel="stylesheet" href=(*STYLE_AT);
                @if screen.asks_authenticators { script src=(*SCRIPT_AT) defer {} }
                @if screen.sends { script src=(*SEND_AT) defer {} }
                @if let Some(to) = &screen.leads { meta http-equiv="refresh" content={ "0; url=" (to) }; }
            }
            body {
                a.skip href="#main" { (t::SKIP) }
                header.top {
                    a.brand href="/" { (mark()) (t::PRODUCT) }
                    @if let Some(token) = token {
                        form method="post" action="/sign-out" { (button(token, t::SIGN_OUT, "plain")) }
                    }
                }
                div.(if token.is_some() { "wide" } else { "narrow" }) {
                    @if token.is_some() { (places(screen)) }
                    main #main tabindex="-1" {
                        h1 { (screen.title) }
                        (screen.body)
                    }
                }
            }
        }
    }
}

/// Where somebody who signed in can go.
fn places(screen: &Screen) -> Markup {
    html! {
        nav aria-label=(t::PLACES) {
            ul {
                @for (path, name) in t::PLACE_LIST {
                    li { a href=(path) aria-current=[(screen.place == Some(path)).then_some("page")] { (name) } }
                }
            }
        }
    }
}

/// The product's mark: a shield with a graph.
fn mark() -> Markup {
    html! {
        svg.mark viewBox="0 0 24 24" aria-hidden="true" focusable="false" {
            path d="M12 1.5 3 5v6.5c0 5.2 3.8 9.4 9 11 5.2-1.6 9-5.8 9-11V5z" fill="currentColor" {}
            g.inside fill="none" stroke-width="1.5" {
                path d="M8 9.2 15.6 8M8.4 10.6l3.2 4.8M15.6 9.8l-2.8 5.6" {}
                circle cx="7.4" cy="9.4" r="1.6" {}
                circle cx="16.4" cy="8" r="1.6" {}
                circle cx="12.2" cy="16.6" r="1.6" {}
            }
        }
    }
}
