//! How far a request has come that a browser carries along: what this server itself put into its address.

use wardgraph_api::wire::page::LocalPath;
use wardgraph_kernel::Timestamp;
use wardgraph_oauth::request::Params;

/// Since when the person is being asked.
const ASKED: &str = "asked";
/// That the person does not allow it.
const DENIED: &str = "denied";

/// How far a request has come.
#[derive(Debug, Clone, Copy)]
pub(super) struct Progress {
    /// Since when its person is being asked; `None` at first.
    pub(super) asked: Option<Timestamp>,
    /// Whether the person refused.
    pub(super) denied: bool,
}

impl Progress {
    /// Takes what is this server's own from a request's parameters.
    pub(super) fn take(params: Params) -> (Self, Params) {
        let asked =
            params.one(ASKED).and_then(|text| text.parse().ok()).and_then(|micros| Timestamp::from_microsecond(micros).ok());
        let progress = Self { asked, denied: params.has(DENIED) };
        (progress, params.without(ASKED).without(DENIED))
    }
}

/// A request as the address of a page, come to where its person was asked at `asked`; `None` where it is too long for one.
pub(super) fn path(params: &Params, asked: Timestamp) -> Option<LocalPath> {
    let query = params.clone().with(ASKED, asked.as_microsecond().to_string()).query();
    LocalPath::parse(&format!("/oauth2/authorize?{query}"))
}

/// The same, with the organization that was chosen.
pub(super) fn chosen(path: &LocalPath, organization: &str) -> Option<LocalPath> {
    let query = path.as_str().strip_prefix("/oauth2/authorize?")?;
    let params = Params::read(query)?.with("organization", organization);
    LocalPath::parse(&format!("/oauth2/authorize?{}", params.query()))
}

/// The same, refused.
pub(super) fn denied(params: &Params, asked: Timestamp) -> Option<LocalPath> {
    path(&params.clone().with(DENIED, "yes"), asked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_comes_back_as_it_was() {
        let params = Params::read("client_id=a&state=x%20y&resource=b&resource=c").unwrap();
        let at = Timestamp::from_second(1_767_225_600).unwrap();
        let path = path(&params, at).unwrap();
        let query = path.as_str().split_once('?').unwrap().1;
        let (progress, back) = Progress::take(Params::read(query).unwrap());
        assert_eq!((back, progress.asked, progress.denied), (params, Some(at), false));
        let chosen = chosen(&path, "org_1").unwrap();
        assert!(chosen.as_str().contains("organization=org_1&") && chosen.as_str().contains("asked="));
        assert!(super::chosen(&LocalPath::parse("/account").unwrap(), "org_1").is_none());
    }
}
