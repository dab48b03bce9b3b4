//! The types on the wire, one file a thing.

pub mod edge;
pub mod event;
pub mod node;
mod object_text;
pub mod relation;
pub mod search;
pub mod system;
mod tenant;
pub mod version;

pub use object_text::ObjectText;
pub use tenant::NamedTenant;
