//! Why somebody may do something, or not.

use uuid::Uuid;
use wardgraph_access::{Bound, Explanation, Name, Need, On, Question, RoleName, Source};
use wardgraph_api::{
    FieldError, Json, Problem, Query,
    table::authz::{Explain, ExplainOwn},
    wire::authz::{
        By, DecidingRule, ExplainQuery, ExplainRequest, Explained, ExplainedOf, HolderKind, HolderRef, Missing, Through,
    },
};
use wardgraph_gate::Permit;
use wardgraph_kernel::{ClientId, GlobalRole, Holder, Permission};
use wardgraph_organizations::{Holding, subjects};

use super::deciding::Deciding;
use crate::Failure;

/// The caller, by the credential of the call: what is remembered of them is what decides about every other call.
pub(crate) async fn own(permit: Permit<ExplainOwn>, Query(asked): Query<ExplainQuery>) -> Result<Json<ExplainedOf>, Failure> {
    let name = named(asked.resource.as_deref(), "")?;
    let asked = asked.permission.as_deref().map(|word| permission(word, "")).transpose()?;
    let (authority, now) = (permit.authority().clone(), permit.now());
    let on = name.map_or(On::All, On::Named);
    let holder = authority.holder();
    let holdings = match holder {
        Some(holder) => subjects::holdings(&mut permit.begin()?.tx(), holder, now).await?,
        None => Vec::new(),
    };
    let explained = |permission: Permission| match holder.zip(authority.explain(permission, on)) {
        Some((holder, why)) => wire(permission, name, why, holder, &holdings),
        // Scopes decide alone.
        None => by_scopes(permission, name, authority.allows(permission, on)),
    };
    let asked = asked.map_or_else(|| Permission::ALL.to_vec(), |permission| vec![permission]);
    let explanations = asked.into_iter().map(explained).collect();
    Ok(Json(ExplainedOf { subject: holder.map(told), explanations }))
}

fn by_scopes(permission: Permission, name: Option<Name<'_>>, allowed: bool) -> Explained {
    let scope = name.map_or_else(|| permission.word().to_owned(), |name| format!("{permission}:{}", name.as_str()));
    Explained {
        permission: permission.word().to_owned(),
        resource: name.map(|name| name.as_str().to_owned()),
        allowed,
        allowed_by: Vec::new(),
        denied_by: Vec::new(),
        needs: if allowed { Vec::new() } else { vec![Missing::Scope { scope }] },
        is_shortened: false,
    }
}

pub(crate) async fn explain(permit: Permit<Explain>, Json(asked): Json<ExplainRequest>) -> Result<Json<ExplainedOf>, Failure> {
    let now = permit.now();
    let (permission, name) = (permission(&asked.permission, "/")?, named(asked.resource.as_deref(), "/")?);
    let unknown = || Problem::not_found("nobody of the organization is this");
    let holder = match &asked.subject {
        None => permit.account().map(|caller| Holder::User(caller.user)).map_err(|_| no_account())?,
        Some(subject) => holder(subject).ok_or_else(unknown)?,
    };
    let bound = asked.scopes.as_ref().map(|scopes| Bound::of_scopes(scopes.iter().map(String::as_str)));
    let deciding = Deciding::of(&permit);
    let mut work = permit.begin()?;
    let somebody = deciding.holder(&mut work.tx(), holder.clone()).await?.ok_or_else(unknown)?;
    let holdings = subjects::holdings(&mut work.tx(), &holder, now).await?;
    drop(work);
    let who = deciding.asker(somebody).await?;
    let on = name.map_or(On::All, On::Named);
    let why = who.matcher.explain(&Question { permission, on, user: who.user() }, &bound.iter().collect::<Vec<_>>());
    Ok(Json(shown(&holder, (permission, name), why, &holdings)))
}

/// Why somebody may do something or not, as the API tells it.
pub fn shown(
    holder: &Holder,
    (permission, name): (Permission, Option<Name<'_>>),
    why: Explanation,
    holdings: &[Holding],
) -> ExplainedOf {
    let explanations = vec![wire(permission, name, why, holder, holdings)];
    ExplainedOf { subject: Some(told(holder)), explanations }
}

fn no_account() -> Problem {
    Problem::invalid("see `errors`")
        .fields(vec![FieldError::new("/subject", "is needed: the credential is of no session of a person's")])
}

/// The permission that is asked about. `below`: where the field stands.
fn permission(word: &str, below: &str) -> Result<Permission, Problem> {
    let fault =
        || Problem::invalid("see `errors`").fields(vec![FieldError::new(format!("{below}permission"), "is no permission")]);
    Permission::of(word).ok_or_else(fault)
}

/// The name that is asked about.
fn named<'a>(name: Option<&'a str>, below: &str) -> Result<Option<Name<'a>>, Problem> {
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

/// All that brings a role to somebody who holds this.
fn through(holder: &Holder, holdings: &[Holding], role: &RoleName) -> Vec<Through> {
    let shown = |by, grant_id, expires_at| Through { role: role.to_string(), by, grant_id, expires_at };
    if GlobalRole::of(role.as_str()).is_some() {
        return vec![shown(By::Global, None, None)];
    }
    let own = match holder {
        Holder::User(_) => By::Membership,
        Holder::Client(_) => By::Client,
    };
    let by = |one: &Holding| one.grant.map_or(own, |_| By::Grant);
    holdings.iter().filter(|one| one.role == *role).map(|one| shown(by(one), one.grant, one.until)).collect()
}

fn wire(permission: Permission, name: Option<Name<'_>>, why: Explanation, holder: &Holder, holdings: &[Holding]) -> Explained {
    let rule = |source: &Source| DecidingRule {
        rule: source.rule.text().to_owned(),
        role: source.role.to_string(),
        through: source.through.iter().flat_map(|role| through(holder, holdings, role)).collect(),
    };
    let rules = |sources: Vec<Source>| sources.iter().map(rule).collect();
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
