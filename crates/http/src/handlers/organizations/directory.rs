//! Which organizations there are, and who has a role on the whole server: for whoever administers it.

use serde_json::json;
use wardgraph_api::{
    Json, Path, Query,
    table::organizations::{ListEveryOrganization, SetGlobalRole},
    wire::organization::{GlobalRoleChange, Listed, ListedPage, Paging},
};
use wardgraph_gate::{Committed, Permit};
use wardgraph_identity::people::{self, Who};
use wardgraph_kernel::{GlobalRole, List, UserId};
use wardgraph_organizations::organization;

use crate::{
    Failure,
    handlers::{
        page,
        refused::refuse,
        users::{acting, announce, wire},
    },
};

pub(crate) async fn list(
    permit: Permit<ListEveryOrganization>,
    Query(query): Query<Paging>,
) -> Result<Committed<ListEveryOrganization>, Failure> {
    let list = List { name: "organizations", tenant: permit.tenant().clone(), of: None };
    let (size, after) = page(&list, query.limit, query.cursor.as_deref())?;
    let mut work = permit.begin()?;
    let found = organization::directory(&mut work.tx(), after, size).await?;
    let organizations: Vec<_> = found.items.into_iter().map(shown).collect();
    let read = json!({ "count": organizations.len() });
    let next_cursor = found.next.map(|cursor| cursor.encode(&list));
    let page = ListedPage { count: organizations.len(), organizations, next_cursor };
    Ok(work.release_telling(&list.tenant, read, Json(page)).await?)
}

pub(crate) async fn set_global_role(
    permit: Permit<SetGlobalRole>,
    (Path(id), Json(wanted)): (Path<UserId>, Json<GlobalRoleChange>),
) -> Result<Committed<SetGlobalRole>, Failure> {
    let (caller, now) = (permit.account()?.user, permit.now());
    let role = wanted.role.map(GlobalRole::from);
    let mut work = permit.begin()?;
    let set = async {
        let administrators = acting(&mut work, caller).await?;
        let set = people::set_global_role(&mut work.tx(), &administrators, id, role, now).await?;
        announce(&mut work, id, set.generation, now).await?;
        work.explain(json!({ "before": { "global_role": set.before }, "after": { "global_role": role.map(GlobalRole::word) } }));
        Ok::<_, Failure>(wire(people::find(&mut work.tx(), Who::Everybody, id).await?))
    };
    match set.await {
        Ok(user) => Ok(work.commit(id, Json(user)).await?),
        Err(failure) => refuse(work, Some(id.into()), failure).await,
    }
}

fn shown(one: organization::Listed) -> Listed {
    Listed {
        id: one.id,
        name: one.name,
        tier: one.tier,
        members: one.members,
        created_at: one.created_at,
        deleted_at: one.deleted_at,
    }
}
