//! HTTP: mounting the endpoint table, decoding, one map from errors to problems, thin handlers, and the listener.
//!
//! Refuses to know: the pool. Handlers reach data through the pass that the gate made, and in no other way.

mod accounts;
mod client_form;
mod condition;
mod cors;
mod decode;
mod exposition;
mod failure;
mod form;
mod handlers;
mod headers;
mod health;
mod mount;
mod newcomers;
mod pages;
mod reading;
mod registering;
mod remembered;
mod reply;
mod routes;
mod turns;
mod wire;

pub use accounts::{Accounts, FactorRules, Registering};
pub use cors::{Cors, InvalidOrigin};
pub use decode::Decode;
pub use exposition::recorder;
pub use failure::Failure;
pub use handlers::{
    authz::explain::shown as shown_explained,
    clients::{registration, shown},
    elevation::wire as shown_elevation,
    invitations::make::wire as shown_invitation,
    registration::tokens::{TokenTerms, token_terms},
    reviews::{
        evidence::{Evidence, as_lines as evidence_lines, as_table as evidence_table},
        item as shown_review_item, shown as logged_review_item, thing as shown_held, wire as shown_review,
    },
    roles::{effective::shown as shown_effective, grants::shown as shown_grant, shown as shown_role},
};
pub use health::HealthState;
pub use mount::{Api, Edge, Mounted};
pub use newcomers::{Joining, Newcomers};
pub use remembered::QueryVectors;
pub use reply::Reply;
pub use routes::{Provisions, Services, api};
pub use wire::{ClientAuthorities, ServeLimits, Tls, TlsError, TlsFiles, serve};
