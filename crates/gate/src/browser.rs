//! Browsers: the cookie that is the credential of pages, the token that every form carries, and where a request may come from.
//!
//! **Invariant:** a cookie is believed by pages alone, never beside another credential, and never for a request that another site caused, but for
//! a link that a person followed; and nothing is done without the token of a form that this server showed to this very browser
//! (`a_form_of_another_page_does_nothing`, `a_cookie_is_no_credential_of_the_api`).

mod session;

use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign, verify};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{
    HeaderMap, HeaderName,
    header::{AUTHORIZATION, COOKIE, ORIGIN},
};
use wardgraph_api::Problem;
use wardgraph_identity::session::browser::CookieText;
use wardgraph_kernel::{Chance, Method, Secret, Spec};

/// The cookie of a session.
pub const SESSION: &str = "__Host-wg_session";
/// The cookie of a browser in which nobody signed in: what its forms are bound to.
pub const VISIT: &str = "__Host-wg_visit";
/// The field of forms that holds their token.
pub const FORM_TOKEN: &str = "form_token";

/// What a form's token says of its browser.
const FORM: &[u8] = b"form";
/// How that begins by which a browser's person agreed to something.
const AGREED: &str = "agreed:";

static FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
static FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
static API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// A browser, told apart by the secret that it holds: the cookie of a session, or of a visit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Browser {
    cookie: Secret,
    signed_in: bool,
    new: bool,
}

impl Browser {
    /// The browser that holds this cookie of a session.
    pub fn of_session(cookie: Secret) -> Self {
        Self { cookie, signed_in: true, new: false }
    }

    /// The browser that sends these headers; one without a cookie for what it asks gets one.
    pub(crate) fn asking(headers: &HeaderMap, spec: &Spec, chance: &dyn Chance) -> Self {
        // Forms of strangers' pages are bound to a session, too, if there is one: whoever signed in meets some of them.
        let session = cookie(headers, SESSION).filter(|text| CookieText::read(text).is_some());
        match (session, spec.access.admits_strangers()) {
            (Some(session), signs_in) => return Self { signed_in: !signs_in, ..Self::of_session(Secret::new(session)) },
            (None, false) => return Self::of_session(Secret::new("")),
            (None, true) => {}
        }
        let visit = cookie(headers, VISIT).filter(|text| is_visit(text));
        Self {
            new: visit.is_none(),
            cookie: visit.map_or_else(|| Secret::new(URL_SAFE_NO_PAD.encode(chance.bytes())), Secret::new),
            signed_in: false,
        }
    }

    /// What every form that is shown to this browser carries: it follows from the cookie, which no other site can read or set.
    pub fn form_token(&self) -> String {
        form_token(self.cookie.expose())
    }

    /// That a form of this browser's agreed to `what`. It stands in an address, and says nothing of another text or another browser.
    pub fn agreement(&self, what: &str) -> String {
        URL_SAFE_NO_PAD.encode(sign(&key(self.cookie()), format!("{AGREED}{what}").as_bytes()))
    }

    /// Whether this is what [`Browser::agreement`] made.
    pub fn has_agreed(&self, what: &str, given: &str) -> bool {
        let given = URL_SAFE_NO_PAD.decode(given);
        given.is_ok_and(|given| verify(&key(self.cookie()), format!("{AGREED}{what}").as_bytes(), &given).is_ok())
    }

    /// Whether somebody signed in with it.
    pub const fn is_signed_in(&self) -> bool {
        self.signed_in
    }

    /// The session that it holds the cookie of, as far as nobody has believed it yet.
    pub fn session(&self) -> Option<CookieText<'_>> {
        CookieText::read(self.cookie.expose())
    }

    /// The cookie of the session, as far as nobody has believed it yet.
    pub(crate) fn cookie(&self) -> &str {
        self.cookie.expose()
    }

    /// The cookie that it is to hold from now on, if it is new.
    pub fn to_hold(&self) -> Option<&Secret> {
        self.new.then_some(&self.cookie)
    }
}

/// The token of forms for the holder of a cookie.
pub fn form_token(cookie: &str) -> String {
    URL_SAFE_NO_PAD.encode(sign(&key(cookie), FORM))
}

fn key(cookie: &str) -> Key {
    Key::new(HMAC_SHA256, cookie.as_bytes())
}

/// The one cookie of this name. Two are none: a browser holds one, as its name has the prefix `__Host-`.
fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let pairs = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(';'));
    let mut found = pairs.filter_map(|pair| pair.trim_matches(' ').split_once('=')).filter(|(key, _)| *key == name);
    let (Some((_, value)), None) = (found.next(), found.next()) else { return None };
    Some(value)
}

/// 256 bits, as this server writes them.
fn is_visit(text: &str) -> bool {
    URL_SAFE_NO_PAD.decode(text).is_ok_and(|bytes| bytes.len() == 32)
}

