//! What must happen before a request is granted: whether whoever is there signed in as it asks, and whether they are to be asked.
//!
//! Nothing is kept of a request while its person signs in and decides: it stands in the address of the page, with `asked`, the moment at which the person
//! was first asked something. Who changes that changes no more than who leaves `prompt` out, which every sender of a browser can; of a pushed
//! request, which nobody can change, the moment is the one at which it was pushed. That they agreed to this very request only their browser can say.

use wardgraph_identity::session::Proof;
use wardgraph_kernel::{Timestamp, UserId};

use crate::{
    consent::Agreed,
    request::{Fault, Request},
};

/// Somebody who signed in.
#[derive(Debug, Clone, Copy)]
pub struct Met<'a> {
    /// Who.
    pub user: UserId,
    /// How they proved it.
    pub proof: &'a Proof,
}

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// It goes on.
    On,
    /// Its person signs in first, or again.
    SignIn,
    /// Its person is asked.
    Ask,
}

const fn login(description: &'static str) -> Fault {
    Fault::new("login_required", description)
}

/// Judges who is there. `must_be`: of whom the client says that it must be one; `asked`: since when the person is being asked.
///
/// # Errors
/// What the client is told where nobody may be asked, or asking did not help.
pub fn signed_in(
    request: &Request,
    met: Option<Met<'_>>,
    must_be: Option<&[String]>,
    asked: Option<Timestamp>,
    now: Timestamp,
) -> Result<Step, Fault> {
    let silent = request.prompt.none;
    let Some(met) = met else {
        return if silent { Err(login("nobody is signed in")) } else { Ok(Step::SignIn) };
    };
    let again = asked.is_some_and(|asked| met.proof.at >= asked);
    let stands = |at: Timestamp, seconds: u64| {
        let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
        now.as_second().saturating_sub(at.as_second()) <= seconds
    };
    if must_be.is_some_and(|subjects| !subjects.contains(&met.user.to_string())) {
        return if silent || again { Err(login("somebody else is signed in")) } else { Ok(Step::SignIn) };
    }
    let recent = request.max_age.is_none_or(|seconds| seconds > 0 && stands(met.proof.at, seconds));
    if !again && (request.prompt.login || !recent) {
        return if silent { Err(login("the sign-in is too long ago")) } else { Ok(Step::SignIn) };
    }
    strong_enough(request, met.proof, again)
}

/// Judges how somebody signed in. Every account that has a second factor shows it when its owner signs in: who has one by now shows it the next time.
fn strong_enough(request: &Request, proof: &Proof, again: bool) -> Result<Step, Fault> {
    let silent = request.prompt.none;
    let reaches = |wanted: &str| wanted == proof.acr || (wanted == "aal1" && proof.acr == "aal2");
    let reaches_one = |wanted: &[String]| wanted.is_empty() || wanted.iter().any(|acr| reaches(acr));
    let could = |wanted: &[String]| wanted.iter().any(|acr| acr == "aal2");
    let essential = &request.claims.essential_acr;
    if !reaches_one(essential) {
        let unmet = Fault::new("unmet_authentication_requirements", "the person cannot sign in as `acr` asks");
        return if silent || again || !could(essential) { Err(unmet) } else { Ok(Step::SignIn) };
    }
    let liked: Vec<String> = request.acr_values.iter().chain(&request.claims.voluntary_acr).cloned().collect();
    let tries = !reaches_one(&liked) && could(&liked) && !silent && !again;
    Ok(if tries { Step::SignIn } else { Step::On })
}

/// What is known of a person's agreement.
#[derive(Debug, Clone, Copy)]
pub struct Stance<'a> {
    /// What they agreed to before, in the organization where the client is to work.
    pub agreed: Option<&'a Agreed>,
    /// What they would agree to.
    pub scopes: &'a [String],
    /// Whether they have to choose an organization.
    pub must_choose: bool,
    /// Whether the client is one that need not be agreed to.
    pub trusted: bool,
    /// Whether it is sure which program gets what is granted: else whoever calls itself by the client's name would get without a word what the
    /// person once gave the client (RFC 8252, section 8.6).
    pub assured: bool,
    /// Since when they are being asked, if a form of theirs agreed to this very request.
    pub answered: Option<Timestamp>,
}

/// Judges whether somebody is to be asked.
///
/// # Errors
/// What the client is told where nobody may be.
pub fn agreed(request: &Request, standing: &Stance<'_>) -> Result<Step, Fault> {
    let just_now = standing.answered.zip(standing.agreed).is_some_and(|(asked, agreed)| agreed.at >= asked);
    let known = standing.trusted || standing.agreed.is_some_and(|agreed| agreed.covers(standing.scopes));
    let covered = known && (standing.assured || just_now);
    if request.prompt.none {
        let refused = Fault::new("consent_required", "the person has not agreed to this yet");
        return if covered { Ok(Step::On) } else { Err(refused) };
    }
    let wanted = request.prompt.consent || request.prompt.select_account;
    Ok(if !covered || (wanted && !just_now) || standing.must_choose { Step::Ask } else { Step::On })
}

#[cfg(test)]
mod tests;
