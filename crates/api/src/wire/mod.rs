//! The types on the wire, one file a thing.

pub mod account;
pub mod api_key;
pub mod auth;
pub mod authorize;
pub mod client;
pub mod device;
pub mod disown;
mod done;
pub mod edge;
pub mod embedding;
pub mod event;
mod fields;
pub mod form;
pub mod invitation;
pub mod mfa;
mod name;
pub mod node;
pub mod oauth;
mod object_text;
pub mod organization;
pub mod page;
pub mod passkey;
pub mod registration;
pub mod relation;
pub mod search;
mod secret_text;
pub mod system;
mod tenant;
pub mod user;
pub mod version;

pub use name::Name;
pub(crate) use name::misleads;
pub use object_text::ObjectText;
pub use secret_text::SecretText;
pub use tenant::NamedTenant;
