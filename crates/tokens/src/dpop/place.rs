//! Where a request goes, as `htu` names it: an address without query and fragment, in its one spelling (RFC 3986, sections 6.2.2 and 6.2.3).

/// The longest address that is looked at, in bytes.
const MOST_BYTES: usize = 4_096;

/// An `http` or `https` address without query and fragment.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Place(String);

impl Place {
    /// The place of a request for `path` at a server whose public address is `base`. What the request says of its host is not asked: whoever sends
    /// it wrote that. `None` if that makes no address.
    pub fn at(base: &str, path: &str) -> Option<Self> {
        Self::parse(&format!("{base}{path}"))
    }

    /// Reads an address; its query and fragment are passed over (RFC 9449, section 4.3). `None` for one with a user or password, without a host, or of
    /// characters that no address has.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > MOST_BYTES || !text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\') {
            return None;
        }
        let (scheme, rest) = text.split_once("://")?;
        let (scheme, usual_port) = match scheme.to_ascii_lowercase().as_str() {
            "http" => ("http", "80"),
            "https" => ("https", "443"),
            _ => return None,
        };
        let rest = rest.split(['?', '#']).next()?;
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (host, port) = authority_of(authority)?;
        let port = if port.is_empty() || port == usual_port { String::new() } else { format!(":{port}") };
        let path = without_dots(&unescaped(path)?);
        Some(Self(format!("{scheme}://{}{port}{path}", host.to_ascii_lowercase())))
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Host and port. No user, no password, no escapes: a host that is written with escapes is one that two readers may differ on.
fn authority_of(authority: &str) -> Option<(&str, &str)> {
    let after_host = match authority.strip_prefix('[') {
        Some(six) => six.find(']')? + 2,
        None => authority.find(':').unwrap_or(authority.len()),
    };
    let (host, port) = authority.split_at_checked(after_host)?;
    let port = if port.is_empty() { "" } else { port.strip_prefix(':')? };
    let is_host = match host.strip_prefix('[').and_then(|six| six.strip_suffix(']')) {
        Some(six) => six.bytes().all(|byte| byte.is_ascii_hexdigit() || b":.".contains(&byte)),
        None => host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)),
    };
    let is_port = port.bytes().all(|byte| byte.is_ascii_digit()) && port.len() <= 5 && !port.starts_with('0');
    (!host.is_empty() && is_host && is_port).then_some((host, port))
}

/// A path whose escapes are written in one way: none for what needs none, and capitals in those that stay. `None` if one is cut short.
fn unescaped(path: &str) -> Option<String> {
    let mut parts = path.split('%');
    let mut written = parts.next()?.to_owned();
    for part in parts {
        let (digits, rest) = part.split_at_checked(2)?;
        let byte = u8::from_str_radix(digits, 16).ok().filter(|_| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            written.push(char::from(byte));
        } else {
            written.push('%');
            written.push_str(&digits.to_ascii_uppercase());
        }
        written.push_str(rest);
    }
    Some(written)
}

/// A path without `.` and `..` (RFC 3986, section 5.2.4); an empty one is `/`.
fn without_dots(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    for (index, segment) in segments.iter().enumerate() {
        let last = index + 1 == segments.len();
        match *segment {
            "." | ".." => {
                if *segment == ".." {
                    kept.pop();
                }
                if last {
                    kept.push("");
                }
            }
            other => kept.push(other),
        }
    }
    format!("/{}", kept.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<&str>) {
        assert_eq!(Place::parse(text).as_ref().map(Place::as_str), expected, "{text}");
    }

    #[test]
    fn every_spelling_of_an_address_is_one_place() {
        for same in [
            "https://server.example.com/token",
            "HTTPS://Server.EXAMPLE.com:443/token",
            "https://server.example.com:/token",
            "https://server.example.com/%74oke%6E",
            "https://server.example.com/a/../token",
            "https://server.example.com/./token",
            "https://server.example.com/%2e/token",
            "https://server.example.com/token?a=b&c=/d",
            "https://server.example.com/token#part",
        ] {
            check(same, Some("https://server.example.com/token"));
        }
        check("https://a.test", Some("https://a.test/"));
        check("http://a.test:80/", Some("http://a.test/"));
        check("http://a.test:443/", Some("http://a.test:443/"));
        check("http://[2001:DB8::1]:8080/x%2fy%3a", Some("http://[2001:db8::1]:8080/x%2Fy%3A"));
        check("https://a.test/b/..", Some("https://a.test/"));
        check("https://a.test/../../b/.", Some("https://a.test/b/"));
        check("https://a.test//b//", Some("https://a.test//b//"));
    }

    #[test]
    fn other_places_stay_apart() {
        let token = Place::at("https://a.test", "/token").unwrap();
        for other in [
            "http://a.test/token",
            "https://b.test/token",
            "https://a.test:8443/token",
            "https://a.test/Token",
            "https://a.test/token/",
            "https://a.test/%2ftoken",
            "https://a.test/token%20",
            "https://a.test./token",
            "https://a.test/token;x",
        ] {
            assert_ne!(Place::parse(other).unwrap(), token, "{other}");
        }
    }

    #[test]
    fn what_is_no_address_is_none() {
        for bad in [
            "",
            "a.test/token",
            "/token",
            "//a.test/token",
            "ftp://a.test/",
            "https://",
            "https:///token",
            "https://user@a.test/token",
            "https://user:pw@a.test/token",
            "https://a.test:x/",
            "https://a.test:080/",
            "https://a.test:123456/",
            "https://a.test\\b/",
            "https://a%2etest/",
            "https://a.test/%",
            "https://a.test/%4",
            "https://a.test/%+4",
            "https://a.test/%zz",
            "https://a.test/a b",
            "https://a.test/\u{e9}",
            "https://[::1/",
            "https://[::1]x/",
            "https://a[::1]/",
            "https://a]/",
        ] {
            check(bad, None);
        }
        check(&format!("https://a.test/{}", "a".repeat(4_096)), None);
    }
}
