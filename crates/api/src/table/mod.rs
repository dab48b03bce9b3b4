//! The endpoint table. One row says who may enter, how often, how large, and what it leaves in the audit log.
//!
//! ```text
//! /// What the endpoint does.
//! Name: METHOD "/path/{id}" (Input) -> Output {
//!     permission: NodesRead,     // or own: "why", credential: "why", signed: StandardWebhook, public: "why"
//!     on: id,                    // with a permission: the part of the path that names the one resource which it is asked about
//!     fields: [(CreatedAt, "created_at", AdminRefresh)], // what wants a permission besides: a word of `kernel::field`, where it stands in the request or
//!                                // the answer, and the permission; the handler asks its pass for leave
//!     rows: Shared,              // for `permission: SharedWrite`, and only there: the rows of everyone instead of the caller's tenant's;
//!                                // Account, for `own:` or `permission: MembersWrite`: those of the person who signed in; Members, for `permission: UsersRead`;
//!                                // Organization, for a permission that is about the organization itself: its members too;
//!                                // Accounts, for `permission: UsersWrite` or `own:` with `fresh:`: everybody's accounts
//!     by: Browser,               // a page or a form of one: the cookie of a session is the credential, and no other;
//!                                // Client: an endpoint of the OAuth server, with RFC 6749's forms and errors
//!     fresh: "why",              // with a permission or `own:`: who calls must have signed in a short while ago
//!     limit: Read,
//!     audit: NodeCreated,        // makes the endpoint a writing one; `audit_on_read:` leaves an event and writes nothing else
//!     body: 1024,                // bytes; 0 refuses a body
//! }
//! ```
//! A row without an entry, a limit or a body does not parse. Shared rows go with their permission and with no other:
//!
//! ```compile_fail,E0080
//! wardgraph_api::endpoints! {
//!     /// Whoever may write nodes writes everyone's.
//!     Everyones: POST "/everyones" (()) -> wardgraph_api::NoContent {
//!         permission: NodesWrite, rows: Shared, limit: NodeWrite, audit: NodeCreated, body: 0,
//!     }
//! }
//! ```
//!
//! ```
//! wardgraph_api::endpoints! {
//!     /// Whoever may write nodes writes everyone's.
//!     Everyones: POST "/everyones" (()) -> wardgraph_api::NoContent {
//!         permission: SharedWrite, rows: Shared, limit: NodeWrite, audit: NodeCreated, body: 0,
//!     }
//! }
//! ```

pub mod account;
pub mod auth;
pub mod authorize;
pub mod authz;
pub mod clients;
pub mod device;
pub mod disown;
pub mod elevation;
pub mod embedding;
pub mod graph;
pub mod invitation_pages;
pub mod invitations;
pub mod mfa;
pub mod oauth;
pub mod organizations;
pub mod pages;
pub mod passkeys;
pub mod registration;
pub mod reviews;
pub mod roles;
pub mod shared;
pub mod system;
pub mod users;

use wardgraph_kernel::Spec;

use crate::describe::{Known, Shape};

/// A row of the table with its types erased: for OpenAPI, documentation and the tests that enumerate.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// The row itself.
    pub spec: &'static Spec,
    /// What goes in and comes out.
    pub shape: fn() -> Shape,
    /// A valid request body made of things that exist; `None` where the endpoint takes none.
    pub sample: fn(&Known) -> Option<serde_json::Value>,
}

/// Every endpoint of the server.
pub static ALL: &[&[Row]] = &[
    system::ROWS,
    graph::ROWS,
    embedding::ROWS,
    shared::ROWS,
    mfa::ROWS,
    passkeys::ROWS,
    users::ROWS,
    clients::ROWS,
    oauth::ROWS,
    account::ROWS,
    invitations::ROWS,
    auth::ROWS,
    authorize::ROWS,
    pages::ROWS,
    invitation_pages::ROWS,
    disown::ROWS,
    device::ROWS,
    registration::ROWS,
    authz::ROWS,
    reviews::ROWS,
    elevation::ROWS,
    roles::ROWS,
    organizations::ROWS,
];

/// Every endpoint of the server, one after another.
pub fn rows() -> impl Iterator<Item = &'static Row> {
    ALL.iter().copied().flatten()
}