/// Refuses what another site had a browser send (a form that does something must come from a page of this server's; a page may be led to by a
/// link from anywhere), and credentials of programs.
pub(crate) fn judge(headers: &HeaderMap, method: Method, own: &str) -> Result<(), Problem> {
    if headers.contains_key(AUTHORIZATION) || headers.contains_key(&API_KEY) {
        return Err(Problem::unauthenticated("pages take the cookie of a session and no other credential"));
    }
    let text = |name: &HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("unreadable"));
    let shows = method == Method::GET;
    let own_site = match (text(&FETCH_SITE), text(&ORIGIN)) {
        (Some("same-origin"), _) => true,
        // Nobody caused it: somebody wrote the address, or no browser asks.
        (Some("none"), _) | (None, None) => shows,
        // A link from elsewhere leads to a page; nothing else of another site gets one.
        (Some(_), _) => shows && text(&FETCH_MODE) == Some("navigate"),
        (None, Some(origin)) => origin == origin_of(own),
    };
    if own_site { Ok(()) } else { Err(Problem::forbidden("the request comes from another site")) }
}

/// Whether a form's fields hold the token that it was shown with.
pub(crate) fn vouched(browser: &Browser, body: &[u8]) -> Result<(), Problem> {
    let mut fields =
        body.split(|byte| *byte == b'&').filter_map(|pair| pair.strip_prefix(FORM_TOKEN.as_bytes())?.strip_prefix(b"="));
    let (given, None) = (fields.next().unwrap_or_default(), fields.next()) else { return Err(foreign()) };
    let given = URL_SAFE_NO_PAD.decode(given).map_err(|_| foreign())?;
    verify(&key(browser.cookie()), FORM, &given).map_err(|_| foreign())
}

fn foreign() -> Problem {
    Problem::forbidden("the form is too old, or this browser keeps no cookies: open the page again")
}

/// `scheme://host[:port]` of an address.
fn origin_of(address: &str) -> &str {
    let host = address.find("://").map_or(0, |at| at + 3);
    let end = address.get(host..).and_then(|rest| rest.find('/')).map_or(address.len(), |at| host + at);
    address.get(..end).unwrap_or(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(HeaderName::from_static(name), value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn a_cookie_is_the_one_of_its_name() {
        let find = |values: &[&str]| {
            let pairs: Vec<_> = values.iter().map(|value| ("cookie", *value)).collect();
            cookie(&headers(&pairs), SESSION).map(str::to_owned)
        };
        assert_eq!(find(&["__Host-wg_session=a"]).as_deref(), Some("a"));
        assert_eq!(find(&["x=1; __Host-wg_session=a; y=2"]).as_deref(), Some("a"));
        assert_eq!(find(&["__Host-wg_session=a; __Host-wg_session=b"]), None);
        assert_eq!(find(&["__Host-wg_session=a", "__Host-wg_session=a"]), None);
        assert_eq!(find(&["wg_session=a", "__host-wg_session=b", "x__Host-wg_session=c"]), None);
    }

    #[test]
    fn only_pages_of_this_server_do_something_and_links_lead_to_pages() {
        let own = "https://graph.example.com/base";
        let may = |pairs: &[(&'static str, &str)], method| judge(&headers(pairs), method, own).is_ok();
        let both = |pairs: &[(&'static str, &str)]| [may(pairs, Method::GET), may(pairs, Method::POST)];
        assert_eq!(both(&[("sec-fetch-site", "same-origin")]), [true, true]);
        assert_eq!(
            both(&[("sec-fetch-site", "same-origin"), ("origin", "null")]),
            [true, true],
            "as pages that refer to nobody send it"
        );
        assert_eq!(both(&[("sec-fetch-site", "none")]), [true, false]);
        for site in ["cross-site", "same-site", "unheard-of"] {
            assert_eq!(both(&[("sec-fetch-site", site), ("origin", "https://graph.example.com")]), [false, false], "{site}");
            assert_eq!(both(&[("sec-fetch-site", site), ("sec-fetch-mode", "navigate")]), [true, false], "{site}");
        }
        assert_eq!(both(&[("origin", "https://graph.example.com")]), [true, true]);
        for origin in ["null", "https://evil.example", "http://graph.example.com", "https://graph.example.com.evil.example", ""] {
            assert_eq!(both(&[("origin", origin)]), [false, false], "{origin}");
        }
        assert_eq!(both(&[]), [true, false]);
        for name in ["authorization", "x-api-key"] {
            assert_eq!(both(&[("sec-fetch-site", "same-origin"), (name, "x")]), [false, false]);
        }
    }

    #[test]
    fn a_forms_token_is_its_browsers() {
        let browser = Browser::of_session(Secret::new("wgs_a"));
        let token = browser.form_token();
        let holds = |body: &str| vouched(&browser, body.as_bytes()).is_ok();
        assert!(holds(&format!("form_token={token}")) && holds(&format!("a=b&form_token={token}&c=d")));
        let other = form_token("wgs_b");
        for body in [
            "",
            "form_token=",
            &format!("form_token={other}"),
            &format!("form_token={token}&form_token={token}"),
            &format!("xform_token={token}"),
        ] {
            assert!(!holds(body), "{body}");
        }
    }

    #[test]
    fn an_agreement_is_one_browsers_to_one_thing() {
        let [one, other] = ["wgs_a", "wgs_b"].map(|cookie| Browser::of_session(Secret::new(cookie)));
        let agreement = one.agreement("a=b");
        assert!(one.has_agreed("a=b", &agreement));
        assert!(!one.has_agreed("a=c", &agreement) && !other.has_agreed("a=b", &agreement));
        for bad in ["", "A", &*one.form_token(), &*form_token("agreed:a=b")] {
            assert!(!one.has_agreed("a=b", bad), "{bad}");
        }
    }
}
