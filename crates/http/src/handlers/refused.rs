//! What was not done, on record.

use serde_json::{Value, json};
use wardgraph_api::Problem;
use wardgraph_audit::Subject;
use wardgraph_gate::{Committed, Work};
use wardgraph_kernel::{Endpoint, Write};
use wardgraph_organizations::OrganizationError;

use crate::Failure;

/// Why a write was refused, and what of it was not its caller's to give or take.
#[derive(Debug)]
pub(super) struct Refused {
    failure: Failure,
    beyond: Option<Vec<String>>,
}

impl From<OrganizationError> for Refused {
    fn from(error: OrganizationError) -> Self {
        let beyond = if let OrganizationError::Beyond(why) = &error { Some(why.clone()) } else { None };
        Self { failure: error.into(), beyond }
    }
}

impl From<Failure> for Refused {
    fn from(failure: Failure) -> Self {
        Self { failure, beyond: None }
    }
}

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        Failure::from(problem).into()
    }
}

/// Undoes what was done and has on record what was tried, on whom or what, and why it was refused. What failed of itself is no refusal.
pub(super) async fn refuse<E: Endpoint<Mode = Write>>(
    work: Work<E>,
    subject: Option<Subject>,
    why: impl Into<Refused>,
) -> Result<Committed<E>, Failure> {
    let Refused { failure, beyond } = why.into();
    let problem = Problem::from(failure);
    if problem.status >= 500 {
        return Err(problem.into());
    }
    let mut work = work.undo().await?;
    if let Some(event_type) = E::SPEC.event {
        let mut payload = json!({ "status": problem.status });
        if let (Value::Object(payload), Some(beyond)) = (&mut payload, beyond) {
            payload.insert("beyond".to_owned(), json!(beyond));
        }
        work.note(event_type, subject, payload);
    }
    Ok(work.refuse(problem).await?)
}
