//! A time as it is taken in: as it was sent, or not at all.

use std::borrow::Cow;

use jiff::{Timestamp, fmt::temporal::Pieces};
use serde::{Deserialize, Deserializer, de::Error};

/// A time that may be absent.
pub(super) fn moment<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    Option::<Cow<str>>::deserialize(deserializer)?.map(|text| read(&text).map_err(D::Error::custom)).transpose()
}

/// A time.
pub(super) fn given_moment<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
    read(&Cow::<str>::deserialize(deserializer)?).map_err(D::Error::custom)
}

/// One beyond what can be kept, as the last second of the year 9999, is the last that can. A leap second is refused: Unix time has none, and it would
/// be kept as the second before it.
fn read(text: &str) -> Result<Timestamp, &'static str> {
    let time = text.parse().ok().or_else(|| bound(text));
    let time = time.ok_or("must be a time as RFC 3339 writes it, such as `2026-01-31T12:00:00Z`")?;
    if names_leap_second(text) {
        return Err("a leap second (`:60`) is kept nowhere: say the second before or after it");
    }
    Ok(time)
}

/// The last time there is, or the first, for one that is written well and lies beyond it.
fn bound(text: &str) -> Option<Timestamp> {
    let pieces = Pieces::parse(text).ok()?;
    let is_whole = pieces.time().is_some() && pieces.to_numeric_offset().is_some();
    is_whole.then(|| if pieces.date().year() > 0 { Timestamp::MAX } else { Timestamp::MIN })
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
        for last in
            ["9999-12-31T23:59:59Z", "9999-12-31T23:59:59.999999999-01:00", "9999-12-31 23:59:59z", "9999-12-31T00:00:00+00:00"]
        {
            assert_eq!(read(last).unwrap(), Some(Timestamp::MAX.to_string()), "{last}");
        }
        for none in [
            "2016-12-31",
            "",
            "9999-12-31",
            "9999-12-31T23:59:59",
            "9999-12-32T00:00:00Z",
            "10000-01-01T00:00:00Z",
            "9999-12-31T23:59:60Z",
        ] {
            let told = read(none).unwrap_err().to_string();
            assert!(told.contains("RFC 3339") || told.contains("leap second"), "{told}");
        }
        assert_eq!(moment(serde_json::Value::Null).unwrap(), None);
    }
}
