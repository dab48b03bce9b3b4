//! Who may, to what, and what? (AuthZEN Authorization API 1.0, section 8.)

use wardgraph_access::{Name, On};
use wardgraph_api::{
    Json, Problem,
    table::authz::{SearchActions, SearchResources, SearchSubjects},
    wire::authzen::{
        ActionSearch, DecisionAction, DecisionContext, DecisionResource, DecisionSubject, Found, FoundPage, ResourceSearch,
        SearchPage, SubjectSearch,
    },
};
use wardgraph_gate::Permit;
use wardgraph_kernel::{Cursor, Holder, List, PageSize, Permission, TenantId};
use wardgraph_organizations::subjects::{self, Kind, Subject, Things};

use super::deciding::{CLIENT, Deciding, IDENTITY, Named, Somebody, USER, no_permission, nobody, nothing, permission};
use crate::{Failure, handlers::page};

/// How many things are looked at for one part; and how many subjects, as each may have roles of their own, which are compiled.
const MOST: i64 = 200;
const MOST_SUBJECTS: i64 = 50;

pub(crate) async fn subjects(
    permit: Permit<SearchSubjects>,
    Json(asked): Json<SubjectSearch>,
) -> Result<Json<Found<DecisionSubject>>, Failure> {
    let (organization, now) = (permit.tenant().clone(), permit.now());
    let kind = asked.subject.kind.as_str();
    let of = [kind, &asked.action.name, &asked.resource.kind, asked.resource.id.as_deref().unwrap_or("*")];
    let list = list("decisions.subjects", &organization, &of);
    let (size, after) = part(&list, &asked.page, MOST_SUBJECTS)?;
    let Some(permission) = permission(&asked.resource.kind, &asked.action.name) else { return Ok(none(no_permission())) };
    let kinds = match kind {
        USER | IDENTITY => Kind::Users,
        CLIENT => Kind::Clients,
        _ => return Ok(none(nothing("there are no subjects of this type"))),
    };
    let deciding = Deciding::of(&permit);
    let mut work = permit.begin()?;
    let looked_at = subjects::page(&mut work.tx(), &organization, kinds, after, size, now).await?;
    drop(work);
    let named = Named::of(asked.resource.id.as_deref());
    let mut results = Vec::new();
    for Subject { holder, name, held, roles_version } in looked_at.items {
        let who = deciding.asker(Somebody { holder, held, roles_version }).await?;
        if who.may(permission, named.on()) {
            let id = match &who.holder {
                Holder::User(_) if kind == IDENTITY => name,
                Holder::User(id) => id.to_string(),
                Holder::Client(id) => id.to_string(),
            };
            results.push(DecisionSubject { kind: kind.to_owned(), id: Some(id) });
        }
    }
    Ok(found(results, looked_at.next, &list))
}

pub(crate) async fn resources(
    permit: Permit<SearchResources>,
    Json(asked): Json<ResourceSearch>,
) -> Result<Json<Found<DecisionResource>>, Failure> {
    let organization = permit.tenant().clone();
    let kind = asked.resource.kind.as_str();
    let of = [&asked.subject.kind, asked.subject.id.as_deref().unwrap_or_default(), &asked.action.name, kind];
    let list = list("decisions.resources", &organization, &of);
    let (size, after) = part(&list, &asked.page, MOST)?;
    let Some(permission) = permission(kind, &asked.action.name) else { return Ok(none(no_permission())) };
    // What there is, is told to whoever may read it, and to nobody because somebody else may.
    let (things, reads) = match kind {
        "nodes" => (Things::Nodes, Permission::NodesRead),
        "edges" => (Things::Edges, Permission::EdgesRead),
        "clients" => (Things::Clients, Permission::ClientsRead),
        _ => return Ok(none(nothing("resources of this type have no names that could be listed: ask about all of them"))),
    };
    if !permit.authority().allows(reads, On::All) {
        return Ok(none(nothing("whoever asks may not read resources of this type")));
    }
    let deciding = Deciding::of(&permit);
    let mut work = permit.begin()?;
    let Some(somebody) = deciding.subject(&mut work.tx(), &asked.subject).await? else { return Ok(none(nobody())) };
    let looked_at = subjects::things(&mut work.tx(), &organization, things, after, size).await?;
    drop(work);
    let who = deciding.asker(somebody).await?;
    let may = |id: &String| who.may(permission, Name::read(id).map_or(On::All, On::Named));
    let results = looked_at.items.into_iter().filter(may);
    let results = results.map(|id| DecisionResource { kind: kind.to_owned(), id: Some(id) }).collect();
    Ok(found(results, looked_at.next, &list))
}

pub(crate) async fn actions(
    permit: Permit<SearchActions>,
    Json(asked): Json<ActionSearch>,
) -> Result<Json<Found<DecisionAction>>, Failure> {
    let organization = permit.tenant().clone();
    let list = list("decisions.actions", &organization, &[]);
    part(&list, &asked.page, MOST)?;
    let deciding = Deciding::of(&permit);
    let mut work = permit.begin()?;
    let Some(somebody) = deciding.subject(&mut work.tx(), &asked.subject).await? else { return Ok(none(nobody())) };
    drop(work);
    let who = deciding.asker(somebody).await?;
    let named = Named::of(asked.resource.id.as_deref());
    let of_type = Permission::ALL.iter().filter_map(|permission| {
        let (kind, action) = permission.word().split_once(':')?;
        (kind == asked.resource.kind && who.may(*permission, named.on())).then(|| DecisionAction { name: action.to_owned() })
    });
    Ok(found(of_type.collect(), None, &list))
}

/// The list of one question: its tokens lead on in no other one (section 8.2).
fn list(name: &'static str, organization: &TenantId, of: &[&str]) -> List {
    List { name, tenant: organization.clone(), of: None }.asking(&of)
}

fn part(list: &List, asked: &SearchPage, most: i64) -> Result<(PageSize, Option<Cursor>), Failure> {
    let token = asked.token.as_deref().filter(|token| !token.is_empty());
    // Whoever speaks AuthZEN knows a bad request as 400, whatever is bad about it.
    let unfit = || Problem::malformed(format!("`limit` must be 1 to {}", PageSize::MAX));
    let size = asked.limit.map_or(Some(PageSize::default()), PageSize::new).ok_or_else(unfit)?;
    let (_, after) = page(list, None, token)?;
    Ok((PageSize::new(most).filter(|most| most.get() < size.get()).unwrap_or(size), after))
}

fn found<T>(results: Vec<T>, next: Option<Cursor>, list: &List) -> Json<Found<T>> {
    let next_token = next.map(|cursor| cursor.encode(list)).unwrap_or_default();
    Json(Found { page: FoundPage { next_token, count: results.len() }, results, context: None })
}

fn none<T>(why: DecisionContext) -> Json<Found<T>> {
    let page = FoundPage { next_token: String::new(), count: 0 };
    Json(Found { page, results: Vec::new(), context: Some(why) })
}
