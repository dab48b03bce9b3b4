//! Who holds which role.

use serde_json::{Value, json};
use wardgraph_api::{
    Created, Json, NoContent, Path, Query,
    table::roles::{ListGrants, MakeGrant, RevokeGrant},
    wire::grant::{Grant, GrantFilter, GrantPage, NewGrant},
};
use wardgraph_audit::Subject;
use wardgraph_gate::{Committed, Permit};
use wardgraph_kernel::{GrantId, Holder, List};
use wardgraph_organizations::{
    Flaw, OrganizationError,
    grants::{self, Filter},
};

use super::sit_down;
use crate::{
    Failure,
    handlers::{page, refused::refuse},
};

pub(crate) async fn list(permit: Permit<ListGrants>, Query(query): Query<GrantFilter>) -> Result<Json<GrantPage>, Failure> {
    let filter = Filter { user: query.user_id, client: query.client_id, role: query.role };
    let list = List { name: "grants", tenant: permit.tenant().clone(), of: None }.asking(&filter);
    let ((size, after), now) = (page(&list, query.limit, query.cursor.as_deref())?, permit.now());
    let mut work = permit.begin()?;
    let found = grants::list(&mut work.once(), &filter, after, size, now).await?;
    let grants: Vec<_> = found.items.into_iter().map(shown).collect();
    Ok(Json(GrantPage { count: grants.len(), grants, next_cursor: found.next.map(|cursor| cursor.encode(&list)) }))
}

pub(crate) async fn make(permit: Permit<MakeGrant>, Json(new): Json<NewGrant>) -> Result<Committed<MakeGrant>, Failure> {
    let (caller, tenant, now) = (permit.account()?, permit.tenant().clone(), permit.now());
    let nobody =
        || OrganizationError::Unfit(vec![Flaw { place: "user_id".into(), detail: "or `client_id` must be there".into() }]);
    let holder = new.holder().ok_or_else(nobody)?;
    let id = GrantId::new(now, &*permit.chance());
    let wanted = grants::NewGrant { id, holder, role: new.role, expires_at: new.expires_at };
    let mut work = permit.begin()?;
    let made = async {
        let (desk, by) = sit_down(&mut work, &tenant, &caller, now).await?;
        grants::make(&mut work.tx(), &desk, &by, &wanted).await
    };
    match made.await {
        Ok(made) => {
            work.explain(self::made(&made));
            Ok(work.commit(id, Created(shown(made))).await?)
        }
        Err(error) => refuse(work, Some(holder_subject(&wanted.holder)), error).await,
    }
}

pub(crate) async fn revoke(permit: Permit<RevokeGrant>, Path(id): Path<GrantId>) -> Result<Committed<RevokeGrant>, Failure> {
    let (caller, tenant, now) = (permit.account()?, permit.tenant().clone(), permit.now());
    let mut work = permit.begin()?;
    let revoked = async {
        let (desk, by) = sit_down(&mut work, &tenant, &caller, now).await?;
        grants::revoke(&mut work.tx(), &desk, &by, id).await
    };
    match revoked.await {
        Ok(before) => {
            work.explain(json!({ "before": told(&before), "after": null }));
            Ok(work.commit(id, NoContent).await?)
        }
        Err(error) => refuse(work, Some(id.into()), error).await,
    }
}

fn holder_subject(holder: &Holder) -> Subject {
    match holder {
        Holder::User(id) => (*id).into(),
        Holder::Client(id) => id.into(),
    }
}

/// What the log tells of a grant that was made.
pub(in crate::handlers) fn made(grant: &grants::Grant) -> Value {
    json!({ "before": null, "after": told(grant) })
}

/// What the log tells of a grant.
fn told(grant: &grants::Grant) -> Value {
    json!({ "holder": grant.holder.to_string(), "role": grant.role, "granted_by": grant.granted_by, "expires_at": grant.expires_at })
}

/// What is shown of a grant.
pub fn shown(grant: grants::Grant) -> Grant {
    let (user_id, client_id) = match grant.holder {
        Holder::User(id) => (Some(id), None),
        Holder::Client(id) => (None, Some(id)),
    };
    Grant {
        id: grant.id,
        user_id,
        client_id,
        role: grant.role,
        granted_by: grant.granted_by,
        created_at: grant.created_at,
        expires_at: grant.expires_at,
        last_used_at: grant.last_used_at,
    }
}
