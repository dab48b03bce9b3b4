//! Refusals as pages.

use axum::{body::Body, response::Response};
use http::{HeaderValue, StatusCode, Uri, header};
use maud::html;
use wardgraph_api::{
    Problem, table,
    wire::page::{Done, LocalPath},
};
use wardgraph_gate::Browser;
use wardgraph_kernel::Method;

use super::{
    fields::{Filled, Screen, sentence},
    frame,
    texts::refusal as t,
};
use crate::{Decode, form, headers, reply};

/// What is answered to a browser that was not let in: whoever is not signed in is led to where one does, and back.
pub(crate) fn turned_away(problem: &Problem, method: Method, target: &Uri) -> Response {
    if problem.status != 401 {
        return answer(problem, frame::bare(&screen(problem)), None);
    }
    let back = match method {
        Method::GET => target.path_and_query().map(|path| path.as_str().to_owned()),
        // What was filled in is lost; the page that the form belongs to is not.
        _ => Some(section(target.path())).filter(|path| is_shown(path)),
    };
    let place =
        back.and_then(|path| LocalPath::parse(&path)).map_or_else(|| "/sign-in".to_owned(), |back| return_to(&back, problem));
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    *response.headers_mut() = headers::none();
    response.headers_mut().insert(header::LOCATION, HeaderValue::try_from(place).unwrap_or(HeaderValue::from_static("/sign-in")));
    response
}

/// The page that a form belongs to: `/account/sessions` for all that is below it.
fn section(path: &str) -> String {
    path.split('/').take(3).collect::<Vec<_>>().join("/")
}

/// Whether there is a page at the path: signing out has none.
fn is_shown(path: &str) -> bool {
    table::rows().any(|row| row.spec.method == Method::GET && row.spec.path == path)
}

/// The page to sign in, which leads back afterwards, and says why if somebody has signed in already.
fn return_to(back: &LocalPath, problem: &Problem) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("return_to", back.as_str());
    if problem.challenge.as_deref().is_some_and(|challenge| challenge.contains("insufficient_user_authentication")) {
        query.append_pair("done", Done::Stale.word());
    }
    format!("/sign-in?{}", query.finish())
}

/// What is answered instead of what was asked: the form again, if it was one, else a page that says why.
pub(crate) fn refused<I: Decode>(problem: &Problem, browser: &Browser, body: &[u8]) -> Response {
    let fields = form::fields(body).unwrap_or_default();
    let again = if problem.status < 500 && problem.status != 403 {
        I::again(&Filled::refused(browser.form_token(), fields, problem))
    } else {
        None
    };
    let page = frame::whole(browser, &again.unwrap_or_else(|| screen(problem)));
    answer(problem, page.html, page.visit.as_ref())
}

fn answer(problem: &Problem, html: String, visit: Option<&wardgraph_kernel::Secret>) -> Response {
    let code = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = reply::page(code, html, visit);
    if let Some(seconds) = problem.retry_after_s {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

fn screen(problem: &Problem) -> Screen {
    let title = match problem.status {
        404 => t::NOT_FOUND,
        429 | 503 => t::BUSY,
        500 => t::FAILED,
        _ => t::REFUSED,
    };
    let lacks_permission = problem.challenge.as_deref().is_some_and(|challenge| challenge.contains("insufficient_scope"));
    let body = html! {
        @if lacks_permission { p { (t::BEYOND) } }
        p { (sentence(problem)) }
        p { a.button href="/" { (t::BACK) } }
        @if let Some(id) = &problem.request_id { p.hint { (t::REQUEST) " " code { (id) } } }
    };
    Screen::new(title, body)
}
