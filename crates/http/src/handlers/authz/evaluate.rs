//! May they? (AuthZEN Authorization API 1.0, sections 6 and 7.)

use std::collections::{BTreeMap, HashMap};

use wardgraph_api::{
    Json, Problem,
    table::authz::{Evaluate, EvaluateAll},
    wire::authzen::{Decision, DecisionAction, DecisionResource, DecisionSubject, Decisions, Evaluation, Evaluations, Semantic},
};
use wardgraph_gate::Permit;

use super::deciding::{Deciding, decide};
use crate::Failure;

/// How many questions are answered at once, and about how many subjects: each of them is looked up, and counts as an item.
const MOST: usize = 1_000;
const MOST_SUBJECTS: usize = 50;

pub(crate) async fn one(permit: Permit<Evaluate>, Json(asked): Json<Evaluation>) -> Result<Json<Decision>, Failure> {
    let deciding = Deciding::of(&permit);
    let mut work = permit.begin()?;
    let found = deciding.subject(&mut work.tx(), &asked.subject).await?;
    drop(work);
    let who = match found {
        Some(somebody) => Some(deciding.asker(somebody).await?),
        None => None,
    };
    Ok(Json(decide(who.as_ref(), &asked.action, &asked.resource)))
}

pub(crate) async fn all(permit: Permit<EvaluateAll>, Json(asked): Json<Evaluations>) -> Result<Json<Decisions>, Failure> {
    if asked.evaluations.len() > MOST {
        return Err(Problem::malformed(format!("at most {MOST} evaluations are answered at once")).into());
    }
    let mut of_each: HashMap<&DecisionSubject, Vec<_>> = HashMap::new();
    for (at, (subject, action, resource)) in questions(&asked)?.into_iter().enumerate() {
        of_each.entry(subject).or_default().push((at, action, resource));
    }
    if of_each.len() > MOST_SUBJECTS {
        return Err(Problem::malformed(format!("at most {MOST_SUBJECTS} subjects are asked about at once")).into());
    }
    permit.charge_items(of_each.len())?;
    let deciding = Deciding::of(&permit);
    let mut work = permit.begin()?;
    let mut found = Vec::with_capacity(of_each.len());
    for (subject, questions) in of_each {
        found.push((deciding.subject(&mut work.tx(), subject).await?, questions));
    }
    drop(work);
    // One subject after the other, so that what one's roles come to is let go of before the next one's.
    let mut answers = BTreeMap::new();
    for (somebody, questions) in found {
        let who = match somebody {
            Some(somebody) => Some(deciding.asker(somebody).await?),
            None => None,
        };
        for (at, action, resource) in questions {
            answers.insert(at, decide(who.as_ref(), action, resource));
            // To say why not is to go through all rules.
            tokio::task::yield_now().await;
        }
    }
    let ends = |answer: &Decision| match asked.options.evaluations_semantic {
        Semantic::ExecuteAll => false,
        Semantic::DenyOnFirstDeny => !answer.decision,
        Semantic::PermitOnFirstPermit => answer.decision,
    };
    let most = answers.values().position(ends).map_or(answers.len(), |last| last + 1);
    let mut decisions: Vec<Decision> = answers.into_values().take(most).collect();
    if !asked.evaluations.is_empty() {
        return Ok(Json(Decisions { decision: None, context: None, evaluations: Some(decisions) }));
    }
    let only = decisions.pop().ok_or_else(|| Problem::malformed("there is no question"))?;
    Ok(Json(Decisions { decision: Some(only.decision), context: only.context, evaluations: None }))
}

type Asked<'a> = (&'a DecisionSubject, &'a DecisionAction, &'a DecisionResource);

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
