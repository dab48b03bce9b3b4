//! Pages: what people see of this server. Plain HTML that works without scripts; every text is in [`texts`].
//!
//! Refuses to know: what is done. Pages call the same functions as programs do.

pub(crate) mod account;
pub(crate) mod consent;
mod device;
pub(crate) mod device_code;
pub(crate) mod disown;
mod fields;
mod frame;
pub(crate) mod invitations;
mod keys;
pub(crate) mod leaving;
mod moment;
mod refusal;
mod second_factor;
mod sign_in;
pub(crate) mod texts;

pub(crate) use fields::{Filled, Screen, Shown};
pub(crate) use frame::{ICON, SCRIPT, SEND, STYLE, whole};
pub(crate) use keys::{is_replaceable, keys, made, rotation};
pub(crate) use refusal::{refused, turned_away};
pub(crate) use second_factor::{challenge, enrolment, recovery_codes};
pub(crate) use sign_in::{mailed, not_registering, registered, sign_in};
