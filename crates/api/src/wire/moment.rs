//! A time as it is taken in: as it was sent, or not at all.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, de::Error};

/// A time that may be absent. A leap second is refused: Unix time has none, and it would be kept as the second before it.
pub(super) fn moment<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    let Some(text) = Option::<Cow<str>>::deserialize(deserializer)? else { return Ok(None) };
    let time: Timestamp = text.parse().map_err(D::Error::custom)?;
    if names_leap_second(&text) {
        return Err(D::Error::custom("a leap second (`:60`) is kept nowhere: say the second before or after it"));
    }
    Ok(Some(time))
}

/// Whether the seconds of a time that can be read are 60, with or without colons.
fn names_leap_second(text: &str) -> bool {
    let Some((_, time)) = text.split_once(['T', 't', ' ']) else { return false };
    time.bytes().filter(|byte| *byte != b':').skip(4).take(2).eq(*b"60")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leap_second_is_no_time_and_every_other_second_is() {
        let read = |text: &str| moment(serde_json::Value::from(text)).map(|time| time.map(|time| time.to_string()));
        for leap in ["2016-12-31T23:59:60Z", "2016-12-31 23:59:60.5+00:00", "20161231t235960Z", "2017-01-01T01:59:60+02:00"] {
            assert!(read(leap).is_err(), "{leap}");
        }
        assert_eq!(read("2016-12-31T23:59:59Z").unwrap().as_deref(), Some("2016-12-31T23:59:59Z"));
        assert_eq!(read("2016-12-31T23:00:00.60Z").unwrap().as_deref(), Some("2016-12-31T23:00:00.6Z"));
        assert!(read("2016-12-31").is_err() && read("").is_err());
        assert_eq!(moment(serde_json::Value::Null).unwrap(), None);
    }
}
