//! Roles that are made, changed and deleted.
//!
//! **Invariant:** what stands after a change hangs together, and nobody has more by it than whoever changed it holds
//! (`who_edits_a_role_gives_what_it_says`, `a_deny_that_goes_is_judged_as_given`).

use wardgraph_access::{AccessError, Matcher, Role as Made, RoleName, Rulebook};
use wardgraph_kernel::{Read, Write};
use wardgraph_store::{Role, Statement, Tx};

use super::{Draft, Kept, read};
use crate::{
    Desk, Giver, OrganizationError,
    bench::apart,
    desk::{compiled, is_built_in},
    effort::Effort,
    error::Flaw,
    sets,
};

const APP: &[Role] = &[Role::App];

pub(super) const CREATE: Statement<Write> = Statement::writing(
    "organizations.roles.create",
    APP,
    "insert into roles (tenant_id, name, description, allows, denies, inherits, created_at, updated_at) select $1, $2::text, $3::text, $4::text[], $5::text[], $6::text[], $7::timestamptz, $7",
);
pub(super) const REPLACE: Statement<Write> = Statement::writing(
    "organizations.roles.replace",
    APP,
    "update roles set description = $3, allows = $4, denies = $5, inherits = $6, updated_at = $7 where tenant_id = $1 and name = $2",
);
pub(super) const DELETE: Statement<Write> =
    Statement::writing("organizations.roles.delete", APP, "delete from roles where tenant_id = $1 and name = $2");
/// Who holds a role still, and how many are invited to it. What is past is nobody's.
pub(super) const HOLDERS: Statement<Read> = Statement::reading(
    "organizations.roles.holders",
    APP,
    "select (select count(*) from memberships where organization_id = $1 and role = $2)
          + (select count(*) from grants where tenant_id = $1 and role = $2 and (expires_at is null or expires_at > $3))
          + (select count(*) from clients where organization_id = $1 and role = $2),
       (select count(*) from invitations
        where organization_id = $1 and role = $2 and used_at is null and withdrawn_at is null and expires_at > $3)",
);
pub(super) const FORGET_PAST: Statement<Write> = Statement::writing(
    "organizations.roles.forget_past",
    APP,
    "delete from grants where tenant_id = $1 and role = $2 and expires_at <= $3",
);

/// Makes a role.
///
/// # Errors
/// [`OrganizationError::InTheWay`] for a name that is taken; [`OrganizationError::Unfit`] for what does not go together with the other roles;
/// [`OrganizationError::Beyond`] for what is not the giver's to give.
pub async fn create(tx: &mut Tx<'_, Write>, desk: &Desk, by: &Giver, new: &Draft) -> Result<Kept, OrganizationError> {
    let name = new.role.name();
    if desk.book.find(name).is_some() {
        return Err(OrganizationError::InTheWay(format!("there is a role `{name}` already")));
    }
    let may = || by.may_give(&compiled(&judged(desk, new)?, std::slice::from_ref(name))?);
    apart(&desk.organization, desk.book.effort() + new.role.effort(), may).await??;
    write(tx, &CREATE, desk, new).await?;
    desk.roles_changed(tx).await?;
    read::get(tx, name, desk.now).await
}

/// A role before and after it was changed.
#[derive(Debug)]
pub struct Changed {
    /// As it was.
    pub before: Kept,
    /// As it is.
    pub after: Kept,
}

/// Has a role say something else. That it is the organization's own, [`Desk::own`] told.
///
/// # Errors
/// Those of [`create`], for everybody who holds it or one that inherits from it; [`OrganizationError::InTheWay`] also for what is too much to be judged.
pub async fn replace(tx: &mut Tx<'_, Write>, desk: &Desk, by: &Giver, new: &Draft) -> Result<Changed, OrganizationError> {
    let name = new.role.name();
    let before = read::get(tx, name, desk.now).await?;
    let mut edit = apart(&desk.organization, desk.book.effort() + new.role.effort(), || edited(desk, by, new)).await??;
    let after = &edit.after;
    if edit.changes {
        sets::judge_all(tx, desk, by, after, (&edit.affected, &mut edit.effort)).await?;
        if !sets::has_keeper(tx, desk, after).await? && sets::has_keeper(tx, desk, &desk.book).await? {
            return Err(sets::no_keeper());
        }
    }
    write(tx, &REPLACE, desk, new).await?;
    desk.roles_changed(tx).await?;
    Ok(Changed { before, after: read::get(tx, name, desk.now).await? })
}

