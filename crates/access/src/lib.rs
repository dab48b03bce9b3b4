//! Who may do what: roles, rules and denies as data, compiled into a matcher that decides in a microsecond or two and can say why.
//!
//! - A [`Rule`] is `resource:action[:pattern]`. A [`Role`] allows some, denies some, and inherits from others.
//! - A [`Rulebook`] is all roles of an organization, the built-in ones included, and is known to hang together.
//! - A [`Matcher`] is what a set of its roles comes to. [`Matchers`] remembers those that are in use.
//! - A [`Question`] names a permission, what it is about, and the person who asks. [`Matcher::allows`] answers it, [`Matcher::explain`] says why.
//! - A [`Bound`] is what scopes leave of it, and [`Matcher::beyond`] says what somebody would hand out without holding it.
//!
//! The semantics are Cedar's: nothing is allowed unless a rule allows it, any rule that denies beats every rule that allows, and order never
//! matters. `oracle/` holds them against Cedar itself.
//!
//! Refuses to know: Postgres, HTTP, tokens, time.

mod beyond;
mod bound;
mod decide;
mod error;
mod explain;
mod matcher;
mod matchers;
mod name;
mod names;
mod pattern;
mod role;
mod rule;
mod rulebook;

pub use beyond::Beyond;
pub use bound::Bound;
pub use decide::{On, Question};
pub use error::AccessError;
pub use explain::{Explanation, Need, Source};
pub use matcher::Matcher;
pub use matchers::{Held, Matchers};
pub use name::Name;
pub use pattern::Pattern;
pub use role::{Role, RoleName};
pub use rule::Rule;
pub use rulebook::{Lineage, Rulebook};
