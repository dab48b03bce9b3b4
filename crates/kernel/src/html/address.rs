//! Addresses that a browser would run.

/// Whether a value is an address that runs, as a browser reads it: blanks and control characters do not count, and characters may be
/// spelled as references.
pub(super) fn is_code(value: &[u8]) -> bool {
    if value.is_empty() {
        return false;
    }
    let value = String::from_utf8_lossy(value);
    // Old browsers quote with backticks.
    let counts = |c: &char| !c.is_whitespace() && !c.is_control() && *c != '`';
    let start: String = decoded(&value).filter(counts).take(24).collect();
    let start = start.to_ascii_lowercase();
    CODE.iter().any(|scheme| start.starts_with(scheme)) || start.strip_prefix("data:").is_some_and(|data| !is_picture(data))
}

/// Schemes whose addresses run.
const CODE: &[&str] = &["javascript:", "vbscript:", "livescript:"];

/// Whether what follows `data:` is of a kind that is painted and never run; one that goes on, as `png+xml` does, is another kind.
fn is_picture(data: &str) -> bool {
    ["image/png", "image/jpeg", "image/gif", "image/webp"]
        .iter()
        .any(|kind| data.strip_prefix(kind).is_some_and(|rest| rest.starts_with([';', ','])))
}

/// The characters of a value with its character references read, those that a scheme can be made of: no further than they are asked for,
/// since however many of them do not count, the scheme comes behind them.
fn decoded(value: &str) -> impl Iterator<Item = char> {
    let mut rest = value;
    std::iter::from_fn(move || {
        let mut chars = rest.chars();
        let next = chars.next()?;
        let (character, left) = if next == '&' { reference(chars.as_str()) } else { (None, chars.as_str()) };
        rest = left;
        Some(character.unwrap_or(next))
    })
}

/// One character reference and what follows it; nothing of it is used up where it is none.
fn reference(text: &str) -> (Option<char>, &str) {
    for (name, character) in [("colon;", ':'), ("Tab;", '\t'), ("NewLine;", '\n'), ("lpar;", '('), ("sol;", '/')] {
        if let Some(rest) = text.strip_prefix(name) {
            return (Some(character), rest);
        }
    }
    let Some(digits) = text.strip_prefix('#') else { return (None, text) };
    let (digits, radix) = digits.strip_prefix(['x', 'X']).map_or((digits, 10), |digits| (digits, 16));
    let end = digits.find(|c: char| !c.is_digit(radix)).unwrap_or(digits.len());
    let (number, rest) = digits.split_at(end);
    let character = u32::from_str_radix(number, radix).ok().and_then(char::from_u32);
    match character {
        Some(_) => (character, rest.strip_prefix(';').unwrap_or(rest)),
        None => (None, text),
    }
}
