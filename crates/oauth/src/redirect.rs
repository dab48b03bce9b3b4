//! Addresses that browsers are sent to: what may be registered, and when one is the registered one (RFC 9700, section 4.1; RFC 8252).
//!
//! **Invariant:** nobody is sent to an address that is not registered to the letter, but for the port of a program on the browser's own machine
//! (`an_address_is_the_registered_one_to_the_letter`).

use url::Url;

/// The longest address.
const MOST: usize = 2_048;
/// The hosts of the browser's own machine, as they stand in an address.
const LOOPBACK: [&str; 3] = ["127.0.0.1", "[::1]", "localhost"];

/// Why an address cannot be registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unfit(pub &'static str);

/// Whether an address may be registered to send browsers back to: `https`, `http` on the browser's own machine, or a scheme of the program's own
/// (RFC 8252, section 7.1). Written in one way, without a fragment and without a name before the host.
///
/// # Errors
/// What is wrong with it.
pub fn check(text: &str) -> Result<(), Unfit> {
    let url = read(text)?;
    match url.scheme() {
        "https" => Ok(()),
        "http" if url.host_str().is_some_and(|host| LOOPBACK.contains(&host)) => Ok(()),
        "http" => Err(Unfit("must be `https`, or `http` on 127.0.0.1, [::1] or localhost")),
        scheme if scheme.contains('.') => Ok(()),
        _ => Err(Unfit("must be `https`, `http` on the own machine, or a scheme like `com.example.app`")),
    }
}

/// Whether an address may be registered for this server itself to send something to: `https`, written in one way.
///
/// # Errors
/// What is wrong with it.
pub fn check_https(text: &str) -> Result<(), Unfit> {
    if read(text)?.scheme() == "https" { Ok(()) } else { Err(Unfit("must be `https`")) }
}

/// Whether what answers at an address is whom it was registered for: a server that shows so. On the browser's own machine any program listens at any
/// port, and claims any scheme (RFC 8252, section 8.6).
pub fn tells_who_answers(address: &str) -> bool {
    address.starts_with("https://")
}

fn read(text: &str) -> Result<Url, Unfit> {
    if text.len() > MOST {
        return Err(Unfit("must have at most 2,048 characters"));
    }
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Unfit("must have visible ASCII characters alone"));
    }
    let url = Url::parse(text).map_err(|_| Unfit("must be an absolute address"))?;
    if url.fragment().is_some() {
        return Err(Unfit("must have no fragment"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Unfit("must have no name before the host"));
    }
    // What a browser would read otherwise than it is written could be meant for somebody else.
    let read = url.as_str();
    if read != text && read.strip_suffix('/') != Some(text) {
        return Err(Unfit("must be written as browsers write it: a host in lower case, no usual port, no dots for directories"));
    }
    Ok(url)
}

/// Whether `presented` is the registered address: to the letter, but for the port on the browser's own machine (RFC 9700, section 4.1.3).
pub fn is(registered: &str, presented: &str) -> bool {
    registered == presented || portless(registered).zip(portless(presented)).is_some_and(|(one, other)| one == other)
}

