//! What a role is to say, as it was sent.

use wardgraph_access::{AccessError, Role, RoleName, Rule};
use wardgraph_kernel::{GlobalRole, OrganizationRole};

use crate::error::Flaw;

/// What a role is to say.
#[derive(Debug, Clone)]
pub struct Draft {
    /// Its name and its rules.
    pub role: Role,
    /// What it is for.
    pub description: String,
    /// The roles that it inherits from, as they were named.
    pub(super) parents: Vec<RoleName>,
}

/// Reads what was sent: every rule exactly as it stands, and nothing where one of them is none.
///
/// # Errors
/// Everything that is wrong, with its place.
pub fn draft(
    name: &str,
    description: String,
    allows: &[String],
    denies: &[String],
    inherits: &[String],
) -> Result<Draft, Vec<Flaw>> {
    let mut flaws = Vec::new();
    let name = RoleName::read(name).map_err(|error| flaws.push(Flaw::new("name", error.to_string()))).ok();
    if let Some(alike) = name.as_ref().and_then(looks_like) {
        flaws.push(Flaw::new("name", format!("looks like the built-in role `{alike}`")));
    }
    let allowing = each("allows", allows, Rule::read, &mut flaws);
    let denying = each("denies", denies, Rule::read, &mut flaws);
    let parents = each("inherits", inherits, RoleName::read, &mut flaws);
    let (Some(name), true) = (name, flaws.is_empty()) else { return Err(flaws) };
    match Role::new(name, allowing.iter().cloned(), denying.iter().cloned(), parents.iter().cloned()) {
        Ok(role) => Ok(Draft { role, description, parents }),
        Err(error) => Err(vec![flaw(&error, &allowing, &denying)]),
    }
}

fn each<T>(place: &str, texts: &[String], read: impl Fn(&str) -> Result<T, AccessError>, flaws: &mut Vec<Flaw>) -> Vec<T> {
    let mut all = Vec::with_capacity(texts.len());
    for (index, text) in texts.iter().enumerate() {
        match read(text) {
            Ok(one) => all.push(one),
            Err(error) => flaws.push(Flaw::new(format!("{place}/{index}"), format!("{}: {error}", text.escape_debug()))),
        }
    }
    all
}

/// Which member of a role is at fault.
fn flaw(error: &AccessError, allows: &[Rule], denies: &[Rule]) -> Flaw {
    let place = match error {
        AccessError::Beyond(text) => {
            let at = |list: &[Rule]| list.iter().position(|rule| rule.text() == text);
            at(allows).map(|index| format!("allows/{index}")).or_else(|| at(denies).map(|index| format!("denies/{index}")))
        }
        AccessError::TooMany { what, .. } if what.contains("inherits") => Some("inherits".into()),
        AccessError::TooMany { .. } => Some("allows".into()),
        _ => None,
    };
    Flaw::new(place.unwrap_or_else(|| "name".into()), error.to_string())
}

/// The built-in role that people could take another name for: by signs that look alike, or that one reads over.
fn looks_like(name: &RoleName) -> Option<&'static str> {
    let built_in = OrganizationRole::ALL.iter().map(|role| role.word()).chain(GlobalRole::ALL.iter().map(|role| role.word()));
    let shape = skeleton(name.as_str());
    built_in.into_iter().find(|word| *word != name.as_str() && skeleton(word) == shape)
}

fn skeleton(name: &str) -> String {
    let alike = |letter: char| match letter {
        '0' => 'o',
        '1' | 'i' => 'l',
        '3' => 'e',
        '4' => 'a',
        '5' => 's',
        other => other,
    };
    let letters: String = name.chars().filter(|letter| !matches!(letter, '_' | '-')).map(alike).collect();
    letters.replace("rn", "m").replace("vv", "w")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(name: &str, allows: &[&str], denies: &[&str], inherits: &[&str]) -> Vec<String> {
        let texts = |list: &[&str]| list.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
        let read = draft(name, String::new(), &texts(allows), &texts(denies), &texts(inherits));
        read.err().unwrap_or_default().into_iter().map(|flaw| flaw.place).collect()
    }

    #[test]
    fn each_flaw_is_told_with_its_place() {
        assert_eq!(places("reader", &["nodes:read", "nodes:read:a-*"], &["*:write"], &["analyst"]), [""; 0]);
        assert_eq!(
            places("Reader", &["nodes:raed", "nodes:read"], &["nodes:read:A"], &["a b"]),
            ["name", "allows/0", "denies/0", "inherits/0"]
        );
        assert_eq!(places("reader", &["nodes:read"], &["edges:read", "system:read"], &[]), ["denies/1"]);
        assert_eq!(places("reader", &["nodes:read", "users:write"], &[], &[]), ["allows/1"]);
        for built_in in ["owner", "analyst", "super_admin"] {
            assert_eq!(places(built_in, &[], &[], &[]), ["name"], "{built_in}");
        }
    }

    #[test]
    fn a_name_that_people_take_for_a_built_in_one_is_none() {
        for alike in
            ["0wner", "ovvner", "adm1n", "admln", "data-scientist", "datascientist", "own-er", "super-admin", "4nalyst", "adrnin"]
        {
            assert_eq!(places(alike, &[], &[], &[]), ["name"], "{alike}");
        }
        for other in ["owners", "administrator", "on-call", "readonly"] {
            assert_eq!(places(other, &[], &[], &[]), [""; 0], "{other}");
        }
    }
}
