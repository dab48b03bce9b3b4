//! What whoever asks would have an answer be: `Accept` (RFC 9110, section 12.5.1).

/// A request's `Accept`, its lines joined by commas; `None` where there is none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Accept(pub Option<String>);

/// What wants everything alike.
const ALL: u16 = 1_000;

impl Accept {
    /// How much an answer of this media type is wanted, in thousandths: by the range that names it most closely. Parameters of ranges are not looked at,
    /// and what cannot be read is passed over; where nothing is left, everything is wanted alike.
    pub fn quality(&self, media: &str) -> u16 {
        let Some(text) = &self.0 else { return ALL };
        let mut readable = text.split(',').filter_map(range).peekable();
        if readable.peek().is_none() {
            return ALL;
        }
        let closeness = |name: &str| match name.split_once('/') {
            _ if name.eq_ignore_ascii_case(media) => Some(2),
            Some(("*", "*")) => Some(0),
            Some((kind, "*")) if media.split_once('/').is_some_and(|(wanted, _)| wanted.eq_ignore_ascii_case(kind)) => Some(1),
            _ => None,
        };
        let fitting = readable.filter_map(|(name, quality)| Some((closeness(name)?, quality)));
        fitting.max().map_or(0, |(_, quality)| quality)
    }
}

/// A range and how much it is wanted.
fn range(text: &str) -> Option<(&str, u16)> {
    let mut parts = text.split(';').map(str::trim);
    let name = parts.next().filter(|name| name.contains('/'))?;
    let quality = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
    Some((name, quality.map_or(Some(ALL), thousandths)?))
}

/// `0.25` as 250 (RFC 9110, section 12.4.2).
fn thousandths(text: &str) -> Option<u16> {
    let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
    if rest.len() > 3 || !rest.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let rest: u16 = format!("{rest:0<3}").parse().ok()?;
    match (whole, rest) {
        ("0", rest) => Some(rest),
        ("1", 0) => Some(ALL),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_range_that_names_a_type_most_closely_says_how_much_it_is_wanted() {
        let jwt = "application/token-introspection+jwt";
        for (text, json, signed) in [
            ("", 1_000, 1_000),
            ("*/*", 1_000, 1_000),
            ("application/token-introspection+jwt", 0, 1_000),
            ("application/json", 1_000, 0),
            ("Application/JSON, application/*;q=0.5", 1_000, 500),
            ("*/*;q=0.1, application/token-introspection+jwt;q=0", 100, 0),
            ("application/json;q=0.2;v=1, application/token-introspection+jwt;charset=x;q=0.25", 200, 250),
            ("application/json;q=1.000,*/*;q=0.001", 1_000, 1),
            ("text/html", 0, 0),
            // What cannot be read is passed over.
            ("application/json;q=2, */*;q=0.3", 300, 300),
            ("nonsense, ;;, q=1", 1_000, 1_000),
            ("application/json;q=0.12345", 1_000, 1_000),
            ("application/json;q=-1,application/json;q=x", 1_000, 1_000),
        ] {
            let accept = Accept(Some(text.to_owned()));
            assert_eq!((accept.quality("application/json"), accept.quality(jwt)), (json, signed), "{text}");
        }
        assert_eq!(Accept(None).quality(jwt), 1_000);
    }
}
