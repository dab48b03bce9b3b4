//! May they? (AuthZEN Authorization API 1.0, sections 6 and 7.)

use wardgraph_api::{
    Json, Problem,
    table::authz::{Evaluate, EvaluateAll},
    wire::authzen::{Decision, Decisions, Evaluation, Evaluations, Semantic},
};
use wardgraph_gate::Permit;

use super::deciding::Deciding;
use crate::Failure;

/// How many questions are answered at once, and about how many subjects: each of them is looked up.
const MOST: usize = 1_000;
const MOST_SUBJECTS: usize = 50;

pub(crate) async fn one(permit: Permit<Evaluate>, Json(asked): Json<Evaluation>) -> Result<Json<Decision>, Failure> {
    let (organization, now) = (permit.tenant().clone(), permit.now());
    let mut work = permit.begin()?;
    let mut deciding = Deciding::open(&mut work.tx(), &organization, now).await?;
    Ok(Json(deciding.decide(&mut work.tx(), &asked.subject, &asked.action, &asked.resource).await?))
}

pub(crate) async fn all(permit: Permit<EvaluateAll>, Json(asked): Json<Evaluations>) -> Result<Json<Decisions>, Failure> {
    let (organization, now) = (permit.tenant().clone(), permit.now());
    if asked.evaluations.len() > MOST {
        return Err(Problem::malformed(format!("at most {MOST} evaluations are answered at once")).into());
    }
    let questions = questions(&asked)?;
    let mut work = permit.begin()?;
    let mut deciding = Deciding::open(&mut work.tx(), &organization, now).await?;
    let mut decisions = Vec::with_capacity(questions.len());
    for (subject, action, resource) in questions {
        let answer = deciding.decide(&mut work.tx(), subject, action, resource).await?;
        let ends = match asked.options.evaluations_semantic {
            Semantic::ExecuteAll => false,
            Semantic::DenyOnFirstDeny => !answer.decision,
            Semantic::PermitOnFirstPermit => answer.decision,
        };
        decisions.push(answer);
        if deciding.asked() > MOST_SUBJECTS {
            return Err(Problem::malformed(format!("at most {MOST_SUBJECTS} subjects are asked about at once")).into());
        }
        if ends {
            break;
        }
    }
    if !asked.evaluations.is_empty() {
        return Ok(Json(Decisions { decision: None, context: None, evaluations: Some(decisions) }));
    }
    let only = decisions.pop().ok_or_else(|| Problem::malformed("there is no question"))?;
    Ok(Json(Decisions { decision: Some(only.decision), context: only.context, evaluations: None }))
}

type Asked<'a> = (
    &'a wardgraph_api::wire::authzen::DecisionSubject,
    &'a wardgraph_api::wire::authzen::DecisionAction,
    &'a wardgraph_api::wire::authzen::DecisionResource,
);

/// The questions, with what is said for all of them (section 7.1.1). Without any, what is said for all is the one question (section 7.1).
fn questions(asked: &Evaluations) -> Result<Vec<Asked<'_>>, Problem> {
    let whole = |at: Option<usize>, subject, action, resource| match (subject, action, resource) {
        (Some(subject), Some(action), Some(resource)) => Ok((subject, action, resource)),
        _ => Err(Problem::malformed(at.map_or_else(
            || "`subject`, `action` and `resource` are needed".to_owned(),
            |at| format!("`subject`, `action` and `resource` are needed for evaluation {at}, by itself or for all"),
        ))),
    };
    let (subject, action, resource) = (asked.subject.as_ref(), asked.action.as_ref(), asked.resource.as_ref());
    if asked.evaluations.is_empty() {
        return Ok(vec![whole(None, subject, action, resource)?]);
    }
    let each = asked.evaluations.iter().enumerate().map(|(at, part)| {
        whole(Some(at), part.subject.as_ref().or(subject), part.action.as_ref().or(action), part.resource.as_ref().or(resource))
    });
    each.collect()
}
