//! Organizations and members, as they are told.

use serde_json::{Value, json};
use wardgraph_organizations::{
    members::Member,
    organization::{Listed, Organization},
};

use crate::commands::columns::or_none;

pub(super) const ORGANIZATIONS: [&str; 6] = ["ORGANIZATION", "NAME", "TIER", "MEMBERS", "CREATED", "STATE"];
pub(super) const MEMBERS: [&str; 6] = ["USER", "EMAIL", "ROLE", "SINCE", "LAST USED", "STATE"];

/// An organization of a list, in columns.
pub(super) fn organization_line(one: &Listed) -> [String; 6] {
    let state = if one.deleted_at.is_some() { "deleted" } else { "active" };
    let [id, name, tier, state] = [&*one.id, &*one.name, &*one.tier, state].map(str::to_owned);
    [id, name, tier, one.members.to_string(), one.created_at.to_string(), state]
}

/// The same for programs.
pub(super) fn listed(one: &Listed) -> Value {
    json!({ "id": one.id, "name": one.name, "tier": one.tier, "members": one.members, "created_at": one.created_at, "deleted_at": one.deleted_at })
}

/// A member, in columns.
pub(super) fn member_line(member: &Member) -> [String; 6] {
    let state = if member.disabled { "disabled" } else { "enabled" };
    let (role, last) = (or_none(member.role.as_ref()), or_none(member.last_used_at));
    [member.user.to_string(), member.email.clone(), role, member.since.to_string(), last, state.to_owned()]
}

/// A member.
pub(super) fn member(member: &Member) -> Value {
    json!({
        "user_id": member.user,
        "email": member.email,
        "name": member.name,
        "role": member.role,
        "disabled": member.disabled,
        "since": member.since,
        "last_used_at": member.last_used_at,
    })
}

/// An organization, with what is set of it.
pub(super) fn organization(organization: &Organization) -> Value {
    let mut told = organization.told();
    if let Value::Object(members) = &mut told {
        members.insert("id".into(), json!(organization.id.as_str()));
        members.insert("created_at".into(), json!(organization.created_at));
    }
    told
}
