//! How far a request has come that a browser carries along: what this server itself put into its address.

use wardgraph_api::wire::page::LocalPath;
use wardgraph_gate::Browser;
use wardgraph_kernel::Timestamp;
use wardgraph_oauth::request::Params;

/// Since when the person is being asked.
const ASKED: &str = "asked";
/// That the person does not allow it.
const DENIED: &str = "denied";
/// That the person allowed this very request, in the words of their browser.
const AGREED: &str = "agreed";

/// How far a request has come.
#[derive(Debug, Clone, Copy)]
pub(super) struct Progress {
    /// Since when its person is being asked; `None` at first.
    pub(super) asked: Option<Timestamp>,
    /// Whether the person refused.
    pub(super) denied: bool,
    /// Whether the person agreed, by a form that this browser was shown for this very request.
    pub(super) agreed: bool,
}

impl Progress {
    /// Takes what is this server's own from a request's parameters.
    pub(super) fn take(params: Params, browser: &Browser) -> (Self, Params) {
        let given = params.one(AGREED).map(str::to_owned);
        let params = params.without(AGREED);
        let agreed = given.is_some_and(|given| browser.has_agreed(&params.query(), &given));
        let asked =
            params.one(ASKED).and_then(|text| text.parse().ok()).and_then(|micros| Timestamp::from_microsecond(micros).ok());
        let progress = Self { asked, denied: params.has(DENIED), agreed };
        (progress, params.without(ASKED).without(DENIED))
    }
}

/// A request as the address of a page, come to where its person was asked at `asked`; `None` where it is too long for one.
pub(super) fn path(params: &Params, asked: Timestamp) -> Option<LocalPath> {
    let query = params.clone().with(ASKED, asked.as_microsecond().to_string()).query();
    LocalPath::parse(&format!("/oauth2/authorize?{query}"))
}

/// The same, agreed to in this browser, with the organization that was chosen.
pub(super) fn agreed(path: &LocalPath, organization: &str, browser: &Browser) -> Option<LocalPath> {
    let query = path.as_str().strip_prefix("/oauth2/authorize?")?;
    let params = Params::read(query)?.without(AGREED).with("organization", organization);
    let agreement = browser.agreement(&params.query());
    let params = params.with(AGREED, agreement);
    LocalPath::parse(&format!("/oauth2/authorize?{}", params.query()))
}

/// The same, refused.
pub(super) fn denied(params: &Params, asked: Timestamp) -> Option<LocalPath> {
    path(&params.clone().with(DENIED, "yes"), asked)
}

#[cfg(test)]
mod tests {
    use super::*;
    use wardgraph_kernel::Secret;

    #[test]
    fn a_request_comes_back_as_it_was() {
        let params = Params::read("client_id=a&state=x%20y&resource=b&resource=c").unwrap();
        let at = Timestamp::from_second(1_767_225_600).unwrap();
        let path = path(&params, at).unwrap();
        let query = path.as_str().split_once('?').unwrap().1;
        let [browser, other] = ["wgs_a", "wgs_b"].map(|cookie| Browser::of_session(Secret::new(cookie)));
        let (progress, back) = Progress::take(Params::read(query).unwrap(), &browser);
        assert_eq!((back, progress.asked, progress.denied, progress.agreed), (params.clone(), Some(at), false, false));
        let agreed = agreed(&path, "org_1", &browser).unwrap();
        let read = |path: &str, browser: &Browser| {
            Progress::take(Params::read(path.strip_prefix("/oauth2/authorize?").unwrap()).unwrap(), browser)
        };
        let (progress, back) = read(agreed.as_str(), &browser);
        assert_eq!((back, progress.asked, progress.agreed), (params.with("organization", "org_1"), Some(at), true));
        assert!(!read(agreed.as_str(), &other).0.agreed, "another browser's person did not agree");
        for (of, to) in [("state=x", "state=y"), ("org_1", "org_2"), ("asked=1", "asked=2"), ("client_id=a", "client_id=b")] {
            assert!(!read(&agreed.as_str().replace(of, to), &browser).0.agreed, "{of}");
        }
        assert!(super::agreed(&LocalPath::parse("/account").unwrap(), "org_1", &browser).is_none());
    }
}
