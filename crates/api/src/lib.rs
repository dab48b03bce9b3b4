//! The contract: every endpoint as a row of one table, the types on the wire, the problem documents, and OpenAPI made from them.
//!
//! Refuses to know: any server crate. A client can be built on this crate alone.

mod accept;
pub mod carry;
pub mod describe;
mod docs;
pub mod json;
pub mod keep;
mod openapi;
mod place;
pub mod problem;
pub mod table;
mod tag;
pub mod validate;
pub mod wire;

pub use accept::Accept;
pub use carry::{
    Accepted, ClientForm, ClientQuery, Created, Document, Errand, Form, Held, IfMatch, Issued, Json, NoContent, Onward, Page,
    Parameters, Path, Placed, Query, Redirect, Registering, Registrant, RegistrationToken, Signable, Stored, Tagged, Within,
};
pub use docs::{docs_page, endpoints_document};
pub use keep::{Keep, Kept, ShownOnce};
pub use openapi::{every_endpoint, openapi};
pub use problem::{FieldError, Problem};
pub use table::{ALL, Row};
pub use tag::{STATES, Versioned, version_of};
