//! Of pages on which devices are let in.

pub(crate) const TITLE: &str = "Connect a device";
pub(crate) const TEXT: &str = "Enter the code that your device shows. It is good for ten minutes.";
pub(crate) const LED: &str = "A link brought you here with this code. Go on only if your own device shows the very same one.";
pub(crate) const CODE: &str = "Code";
pub(crate) const CODE_HINT: &str = "Eight letters, like BCDF-GHJK.";
pub(crate) const NEXT: &str = "Continue";
pub(crate) const QUESTION: &str = "Let this device in?";
pub(crate) const OF: &str = "of";
pub(crate) const ASKS: &str = "asks for access to your account on a device that shows this code:";
pub(crate) const WARNING: &str = "Is the device in front of you, and did you start this yourself just now? If somebody sent you this code or a link, do not allow it: they would get into your account.";
pub(crate) const ALLOW: &str = "Allow this device";
pub(crate) const DENY: &str = "Do not allow";
pub(crate) const ALLOWED: &str = "The device is connected";
pub(crate) const ALLOWED_TEXT: &str =
    "Go back to your device: it goes on by itself in a few seconds. You can take this back at any time.";
pub(crate) const DENIED: &str = "The device was turned away";
pub(crate) const DENIED_TEXT: &str = "It gets nothing from your account.";
pub(crate) const APPLICATIONS: &str = "Applications";
