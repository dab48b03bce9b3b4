//! Where an embedding service is: named by the operator, checked before a key is sent there.

use std::fmt;
use std::net::IpAddr;

use reqwest::Url;

/// The address of a service, to which texts and a key may be sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint(Url);

/// Why an address is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// It cannot be read.
    #[error("is no address like `https://api.openai.com/v1`")]
    Unreadable,
    /// It holds a user, a password, a query or a fragment: these reach logs, and an address needs none of them.
    #[error("must hold no user, password, query or fragment")]
    Adorned,
    /// Texts and the key would travel in the clear.
    #[error("is plain HTTP to another machine, which would carry texts and the key in the clear: use https")]
    Plain,
}

impl Endpoint {
    /// The service at `base_url`, as its documentation names it: `/embeddings` is put behind it. Plain HTTP is for this
    /// machine alone unless `plain_beyond_loopback` allows it.
    ///
    /// # Errors
    /// As [`EndpointError`] says; none of them repeats the address, in which someone may have put a password.
    pub fn parse(base_url: &str, plain_beyond_loopback: bool) -> Result<Self, EndpointError> {
        let mut url = Url::parse(base_url.trim()).map_err(|_| EndpointError::Unreadable)?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
            return Err(EndpointError::Unreadable);
        }
        if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
            return Err(EndpointError::Adorned);
        }
        if url.scheme() == "http" && !plain_beyond_loopback && !is_loopback(&url) {
            return Err(EndpointError::Plain);
        }
        url.path_segments_mut().map_err(|()| EndpointError::Unreadable)?.pop_if_empty().push("embeddings");
        Ok(Self(url))
    }

    pub(super) fn url(&self) -> Url {
        self.0.clone()
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Endpoint").field(&self.0.as_str()).finish()
    }
}

/// Whether the host is this machine by its very spelling: what a name resolves to is decided elsewhere, so no name is but one.
fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_of_the_service_is_kept_and_embeddings_put_behind_it() {
        for (base, whole) in [
            ("https://api.openai.com/v1", "https://api.openai.com/v1/embeddings"),
            (" https://api.openai.com/v1/ ", "https://api.openai.com/v1/embeddings"),
            ("https://models.internal", "https://models.internal/embeddings"),
            ("http://[::1]:11434/v1", "http://[::1]:11434/v1/embeddings"),
            ("http://127.9.9.9/a/b", "http://127.9.9.9/a/b/embeddings"),
            ("http://localhost:1234/v1", "http://localhost:1234/v1/embeddings"),
        ] {
            assert_eq!(Endpoint::parse(base, false).unwrap().url().as_str(), whole);
        }
    }

    #[test]
    fn texts_and_keys_travel_in_the_clear_only_on_this_machine_or_when_told() {
        for open in
            ["http://10.0.0.7/v1", "http://models.internal/v1", "http://localhost.evil.example", "http://127.0.0.1.evil.example"]
        {
            assert_eq!(Endpoint::parse(open, false), Err(EndpointError::Plain), "{open}");
            assert!(Endpoint::parse(open, true).is_ok(), "{open}");
        }
    }

    #[test]
    fn what_is_no_plain_address_is_refused_without_repeating_it() {
        for (bad, why) in [
            ("api.openai.com/v1", EndpointError::Unreadable),
            ("ftp://api.openai.com", EndpointError::Unreadable),
            ("file:///etc/passwd", EndpointError::Unreadable),
            ("https://canary:canary@host/v1", EndpointError::Adorned),
            ("https://host/v1?key=canary", EndpointError::Adorned),
            ("https://host/v1#canary", EndpointError::Adorned),
        ] {
            assert_eq!(Endpoint::parse(bad, true), Err(why), "{bad}");
            assert!(!why.to_string().contains("canary"));
        }
    }
}
