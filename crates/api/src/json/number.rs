//! Numbers: their form, and whether one is kept as it was sent.

use std::borrow::Cow;

/// How long a number may be spelled: the largest and the smallest that can be kept fit, with every digit written out.
const MOST_BYTES: usize = 512;

/// Reads the number that a text begins with; gives its length. One that is measured may lose digits; any other must come back with the value
/// that it was sent with.
pub(super) fn read(text: &[u8], is_measured: bool) -> Result<usize, Cow<'static, str>> {
    let length = spelled(text).ok_or("a number must be written as JSON has it")?;
    if length > MOST_BYTES {
        return Err(format!("a number must be written with {MOST_BYTES} characters at most").into());
    }
    let spelled = text.get(..length).unwrap_or_default();
    if is_measured {
        return Ok(length);
    }
    if is_below_zero_and_zero(spelled) {
        return Err("zero has no sign where it is kept: send `0`".into());
    }
    if is_exact(spelled) {
        return Ok(length);
    }
    Err("a number is kept as 64-bit integer or double, and this one would be changed: send it as a text".into())
}

/// The length of the number that a text begins with (RFC 8259, section 6); `None` where more of its characters follow than make one.
fn spelled(text: &[u8]) -> Option<usize> {
    let digits = |from: usize| {
        let mut rest = text.get(from..)?;
        // Eight at a time, without an early end, so that the compiler makes one comparison of them: vectors are long runs of digits.
        while let Some((eight, after)) = rest.split_first_chunk::<8>()
            && eight.iter().fold(true, |all, byte| all & byte.is_ascii_digit())
        {
            rest = after;
        }
        let end = text.len() - rest.len() + rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        (end > from).then_some(end)
    };
    let begin = usize::from(text.first() == Some(&b'-'));
    let mut end = digits(begin)?;
    if end > begin + 1 && text.get(begin) == Some(&b'0') {
        return None;
    }
    if text.get(end) == Some(&b'.') {
        end = digits(end + 1)?;
    }
    if matches!(text.get(end), Some(b'e' | b'E')) {
        end = digits(end + 1 + usize::from(matches!(text.get(end + 1), Some(b'+' | b'-'))))?;
    }
    let goes_on = matches!(text.get(end), Some(b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9'));
    (!goes_on).then_some(end)
}

/// Whether it is zero with a minus: a double knows that one, and a number in Postgres does not.
fn is_below_zero_and_zero(raw: &[u8]) -> bool {
    let mantissa = raw.iter().take_while(|byte| !matches!(byte, b'e' | b'E'));
    raw.first() == Some(&b'-') && !mantissa.into_iter().any(|byte| matches!(byte, b'1'..=b'9'))
}

/// Whether the number is the same once it went through a 64-bit integer or a double.
fn is_exact(raw: &[u8]) -> bool {
    // A double carries any 15 digits there and back (C's DBL_DIG), and these cannot leave its range.
    let is_plain = !raw.iter().any(|byte| matches!(byte, b'e' | b'E'));
    if is_plain && raw.len() <= 15 {
        return true;
    }
    let Ok(text) = std::str::from_utf8(raw) else { return false };
    if text.parse::<i64>().is_ok() || text.parse::<u64>().is_ok() {
        return true;
    }
    match (Decimal::of(text), text.parse::<f64>()) {
        (Some(sent), Ok(kept)) => kept.is_finite() && Decimal::of(&format!("{kept:e}")).is_some_and(|kept| kept == sent),
        _ => false,
    }
}

/// A number's digits, without zeros at either end, and the power of ten of the last one.
#[derive(Debug, PartialEq, Eq)]
struct Decimal {
    digits: String,
    exponent: i64,
}

impl Decimal {
    /// `None` for an exponent beyond all numbers.
    fn of(text: &str) -> Option<Self> {
        let text = text.strip_prefix('-').unwrap_or(text);
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all = [whole, fraction].concat();
        let digits = all.trim_end_matches('0');
        if digits.is_empty() {
            return Some(Self { digits: String::new(), exponent: 0 });
        }
        let zeros = i64::try_from(all.len() - digits.len()).ok()?;
        let exponent = exponent.parse::<i64>().ok()?.checked_sub(i64::try_from(fraction.len()).ok()?)?.checked_add(zeros)?;
        Some(Self { digits: digits.trim_start_matches('0').to_owned(), exponent })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_as_long_as_its_digits_however_many_are_looked_at_together() {
        for (whole, fraction) in (1..20).flat_map(|whole| (1..20).map(move |fraction| (whole, fraction))) {
            let number = format!("-{}.{}", "1".repeat(whole), "2".repeat(fraction));
            for after in ["", ",3", " 4", "]55555555", ",\"66666666\""] {
                assert_eq!(spelled(format!("{number}{after}").as_bytes()), Some(number.len()), "{number}{after}");
            }
            for after in ["-", ".7", "e", "e+", "E-x"] {
                assert_eq!(spelled(format!("{number}{after}").as_bytes()), None, "{number}{after}");
            }
        }
    }
}
