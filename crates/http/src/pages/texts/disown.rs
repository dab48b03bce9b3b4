//! Of pages on which somebody says that a second factor was not added by them.

pub(crate) const TITLE: &str = "It was not me";
pub(crate) const TEXT: &str = "Somebody else added a second factor to your account? Then they know your password. Say so, and what they could get in by goes:";
/// What goes, whoever made it.
pub(crate) const GOES: [&str; 3] = [
    "the second factor and those that were added after it, your recovery codes, your API keys, the password itself and whatever is signed in, on \
     devices and in applications too;",
    "applications and devices that were let into your account since the day before, invitations, and codes that wait to be used;",
    "applications that were registered, changed or given a secret with your account since the day before: they are stopped, and your organization \
     can let them go on.",
];
pub(crate) const AFTER: &str = "After that you set a new password by a link that we send you.";
pub(crate) const BUTTON: &str = "It was not me";

pub(crate) const DONE: &str = "What you did not add is gone";
pub(crate) const DONE_TEXT: &str =
    "The old password, your recovery codes, your API keys and whatever was signed in are good for nothing any more.";
pub(crate) const FACTORS: &str = "Second factors that were removed";
pub(crate) const APPLICATIONS: &str = "Applications and devices that may do nothing for you any more";
pub(crate) const CLIENTS: &str = "Applications of your organizations that were stopped";
pub(crate) const CLIENTS_TEXT: &str =
    "They were registered, changed or given a secret with your account. Whoever looks after the organization can let them go on.";
pub(crate) const INVITATIONS: &str = "Invitations that were withdrawn";
pub(crate) const TOKENS: &str = "Tokens to register applications that were withdrawn";
pub(crate) const NEXT: &str = "Set a new password";