/// Declares endpoints: see [`crate::table`].
#[macro_export]
macro_rules! endpoints {
    ($( $(#[doc = $doc:literal])+ $name:ident: $method:ident $path:literal ($input:ty) -> $output:ty {
        $access:ident: $what:tt, $(on: $on:ident,)? $(fields: [$(($field:ident, $place:literal, $wanted:ident)),+],)? $(rows: $rows:ident,)? $(by: $by:ident,)? $(fresh: $fresh:literal,)? limit: $limit:ident, $(audit: $event:ident,)? $(audit_on_read: $read_event:ident,)? body: $body:expr $(,)?
    } )*) => {
        $(
            $(#[doc = $doc])+
            #[derive(Debug, Clone, Copy)]
            pub struct $name;

            impl ::wardgraph_kernel::Endpoint for $name {
                const SPEC: ::wardgraph_kernel::Spec = ::wardgraph_kernel::Spec {
                    id: stringify!($name),
                    method: ::wardgraph_kernel::Method::$method,
                    path: $path,
                    access: $crate::endpoints!(@access $access $what),
                    on: $crate::endpoints!(@on $($on)?),
                    fields: &[$($(::wardgraph_kernel::Field { path: $place, permission: ::wardgraph_kernel::Permission::$wanted }),+)?],
                    rows: $crate::endpoints!(@rows $($rows)?),
                    by: $crate::endpoints!(@by $($by)?),
                    fresh: $crate::endpoints!(@fresh $($fresh)?),
                    limit: ::wardgraph_kernel::LimitClass::$limit,
                    event: $crate::endpoints!(@event $($event)? $($read_event)?),
                    body_bytes: $body,
                    doc: concat!($($doc, "\n"),+),
                };
                type Entry = $crate::endpoints!(@entry $access);
                type Mode = $crate::endpoints!(@mode $(audit $event)? $(audit_on_read $read_event)?);
                type Input = $input;
                type Output = $output;
            }

            $($(impl ::wardgraph_kernel::Guards<::wardgraph_kernel::field::$field> for $name {
                const PERMISSION: ::wardgraph_kernel::Permission = ::wardgraph_kernel::Permission::$wanted;
            })+)?

            const _: () = assert!(
                <$name as ::wardgraph_kernel::Endpoint>::SPEC.shares_as_it_should(),
                "`rows: Shared` goes with `permission: SharedWrite` and `audit:` or GET, `rows: Account` with `own:` or `permission: MembersWrite` or `ClientsWrite`, `rows: Members` with `permission: UsersRead` and GET, `rows: Organization` with a permission about the organization itself and, where it changes something, `fresh:`, `rows: Accounts` with `permission: UsersWrite` or `own:`, `fresh:` and `audit:`; and these with nothing else"
            );
            const _: () = assert!(
                <$name as ::wardgraph_kernel::Endpoint>::SPEC.pages_as_it_should(),
                "`by: Browser` goes with GET that changes nothing, or with POST and `audit:`, and with no `signed:`"
            );
            const _: () = assert!(
                <$name as ::wardgraph_kernel::Endpoint>::SPEC.is_fresh_as_it_should(),
                "`fresh:` goes with `permission:` or `own:`: nobody else signed in"
            );
            const _: () = assert!(
                <$name as ::wardgraph_kernel::Endpoint>::SPEC.serves_clients_as_it_should(),
                "`by: Client` goes with `credential:` or `public:`: a client authenticates in the request itself"
            );
        )*

        /// The rows declared here.
        pub const ROWS: &[$crate::table::Row] = &[$($crate::table::Row {
            spec: &<$name as ::wardgraph_kernel::Endpoint>::SPEC,
            shape: $crate::describe::shape::<$input, $output>,
            sample: <$input as $crate::describe::Input>::sample,
        }),*];
    };
    (@access permission $p:ident) => { ::wardgraph_kernel::Access::Permission(::wardgraph_kernel::Permission::$p) };
    (@access own $why:literal) => { ::wardgraph_kernel::Access::Own($why) };
    (@access credential $why:literal) => { ::wardgraph_kernel::Access::Credential($why) };
    (@access signed $kind:ident) => { ::wardgraph_kernel::Access::Signed(::wardgraph_kernel::SignedKind::$kind) };
    (@access public $why:literal) => { ::wardgraph_kernel::Access::Public($why) };
    (@on) => { None };
    (@on $part:ident) => { Some(concat!("{", stringify!($part), "}")) };
    (@rows) => { ::wardgraph_kernel::Rows::Own };
    (@rows $rows:ident) => { ::wardgraph_kernel::Rows::$rows };
    (@by) => { ::wardgraph_kernel::By::Program };
    (@by $by:ident) => { ::wardgraph_kernel::By::$by };
    (@fresh) => { None };
    (@fresh $why:literal) => { Some($why) };
    (@entry permission) => { ::wardgraph_kernel::access::ByPermission };
    (@entry own) => { ::wardgraph_kernel::access::ByOwn };
    (@entry credential) => { ::wardgraph_kernel::access::ByCredential };
    (@entry signed) => { ::wardgraph_kernel::access::BySignature };
    (@entry public) => { ::wardgraph_kernel::access::ByNobody };
    (@mode) => { ::wardgraph_kernel::Read };
    (@mode audit $event:ident) => { ::wardgraph_kernel::Write };
    (@mode audit_on_read $event:ident) => { ::wardgraph_kernel::AuditedRead };
    (@event) => { None };
    (@event $event:ident) => { Some(::wardgraph_kernel::EventType::$event) };
}
