//! A browser without a screen: it keeps cookies, and sends forms with the token of the page that it saw last.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use wardgraph_gate::browser::FORM_TOKEN;

use crate::{App, PASSWORD, Reply};

/// A window of a browser.
#[derive(Debug)]
pub struct Window {
    base: String,
    http: reqwest::Client,
    cookies: Mutex<BTreeMap<String, String>>,
    token: Mutex<String>,
}

impl Window {
    /// A window of a fresh browser.
    pub fn open(app: &App) -> Self {
        Self { base: app.base.clone(), http: app.http.clone(), cookies: Mutex::default(), token: Mutex::default() }
    }

    /// The value of a cookie that it holds.
    pub fn cookie(&self, name: &str) -> Option<String> {
        held(&self.cookies).get(name).cloned()
    }

    /// Has it hold a cookie, as if it had been stolen or planted.
    pub fn plant(&self, name: &str, value: &str) {
        held(&self.cookies).insert(name.into(), value.into());
    }

    /// The token of the page that it saw last.
    pub fn token(&self) -> String {
        held(&self.token).clone()
    }

    /// A request with its cookies, from a page of the same site.
    pub fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        self.request_from("same-origin", method, path)
    }

    /// A request with its cookies, from a page of another `site` as browsers tell it.
    pub fn request_from(&self, site: &str, method: &str, path: &str) -> reqwest::RequestBuilder {
        let cookies: Vec<_> = held(&self.cookies).iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = self.http.request(method.parse().unwrap(), format!("{}{path}", self.base));
        request.header("cookie", cookies.join("; ")).header("sec-fetch-site", site)
    }

    /// Shows a page.
    pub async fn get(&self, path: &str) -> Reply {
        self.see(Reply::of(self.request("GET", path)).await)
    }

    /// Sends a form to `path`, with the token of the page that it saw last.
    pub async fn send(&self, path: &str, fields: &[(&str, &str)]) -> Reply {
        let token = self.token();
        self.send_raw(path, fields.iter().copied().chain([(FORM_TOKEN, token.as_str())])).await
    }

    /// Sends exactly these fields.
    pub async fn send_raw<'a>(&self, path: &str, fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> Reply {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = self.request("POST", path).header("content-type", "application/x-www-form-urlencoded");
        self.see(Reply::of(request.body(body)).await)
    }

    /// Signs in.
    pub async fn sign_in(&self, email: &str) -> Reply {
        self.get("/sign-in").await;
        let reply = self.send("/sign-in", &[("email", email), ("password", PASSWORD)]).await;
        assert_eq!(reply.leads(), "/account");
        reply
    }

    /// Signs in where a second factor is asked, by a recovery code.
    pub async fn sign_in_with(&self, email: &str, recovery_code: &str) -> Reply {
        self.get("/sign-in").await;
        let asked = self.send("/sign-in", &[("email", email), ("password", PASSWORD)]).await;
        let token = asked.field("mfa_token");
        let reply = self.send("/sign-in/second-factor", &[("mfa_token", &token), ("recovery_code", recovery_code)]).await;
        assert_eq!(reply.leads(), "/account");
        reply
    }

    /// Takes in the cookies and the token of an answer.
    fn see(&self, reply: Reply) -> Reply {
        for cookie in reply.headers.get_all("set-cookie") {
            let (name, rest) = cookie.to_str().unwrap().split_once('=').unwrap();
            let value = rest.split(';').next().unwrap();
            if rest.contains("Max-Age=0") {
                held(&self.cookies).remove(name);
            } else {
                held(&self.cookies).insert(name.into(), value.into());
            }
        }
        let field = format!("name=\"{FORM_TOKEN}\" value=\"");
        if let Some((_, rest)) = reply.text.split_once(&field) {
            rest.split('"').next().unwrap().clone_into(&mut held(&self.token));
        }
        reply
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
