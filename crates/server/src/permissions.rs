//! The page of permissions: every role against every endpoint, from the table and from what decides.

use std::{collections::BTreeMap, fmt::Write as _};

use wardgraph_access::{AccessError, Held, Matcher, On, Question, Rulebook};
use wardgraph_api::table::rows;
use wardgraph_kernel::{Access, GlobalRole, OrganizationRole, Permission, Spec};

/// The page, as Markdown.
///
/// # Errors
/// Never for the roles that there are: for built-in ones that do not go together.
pub fn documentation() -> Result<String, AccessError> {
    let book = Rulebook::new([])?;
    let columns = columns(&book)?;
    let mut out = String::from(
        "# Permissions\n\nGenerated from the endpoint table (`crates/api/src/table/`) and `policies/roles.toml` by what decides every call (`crates/access`); a test keeps it fresh, \
         and another one tries each cell with a real credential at a real server. ✓ is what a role may by itself: whoever has several may what each of them allows, and nothing that one \
         of an organization's own roles denies. Roles on the whole server act on what is the server's, never on an organization's content. Scopes of tokens and keys only narrow this.\n\n\
         An endpoint with a name in its last column asks about that one resource, so that rules about one name (`nodes:read:` and an id) count; every other one asks for all that the permission \
         is about. A field after an endpoint wants the permission besides the endpoint's, of who gives it or is to be shown it. Endpoints that ask no permission are in [endpoints.md](endpoints.md).\n",
    );
    let mut of_resources = BTreeMap::<&str, Vec<(&Spec, Option<&str>, Permission)>>::new();
    for row in rows() {
        let asked = if let Access::Permission(permission) = row.spec.access { Some((None, permission)) } else { None };
        let fields = row.spec.fields.iter().map(|field| (Some(field.path), field.permission));
        for (field, permission) in asked.into_iter().chain(fields) {
            let resource = permission.word().split_once(':').map_or("", |(resource, _)| resource);
            of_resources.entry(resource).or_default().push((row.spec, field, permission));
        }
    }
    for (resource, asked) in of_resources {
        // Writing to a String cannot fail.
        let _ = write!(out, "\n## {resource}\n\n| endpoint | permission |");
        let _ = columns.iter().try_for_each(|(name, _)| write!(out, " {name} |"));
        let _ = writeln!(out, " asks about |\n|---|---|{}---|", ":-:|".repeat(columns.len()));
        for (spec, field, permission) in asked {
            let place = field.map(|path| format!(": `{path}`")).unwrap_or_default();
            let _ = write!(out, "| {} `{}`{place} | `{permission}` |", spec.method.word(), spec.path);
            let _ = columns.iter().try_for_each(|(_, may)| write!(out, " {} |", if allows(may, permission) { "✓" } else { "" }));
            let name = spec.on.filter(|_| field.is_none());
            let _ = writeln!(out, " {} |", name.map(|part| format!("`{part}`")).unwrap_or_default());
        }
    }
    Ok(out)
}

/// Every built-in role, alone: those of organizations first, then those on the whole server.
fn columns(book: &Rulebook) -> Result<Vec<(String, Matcher)>, AccessError> {
    let here = OrganizationRole::ALL.iter().map(|role| (role.word(), Held::new([(*role).into()], None)));
    let everywhere = GlobalRole::ALL.iter().map(|role| (role.word(), Held::new([], Some(*role))));
    here.chain(everywhere).map(|(word, held)| Ok((word.replace('_', " "), book.compile(&held?)?))).collect()
}

fn allows(may: &Matcher, permission: Permission) -> bool {
    may.allows(&Question { permission, on: On::All, user: None }, &[])
}
