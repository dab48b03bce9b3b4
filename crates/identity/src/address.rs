//! E-mail addresses, in the one form in which they are compared.

use std::fmt;

/// An e-mail address. Its case is not kept: no mail system in use tells two people apart by it, and people do not remember it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Address(String);

/// The longest address, in octets (RFC 5321, section 4.5.3.1.3, less its angle brackets).
pub const MOST_BYTES: usize = 254;
/// The longest part before the `@`, in octets.
const MOST_LOCAL_BYTES: usize = 64;

impl Address {
    /// Reads an address as people write it: `local@domain`, in ASCII, without quoting and comments.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_lowercase();
        let (local, domain) = text.split_once('@')?;
        let fits = text.len() <= MOST_BYTES && local.len() <= MOST_LOCAL_BYTES;
        (fits && dotted(local, |byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+/=?^_`{|}~-".contains(&byte)) && host(domain))
            .then_some(Self(text))
    }

    /// The address, as it is stored and compared.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Labels between single dots, none of them empty.
fn dotted(text: &str, allowed: impl Fn(u8) -> bool) -> bool {
    text.split('.').all(|label| !label.is_empty() && label.bytes().all(&allowed))
}

fn host(domain: &str) -> bool {
    let labels = domain.split('.').all(|label| label.len() <= 63 && !label.starts_with('-') && !label.ends_with('-'));
    labels && domain.contains('.') && dotted(domain, |byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, address: Option<&str>) {
        assert_eq!(Address::parse(text).as_ref().map(Address::as_str), address, "{text:?}");
    }

    #[test]
    fn an_address_has_one_form_and_nothing_that_a_mail_header_would_read() {
        check(" Ada.Lovelace+x@Example.COM ", Some("ada.lovelace+x@example.com"));
        check("o'neil@example.co", Some("o'neil@example.co"));
        let long = format!("{}@example.com", "a".repeat(65));
        for bad in [
            "",
            "ada",
            "@example.com",
            "ada@",
            "ada@localhost",
            "a b@example.com",
            "ada@example.com\r\nBcc: x@example.com",
            "ada@x@example.com",
            "<ada@example.com>",
            "ada,bob@example.com",
            "ada@-example.com",
            ".ada@example.com",
            "ada..l@example.com",
            "ada@example..com",
            "\u{430}da@example.com",
            &long,
        ] {
            check(bad, None);
        }
    }
}
