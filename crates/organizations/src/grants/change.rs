//! Roles that are given and taken back.
//!
//! **Invariant:** nobody has more by a grant, or less by its end, than whoever gave or took it holds (`nobody_grants_what_they_do_not_hold`,
//! `nobody_takes_what_they_do_not_hold`).

use wardgraph_kernel::{GrantId, Holder, Read, Timestamp, Write};
use wardgraph_store::{Role, Statement, Tx};

use super::{
    Grant,
    read::{grant_columns, read},
};
use crate::{
    Desk, Giver, OrganizationError,
    desk::columns,
    error::Flaw,
    sets::{self, Holding},
};

const APP: &[Role] = &[Role::App];

pub(super) const FIND: Statement<Read> = Statement::reading(
    "organizations.grants.find",
    APP,
    concat!("select ", grant_columns!(), " from grants where tenant_id = $1 and grant_id = $2"),
);
/// What is past makes room for what takes its place.
pub(super) const FORGET: Statement<Write> = Statement::writing(
    "organizations.grants.forget",
    APP,
    "delete from grants where tenant_id = $1 and (user_id = $2 or client_id = $3) and role = $4 and expires_at <= $5",
);
pub(super) const MAKE: Statement<Write> = Statement::writing(
    "organizations.grants.make",
    APP,
    concat!(
        "insert into grants (tenant_id, grant_id, user_id, client_id, role, granted_by, created_at, expires_at)
         select $1, $2::uuid, $3::uuid, $4::text, $5::text, $6::text, $7::timestamptz, $8::timestamptz on conflict do nothing returning ",
        grant_columns!()
    ),
);
pub(super) const REVOKE: Statement<Write> =
    Statement::writing("organizations.grants.revoke", APP, "delete from grants where tenant_id = $1 and grant_id = $2");

/// A role that somebody is to hold.
#[derive(Debug, Clone)]
pub struct NewGrant {
    /// Its id.
    pub id: GrantId,
    /// Who is to hold it.
    pub holder: Holder,
    /// Which.
    pub role: String,
    /// From when on it counts no more.
    pub expires_at: Option<Timestamp>,
}

/// Has somebody hold a role.
///
/// # Errors
/// [`OrganizationError::Missing`] for who is no member, and no client, of the organization; [`OrganizationError::Unfit`] for a role that it has not, or an
/// end that is past; [`OrganizationError::InTheWay`] for what they hold already; [`OrganizationError::Beyond`] for what is not the giver's to give.
pub async fn make(tx: &mut Tx<'_, Write>, desk: &Desk, by: &Giver, new: &NewGrant) -> Result<Grant, OrganizationError> {
    if new.expires_at.is_some_and(|until| until <= desk.now) {
        return Err(OrganizationError::Unfit(vec![Flaw::new("expires_at", "is past")]));
    }
    let role = desk.role(&new.role)?;
    let held = sets::held_by(tx, &new.holder, desk.now).await?;
    let before = held.ok_or(OrganizationError::Missing(missing(&new.holder)))?;
    desk.apart(|| by.may_give_until(&desk.compiled(&role)?, new.expires_at)).await??;
    let added = Holding { role: role.clone(), grant: Some(new.id), until: new.expires_at };
    let after: Vec<Holding> = before.iter().cloned().chain([added]).collect();
    sets::fit(after.iter().map(|holding| holding.role.clone()))?;
    sets::judge(desk, by, &before, &after).await?;

    let was_kept = sets::has_keeper(tx, desk, &desk.book).await?;
    let (organization, (user, client)) = (desk.organization.as_str(), columns(&new.holder));
    tx.write(&FORGET, &[&organization, &user, &client, &role.as_str(), &desk.now]).await?;
    let (id, giver) = (new.id.uuid(), by.shown());
    let named = role.as_str();
    let rows = tx.write(&MAKE, &[&organization, &id, &user, &client, &named, &giver, &desk.now, &new.expires_at]).await?;
    let row = rows.first().ok_or_else(|| OrganizationError::InTheWay(format!("`{role}` is granted to them already")))?;
    let made = read(row)?;
    if was_kept && !sets::has_keeper(tx, desk, &desk.book).await? {
        return Err(sets::no_keeper());
    }
    desk.grants_changed(tx, &new.holder).await?;
    Ok(made)
}

/// Takes a role back; tells what the grant was.
///
/// # Errors
/// [`OrganizationError::Missing`], and [`OrganizationError::Beyond`] for what is not the taker's: what the role gave, and what a deny of it kept away.
pub async fn revoke(tx: &mut Tx<'_, Write>, desk: &Desk, by: &Giver, id: GrantId) -> Result<Grant, OrganizationError> {
    let organization = desk.organization.as_str();
    let row = tx.find(&FIND, &[&organization, &id.uuid()]).await?.ok_or(OrganizationError::Missing("grant"))?;
    let grant = read(&row)?;
    let before = sets::held_by(tx, &grant.holder, desk.now).await?.unwrap_or_default();
    let after: Vec<Holding> = before.iter().filter(|holding| holding.grant != Some(id)).cloned().collect();
    sets::judge(desk, by, &before, &after).await?;
    tx.write(&REVOKE, &[&organization, &id.uuid()]).await?;
    desk.grants_changed(tx, &grant.holder).await?;
    Ok(grant)
}

const fn missing(holder: &Holder) -> &'static str {
    match holder {
        Holder::User(_) => "member",
        Holder::Client(_) => "client",
    }
}
