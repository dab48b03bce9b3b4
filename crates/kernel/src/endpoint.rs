//! An endpoint is a type: one row of the table, known to the router, the gate, OpenAPI, the client and the tests.

use crate::{Access, EventType, Field, LimitClass, Permission};

/// The HTTP methods that endpoints use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// Read.
    GET,
    /// Create, or act.
    POST,
    /// Replace.
    PUT,
    /// Change in part.
    PATCH,
    /// Delete.
    DELETE,
}

impl Method {
    /// The method as it stands on the request line.
    pub const fn word(self) -> &'static str {
        match self {
            Self::GET => "GET",
            Self::POST => "POST",
            Self::PUT => "PUT",
            Self::PATCH => "PATCH",
            Self::DELETE => "DELETE",
        }
    }
}

/// Whose rows an endpoint's unit of work is bound to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rows {
    /// Those of the caller's tenant. Shared rows can be read besides.
    Own,
    /// The shared rows, for an administrator: under a database role of its own.
    Shared,
    /// Those of the caller's own account, for a person who signed in: bound to the person by row-level security.
    Account,
    /// Those of the person that a credential is of, to read: a client's, as far as its scopes tell, or the person's own.
    Subject,
    /// The members of the caller's organization, to read; everybody's accounts for a person who administers them.
    Members,
    /// Those of the caller's organization: its own, and who its members are, to read and to see to.
    Organization,
    /// Everybody's accounts, under a database role of its own: for an administrator, or for what touches more than the own rows.
    Accounts,
    /// Which organizations there are, to read, under the same role: for an administrator.
    Directory,
}

impl Rows {
    /// Whether they are people's accounts, the caller's own or others'.
    pub const fn are_peoples(self) -> bool {
        matches!(self, Self::Account | Self::Subject | Self::Members | Self::Organization | Self::Accounts | Self::Directory)
    }
}

/// Who calls an endpoint: it decides what is taken for a credential, and in what form it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// Programs: with a token or an API key. Cookies count for nothing, and refusals are problem documents.
    Program,
    /// People's browsers: with the cookie of a session and nothing else, by forms that carry their token. Answers and refusals are pages.
    Browser,
    /// Clients of the OAuth server, who authenticate in the request itself: with a form's parameters (RFC 6749). Refusals are that standard's
    /// error documents, and only what fails counts against the network that it came from.
    Client,
}

/// What the table says of an endpoint.
#[derive(Debug, Clone, Copy)]
pub struct Spec {
    /// The endpoint's name, unique in the table; also its OpenAPI operation id.
    pub id: &'static str,
    /// The method.
    pub method: Method,
    /// The path, with `{name}` for parameters.
    pub path: &'static str,
    /// Who may enter.
    pub access: Access,
    /// Which part of the path names the one resource that the permission is asked about, as it stands there: `{id}`. Without it, the permission is
    /// asked of all that it is about.
    pub on: Option<&'static str>,
    /// Which fields of the request or the answer want a permission besides, each its own.
    pub fields: &'static [Field],
    /// Whose rows it works on.
    pub rows: Rows,
    /// Who calls it.
    pub by: By,
    /// Why the caller must have signed in a short while ago, if that is asked: what is done outlives the sign-in, or cannot be undone.
    pub fresh: Option<&'static str>,
    /// How often.
    pub limit: LimitClass,
    /// The event that a change leaves for each subject; absent on endpoints that change nothing.
    pub event: Option<EventType>,
    /// The largest request body in bytes; 0 means that a body is refused.
    pub body_bytes: usize,
    /// The doc comment of the row.
    pub doc: &'static str,
}

impl Spec {
    /// Whether a request that names an `Idempotency-Key` is answered again as it was before. Not where the body holds a password: what is kept
    /// to know the same body by would be something to guess it by.
    pub const fn answers_again(&self) -> bool {
        let password = matches!(self.event, Some(EventType::PasswordChanged));
        let changes = self.event.is_some() && !matches!(self.method, Method::GET);
        changes && !password && !self.access.admits_strangers() && !self.is_page()
    }

