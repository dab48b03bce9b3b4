//! Questions, and the decision.

use wardgraph_kernel::{Permission, UserId};

use crate::{Bound, Matcher, Name};

/// What a question is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On<'a> {
    /// All that the permission is about, without looking at it one by one: what an endpoint asks that knows nothing of names. A rule with a pattern
    /// does not allow it, and any that denies a part denies it.
    All,
    /// One resource.
    Named(Name<'a>),
    /// Something, whatever it is: what is asked at the door of an endpoint that asks [`Self::Named`] of each resource before it is shown or touched. It
    /// never says no where one of them is allowed, and means nothing by itself.
    Any,
}

/// Whether something may be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Question<'a> {
    /// What would be done.
    pub permission: Permission,
    /// To what.
    pub on: On<'a>,
    /// The person who asks, for rules that say `${user_id}`. Without one such a rule allows nothing; and denies all that it is about, since
    /// nobody knows whose it was meant to be.
    pub user: Option<UserId>,
}

impl Matcher {
    /// Whether the roles allow it, and every bound (the token's scopes, the API key's) does too.
    pub fn allows(&self, question: &Question<'_>, bounds: &[&Bound]) -> bool {
        self.roles_allow(question) && bounds.iter().all(|bound| bound.allows(question))
    }

    fn roles_allow(&self, question: &Question<'_>) -> bool {
        let Some(act) = self.act(question.permission) else { return false };
        let denied = act.denied.lacks(question.user)
            || match question.on {
                On::All => !act.denied.is_nothing(),
                On::Named(name) => act.denied.holds(name, question.user),
                On::Any => act.is_taken_back(question.user),
            };
        !denied && act.allowed.allows(question.on, question.user)
    }
}
