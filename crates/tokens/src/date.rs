//! NumericDate (RFC 7519 section 2): seconds since 1970, maybe with a fraction.

use jiff::Timestamp;
use serde_json::Value;

use crate::{TokenError, json::Members};

/// The date of the claim `name`, if it is there: a number, not negative, within the calendar (year 9999).
pub(crate) fn find(claims: &Members, name: &'static str) -> Result<Option<Timestamp>, TokenError> {
    claims.find(name).map(|value| read(value).ok_or(TokenError::InvalidClaim(name))).transpose()
}

fn read(value: &Value) -> Option<Timestamp> {
    let number = value.as_number()?;
    if let Some(seconds) = number.as_u64() {
        return Timestamp::from_second(i64::try_from(seconds).ok()?).ok();
    }
    let seconds = number.as_f64().filter(|s| (0.0..MAX_SECONDS).contains(s))?;
    let nanos = (seconds.fract() * 1e9).floor();
    #[expect(clippy::cast_possible_truncation, reason = "both lie within bounds that were just checked")]
    Timestamp::new(seconds.trunc() as i64, nanos as i32).ok()
}

/// Beyond every timestamp, and well within what both casts can hold.
const MAX_SECONDS: f64 = 1e12;