    /// The part of a request's path that names the one resource which it is about, as it stands there.
    pub fn names<'a>(&self, path: &'a str) -> Option<&'a str> {
        let place = self.on?;
        self.path.split('/').zip(path.split('/')).find_map(|(part, given)| (part == place).then_some(given))
    }

    /// Whether it is a page, or a form of one.
    pub const fn is_page(&self) -> bool {
        matches!(self.by, By::Browser)
    }

    /// Whether clients of the OAuth server call it.
    pub const fn is_for_clients(&self) -> bool {
        matches!(self.by, By::Client)
    }

    /// Whether it speaks AuthZEN, whose requests may say more than is understood, and have their `X-Request-ID` answered (Authorization API 1.0,
    /// section 10.1).
    pub fn speaks_authzen(&self) -> bool {
        self.path.starts_with("/access/v1/")
    }

    /// Whether a parameter or a condition that is not known here is passed over: in browsers, at the OAuth server's endpoints, whose standards say so
    /// (RFC 6749, section 3.1; OpenID Connect Core 1.0, section 5.3), and where anybody may read what is there, probes and documents.
    pub fn passes_over_what_it_does_not_know(&self) -> bool {
        let is_protocol = self.is_for_clients() || self.path.starts_with("/oauth2/");
        self.is_page() || is_protocol || matches!(self.access, Access::Public(_))
    }

    /// Whether clients of the OAuth server are let in to where they authenticate, or where nobody has to. The table does not compile otherwise.
    pub const fn serves_clients_as_it_should(&self) -> bool {
        !self.is_for_clients() || self.access.admits_strangers()
    }

    /// Whether what browsers call shows something (`GET`) or does something and leaves an event (`POST`, or `GET` of a ceremony), and takes no signature for a
    /// credential.
    /// The table does not compile otherwise: a form's token is looked at where something is done.
    pub const fn pages_as_it_should(&self) -> bool {
        let entry = !matches!(self.access, Access::Signed(_));
        let does = match self.method {
            // A ceremony may end where a browser is led to, by another site and without a form: it does what its person agreed to, and no more.
            Method::GET => self.event.is_none() || matches!(self.access, Access::Credential(_)),
            Method::POST => self.event.is_some() && !matches!(self.access, Access::Public(_)),
            Method::PUT | Method::PATCH | Method::DELETE => false,
        };
        !self.is_page() || (entry && does)
    }

    /// Whether only a person who signed in here may call, or a client of theirs: the own rows are asked for, or a fresh sign-in.
    pub const fn asks_for_a_person(&self) -> bool {
        matches!(self.rows, Rows::Account | Rows::Subject | Rows::Directory) || self.fresh.is_some()
    }

    /// Whether a fresh sign-in is asked only of callers who can have signed in. The table does not compile otherwise.
    pub const fn is_fresh_as_it_should(&self) -> bool {
        self.fresh.is_none() || matches!(self.access, Access::Permission(_) | Access::Own(_))
    }

    /// Whether a permission is asked that is about the organization itself: who is in it and may do what.
    const fn sees_to_an_organization(&self) -> bool {
        use Permission as Asked;
        let Access::Permission(asked) = self.access else { return false };
        matches!(
            asked,
            Asked::MembersWrite
                | Asked::OrganizationsWrite
                | Asked::OrganizationsDelete
                | Asked::RolesRead
                | Asked::RolesWrite
                | Asked::ReviewsRead
                | Asked::ReviewsWrite
                | Asked::AuthzRead
        )
    }

    /// Whether shared rows are worked on exactly where [`Permission::SharedWrite`] is asked, and an event is left by what changes them; an account's where entry is
    /// `own:`, or where [`Permission::MembersWrite`] or [`Permission::ClientsWrite`] is asked of a person, since whoever invites or registers must be
    /// signed in still; members are read where [`Permission::UsersRead`] is asked, and seen to where a permission is asked that is about the
    /// organization itself, or by who leaves it or brings it back, after a fresh sign-in; the directory is read where [`Permission::DirectoryRead`]
    /// is asked; and everybody's accounts are changed by whoever signed in just now, with [`Permission::UsersWrite`] or for themselves, or to go into
    /// an organization with [`Permission::ElevationsRead`]. The table does not compile otherwise.
    pub const fn shares_as_it_should(&self) -> bool {
        let shares = matches!(self.access, Access::Permission(Permission::SharedWrite));
        let reads = matches!(self.access, Access::Permission(Permission::UsersRead));
        let administers = matches!(self.access, Access::Permission(Permission::UsersWrite));
        let elevates = matches!(self.access, Access::Permission(Permission::ElevationsRead));
        let invites = matches!(self.access, Access::Permission(Permission::MembersWrite));
        let own = matches!(self.access, Access::Own(_));
        let clients = matches!(self.access, Access::Permission(Permission::ClientsWrite));
        let lists = matches!(self.access, Access::Permission(Permission::DirectoryRead));
        match self.rows {
            Rows::Own => !shares && !reads && !administers && !lists,
            Rows::Shared => shares && (self.event.is_some() || matches!(self.method, Method::GET)),
            Rows::Account => own || invites || clients,
            Rows::Subject => own && self.event.is_none(),
            Rows::Members => reads && matches!(self.method, Method::GET),
            Rows::Organization if own => self.event.is_some() && self.fresh.is_some(),
            Rows::Organization => self.sees_to_an_organization() && (self.event.is_none() || self.fresh.is_some()),
            Rows::Directory => lists && matches!(self.method, Method::GET),
            Rows::Accounts => (administers || elevates || own) && self.event.is_some() && self.fresh.is_some(),
        }
    }
}

/// One row of the endpoint table as a type. Implemented by `api::endpoints!` alone.
pub trait Endpoint: Send + Sync + 'static {
    /// The row.
    const SPEC: Spec;
    /// Which pass the gate gives (a marker from [`crate::access`]).
    type Entry;
    /// What the pass's transaction may do (a marker from [`crate::mode`]).
    type Mode;
    /// What the request carries.
    type Input: Send;
    /// What the answer carries.
    type Output: Send;
}
