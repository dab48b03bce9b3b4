//! What is asked of anything over HTTP is asked of it here, too.

use serde::de::DeserializeOwned;
use serde_json::Value;
use wardgraph_api::{
    FieldError,
    validate::{Faults, Validate},
};
use wardgraph_organizations::{Flaw, OrganizationError};

use crate::wire::StartError;

/// What was said, as the API reads it.
pub(super) fn read<T: DeserializeOwned + Validate>(said: Value) -> Result<T, StartError> {
    let read = serde_json::from_value(said)?;
    sound(&read)?;
    Ok(read)
}

/// Refuses what the API would refuse.
pub(super) fn sound(said: &impl Validate) -> Result<(), StartError> {
    let faults = Faults::of(said);
    if faults.is_empty() { Ok(()) } else { Err(told(&faults).into()) }
}

/// What is wrong, a line each.
pub(super) fn told(faults: &[FieldError]) -> String {
    let lines: Vec<_> = faults.iter().map(|fault| format!("{}: {}", fault.field.trim_start_matches('/'), fault.detail)).collect();
    lines.join("\n")
}

/// Why something was not done to an organization, with all that is wrong or would be too much, a line each.
pub(super) fn explained(error: OrganizationError) -> StartError {
    let first = error.to_string();
    let lines: Vec<String> = match error {
        OrganizationError::Unfit(flaws) => flaws.into_iter().map(|Flaw { place, detail }| format!("{place}: {detail}")).collect(),
        OrganizationError::Beyond(what) => std::iter::once(first).chain(what).collect(),
        other => return other.into(),
    };
    lines.join("\n").into()
}
