//! Roles as Cedar policies.
//!
//! Inheritance is Cedar's hierarchy of entities, as is what permissions imply. Only `${user_id}` is put in as text, since Cedar's `like` takes none but
//! fixed patterns; and a deny that speaks of a person when there is none denies all, by the design.

use std::fmt::Write;

use crate::cases::{CaseRole, SERVERS, WORDS};

/// What brings along what (design, section 5), said once more: whoever may do the first may do the second.
const IMPLIED: &[(&str, &str)] = &[
    ("nodes:write", "nodes:read"),
    ("edges:write", "edges:read"),
    ("triggers:write", "triggers:read"),
    ("search:read", "nodes:read"),
    ("clients:write", "clients:read"),
    ("users:write", "users:read"),
];

/// The words that Active Graph KG has for scopes.
const ALIASES: &[(&str, &[&str])] = &[
    ("kg:read", &["nodes:read", "edges:read", "triggers:read"]),
    ("kg:write", &["nodes:write", "edges:write", "triggers:write"]),
];

/// The groups that an action is in: those who grant it, and those without which it cannot be done.
pub fn groups(word: &str) -> Vec<String> {
    let itself = [format!("grants {word}"), format!("denies {word}")];
    let granting = IMPLIED.iter().filter(|(_, implied)| *implied == word).map(|(one, _)| format!("grants {one}"));
    // What an organization denies never reaches what concerns the whole server.
    let denying =
        IMPLIED.iter().filter(|(one, _)| *one == word && !SERVERS.contains(one)).map(|(_, implied)| format!("denies {implied}"));
    itself.into_iter().chain(granting).chain(denying).collect()
}

/// The policies of a role that an organization made.
pub fn of_role(role: &CaseRole, user: Option<&str>) -> String {
    let mut policies = String::new();
    for rule in &role.allows {
        let (actions, pattern) = read(rule);
        if let Some(condition) = narrowed(pattern, user) {
            let head =
                format!("permit(principal in Role::\"{}\", action in [{}], resource)", role.name, list("grants", &actions));
            let _ = match condition {
                None => writeln!(policies, "{head};"),
                Some(pattern) => writeln!(policies, "{head} when {{ resource has name && resource.name like \"{pattern}\" }};"),
            };
        }
    }
    for rule in &role.denies {
        let (actions, pattern) = read(rule);
        let head = format!("forbid(principal in Role::\"{}\", action in [{}], resource)", role.name, list("denies", &actions));
        let _ = match narrowed(pattern, user) {
            None | Some(None) => writeln!(policies, "{head};"),
            Some(Some(pattern)) => {
                writeln!(policies, "{head} when {{ !(resource has name) || resource.name like \"{pattern}\" }};")
            }
        };
    }
    policies
}

/// The policy of a built-in role, which allows these words.
pub fn of_built_in(name: &str, words: &[String]) -> String {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    format!("permit(principal in Role::\"{name}\", action in [{}], resource);\n", list("grants", &words))
}

/// The policy of a bound: whatever its scopes do not leave is forbidden.
pub fn of_scopes(scopes: &[String], user: Option<&str>) -> String {
    let mut left = vec!["false".to_owned()];
    for scope in scopes {
        let mut parts = scope.splitn(3, ':');
        let word = [parts.next().unwrap_or_default(), parts.next().unwrap_or_default()].join(":");
        let known = WORDS.iter().chain(SERVERS).copied().find(|known| *known == word).map(|known| vec![known]);
        let alias = || ALIASES.iter().find(|(alias, _)| *alias == word).map(|(_, words)| words.to_vec());
        let Some(actions) = known.or_else(alias) else { continue };
        let among = format!("action in [{}]", list("grants", &actions));
        match narrowed(parts.next(), user) {
            None => {}
            Some(None) => left.push(format!("({among})")),
            Some(Some(pattern)) => left.push(format!("({among} && resource has name && resource.name like \"{pattern}\")")),
        }
    }
    format!("forbid(principal, action, resource) unless {{ {} }};\n", left.join(" || "))
}

/// What a rule names below what an organization can give, and its pattern.
fn read(rule: &str) -> (Vec<&'static str>, Option<&str>) {
    let mut parts = rule.splitn(3, ':');
    let (resource, action) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let fits = |part: &str, word: &str| part == "*" || part == word;
    let named = WORDS
        .iter()
        .copied()
        .filter(|word| word.split_once(':').is_some_and(|(one, other)| fits(resource, one) && fits(action, other)));
    (named.collect(), parts.next())
}

/// The pattern as Cedar reads it: nothing within if there is none, nothing at all if it speaks of a person and there is none.
fn narrowed(pattern: Option<&str>, user: Option<&str>) -> Option<Option<String>> {
    match (pattern, user) {
        (None | Some("*"), _) => Some(None),
        (Some(pattern), None) if pattern.contains("${user_id}") => None,
        (Some(pattern), user) => Some(Some(pattern.replace("${user_id}", user.unwrap_or_default()))),
    }
}

fn list(group: &str, words: &[&str]) -> String {
    words.iter().map(|word| format!("Action::\"{group} {word}\"")).collect::<Vec<_>>().join(", ")
}
