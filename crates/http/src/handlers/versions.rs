//! Changing nodes, what they were, and going back.

use serde_json::json;
use wardgraph_api::{
    FieldError, IfMatch, Json, NoContent, Path, Problem, Query, Tagged, Within,
    table::graph::{DeleteNode, RestoreNode},
    validate::Faults,
    wire::{
        Name, NamedTenant,
        node::{NewNode, Node},
        version::{Deletion, NodePatch, NodeVersion, NodeVersionPage, Patched, Restoration, VersionFilter, VersionNumber},
    },
};
use wardgraph_audit::Subject;
use wardgraph_gate::{Committed, Permit, Work};
use wardgraph_graph::{
    GraphError,
    node::{self, Meant, QUEUED, Replaced, Version},
};
use wardgraph_kernel::{EdgeId, Endpoint, EventType, List, NodeId, Owner, Read, TenantId, Timestamp, Write};

use super::{
    cleaning::{PatchTexts, cleaned},
    nodes::{domain, wire},
    note_named_tenant, page,
};
use crate::{Failure, Services};

/// Of the tenant's nodes and of the shared ones.
pub(crate) async fn patch<E: Endpoint<Mode = Write, Output = Tagged<Node>>, I: Into<NodeId>>(
    permit: Permit<E>,
    (Path(id), if_match, Json(mut patch)): (Path<I>, IfMatch, Json<NodePatch>),
    services: Services,
) -> Result<Committed<E>, Failure> {
    let id = id.into();
    let (now, tenant, owner) = (permit.now(), permit.tenant().clone(), permit.owner());
    let (texts, cleaned) = cleaned(&tenant, PatchTexts::of(&mut patch)).await?;
    texts.put_back(&mut patch);
    let mut work = permit.begin()?;
    note_named_tenant(&mut work, &patch.tenant_id, &tenant);
    let change = |was| patched(&patch, was);
    let replaced = match node::change(&mut work.tx(), id, meant(&if_match), services.most_versions, change, now).await {
        Ok(replaced) => replaced?,
        Err(error) => return Err(taken(work, error).await),
    };
    services.backlog.admit_if(replaced.queued, &owner)?;
    changed(work, replaced, cleaned).await
}

/// The node that is to be.
fn patched(patch: &NodePatch, was: node::Node) -> Result<node::NewNode, Problem> {
    let new = patch.clone().apply(body(was.into()));
    // As the patch left it: `props` do not serve where it was to be none.
    let external_id = new.external_id.clone().map(Name::into_text);
    let faults = Faults::of(&Patched(&new));
    if !faults.is_empty() {
        return Err(Problem::invalid("the patched node is not valid: see `errors`").fields(faults));
    }
    Ok(node::NewNode { external_id, ..domain(new, None) })
}

/// Of the tenant's nodes and of the shared ones.
pub(crate) async fn replace<E: Endpoint<Mode = Write, Output = Tagged<Node>>, I: Into<NodeId>>(
    permit: Permit<E>,
    (Path(id), if_match, Json(new)): (Path<I>, IfMatch, Json<NewNode>),
    services: Services,
) -> Result<Committed<E>, Failure> {
    let id = id.into();
    let (now, tenant, owner, named) = (permit.now(), permit.tenant().clone(), permit.owner(), new.tenant_id.clone());
    if new.created_at.is_some() {
        let fault = FieldError::new("/created_at", "is said where a node is created, and stays");
        return Err(Problem::invalid("see `errors`").fields(vec![fault]).into());
    }
    let (new, cleaned) = cleaned(&tenant, domain(new, None)).await?;
    let mut work = permit.begin()?;
    note_named_tenant(&mut work, &named, &tenant);
    let replaced = match node::replace(&mut work.tx(), id, new, meant(&if_match), services.most_versions, now).await {
        Ok(replaced) => replaced,
        Err(error) => return Err(taken(work, error).await),
    };
    services.backlog.admit_if(replaced.queued, &owner)?;
    changed(work, replaced, cleaned).await
}

pub(crate) async fn delete(
    permit: Permit<DeleteNode>,
    (Path(id), if_match, Query(deletion)): (Path<NodeId>, IfMatch, Query<Deletion>),
    services: Services,
) -> Result<Committed<DeleteNode>, Failure> {
    let now = permit.now();
    let kept = permit.retention(services.grace_period).await?;
    let mut work = permit.begin()?;
    if deletion.hard {
        let erased = node::erase(&mut work.tx(), id, meant(&if_match), now).await?;
        edges(&mut work, EventType::EdgeDeleted, erased.edges);
        match erased.untold {
            0 => work.changed(EventType::NodePurged, id),
            more => work.changed_telling(EventType::NodePurged, id, json!({ "edges_told_later": more })),
        }
        // One in its grace period was told to be deleted when it was.
        return Ok(work.commit_all(erased.was_there.then(|| id.into()), NoContent).await?);
    }
    let purge_at = now.saturating_add(kept).map_err(|_| Problem::internal("the grace period never ends"))?;
    let gone = node::delete(&mut work.tx(), id, meant(&if_match), now, purge_at).await?;
    edges(&mut work, EventType::EdgeDeleted, gone);
    Ok(work.commit(id, NoContent).await?)
}

/// Of the tenant's nodes and of the shared ones.
pub(crate) async fn list<E: Endpoint<Mode = Read, Output = Json<NodeVersionPage>>, I: Into<NodeId>>(
    permit: Permit<E>,
    (Path(id), Query(query)): (Path<I>, Query<VersionFilter>),
) -> Result<Json<NodeVersionPage>, Failure> {
    let id = id.into();
    let list = List { name: "node versions", tenant: permit.tenant().clone(), of: Some(id.uuid()) };
    let (size, before) = page(&list, query.limit, query.cursor.as_deref())?;
    let mut work = permit.begin()?;
    let found = node::versions(&mut work.once(), id, before, size).await?;
    let versions: Vec<_> = found.page.items.into_iter().map(version).collect();
    let next_cursor = found.page.next.map(|cursor| cursor.encode(&list));
    Ok(Json(NodeVersionPage { node_id: id, count: versions.len(), versions, oldest_version: found.oldest, next_cursor }))
}

