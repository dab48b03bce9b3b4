//! Numbers: their form, and whether one is kept as it was sent.

use std::borrow::Cow;

/// How long a number may be spelled: the largest and the smallest that can be kept fit, with every digit written out.
const MOST_BYTES: usize = 512;

/// Checks what may be a number. One that is measured may lose digits; any other must come back with the value that it was sent with.
pub(super) fn check(raw: &[u8], is_measured: bool) -> Result<(), Cow<'static, str>> {
    if !is_number(raw) {
        return Err("a number must be written as JSON has it".into());
    }
    if raw.len() > MOST_BYTES {
        return Err(format!("a number must be written with {MOST_BYTES} characters at most").into());
    }
    if is_measured || is_exact(raw) {
        return Ok(());
    }
    Err("a number is kept as 64-bit integer or double, and this one would be changed: send it as a text".into())
}

/// RFC 8259, section 6.
fn is_number(raw: &[u8]) -> bool {
    let digits = |raw: &[u8]| raw.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(raw.len());
    let split = |raw: &'_ [u8]| -> Option<usize> { Some(digits(raw)).filter(|length| *length > 0) };
    let raw = raw.strip_prefix(b"-").unwrap_or(raw);
    let Some((whole, mut rest)) = split(raw).and_then(|end| raw.split_at_checked(end)) else { return false };
    if whole.len() > 1 && whole.starts_with(b"0") {
        return false;
    }
    if let Some(fraction) = rest.strip_prefix(b".") {
        let Some((_, behind)) = split(fraction).and_then(|end| fraction.split_at_checked(end)) else { return false };
        rest = behind;
    }
    if let Some(exponent) = rest.strip_prefix(b"e").or_else(|| rest.strip_prefix(b"E")) {
        let exponent = exponent.strip_prefix(b"+").or_else(|| exponent.strip_prefix(b"-")).unwrap_or(exponent);
        return split(exponent) == Some(exponent.len());
    }
    rest.is_empty()
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
