//! What goes in and comes out of an endpoint, for OpenAPI, for documentation, and for the tests that call every endpoint.

mod known;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::Value;
use wardgraph_kernel::{
    ApiKeyId, ClientId, ConsentId, EdgeId, ElevationId, FactorId, GrantId, InitialTokenId, InvitationId, Method, NodeId,
    ReviewId, ReviewItemId, SessionId, SharedNodeId, UserId,
};

use crate::{
    Accept, Accepted, ClientForm, ClientQuery, Created, Document, Errand, Form, IfMatch, Issued, Json, NoContent, Onward, Page,
    Parameters, Path, Placed, Query, Redirect, Registering, Registrant, RegistrationToken, Signable, Stored, Tagged,
    carry::Media, validate::Validate, wire::role::RoleId,
};

pub use known::{KnownAgreement, KnownClient, KnownInvitations, KnownMfa, KnownReview};

/// Things that exist, of which valid requests can be made.
#[derive(Debug, Clone)]
pub struct Known {
    /// A node of the caller's tenant.
    pub node: NodeId,
    /// Another one.
    pub other: NodeId,
    /// An edge of the caller's tenant.
    pub edge: EdgeId,
    /// A shared node.
    pub shared: SharedNodeId,
    /// A person's account, if the caller has one.
    pub account: KnownAccount,
    /// A client of the caller's organization.
    pub client: KnownClient,
    /// What a client of the OAuth server and that person have to do with each other.
    pub oauth: KnownAgreement,
    /// What is looked at in the person's organization.
    pub looked_at: KnownReview,
    /// A role that the caller's organization made, and nobody holds.
    pub role: String,
    /// That a member of it holds another role.
    pub grant: GrantId,
}

/// An account, and what opens it.
#[derive(Debug, Clone)]
pub struct KnownAccount {
    /// Its address.
    pub email: String,
    /// Its password.
    pub password: String,
    /// A session of it.
    pub session: SessionId,
    /// The refresh token of another one, to be used next.
    pub refresh_token: String,
    /// The token of a link that shows its address to be its owner's.
    pub verify_token: String,
    /// The token of a link by which its password is set anew.
    pub reset_token: String,
    /// The token of a link that says of a second factor that its owner did not add it.
    pub disown_token: String,
    /// A key of it.
    pub api_key: ApiKeyId,
    /// Another account, of whom the person sees to: a member of the same organization.
    pub member: UserId,
    /// What it shows besides its password.
    pub mfa: KnownMfa,
    /// Invitations of its organization, and to it.
    pub invitations: KnownInvitations,
}

/// What kind of thing a path parameter names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdKind {
    /// A node.
    Node,
    /// An edge.
    Edge,
    /// A shared node: no tenant's.
    SharedNode,
    /// A session of the caller's.
    Session,
    /// An API key of the caller's.
    ApiKey,
    /// A second factor of the caller's.
    Factor,
    /// An account that the caller sees to.
    User,
    /// An invitation of the caller's organization.
    Invitation,
    /// What the caller agreed to.
    Consent,
    /// A client of the OAuth server.
    Client,
    /// A client that registered itself.
    Registered,
    /// A token by which programs register clients.
    InitialToken,
    /// An organization.
    Organization,
    /// A review of who may do what.
    Review,
    /// Something held that a review asks about.
    ReviewItem,
    /// An administrator's way into an organization's content.
    Elevation,
    /// A role of the caller's organization.
    Role,
    /// That somebody holds a role there.
    Grant,
    /// A version of a node.
    Version,
}

impl IdKind {
    /// The known thing of this kind.
    pub fn of(self, known: &Known) -> String {
        match self {
            Self::Node => known.node.to_string(),
            Self::Edge => known.edge.to_string(),
            Self::SharedNode => known.shared.to_string(),
            Self::Session => known.account.session.to_string(),
            Self::User => known.account.member.to_string(),
            Self::Client => known.client.id.to_string(),
            Self::Registered => known.client.registered.to_string(),
            Self::InitialToken => known.client.initial_token.to_string(),
            Self::ApiKey => known.account.api_key.to_string(),
            Self::Factor => known.account.mfa.factor.to_string(),
            Self::Invitation => known.account.invitations.id.to_string(),
            Self::Consent => known.oauth.consent.to_string(),
            Self::Organization => known.oauth.organization.clone(),
            Self::Review => known.looked_at.review.to_string(),
            Self::ReviewItem => known.looked_at.item.to_string(),
            Self::Elevation => known.looked_at.elevation.to_string(),
            Self::Role => known.role.clone(),
            Self::Grant => known.grant.to_string(),
            // Every node begins with it.
            Self::Version => "1".to_owned(),
        }
    }
}

