//! What a service answers: read within bounds, and believed only after it was checked.

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use serde::Deserialize;
use wardgraph_egress::header::{DATE, RETRY_AFTER};
use wardgraph_egress::{Answer as Response, EgressError, HeaderMap, StatusCode};

use crate::EmbedError;
use crate::mean::unit_mean;

/// A service that wants to be left alone for longer is asked again all the same.
const LONGEST_WAIT: Duration = Duration::from_hours(1);

/// How one try ended, if not with vectors.
#[derive(Debug)]
pub(super) enum Missed {
    /// Another try may succeed.
    Passing { why: &'static str, retry_after: Option<Duration> },
    /// No other try would.
    Final(EmbedError),
}

/// The vectors of `count` texts, in their order, each of length 1.
pub(super) async fn vectors(response: Response, count: usize, dimension: usize) -> Result<Vec<Vec<f32>>, Missed> {
    if !response.status.is_success() {
        return Err(refusal(response.status, &response.headers));
    }
    let body = response.body(most_bytes(count, dimension)).await.map_err(unread)?;
    checked(&body, count, dimension).map_err(Missed::Final)
}

/// What a status that is no success means. The body is not read: it is not ours to bound twice, and may repeat the key.
fn refusal(status: StatusCode, headers: &HeaderMap) -> Missed {
    let code = status.as_u16();
    match code {
        429 => Missed::Passing { why: "it has too much to do (status 429)", retry_after: retry_after(headers) },
        500.. => Missed::Passing { why: "it failed (status 5xx)", retry_after: retry_after(headers) },
        400 | 413 | 422 => Missed::Final(EmbedError::Rejected { status: code }),
        300..400 => Missed::Final(EmbedError::Answer("it redirects, which is never followed")),
        _ => Missed::Final(EmbedError::Refused { status: code }),
    }
}

/// `Retry-After` (RFC 9110, section 10.2.3): seconds, or a date, which counts from the service's own `Date`; at most [`LONGEST_WAIT`].
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name| headers.get(name)?.to_str().ok().map(str::trim);
    let value = text(RETRY_AFTER)?;
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds).min(LONGEST_WAIT));
    }
    let parse = |value: &str| -> Option<Timestamp> { DateTimeParser::new().parse_timestamp(value).ok() };
    let wait = parse(value)?.duration_since(parse(text(DATE)?)?);
    Some(Duration::try_from(wait).unwrap_or_default().min(LONGEST_WAIT))
}

/// 40 bytes take the longest spelling of a number with its comma and some white space.
const fn most_bytes(count: usize, dimension: usize) -> usize {
    64 * 1024 + count * (dimension * 40 + 256)
}

fn unread(error: EgressError) -> Missed {
    match error {
        EgressError::Large { .. } => Missed::Final(EmbedError::Answer("it is larger than the vectors can be")),
        EgressError::Encoding => Missed::Final(EmbedError::Answer("it is encoded in a way that was not asked for")),
        _ => Missed::Passing { why: "its answer broke off", retry_after: None },
    }
}

#[derive(Deserialize)]
struct Answer {
    data: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    index: usize,
    embedding: Vec<f32>,
}

fn checked(body: &[u8], count: usize, dimension: usize) -> Result<Vec<Vec<f32>>, EmbedError> {
    let answer: Answer = serde_json::from_slice(body).map_err(|_| EmbedError::Answer("it is no list of embeddings"))?;
    if answer.data.len() != count {
        return Err(EmbedError::Answer("it has another number of vectors than there were texts"));
    }
    let mut vectors: Vec<Option<Vec<f32>>> = vec![None; count];
    for Item { index, embedding } in answer.data {
        if embedding.len() != dimension {
            return Err(EmbedError::Answer("its vectors have another dimension than `embedding.dimension`"));
        }
        match vectors.get_mut(index) {
            Some(place @ None) => *place = Some(unit(&embedding)?),
            _ => return Err(EmbedError::Answer("its indexes are not those of the texts")),
        }
    }
    vectors.into_iter().collect::<Option<_>>().ok_or(EmbedError::Answer("its indexes are not those of the texts"))
}

