//! What can be wrong with roles and rules.

use crate::{name, pattern, rulebook};

/// Why a text is no name, rule or role, or why roles do not go together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AccessError {
    /// A text that names no resource.
    #[error("a resource's name has 1 to {most} of a-z, 0-9, `_`, `-` and `.`, and begins with a letter or a digit", most = name::LONGEST)]
    Name,
    /// A text that names no role.
    #[error("a role's name has 1 to 63 of a-z, 0-9, `_` and `-`, and begins with a letter")]
    RoleName,
    /// A name that a built-in role has.
    #[error("`{0}` is a built-in role")]
    BuiltIn(String),
    /// A rule that is not `resource:action` or `resource:action:pattern`.
    #[error("a rule is `resource:action` or `resource:action:pattern`")]
    Rule,
    /// A rule that speaks of nothing that can be done.
    #[error("no permission is meant by `{0}`")]
    Unknown(String),
    /// A rule of an organization's role that speaks of the whole server.
    #[error("`{0}` concerns the whole server, and is no organization's to give or deny")]
    Beyond(String),
    /// A pattern that could be read in more than one way, or that no name can match.
    #[error(
        "a pattern is a name with `*` in the last place or `${{user_id}}` once, or `*` alone, and fits into {most} bytes",
        most = pattern::LONGEST
    )]
    Pattern,
    /// Two roles of one name.
    #[error("two roles are named `{0}`")]
    Twice(String),
    /// A role that inherits from one that is not there, or that no organization may give.
    #[error("`{0}` inherits from `{1}`, which is no role of the organization")]
    Parent(String, String),
    /// Roles that inherit from one another.
    #[error("`{0}` inherits from itself")]
    Circle(String),
    /// A role with too many generations above it.
    #[error("`{0}` inherits over more than {most} generations", most = rulebook::DEEPEST)]
    TooDeep(String),
    /// Too much of something.
    #[error("there are more than {most} {what}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many there may be.
        most: usize,
    },
    /// Somebody is said to have a role that is not there.
    #[error("`{0}` is no role of the organization")]
    NoRole(String),
}