type Describe = fn(&mut SchemaGenerator) -> Schema;

/// What goes in and comes out of an endpoint.
#[derive(Debug, Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is said by another part of an endpoint's types")]
pub struct Shape {
    /// The path parameter `id`.
    pub path: Option<IdKind>,
    /// The path parameter after it.
    pub within: Option<IdKind>,
    /// The query string's schema: an object.
    pub query: Option<Describe>,
    /// Whether `If-Match` is looked at.
    pub if_match: bool,
    /// The body's schema.
    pub body: Option<Describe>,
    /// Whether no body at all is as good as an empty object.
    pub bodiless: bool,
    /// Whether the body is a form's fields, and not JSON.
    pub form: bool,
    /// The status of success.
    pub status: u16,
    /// Another status of success, with the same body.
    pub other_status: Option<u16>,
    /// Whether the answer holds a secret, and is not given again to whoever asks the same again.
    pub secret: bool,
    /// Whether the answer has an `ETag`.
    pub etag: bool,
    /// The answer's media type; `None` when it has no body.
    pub content_type: Option<&'static str>,
    /// The media type of the same answer where it is signed, if it may be.
    pub signed: Option<&'static str>,
    /// The answer's schema, where it is JSON of this API.
    pub answer: Option<Describe>,
}

impl Shape {
    /// Whether it is read of which version a thing is, so that whoever has that one can be told so.
    pub fn reads_a_version(&self, method: Method) -> bool {
        self.etag && method == Method::GET
    }
}

/// What an endpoint can take in.
pub trait Input {
    /// Writes itself into the shape.
    fn describe(shape: &mut Shape);
    /// A valid body made of things that exist.
    fn sample(known: &Known) -> Option<Value>;
}

/// What an endpoint can give out.
pub trait Output {
    /// Writes itself into the shape.
    fn describe(shape: &mut Shape);
}

/// A body of which an example can be made: documentation shows it, and the tests send it.
pub trait Body: JsonSchema + Validate {
    /// Members that are lists of measurements, whose numbers may lose their last digits on the way in.
    const MEASURED: &'static [&'static str] = &[];

    /// Whether no body at all is as good as an empty object: where nothing in it is needed.
    const MAY_BE_ABSENT: bool = false;

    /// Members that are lists, where it comes as a form's fields.
    const LISTS: &'static [&'static str] = &[];

    /// A valid example made of things that exist.
    fn example(known: &Known) -> Value;
}

/// An id that can stand in a path.
pub trait PathId {
    /// What it names.
    const KIND: IdKind;
}

macro_rules! path_ids {
    ($($id:ident is $kind:ident),+) => {
        $(impl PathId for $id {
            const KIND: IdKind = IdKind::$kind;
        })+
    };
}

path_ids! {
    NodeId is Node,
    EdgeId is Edge,
    SharedNodeId is SharedNode,
    SessionId is Session,
    ApiKeyId is ApiKey,
    FactorId is Factor,
    InvitationId is Invitation,
    UserId is User,
    ConsentId is Consent,
    InitialTokenId is InitialToken,
    ClientId is Client,
    ReviewId is Review,
    ReviewItemId is ReviewItem,
    ElevationId is Elevation,
    GrantId is Grant,
    RoleId is Role
}

impl Input for () {
    fn describe(_: &mut Shape) {}
    fn sample(_: &Known) -> Option<Value> {
        None
    }
}

impl<T: PathId> Input for Path<T> {
    fn describe(shape: &mut Shape) {
        shape.path = Some(T::KIND);
    }
    fn sample(_: &Known) -> Option<Value> {
        None
    }
}

impl<T: JsonSchema> Input for Query<T> {
    fn describe(shape: &mut Shape) {
        shape.query = Some(schema::<T>);
    }
    fn sample(_: &Known) -> Option<Value> {
        None
    }
}

impl<T: Body> Input for Json<T> {
    fn describe(shape: &mut Shape) {
        shape.body = Some(schema::<T>);
        shape.bodiless = T::MAY_BE_ABSENT;
    }
    fn sample(known: &Known) -> Option<Value> {
        Some(T::example(known))
    }
}

impl<T: Body> Input for Form<T> {
    fn describe(shape: &mut Shape) {
        shape.body = Some(schema::<T>);
        shape.form = true;
    }
    fn sample(known: &Known) -> Option<Value> {
        Some(T::example(known))
    }
}

impl<T: Body> Input for Parameters<T> {
    fn describe(shape: &mut Shape) {
        shape.body = Some(schema::<T>);
        shape.form = true;
    }
    fn sample(known: &Known) -> Option<Value> {
        Some(T::example(known))
    }
}

