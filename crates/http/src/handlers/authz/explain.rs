//! Why somebody may do something, or not.

use uuid::Uuid;
use wardgraph_access::{Bound, Explanation, Name, Need, On, Question, Source};
use wardgraph_api::{
    FieldError, Json, Problem,
    table::authz::Explain,
    wire::authz::{DecidingRule, ExplainRequest, Explained, ExplainedOf, HolderKind, HolderRef, Means, Missing, Through},
};
use wardgraph_gate::Permit;
use wardgraph_kernel::{ClientId, Holder, Permission};
use wardgraph_organizations::subjects::{self, By};

use super::deciding::Deciding;
use crate::Failure;

pub(crate) async fn explain(permit: Permit<Explain>, Json(asked): Json<ExplainRequest>) -> Result<Json<ExplainedOf>, Failure> {
    let (organization, now) = (permit.tenant().clone(), permit.now());
    let (permission, name) = (permission(&asked.permission, "/")?, named(asked.resource.as_deref(), "/")?);
    let unknown = || Problem::not_found("nobody of the organization is this");
    let holder = match &asked.subject {
        None => permit.account().map(|caller| Holder::User(caller.user)).map_err(|_| no_account())?,
        Some(subject) => holder(subject).ok_or_else(unknown)?,
    };
    let bound = asked.scopes.as_ref().map(|scopes| Bound::of_scopes(scopes.iter().map(String::as_str)));
    let mut work = permit.begin()?;
    let mut deciding = Deciding::open(&mut work.tx(), &organization, now).await?;
    let asker = deciding.holder(&mut work.tx(), holder.clone()).await?.ok_or_else(unknown)?;
    let means = subjects::means(&mut work.tx(), &organization, &holder, now).await?;
    let on = name.map_or(On::All, On::Named);
    let why = asker.matcher.explain(&Question { permission, on, user: asker.user() }, &bound.iter().collect::<Vec<_>>());
    let explanations = vec![wire(permission, name, why, &means)];
    Ok(Json(ExplainedOf { subject: Some(told(&holder)), explanations }))
}

fn no_account() -> Problem {
    Problem::invalid("see `errors`")
        .fields(vec![FieldError::new("/subject", "is needed: the credential is of no session of a person's")])
}

/// The permission that is asked about. `below`: where the field stands.
pub(super) fn permission(word: &str, below: &str) -> Result<Permission, Problem> {
    let fault =
        || Problem::invalid("see `errors`").fields(vec![FieldError::new(format!("{below}permission"), "is no permission")]);
    Permission::of(word).ok_or_else(fault)
}

/// The name that is asked about.
pub(super) fn named<'a>(name: Option<&'a str>, below: &str) -> Result<Option<Name<'a>>, Problem> {
    let fault = |error: wardgraph_access::AccessError| {
        Problem::invalid("see `errors`").fields(vec![FieldError::new(format!("{below}resource"), error.to_string())])
    };
    name.map(Name::read).transpose().map_err(fault)
}

fn holder(of: &HolderRef) -> Option<Holder> {
    match of.kind {
        HolderKind::User => Uuid::try_parse(&of.id).ok().map(|id| Holder::User(id.into())),
        HolderKind::Client => ClientId::parse(&of.id).map(Holder::Client),
    }
}

/// A holder, as it is told.
pub(in crate::handlers) fn told(holder: &Holder) -> HolderRef {
    match holder {
        Holder::User(id) => HolderRef { kind: HolderKind::User, id: id.to_string() },
        Holder::Client(id) => HolderRef { kind: HolderKind::Client, id: id.to_string() },
    }
}

pub(super) fn wire(permission: Permission, name: Option<Name<'_>>, why: Explanation, means: &[subjects::Means]) -> Explained {
    let rules = |sources: Vec<Source>| sources.into_iter().map(|source| rule(&source, means)).collect();
    let needs = why.needs.into_iter().map(|need| match need {
        Need::Rule(rule) => Missing::Rule { rule },
        Need::NoDeny => Missing::NoDeny,
        Need::Scope { word, .. } => Missing::Scope { scope: word },
    });
    Explained {
        permission: permission.word().to_owned(),
        resource: name.map(|name| name.as_str().to_owned()),
        allowed: why.allowed,
        needs: needs.collect(),
        allowed_by: rules(why.allowed_by),
        denied_by: rules(why.denied_by),
        is_shortened: why.is_shortened,
    }
}

/// A rule, with all that brings it to whoever has it.
fn rule(source: &Source, means: &[subjects::Means]) -> DecidingRule {
    let through = means.iter().filter(|one| source.through.iter().any(|role| role.as_str() == one.role)).map(|one| Through {
        role: one.role.clone(),
        by: match one.by {
            By::Membership => Means::Membership,
            By::Global => Means::Global,
            By::Client => Means::Client,
            By::Grant(_) => Means::Grant,
        },
        grant_id: match one.by {
            By::Grant(id) => Some(id),
            By::Membership | By::Global | By::Client => None,
        },
        expires_at: one.until,
    });
    DecidingRule { rule: source.rule.text().to_owned(), role: source.role.to_string(), through: through.collect() }
}