/// Deletes a role of the organization's own that nobody holds or is invited to, and none inherits from; tells what it was.
///
/// # Errors
/// [`OrganizationError::InTheWay`] while it is held, promised or inherited from.
pub async fn delete(tx: &mut Tx<'_, Write>, desk: &Desk, name: &RoleName) -> Result<Kept, OrganizationError> {
    let before = read::get(tx, name, desk.now).await?;
    let organization = desk.organization.as_str();
    let row = tx.find(&HOLDERS, &[&organization, &name.as_str(), &desk.now]).await?;
    let row = row.ok_or(OrganizationError::Missing("role"))?;
    let (held, promised): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
    let heirs = desk.book.roles().filter(|role| role.inherits().any(|parent| parent == name)).count();
    if held > 0 || heirs > 0 || promised > 0 {
        let told = format!(
            "`{name}` is held {held} times, {promised} open invitations are to it and {heirs} roles inherit from it: take it back first"
        );
        return Err(OrganizationError::InTheWay(told));
    }
    tx.write(&FORGET_PAST, &[&organization, &name.as_str(), &desk.now]).await?;
    tx.write(&DELETE, &[&organization, &name.as_str()]).await?;
    desk.roles_changed(tx).await?;
    Ok(before)
}

impl Desk {
    /// The role of this name that the organization can change. `admits` says whether the change is meant for a version of the roles.
    ///
    /// # Errors
    /// [`OrganizationError::Missing`]; [`OrganizationError::InTheWay`] for one that is built in; [`OrganizationError::OtherVersion`].
    pub fn own(&self, name: &str, admits: impl Fn(i64) -> bool) -> Result<RoleName, OrganizationError> {
        let name = RoleName::read(name).map_err(|_| OrganizationError::Missing("role"))?;
        if is_built_in(&name) {
            let told = format!("`{name}` is a built-in role: make another one that inherits from it");
            return Err(OrganizationError::InTheWay(told));
        }
        if self.book.find(&name).is_none() {
            return Err(OrganizationError::Missing("role"));
        }
        if admits(self.roles_version) { Ok(name) } else { Err(OrganizationError::OtherVersion(self.roles_version)) }
    }
}

/// What an edit of a role comes to.
struct Edit {
    /// All roles as they would stand.
    after: Rulebook,
    /// The role, and those that inherit from it.
    affected: Vec<RoleName>,
    /// Whether one of them would say something else.
    changes: bool,
    /// What is left for judging what it changes for those who hold them.
    effort: Effort,
}

fn edited(desk: &Desk, by: &Giver, new: &Draft) -> Result<Edit, OrganizationError> {
    let after = judged(desk, new)?;
    let affected = heirs(&after, new.role.name());
    let (mut effort, mut changes) = (Effort::default(), false);
    for heir in &affected {
        effort.spend(&desk.book, std::slice::from_ref(heir))?;
        effort.spend(&after, std::slice::from_ref(heir))?;
    }
    for heir in &affected {
        let (was, will): (Matcher, Matcher) = (desk.compiled(heir)?, compiled(&after, std::slice::from_ref(heir))?);
        if was != will {
            changes = true;
            by.may_give(&will)?;
        }
    }
    Ok(Edit { after, affected, changes, effort })
}

/// All roles as they would stand.
fn judged(desk: &Desk, new: &Draft) -> Result<Rulebook, OrganizationError> {
    let name = new.role.name();
    let others = desk.book.roles().filter(|role| !is_built_in(role.name()) && role.name() != name).cloned();
    Rulebook::new(others.chain([new.role.clone()])).map_err(|error| match &error {
        AccessError::Parent(_, parent) => {
            let at = new.parents.iter().position(|one| one.as_str() == parent);
            let place = at.map_or_else(|| "inherits".to_owned(), |index| format!("inherits/{index}"));
            OrganizationError::Unfit(vec![Flaw::new(place, error.to_string())])
        }
        AccessError::Circle(_) | AccessError::TooDeep(_) => {
            OrganizationError::Unfit(vec![Flaw::new("inherits", error.to_string())])
        }
        AccessError::TooMany { .. } => OrganizationError::InTheWay(error.to_string()),
        _ => OrganizationError::Unfit(vec![Flaw::new("name", error.to_string())]),
    })
}

/// The role, and all that take over its rules, however far below.
fn heirs(book: &Rulebook, name: &RoleName) -> Vec<RoleName> {
    let mut heirs = vec![name.clone()];
    let mut next = 0;
    while let Some(above) = heirs.get(next).cloned() {
        let below = book.roles().filter(|role| role.inherits().any(|parent| *parent == above));
        let fresh: Vec<RoleName> = below.map(Made::name).filter(|heir| !heirs.contains(heir)).cloned().collect();
        heirs.extend(fresh);
        next += 1;
    }
    heirs
}

async fn write(tx: &mut Tx<'_, Write>, statement: &Statement<Write>, desk: &Desk, new: &Draft) -> Result<(), OrganizationError> {
    let (organization, name) = (desk.organization.as_str(), new.role.name().as_str());
    let allows: Vec<&str> = new.role.allows().map(wardgraph_access::Rule::text).collect();
    let denies: Vec<&str> = new.role.denies().map(wardgraph_access::Rule::text).collect();
    let inherits: Vec<&str> = new.role.inherits().map(RoleName::as_str).collect();
    tx.write(statement, &[&organization, &name, &new.description, &allows, &denies, &inherits, &desk.now]).await?;
    Ok(())
}