impl<T: Body> Input for ClientForm<T> {
    fn describe(shape: &mut Shape) {
        shape.body = Some(schema::<T>);
        shape.form = true;
    }
    fn sample(known: &Known) -> Option<Value> {
        Some(T::example(known))
    }
}

impl<T: Body> Input for ClientQuery<T> {
    fn describe(shape: &mut Shape) {
        shape.query = Some(schema::<T>);
    }
    fn sample(known: &Known) -> Option<Value> {
        Some(T::example(known))
    }
}

impl Input for RegistrationToken {
    fn describe(_: &mut Shape) {}
    fn sample(_: &Known) -> Option<Value> {
        None
    }
}

impl Input for Registrant {
    fn describe(shape: &mut Shape) {
        shape.path = Some(IdKind::Registered);
    }
    fn sample(_: &Known) -> Option<Value> {
        None
    }
}

impl<T: Body> Input for Registering<T> {
    fn describe(shape: &mut Shape) {
        shape.body = Some(schema::<T>);
    }
    fn sample(known: &Known) -> Option<Value> {
        Some(T::example(known))
    }
}

impl Input for IfMatch {
    fn describe(shape: &mut Shape) {
        shape.if_match = true;
    }
    fn sample(_: &Known) -> Option<Value> {
        None
    }
}

impl Input for Accept {
    fn describe(_: &mut Shape) {}
    fn sample(_: &Known) -> Option<Value> {
        None
    }
}

macro_rules! together {
    ($($part:ident),+) => {
        impl<$($part: Input),+> Input for ($($part,)+) {
            fn describe(shape: &mut Shape) {
                $($part::describe(shape);)+
            }
            fn sample(known: &Known) -> Option<Value> {
                None$(.or_else(|| $part::sample(known)))+
            }
        }
    };
}

together!(A, B);
together!(A, B, C);

impl<T: JsonSchema> Output for Json<T> {
    fn describe(shape: &mut Shape) {
        *shape = Shape { status: 200, content_type: Some("application/json"), answer: Some(schema::<T>), ..shape.clone() };
    }
}

impl<T: JsonSchema> Output for Created<T> {
    fn describe(shape: &mut Shape) {
        *shape = Shape { status: 201, content_type: Some("application/json"), answer: Some(schema::<T>), ..shape.clone() };
    }
}

impl<T: JsonSchema> Output for Accepted<T> {
    fn describe(shape: &mut Shape) {
        *shape = Shape { status: 202, content_type: Some("application/json"), answer: Some(schema::<T>), ..shape.clone() };
    }
}

impl<T: JsonSchema> Output for Issued<T> {
    fn describe(shape: &mut Shape) {
        <Created<T> as Output>::describe(shape);
        shape.secret = true;
    }
}

impl<T: JsonSchema> Output for Tagged<T> {
    fn describe(shape: &mut Shape) {
        <Json<T> as Output>::describe(shape);
        shape.etag = true;
    }
}

impl<T: JsonSchema> Output for Stored<T> {
    fn describe(shape: &mut Shape) {
        <Created<T> as Output>::describe(shape);
        (shape.other_status, shape.etag) = (Some(200), true);
    }
}

impl<T: JsonSchema> Output for Placed<T> {
    fn describe(shape: &mut Shape) {
        <Created<T> as Output>::describe(shape);
        shape.other_status = Some(200);
    }
}

impl Output for NoContent {
    fn describe(shape: &mut Shape) {
        shape.status = 204;
    }
}

impl<M: Media> Output for Document<M> {
    fn describe(shape: &mut Shape) {
        let media = M::TYPE.split(';').next();
        *shape = Shape { status: 200, content_type: media, ..shape.clone() };
    }
}

impl<T: JsonSchema, M: Media> Output for Signable<T, M> {
    fn describe(shape: &mut Shape) {
        <Json<T> as Output>::describe(shape);
        shape.signed = Some(M::TYPE);
    }
}

impl Output for Page {
    fn describe(shape: &mut Shape) {
        *shape = Shape { status: 200, content_type: Some("text/html"), ..shape.clone() };
    }
}

impl Output for Onward {
    fn describe(shape: &mut Shape) {
        *shape = Shape { status: 303, other_status: Some(200), content_type: Some("text/html"), ..shape.clone() };
    }
}

impl Output for Errand {
    fn describe(shape: &mut Shape) {
        <Onward as Output>::describe(shape);
    }
}

impl Output for Redirect {
    fn describe(shape: &mut Shape) {
        shape.status = 303;
    }
}

/// The shape of an endpoint with these types.
pub fn shape<I: Input, O: Output>() -> Shape {
    let mut shape = Shape::default();
    I::describe(&mut shape);
    O::describe(&mut shape);
    shape
}

fn schema<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}
