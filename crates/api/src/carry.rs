//! How inputs and outputs travel: in the path, the query, the body.

/// A path parameter, called `id`.
#[derive(Debug, Clone, Copy)]
pub struct Path<T>(pub T);

/// The path parameter after it, whatever it is called: something that is within what the first one names.
#[derive(Debug, Clone, Copy)]
pub struct Within<T>(pub T);

/// The query string.
#[derive(Debug, Clone)]
pub struct Query<T>(pub T);

/// Which versions of a thing a change is meant for: `If-Match` (RFC 9110, section 13.1.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IfMatch {
    /// Whatever is there, or nothing: the header is absent.
    Absent,
    /// Whatever is there: `*`.
    Any,
    /// One of these. A tag that is no version of ours matches nothing, and is left out.
    Versions(Vec<i32>),
}

impl IfMatch {
    /// Whether the change is meant for `version`.
    pub fn admits(&self, version: i32) -> bool {
        match self {
            Self::Absent | Self::Any => true,
            Self::Versions(versions) => versions.contains(&version),
        }
    }
}

/// A JSON body; as an output, 200.
#[derive(Debug, Clone)]
pub struct Json<T>(pub T);

/// The fields of a form (`application/x-www-form-urlencoded`), read as strictly as JSON. Pages alone take it.
#[derive(Debug, Clone)]
pub struct Form<T>(pub T);

/// What a client of the OAuth server posts (RFC 6749): a form's parameters, and what it authenticates by. A parameter that comes twice is refused,
/// unless it is a list; what is empty is absent, and what is unknown is passed over.
#[derive(Debug, Clone)]
pub struct ClientForm<T> {
    /// What the client says it is, which nobody has believed yet.
    pub client: crate::wire::oauth::ClientCredentials,
    /// The endpoint's own parameters.
    pub parameters: T,
}

/// The same from the query of a `GET`.
#[derive(Debug, Clone)]
pub struct ClientQuery<T> {
    /// What the client says it is, which nobody has believed yet.
    pub client: crate::wire::oauth::ClientCredentials,
    /// The endpoint's own parameters.
    pub parameters: T,
}

/// A page for a browser: 200, with the policy under which pages run.
#[derive(Debug, Clone)]
pub struct Page {
    /// HTML.
    pub html: String,
    /// The secret of the visit that the browser is to hold from now on, if it is new.
    pub visit: Option<wardgraph_kernel::Secret>,
    /// What becomes of the session that the browser holds.
    pub session: Held,
}

/// A page, or where the browser goes next.
#[derive(Debug, Clone)]
pub enum Onward {
    /// There is something to be seen, or to be filled in, before it goes on: 200.
    Show(Page),
    /// It goes on: 303.
    Go(Redirect),
}

/// Where a browser goes next: 303, to a page of this server's.
#[derive(Debug, Clone)]
pub struct Redirect {
    /// Path and query.
    pub to: String,
    /// What becomes of the session that the browser holds.
    pub session: Held,
}

/// The parameters of a request that a client has a browser make, as they came: in the query of a `GET`, in the form of a `POST`. The room that they are
/// for judges them, since not everything that is wrong with them may be told to whoever sent them. `T` says what they may be.
#[derive(Debug, Clone)]
pub struct Parameters<T> {
    /// Names and values, in their order.
    pub pairs: Vec<(String, String)>,
    described: std::marker::PhantomData<fn() -> T>,
}

impl<T> Parameters<T> {
    /// These.
    pub const fn new(pairs: Vec<(String, String)>) -> Self {
        Self { pairs, described: std::marker::PhantomData }
    }

    /// The one value of a name; `None` where there is none, or more than one.
    pub fn one(&self, name: &str) -> Option<&str> {
        let mut values = self.pairs.iter().filter(|(given, value)| given == name && !value.is_empty());
        values.next().filter(|_| values.next().is_none()).map(|(_, value)| value.as_str())
    }
}

/// Where a browser goes that a client sent here.
#[derive(Debug, Clone)]
pub enum Errand {
    /// It stays: there is something to be seen, or to be decided: 200.
    Show(Page),
    /// To another page of this server's: 303.
    Go(Redirect),
    /// Back to the client: 303, to an address that the client registered.
    Back(String, Held),
    /// Back to the client, by a page that leads or posts there: 200.
    ByPage {
        /// The page.
        page: Page,
        /// The server that its form may be sent to, as a policy names it.
        posts_to: Option<String>,
    },
}

/// What becomes of the session that a browser holds.
#[derive(Debug, Clone)]
pub enum Held {
    /// Nothing.
    Stays,
    /// It holds this one from now on.
    Begins(wardgraph_kernel::Secret),
    /// It holds none any more.
    Ends,
}

impl Redirect {
    /// To a page.
    pub fn to(path: impl Into<String>) -> Self {
        Self { to: path.into(), session: Held::Stays }
    }
}

/// A JSON body of something that did not exist before: 201.
#[derive(Debug, Clone)]
pub struct Created<T>(pub T);

/// A JSON body of what was begun, and whose outcome is told elsewhere: 202.
#[derive(Debug, Clone)]
pub struct Accepted<T>(pub T);

