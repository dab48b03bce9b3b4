//! Somebody at a browser without a screen and without scripts, who goes wherever they are led and fills in the forms that they find there.

use std::collections::BTreeMap;

use reqwest::{Method, StatusCode, Url, header::HeaderMap, redirect::Policy};
use wardgraph_testkit::PASSWORD;

/// How often somebody is led on before it is no journey any more.
const MOST_STEPS: usize = 20;

/// The browser: cookies, by the place that they are of.
#[derive(Debug)]
pub(crate) struct Surfer {
    http: reqwest::Client,
    cookies: BTreeMap<String, BTreeMap<String, String>>,
    at: Option<Url>,
}

/// What it shows.
#[derive(Debug)]
pub(crate) struct Shown {
    pub(crate) url: Url,
    pub(crate) status: StatusCode,
    pub(crate) text: String,
}

impl Surfer {
    pub(crate) fn new() -> Self {
        let http = reqwest::Client::builder().no_proxy().redirect(Policy::none()).build().unwrap();
        Self { http, cookies: BTreeMap::new(), at: None }
    }

    /// Opens an address.
    pub(crate) async fn open(&mut self, address: &str) -> Shown {
        self.go(Method::GET, address.parse().unwrap(), String::new()).await
    }

    /// Follows the link of this text.
    pub(crate) async fn follow(&mut self, page: &Shown, text: &str) -> Shown {
        let (before, _) =
            page.text.split_once(&format!(">{text}</a>")).unwrap_or_else(|| panic!("no link `{text}`: {}", page.text));
        let (_, address) = before.rsplit_once("href=\"").unwrap();
        let to = page.url.join(&plain(address.split('"').next().unwrap())).unwrap();
        self.go(Method::GET, to, String::new()).await
    }

    /// Sends the form that goes to `action`, with what is filled in.
    pub(crate) async fn fill(&mut self, page: &Shown, action: &str, fields: &[(&str, &str)]) -> Shown {
        let (_, form) = page
            .text
            .split_once(&format!("action=\"{action}\""))
            .unwrap_or_else(|| panic!("no form for {action} at {}: {}", page.url, page.text));
        let form = form.split("</form>").next().unwrap();
        let mut body = form_urlencoded::Serializer::new(String::new());
        for hidden in form.split("<input type=\"hidden\" name=\"").skip(1) {
            let (name, rest) = hidden.split_once("\" value=\"").unwrap();
            body.append_pair(name, &plain(rest.split('"').next().unwrap()));
        }
        body.extend_pairs(fields);
        let to = page.url.join(action).unwrap();
        self.go(Method::POST, to, body.finish()).await
    }

    /// Signs in with the pages of the server, and agrees if that is asked.
    pub(crate) async fn sign_in(&mut self, page: Shown, email: &str) -> Shown {
        assert!(page.url.path() == "/sign-in", "{} {} {}", page.url, page.status, page.text);
        let next = self.fill(&page, "/sign-in", &[("email", email), ("password", PASSWORD)]).await;
        if next.text.contains("action=\"/oauth2/consent\"") { self.fill(&next, "/oauth2/consent", &[]).await } else { next }
    }

    async fn go(&mut self, method: Method, to: Url, body: String) -> Shown {
        let (mut method, mut to, mut body) = (method, to, body);
        for _ in 0..MOST_STEPS {
            let reply = self.ask(&method, &to, body).await;
            let (status, headers) = (reply.status(), reply.headers().clone());
            self.keep(&to, &headers);
            self.at = Some(to.clone());
            let text = reply.text().await.unwrap();
            let led = match headers.get("location") {
                Some(location) if status.is_redirection() => Some(location.to_str().unwrap().to_owned()),
                _ => text.split_once("content=\"0; url=").map(|(_, rest)| plain(rest.split('"').next().unwrap())),
            };
            let Some(next) = led else { return Shown { url: to, status, text } };
            assert!(
                !status.is_redirection() || method == Method::GET || status == 303 || status == 302,
                "{status} keeps the body"
            );
            (method, to, body) = (Method::GET, to.join(&next).unwrap(), String::new());
        }
        panic!("led about in circles, last to {to}")
    }

    async fn ask(&self, method: &Method, to: &Url, body: String) -> reqwest::Response {
        let cookies: Vec<_> =
            self.cookies.get(&place(to)).into_iter().flatten().map(|(name, value)| format!("{name}={value}")).collect();
        let site = match &self.at {
            None => "none",
            Some(at) if place(at) == place(to) => "same-origin",
            Some(_) => "cross-site",
        };
        let mut request = self.http.request(method.clone(), to.clone());
        request =
            request.header("sec-fetch-site", site).header("sec-fetch-mode", "navigate").header("sec-fetch-dest", "document");
        request = request.header("accept", "text/html");
        if !cookies.is_empty() {
            request = request.header("cookie", cookies.join("; "));
        }
        if *method == Method::POST {
            request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
        }
        request.send().await.unwrap_or_else(|error| panic!("{to}: {error}"))
    }

    fn keep(&mut self, of: &Url, headers: &HeaderMap) {
        let held = self.cookies.entry(place(of)).or_default();
        for cookie in headers.get_all("set-cookie") {
            let (name, rest) = cookie.to_str().unwrap().split_once('=').unwrap();
            let value = rest.split(';').next().unwrap();
            if value.is_empty() || rest.contains("Max-Age=0") || rest.contains("01 Jan 1970") {
                held.remove(name);
            } else {
                held.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}

fn place(url: &Url) -> String {
    url.origin().ascii_serialization()
}

fn plain(text: &str) -> String {
    text.replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}
