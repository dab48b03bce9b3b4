//! Addresses to ask: read once, and spelled in one way from then on.

use std::{fmt, net::IpAddr};

use http::Uri;
use url::{Host, Url};

use crate::AddressError;

/// The longest address, in bytes.
pub const MAX_ADDRESS_BYTES: usize = 2_048;

/// An absolute `http` or `https` URL without user, password and fragment, whose host everybody reads as the same one.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    url: Url,
    uri: Uri,
}

impl Address {
    /// Reads an address. Names are brought to their ASCII form (IDNA, UTS 46) without a final dot.
    ///
    /// # Errors
    /// As [`AddressError`] says. An IP address must stand in its usual form: octal, hexadecimal, decimal and short forms, full-width digits and
    /// final dots are read differently by different programs.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        check_text(text)?;
        let url = Url::parse(text).map_err(|_| AddressError::Unreadable)?;
        Self::of(url, Some(text))
    }

    /// Where a redirect from here leads: `location` may be relative (RFC 9110, section 10.2.2).
    pub(crate) fn join(&self, location: &str) -> Result<Self, AddressError> {
        check_text(location)?;
        let url = self.url.join(location).map_err(|_| AddressError::Unreadable)?;
        Self::of(url, authority(location).is_some().then_some(location))
    }

    /// The whole, as it is sent.
    pub fn as_str(&self) -> &str {
        self.url.as_str()
    }

    /// The host: a name in lower-case ASCII without a final dot, or an IP address without brackets.
    pub fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']')
    }

    /// The port, said or usual.
    pub fn port(&self) -> u16 {
        self.url.port_or_known_default().unwrap_or_default()
    }

    /// Whether what is sent can be read on the way.
    pub fn is_plain(&self) -> bool {
        self.url.scheme() == "http"
    }

    /// Whether the host is this machine by its very spelling: what a name resolves to is decided elsewhere, so no name is but one.
    pub fn is_loopback(&self) -> bool {
        self.host() == "localhost" || self.host().parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }

    pub(crate) const fn uri(&self) -> &Uri {
        &self.uri
    }

    /// Whether both are the same scheme, host and port: what one is shown may be shown to the other.
    pub(crate) fn same_origin(&self, other: &Self) -> bool {
        self.url.origin() == other.url.origin()
    }

    fn of(mut url: Url, text: Option<&str>) -> Result<Self, AddressError> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(AddressError::Scheme);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(AddressError::Credentials);
        }
        match url.host() {
            Some(Host::Domain(name)) => {
                let bare = name.strip_suffix('.').unwrap_or(name).to_owned();
                if !is_name(&bare) {
                    return Err(AddressError::Spelling);
                }
                url.set_host(Some(&bare)).map_err(|_| AddressError::Unreadable)?;
            }
            Some(Host::Ipv4(address)) if text.is_some_and(|text| host(text) != Some(&address.to_string())) => {
                return Err(AddressError::Spelling);
            }
            Some(Host::Ipv4(_) | Host::Ipv6(_)) => {}
            None => return Err(AddressError::Unreadable),
        }
        url.set_fragment(None);
        let uri: Uri = url.as_str().parse().map_err(|_| AddressError::Unreadable)?;
        // Two parsers, one opinion: the one that checks and the one that connects.
        let agree = uri.host() == url.host_str() && uri.port_u16() == url.port() && uri.scheme_str() == Some(url.scheme());
        if agree { Ok(Self { url, uri }) } else { Err(AddressError::Spelling) }
    }
}

/// What every parser drops, moves or reads as something else is not let near one.
fn check_text(text: &str) -> Result<(), AddressError> {
    if text.len() > MAX_ADDRESS_BYTES {
        return Err(AddressError::Long);
    }
    let odd = |letter: char| letter.is_control() || letter.is_whitespace() || letter == '\\';
    if text.contains(odd) { Err(AddressError::Spelling) } else { Ok(()) }
}

/// Letters, digits, hyphens and underscores, in labels that are not empty.
fn is_name(name: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    name.len() <= 253 && name.split('.').all(is_label)
}

/// The authority of a text, as it was written.
fn authority(text: &str) -> Option<&str> {
    let (before, rest) = text.split_once("//")?;
    (before.is_empty() || before.ends_with(':')).then(|| rest.split(['/', '?', '#']).next()).flatten()
}

