//! Pages by which a browser goes back to a client, where no redirect does: what is answered as a form (OAuth 2.0 Form Post Response Mode), and what follows
//! a form of this server's own, whose policy would not let it lead elsewhere.

use maud::{Markup, html};
use wardgraph_api::{Errand, Held, Page};
use wardgraph_kernel::Secret;
use wardgraph_oauth::request::Answer;

use super::{fields::Screen, frame, texts::leaving as t};

/// An answer to a client, on its way. `by_page`: the browser came from a form of ours.
pub(crate) fn errand(answer: Answer, by_page: bool, session: Held) -> Errand {
    match answer {
        Answer::Go(to) if !by_page => Errand::Back(to, session),
        Answer::Go(to) => {
            let screen = Screen { leads: Some(to.clone()), ..Screen::new(t::TITLE, leads(&to)) };
            Errand::ByPage { page: page(&screen, session), posts_to: None }
        }
        Answer::Post(to, fields) => {
            let screen = Screen { sends: true, ..Screen::new(t::TITLE, posts(&to, &fields)) };
            Errand::ByPage { page: page(&screen, session), posts_to: Some(origin(&to)) }
        }
    }
}

/// The same, but that the person is told where it leads, and decides. `client`: what it is called, and whose it is; `why`: what is wrong with its
/// request.
pub(crate) fn asked_before(answer: &Answer, client: (&str, &str), why: Option<&str>, session: Held) -> Errand {
    let (Answer::Go(to) | Answer::Post(to, _)) = answer;
    let body = html! {
        p { strong { (client.0) } " " (t::OF) " " strong { (client.1) } " " (t::SENT) }
        @if let Some(why) = why { p.hint { (t::WRONG) " " (why) "." } }
        p { (t::AWAY) " " strong { (host(to)) } ". " (t::TRUST) }
        @match answer {
            Answer::Go(to) => p { a.button href=(to) { (t::GO_ON) } },
            Answer::Post(to, fields) => (form(to, fields, t::GO_ON)),
        }
    };
    let posts_to = matches!(answer, Answer::Post(..)).then(|| origin(to));
    Errand::ByPage { page: page(&Screen::new(t::ASKED_TITLE, body), session), posts_to }
}

fn page(screen: &Screen, session: Held) -> Page {
    Page { html: frame::bare(screen), visit: None::<Secret>, session }
}

fn leads(to: &str) -> Markup {
    html! {
        p { (t::TEXT) }
        p { a.button href=(to) { (t::BUTTON) } }
    }
}

fn posts(to: &str, fields: &[(&'static str, String)]) -> Markup {
    html! {
        p { (t::TEXT) }
        (form(to, fields, t::BUTTON))
    }
}

fn form(to: &str, fields: &[(&'static str, String)], button: &str) -> Markup {
    html! {
        form method="post" action=(to) {
            @for (name, value) in fields { input type="hidden" name=(name) value=(value); }
            button.main { (button) }
        }
    }
}

/// Where an address leads, for people: the host of a page; of a program's own scheme the scheme alone, since what follows it is anybody's choice.
pub(crate) fn host(address: &str) -> &str {
    match address.split_once(':') {
        Some(("https" | "http", rest)) => rest.trim_start_matches('/').split(['/', '?']).next().unwrap_or(address),
        Some((scheme, _)) => scheme,
        None => address,
    }
}

/// What a policy calls the server of an address: `scheme://host:port`, or `scheme:` of a program's own (CSP Level 3, section 2.3.1).
fn origin(address: &str) -> String {
    let (scheme, rest) = address.split_once(':').unwrap_or_default();
    match rest.strip_prefix("//") {
        Some(rest) if matches!(scheme, "http" | "https") => {
            let host: String = rest.chars().take_while(|c| !matches!(c, '/' | '?' | '#')).collect();
            format!("{scheme}://{host}")
        }
        _ => format!("{scheme}:"),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_policy_names_the_one_server_that_a_form_goes_to() {
        for (address, named) in [
            ("https://app.example/cb;a,b", "https://app.example"),
            ("https://app.example:8443?x=1", "https://app.example:8443"),
            ("http://[::1]:3000/cb", "http://[::1]:3000"),
            ("com.example.app:/cb", "com.example.app:"),
            ("com.example.app://cb", "com.example.app:"),
        ] {
            assert_eq!(super::origin(address), named);
        }
    }
}
