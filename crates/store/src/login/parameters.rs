//! The parameters of a login that are ours: tokio-postgres knows `sslmode` in part and `sslrootcert` not at all.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// A login, taken apart.
#[derive(Debug, Default)]
pub(super) struct Asked {
    /// The text without what follows.
    pub(super) rest: String,
    /// `sslmode`.
    pub(super) mode: Option<String>,
    /// `sslrootcert`: a file, or `system`.
    pub(super) authorities: Option<String>,
}

impl Asked {
    /// Keeps a parameter if it is ours.
    fn is_ours(&mut self, key: &str, value: &str) -> bool {
        let place = match key {
            "sslmode" => &mut self.mode,
            "sslrootcert" => &mut self.authorities,
            _ => return false,
        };
        *place = Some(value.to_owned());
        true
    }
}

/// Takes our parameters out of a URL or of a list of `key=value`; `None` for what is neither.
pub(super) fn take(text: &str) -> Option<Asked> {
    if text.starts_with("postgres://") || text.starts_with("postgresql://") { of_url(text) } else { of_list(text) }
}

fn of_url(url: &str) -> Option<Asked> {
    // A password may have a question mark in it.
    let credentials = url.find('@').unwrap_or(0);
    let Some(mark) = url.get(credentials..)?.find('?').map(|at| credentials + at) else {
        return Some(Asked { rest: url.to_owned(), ..Asked::default() });
    };
    let (base, parameters) = url.split_at_checked(mark)?;
    let mut asked = Asked::default();
    let mut others = Vec::new();
    for parameter in parameters.get(1..)?.split('&') {
        let (key, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let decoded = |text: &str| percent_decode_str(text).decode_utf8().map(Cow::into_owned).ok();
        if !asked.is_ours(&decoded(key)?, &decoded(value)?) {
            others.push(parameter);
        }
    }
    base.clone_into(&mut asked.rest);
    if !others.is_empty() {
        asked.rest = format!("{base}?{}", others.join("&"));
    }
    Some(asked)
}

fn of_list(list: &str) -> Option<Asked> {
    let (mut asked, mut left, mut others) = (Asked::default(), list.trim_start(), Vec::new());
    while !left.is_empty() {
        let (key, behind) = left.split_once('=')?;
        let (value, rest) = value(behind.trim_start())?;
        if !asked.is_ours(key.trim_end(), &value) {
            others.push(format!("{}='{}'", key.trim_end(), value.replace('\\', r"\\").replace('\'', r"\'")));
        }
        left = rest.trim_start();
    }
    asked.rest = others.join(" ");
    Some(asked)
}

/// A value, in quotes or up to the next space, with backslashes before what stands for itself; and what is behind it.
fn value(text: &str) -> Option<(String, &str)> {
    let (quoted, text) = text.strip_prefix('\'').map_or((false, text), |text| (true, text));
    let (mut value, mut characters) = (String::new(), text.chars());
    loop {
        match characters.next() {
            Some('\\') => value.push(characters.next()?),
            Some('\'') if quoted => break,
            Some(space) if !quoted && space.is_whitespace() => break,
            Some(character) => value.push(character),
            None if quoted => return None,
            None => break,
        }
    }
    Some((value, characters.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_ours_stays_as_it_was() {
        for (text, rest, mode, authorities) in [
            ("postgres://u:p?sslmode=x@h/d", "postgres://u:p?sslmode=x@h/d", None, None),
            ("postgres://u:p@h/d?sslmode=require", "postgres://u:p@h/d", Some("require"), None),
            (
                "postgresql://h?a=b&sslrootcert=%2Fetc%2Fa+b.pem&options=-c%20x",
                "postgresql://h?a=b&options=-c%20x",
                None,
                Some("/etc/a+b.pem"),
            ),
            ("postgres://h/d?ssl%6dode=disable", "postgres://h/d", Some("disable"), None),
            (r"host=h password='a\'b\\ c' sslmode=disable", r"host='h' password='a\'b\\ c'", Some("disable"), None),
            (" sslrootcert = a\\ b  dbname=d", "dbname='d'", None, Some("a b")),
        ] {
            let asked = take(text).unwrap();
            assert_eq!((&*asked.rest, asked.mode.as_deref(), asked.authorities.as_deref()), (rest, mode, authorities), "{text}");
        }
        for bad in ["no list", "a='b", "a=b c", "a=\\"] {
            assert!(take(bad).is_none(), "{bad}");
        }
    }
}