/// Host and rest of an address on the browser's own machine; `None` for every other one.
fn portless(address: &str) -> Option<(&str, &str)> {
    let after = address.strip_prefix("http://")?;
    let (host, rest) = LOOPBACK.iter().find_map(|host| Some((*host, after.strip_prefix(host)?)))?;
    let Some(port) = rest.strip_prefix(':') else { return rest.starts_with('/').then_some((host, rest)) };
    let digits = port.bytes().take_while(u8::is_ascii_digit).count();
    let (port, rest) = port.split_at_checked(digits)?;
    let fits = !port.starts_with('0') && port.parse::<u16>().is_ok();
    (fits && rest.starts_with('/')).then_some((host, rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_address_may_be_registered_if_it_can_be_read_in_one_way() {
        for good in [
            "https://app.example/cb",
            "https://app.example",
            "https://app.example:8443/cb?a=b",
            "http://127.0.0.1/cb",
            "http://127.0.0.1:49152/cb",
            "http://[::1]:3000/cb",
            "http://localhost:3000/",
            "com.example.app:/oauth/cb",
            "com.example.app://cb",
        ] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "/cb",
            "app.example/cb",
            "https://",
            "https://app.example/cb#",
            "https://app.example/cb#a",
            "https://user@app.example/cb",
            "https://user:pass@app.example/cb",
            "https://@app.example/cb",
            "https://APP.example/cb",
            "https://app.example:443/cb",
            "https://app.example/a/../cb",
            "https://app.example/%2e%2e/cb",
            "https:\\\\app.example\\cb",
            "https:app.example/cb",
            "https:///app.example/cb",
            "https://app.example/c b",
            "https://app.example/cb\n",
            "https://\u{e4}pp.example/cb",
            "http://app.example/cb",
            "http://127.0.0.2/cb",
            "http://127.0.0.1.evil.example/cb",
            "http://localhost.evil.example/cb",
            "http://0x7f000001/cb",
            "http://127.1/cb",
            "http://[0:0:0:0:0:0:0:1]/cb",
            "http://[::ffff:127.0.0.1]/cb",
            "javascript:alert(1)",
            "data:text/html,a",
            "file:///etc/passwd",
            "app:/cb",
            "ftp://app.example/cb",
            &format!("https://app.example/{}", "a".repeat(2_048)),
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
        assert_eq!(check_https("https://app.example/out"), Ok(()));
        assert!(check_https("http://127.0.0.1/out").is_err() && check_https("com.example.app:/out").is_err());
    }

    #[test]
    fn an_address_is_the_registered_one_to_the_letter() {
        let registered = "https://app.example/cb";
        assert!(is(registered, registered));
        for other in [
            "https://app.example/cb/",
            "https://app.example/cb/more",
            "https://app.example/cb?a=b",
            "https://app.example/CB",
            "https://app.example:443/cb",
            "https://app.example:8443/cb",
            "https://app.example.evil.example/cb",
            "https://app.example@evil.example/cb",
            "https://evil.example/https://app.example/cb",
            "https://app.example/%63b",
            "https://app.example/cb#x",
            "http://app.example/cb",
            "HTTPS://app.example/cb",
            "",
        ] {
            assert!(!is(registered, other), "{other}");
        }
    }

    #[test]
    fn a_program_on_the_browsers_machine_may_listen_at_any_port() {
        for (registered, presented, same) in [
            ("http://127.0.0.1/cb", "http://127.0.0.1:51004/cb", true),
            ("http://127.0.0.1:1/cb", "http://127.0.0.1:65535/cb", true),
            ("http://[::1]/cb", "http://[::1]:51004/cb", true),
            ("http://localhost:3000/cb", "http://localhost:3001/cb", true),
            ("http://127.0.0.1/cb", "http://localhost/cb", false),
            ("http://127.0.0.1/cb", "http://[::1]/cb", false),
            ("http://127.0.0.1/cb", "http://127.0.0.1:51004/other", false),
            ("http://127.0.0.1/cb", "http://127.0.0.1:65536/cb", false),
            ("http://127.0.0.1/cb", "http://127.0.0.1:0/cb", false),
            ("http://127.0.0.1/cb", "http://127.0.0.1:080/cb", false),
            ("http://127.0.0.1/cb", "http://127.0.0.1:80@evil.example/cb", false),
            ("http://127.0.0.1/cb", "http://127.0.0.1:/cb", false),
            ("http://127.0.0.1/cb", "http://127.0.0.1.evil.example/cb", false),
            ("http://127.0.0.1/cb", "http://127.0.0.1@evil.example/cb", false),
            ("http://localhost/cb", "http://localhostevil.example/cb", false),
            ("http://127.0.0.1/cb", "https://127.0.0.1:51004/cb", false),
        ] {
            assert_eq!(is(registered, presented), same, "{registered} {presented}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_registered_leads_to_its_own_host_alone(text in "[ -~]{0,40}", mark in "[/:@?#.\\\\%]{0,3}") {
            // What is put behind, or before, a registered address is another one, unless it changes the port of a loopback address.
            for registered in ["https://app.example/cb", "http://127.0.0.1/cb"] {
                let presented = format!("{registered}{mark}{text}");
                prop_assert!(presented == registered || !is(registered, &presented), "{}", presented);
                let between = format!("http://127.0.0.1{mark}{text}/cb");
                if is("http://127.0.0.1/cb", &between) {
                    let url = Url::parse(&between).unwrap();
                    prop_assert_eq!((url.host_str(), url.path(), url.username()), (Some("127.0.0.1"), "/cb", ""));
                }
            }
            if check(&text).is_ok() {
                let url = Url::parse(&text).unwrap();
                prop_assert!(url.fragment().is_none() && url.username().is_empty());
            }
        }
    }
}