/// The vector at length 1. Scaled by its largest component first: squares of very large or very small numbers would be
/// infinite or nothing.
fn unit(vector: &[f32]) -> Result<Vec<f32>, EmbedError> {
    if !vector.iter().all(|component| component.is_finite()) {
        return Err(EmbedError::Answer("its vectors hold something else than finite numbers"));
    }
    let largest = vector.iter().fold(0.0_f32, |most, component| most.max(component.abs()));
    if largest <= 0.0 {
        return Err(EmbedError::Answer("its vectors are nothing but zeros"));
    }
    let scaled: Vec<f32> = vector.iter().map(|component| component / largest).collect();
    unit_mean(std::iter::once(scaled.as_slice()), vector.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn retry_after_is_seconds_or_a_date_by_the_services_clock() {
        let date = "Sun, 06 Nov 1994 08:49:37 GMT";
        let later = "Sun, 06 Nov 1994 08:50:07 GMT";
        assert_eq!(retry_after(&headers(&[("retry-after", "7")])), Some(Duration::from_secs(7)));
        assert_eq!(retry_after(&headers(&[("retry-after", later), ("date", date)])), Some(Duration::from_secs(30)));
        assert_eq!(retry_after(&headers(&[("retry-after", date), ("date", later)])), Some(Duration::ZERO));
        let far = "Sun, 06 Nov 9994 08:49:37 GMT";
        assert_eq!(retry_after(&headers(&[("retry-after", "18446744073709551615")])), Some(LONGEST_WAIT));
        assert_eq!(retry_after(&headers(&[("retry-after", far), ("date", date)])), Some(LONGEST_WAIT));
        for useless in ["-1", "soon", "1e9", later] {
            assert_eq!(retry_after(&headers(&[("retry-after", useless)])), None, "{useless}");
        }
        assert_eq!(retry_after(&headers(&[])), None);
    }

    #[test]
    fn only_a_whole_answer_in_order_of_its_indexes_is_believed() {
        let item = |index: usize, vector: &str| format!(r#"{{"object": "embedding", "index": {index}, "embedding": {vector}}}"#);
        let answer = |items: &[String]| format!(r#"{{"object": "list", "data": [{}], "model": "m"}}"#, items.join(","));
        let read = |body: &str| checked(body.as_bytes(), 2, 2);
        let good = read(&answer(&[item(1, "[0, -2]"), item(0, "[3e30, 4e30]")])).unwrap();
        let near = |vector: &[f32], wanted: [f32; 2]| (vector[0] - wanted[0]).abs() + (vector[1] - wanted[1]).abs() < 1e-6;
        assert!(near(&good[0], [0.6, 0.8]) && near(&good[1], [0.0, -1.0]), "{good:?}");
        assert!(near(&read(&answer(&[item(0, "[3e-30, 4e-30]"), item(1, "[1, 0]")])).unwrap()[0], [0.6, 0.8]));
        for bad in [
            answer(&[item(0, "[1, 0]")]),
            answer(&[item(0, "[1, 0]"), item(0, "[1, 0]")]),
            answer(&[item(1, "[1, 0]"), item(2, "[1, 0]")]),
            answer(&[item(0, "[1, 0]"), item(1, "[1, 0, 0]")]),
            answer(&[item(0, "[1, 0]"), item(1, "[NaN, 0]")]),
            answer(&[item(0, "[1, 0]"), item(1, "[1e99, 0]")]),
            answer(&[item(0, "[1, 0]"), item(1, "[null, 0]")]),
            answer(&[item(0, "[1, 0]"), item(1, r#""AAAA""#)]),
            answer(&[item(0, "[1, 0]"), item(1, "[0, -0.0]")]),
            answer(&[item(0, "[1, 0]"), item(1, "[1e-300, 0]")]),
            "{}".into(),
            String::new(),
        ] {
            assert!(matches!(read(&bad), Err(EmbedError::Answer(_))), "{bad}");
        }
    }
}