/// The host of an authority without a user, as it was written.
fn host(text: &str) -> Option<&str> {
    authority(text)?.split(':').next()
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Address").field(&self.url.as_str()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<&str, AddressError>) {
        assert_eq!(Address::parse(text).as_ref().map(Address::as_str).map_err(|error| *error), expected, "{text:?}");
    }

    #[test]
    fn what_is_usual_is_read_and_spelled_in_one_way() {
        check("https://example.com", Ok("https://example.com/"));
        check("HTTPS://EXAMPLE.com:443/A?b=c#d", Ok("https://example.com/A?b=c"));
        check("https://example.com./x", Ok("https://example.com/x"));
        check("http://b\u{fc}cher.example/", Ok("http://xn--bcher-kva.example/"));
        check("http://8.8.8.8:8080/", Ok("http://8.8.8.8:8080/"));
        check("http://[2606:4700:0:0::1]/", Ok("http://[2606:4700::1]/"));
        check("http://under_score.example/", Ok("http://under_score.example/"));
    }

    #[test]
    fn what_two_programs_would_read_as_two_hosts_is_refused() {
        for odd in [
            "http://2130706433/",
            "http://0x7f000001/",
            "http://017700000001/",
            "http://127.1/",
            "http://127.0.1/",
            "http://0x7f.0.0.1/",
            "http://0177.0.0.1/",
            "http://127.0.0.1./",
            "http://127.000.000.001/",
            "http://%31%32%37.0.0.1/",
            "http://\u{ff11}\u{ff12}\u{ff17}.0.0.1/",
            "http://\u{2460}\u{2461}\u{2466}.0.0.1/",
            "http://127\u{3002}0.0.1/",
            "http://0/",
            "http://8.8.2056/",
            "http://example.com\\@127.0.0.1/",
            "http://exa\tmple.com/",
            "http://127.0.0.1\n/",
            " http://example.com/",
            "http://example..com/",
            "http://example.com../",
        ] {
            assert!(matches!(Address::parse(odd), Err(AddressError::Spelling | AddressError::Unreadable)), "{odd:?}");
        }
    }

    #[test]
    fn other_schemes_users_and_zones_are_refused() {
        for (text, error) in [
            ("ftp://example.com/", AddressError::Scheme),
            ("file:///etc/passwd", AddressError::Scheme),
            ("gopher://127.0.0.1:6379/_x", AddressError::Scheme),
            ("data:text/plain,x", AddressError::Scheme),
            ("http://user@example.com/", AddressError::Credentials),
            ("http://user:canary@example.com/", AddressError::Credentials),
            ("http://:canary@example.com/", AddressError::Credentials),
            ("http://[fe80::1%25eth0]/", AddressError::Unreadable),
            ("http://[fe80::1%eth0]/", AddressError::Unreadable),
            ("http://", AddressError::Unreadable),
            ("//example.com/", AddressError::Unreadable),
            ("example.com", AddressError::Unreadable),
            ("http://example.com:99999/", AddressError::Unreadable),
        ] {
            check(text, Err(error));
            assert!(!error.to_string().contains("canary"));
        }
        check(&format!("http://example.com/{}", "x".repeat(2_048)), Err(AddressError::Long));
    }

    #[test]
    fn a_redirect_is_read_as_strictly_and_may_be_relative() {
        let from = Address::parse("https://example.com/a/b").unwrap();
        let to = |location: &str| from.join(location).map(|to| to.as_str().to_owned());
        assert_eq!(to("c"), Ok("https://example.com/a/c".into()));
        assert_eq!(to("/d//e"), Ok("https://example.com/d//e".into()));
        assert_eq!(to("//other.example/"), Ok("https://other.example/".into()));
        assert_eq!(to("http://8.8.8.8/"), Ok("http://8.8.8.8/".into()));
        for odd in ["//0x7f.1/", "http://2130706433/", "\\\\127.0.0.1\\", "https:\t//x/", "//127.0.0.1./"] {
            assert_eq!(to(odd), Err(AddressError::Spelling), "{odd:?}");
        }
        assert_eq!(to("file:///etc/passwd"), Err(AddressError::Scheme));
        assert_eq!(to("http://a@b/"), Err(AddressError::Credentials));
        // From an address in digits, a relative redirect stays there.
        assert!(Address::parse("http://8.8.8.8/").unwrap().join("/x").is_ok());
    }
}