/// A JSON body of something that did not exist before, with a secret that is shown once: 201, and kept nowhere.
#[derive(Debug, Clone)]
pub struct Issued<T>(pub T);

/// A JSON body with its version: 200 and an `ETag`.
#[derive(Debug, Clone)]
pub struct Tagged<T>(pub T);

/// A JSON body of something that was stored, with its version as `ETag`.
#[derive(Debug, Clone)]
pub enum Stored<T> {
    /// It did not exist before: 201.
    Created(T),
    /// It did: 200.
    Found(T),
}

/// A JSON body of something that was stored and has no versions.
#[derive(Debug, Clone)]
pub enum Placed<T> {
    /// It did not exist before: 201.
    Created(T),
    /// It did: 200.
    Found(T),
}

/// Nothing to say: 204.
#[derive(Debug, Clone, Copy)]
pub struct NoContent;

/// A body that is not a JSON type of this API: metrics, pages, the API description.
#[derive(Debug, Clone)]
pub struct Document<M> {
    /// The body.
    pub body: std::borrow::Cow<'static, str>,
    /// For how long anyone may keep it; not at all if nothing is said.
    pub kept_for: Option<std::time::Duration>,
    media: std::marker::PhantomData<fn() -> M>,
}

impl<M> Document<M> {
    /// A document of the media type `M`.
    pub fn new(body: impl Into<std::borrow::Cow<'static, str>>) -> Self {
        Self { body: body.into(), kept_for: None, media: std::marker::PhantomData }
    }

    /// The same, which anyone may keep for a while.
    #[must_use]
    pub fn kept_for(self, time: std::time::Duration) -> Self {
        Self { kept_for: Some(time), ..self }
    }
}

/// A JSON body, or the same signed, where whoever asks wants it so: 200.
#[derive(Debug, Clone)]
pub enum Signable<T, M> {
    /// JSON.
    Plain(T),
    /// A JSON Web Token of the media type `M`.
    Signed(wardgraph_kernel::Secret, std::marker::PhantomData<fn() -> M>),
}

impl<T, M> Signable<T, M> {
    /// The token.
    pub const fn signed(token: wardgraph_kernel::Secret) -> Self {
        Self::Signed(token, std::marker::PhantomData)
    }
}

/// A media type of documents.
pub trait Media: Send + 'static {
    /// As `Content-Type` spells it.
    const TYPE: &'static str;
}

/// The Prometheus text format.
#[derive(Debug, Clone, Copy)]
pub enum Exposition {}
/// JSON that is no type of this API.
#[derive(Debug, Clone, Copy)]
pub enum JsonText {}
/// JSON values, one a line.
#[derive(Debug, Clone, Copy)]
pub enum JsonLines {}
/// Comma-separated values (RFC 4180).
#[derive(Debug, Clone, Copy)]
pub enum Csv {}
/// A set of public keys (RFC 7517, section 8.5.2).
#[derive(Debug, Clone, Copy)]
pub enum JwkSet {}
/// The look of pages.
#[derive(Debug, Clone, Copy)]
pub enum Css {}
/// What a page does.
#[derive(Debug, Clone, Copy)]
pub enum Script {}
/// What is told of a person, signed (OpenID Connect Core, section 5.3.2).
#[derive(Debug, Clone, Copy)]
pub enum Jwt {}
/// What is told of a token, signed (RFC 9701).
#[derive(Debug, Clone, Copy)]
pub enum IntrospectionJwt {}
/// A picture.
#[derive(Debug, Clone, Copy)]
pub enum Svg {}
/// A page for people.
#[derive(Debug, Clone, Copy)]
pub enum Html {}

impl Media for Exposition {
    const TYPE: &'static str = "text/plain; version=0.0.4";
}

impl Media for JsonText {
    const TYPE: &'static str = "application/json";
}

impl Media for JsonLines {
    const TYPE: &'static str = "application/jsonl";
}

impl Media for Csv {
    const TYPE: &'static str = "text/csv; charset=utf-8";
}

impl Media for JwkSet {
    const TYPE: &'static str = "application/jwk-set+json";
}

impl Media for Css {
    const TYPE: &'static str = "text/css; charset=utf-8";
}

impl Media for Script {
    const TYPE: &'static str = "text/javascript; charset=utf-8";
}

impl Media for Jwt {
    const TYPE: &'static str = "application/jwt";
}

impl Media for IntrospectionJwt {
    const TYPE: &'static str = "application/token-introspection+jwt";
}

impl Media for Svg {
    const TYPE: &'static str = "image/svg+xml";
}

impl Media for Html {
    const TYPE: &'static str = "text/html; charset=utf-8";
}

/// The bearer token of a program that registers a client (RFC 7591, section 3), if it has one.
#[derive(Debug, Clone)]
pub struct RegistrationToken(pub Option<wardgraph_kernel::Secret>);

/// The client that a path names, and the bearer token by which it says that it is this client (RFC 7592): nobody has believed it yet.
#[derive(Debug, Clone)]
pub struct Registrant {
    /// The id.
    pub id: String,
    /// The token.
    pub token: wardgraph_kernel::Secret,
}

/// A JSON body by which a client describes itself: what is wrong with it is told in RFC 7591's words.
#[derive(Debug, Clone)]
pub struct Registering<T>(pub T);