/// Of the tenant's nodes and of the shared ones.
pub(crate) async fn get<E: Endpoint<Mode = Read, Output = Json<NodeVersion>>, I: Into<NodeId>>(
    permit: Permit<E>,
    (Path(id), Within(VersionNumber(number))): (Path<I>, Within<VersionNumber>),
) -> Result<Json<NodeVersion>, Failure> {
    let mut work = permit.begin()?;
    match node::version(&mut work.once(), id.into(), number).await? {
        Some(found) => Ok(Json(version(found))),
        None => Err(Problem::not_found("the node has no such version, or it is not kept any more").into()),
    }
}

pub(crate) async fn restore(
    permit: Permit<RestoreNode>,
    (Path(id), if_match, Json(restoration)): (Path<NodeId>, IfMatch, Json<Restoration>),
    services: Services,
) -> Result<Committed<RestoreNode>, Failure> {
    let (now, tenant, owner) = (permit.now(), permit.tenant().clone(), permit.owner());
    let mut work = permit.begin()?;
    note_named_tenant(&mut work, &restoration.tenant_id, &tenant);
    if let Some(version) = restoration.version {
        return gone_back(work, (&tenant, &owner, id), version, &if_match, now, &services).await;
    }
    let (node, back) = match node::restore_deleted(&mut work.tx(), id, meant(&if_match), services.most_versions, now).await {
        Ok(restored) => restored,
        Err(error) => return Err(taken(work, error).await),
    };
    edges(&mut work, EventType::EdgeRestored, back);
    services.backlog.admit_if(node.embedding_status == QUEUED, &owner)?;
    Ok(work.commit(id, Tagged(wire(node))).await?)
}

/// Makes a node what it was in version `number`, whose texts may be from before they were cleaned. Of the tenant's nodes and of the shared ones.
pub(super) async fn gone_back<E: Endpoint<Mode = Write, Output = Tagged<Node>>>(
    mut work: Work<E>,
    (tenant, owner, id): (&TenantId, &Owner, NodeId),
    number: i32,
    if_match: &IfMatch,
    now: Timestamp,
    services: &Services,
) -> Result<Committed<E>, Failure> {
    let was = node::earlier(&mut work.tx(), id, number, meant(if_match)).await?;
    // What takes long is done before anybody could wait for the node.
    let (new, cleaned) = cleaned(tenant, was).await?;
    let replaced = match node::renew(&mut work.tx(), id, new, meant(if_match), services.most_versions, now).await {
        Ok(replaced) => replaced,
        Err(error) => return Err(taken(work, error).await),
    };
    services.backlog.admit_if(replaced.queued, owner)?;
    changed(work, replaced, cleaned).await
}

/// What a change failed with; where another node has the external id, which it is. That one is of the same tenant, or shared as this one is, so
/// that whoever writes may read it. It is looked up only now, when it is wanted: what ran into it is undone first, and nothing is kept.
async fn taken<E: Endpoint<Mode = Write>>(work: Work<E>, error: GraphError) -> Failure {
    let GraphError::ExternalIdElsewhere { external_id } = &error else { return error.into() };
    let mut undone = match work.undo().await {
        Ok(undone) => undone,
        Err(error) => return error.into(),
    };
    match node::holder(&mut undone.tx(), external_id).await {
        Ok(Some(holder)) => GraphError::ExternalIdTaken(holder).into(),
        Ok(None) => error.into(),
        Err(error) => error.into(),
    }
}

/// Commits a change; one that changed nothing has no subject.
async fn changed<E: Endpoint<Mode = Write, Output = Tagged<Node>>>(
    mut work: Work<E>,
    replaced: Replaced,
    cleaned: Vec<String>,
) -> Result<Committed<E>, Failure> {
    work.explain(replaced.told());
    let subject = replaced.changed.then(|| Subject::from(replaced.node.id));
    Ok(work.commit_all(subject, Tagged(Node { cleaned, ..wire(replaced.node) })).await?)
}

fn edges<E: Endpoint<Mode = Write>>(work: &mut Work<E>, event: EventType, edges: Vec<EdgeId>) {
    for edge in edges {
        work.changed(event, edge);
    }
}

pub(super) fn meant(if_match: &IfMatch) -> Meant<'_> {
    match if_match {
        IfMatch::Absent | IfMatch::Any => Meant::ANY,
        IfMatch::Versions(versions) => Meant { versions: Some(versions) },
    }
}

/// A node as a body that would make it.
fn body(node: node::NewNode) -> NewNode {
    NewNode {
        classes: node.classes.into_iter().map(Name::new).collect(),
        props: node.props,
        payload_ref: node.payload_ref,
        metadata: node.metadata,
        refresh_policy: node.refresh_policy,
        triggers: node.triggers,
        external_id: node.external_id.map(Name::new),
        created_at: None,
        tenant_id: NamedTenant::Absent,
        extract: None,
        extract_before_embed: None,
    }
}

fn version(version: Version) -> NodeVersion {
    NodeVersion {
        version: version.version,
        external_id: version.external_id,
        classes: version.classes,
        props: version.props,
        payload_ref: version.payload_ref,
        metadata: version.metadata,
        refresh_policy: version.refresh_policy,
        triggers: version.triggers,
        updated_at: version.written_at,
        superseded_at: version.superseded_at,
    }
}
