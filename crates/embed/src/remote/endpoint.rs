//! Where an embedding service is: named by the operator, checked before a key is sent there.

use wardgraph_egress::{Address, AddressError};

/// The address of a service, to which texts and a key may be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint(Address);

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
        let base = base_url.trim();
        if base.contains(['?', '#']) {
            return Err(EndpointError::Adorned);
        }
        let whole = format!("{}/embeddings", base.trim_end_matches('/'));
        let address = Address::parse(&whole).map_err(|error| match error {
            AddressError::Credentials => EndpointError::Adorned,
            AddressError::Unreadable | AddressError::Long | AddressError::Scheme | AddressError::Spelling => {
                EndpointError::Unreadable
            }
        })?;
        if address.is_plain() && !plain_beyond_loopback && !address.is_loopback() {
            return Err(EndpointError::Plain);
        }
        Ok(Self(address))
    }

    pub(super) const fn address(&self) -> &Address {
        &self.0
    }
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
            assert_eq!(Endpoint::parse(base, false).unwrap().address().as_str(), whole);
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
