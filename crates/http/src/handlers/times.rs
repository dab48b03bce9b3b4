//! When something came about, where whoever writes says so: what is brought in keeps its age.

use wardgraph_api::{FieldError, Problem};
use wardgraph_gate::{Leave, Permit};
use wardgraph_kernel::{Guards, Timestamp, field::CreatedAt};

/// The refusal of a caller who gives a time and may not: whoever may make nodes young again (`admin:refresh`) may say how old they are.
pub(super) fn forbidden<E: Guards<CreatedAt>>(permit: &Permit<E>, is_given: bool) -> Option<Problem> {
    let lacks = is_given && permit.leave::<CreatedAt>().is_none();
    lacks.then(|| Problem::forbidden(format!("`created_at` is for those who hold `{}`", E::PERMISSION)))
}

/// What is wrong with the time of what stands at `place`.
pub(super) fn fault(place: &str, given: Option<Timestamp>, now: Timestamp) -> Option<FieldError> {
    let later = given.is_some_and(|time| time > now);
    later.then(|| FieldError::new(format!("{place}/created_at"), "must not lie in the future"))
}

/// The refusal of a single thing whose time is wrong.
pub(super) fn invalid(given: Option<Timestamp>, now: Timestamp) -> Result<(), Problem> {
    fault("", given, now).map_or(Ok(()), |fault| Err(Problem::invalid("see `errors`").fields(vec![fault])))
}

/// A time as it is stored, with leave to give one: Postgres counts microseconds.
pub(super) fn stored(given: Option<Timestamp>, leave: Option<Leave<CreatedAt>>) -> Option<Timestamp> {
    given.filter(|_| leave.is_some()).and_then(|time| Timestamp::from_microsecond(time.as_microsecond()).ok())
}
