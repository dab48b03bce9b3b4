//! Every route on one page.

use std::{sync::Arc, time::Duration};

use metrics_exporter_prometheus::PrometheusHandle;
use wardgraph_api::table::{
    account as a, auth, authorize as z, authz as dz, clients as c, device as d, disown as n, elevation as el, embedding as em,
    graph as g, invitation_pages as ip, invitations as i, mfa as m, oauth as o, organizations as org, pages as p, passkeys as k,
    registration as r, reviews as rv, roles as ro, shared, system as s, users as u,
};
use wardgraph_embed::Embedder;
use wardgraph_gate::Gate;
use wardgraph_graph::{
    embedding::Backlog,
    node::MostVersions,
    search::{Coverage, Routes},
};
use wardgraph_kernel::Clock;
use wardgraph_tokens::{OwnIssuer, RemoteKeys};
use wardgraph_vault::Vault;

use crate::{
    Accounts, Api, Edge, HealthState, Mounted, Newcomers, QueryVectors,
    handlers::{
        self, account, auth as ceremonies, authorize, authz, batch, clients, deleted, device, edges, elevation, embeddings,
        events, invitations, mfa, nodes, oauth, organizations, pages, registration, relations, reviews, roles, search, system,
        users, versions,
    },
};

/// What handlers are given besides their pass and input, one for all of them. Nothing of it reaches data.
pub type Services = Arc<Provisions>;

/// What [`Services`] are made of.
pub struct Provisions {
    /// The embedding model.
    pub embedder: Arc<dyn Embedder>,
    /// The vectors of recent queries.
    pub queries: QueryVectors,
    /// How each tenant's vectors are searched.
    pub routes: Arc<Routes>,
    /// Whose search by meaning finds a part of the nodes alone.
    pub coverage: Coverage,
    /// Which tenants have as many nodes waiting for vectors as they may.
    pub backlog: Backlog,
    /// The state of the parts.
    pub health: Arc<HealthState>,
    /// Time, for the uptime.
    pub clock: Arc<dyn Clock>,
    /// The process's metrics.
    pub metrics: PrometheusHandle,
    /// What seals secrets.
    pub vault: Vault,
    /// This server as an issuer.
    pub issuer: OwnIssuer,
    /// How accounts are kept.
    pub accounts: Accounts,
    /// The keys that clients of the OAuth server publish.
    pub client_keys: Arc<RemoteKeys>,
    /// How clients come that nobody registered.
    pub newcomers: Newcomers,
    /// How many earlier versions of a node are kept.
    pub most_versions: MostVersions,
    /// How long a deleted node can be brought back.
    pub grace_period: Duration,
    /// How long a deleted organization can be restored.
    pub organizations_grace: Duration,
}

impl std::fmt::Debug for Provisions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Provisions").field("embedder", &self.embedder).finish_non_exhaustive()
    }
}

/// The whole API.
#[expect(clippy::too_many_lines, reason = "every route on one page")]
pub fn api(gate: Arc<Gate>, services: &Services, edge: Edge) -> Mounted {
    let api = Api::new(gate, edge)
        .mount(s::Live, system::live)
        .mount(s::ReadyNow, with(services, system::ready))
        .mount(s::HealthNow, with(services, system::health))
        .mount(s::Metrics, with(services, system::metrics))
        .mount(s::OpenApi, system::openapi)
        .mount(s::Docs, system::docs)
        .mount(s::Jwks, with(services, system::jwks))
        .mount(s::WhoAmI, system::whoami)
        .mount(g::CreateNode, with(services, nodes::create))
        .mount(g::CreateNodes, with(services, batch::create_all))
        .mount(g::ListNodes, nodes::list)
        .mount(g::GetNode, nodes::get)
        .mount(g::ListNodeEmbeddings, embeddings::list)
        .mount(g::PatchNode, with(services, versions::patch))
        .mount(g::ReplaceNode, with(services, versions::replace))
        .mount(g::DeleteNode, with(services, versions::delete))
        .mount(g::ListNodeVersions, versions::list)
        .mount(g::GetNodeVersion, versions::get)
        .mount(g::RestoreNode, with(services, versions::restore))
        .mount(g::ListDeletedNodes, deleted::list)
        .mount(g::CreateEdge, edges::create)
        .mount(g::CreateEdges, edges::create_all)
        .mount(g::ListEdges, edges::list)
        .mount(g::GetEdge, edges::get)
        .mount(g::DeleteEdge, edges::delete)
        .mount(g::ClearEdges, relations::clear)
        .mount(g::ListNeighbours, relations::neighbours)
        .mount(g::GetLineage, relations::lineage)
        .mount(g::ListEvents, events::list)
        .mount(g::Search, with(services, search::search))
        .mount(em::GetEmbeddingState, embeddings::state)
        .mount(em::RequeueEmbeddings, with(services, embeddings::requeue))
        .mount(shared::CreateSharedNode, with(services, nodes::create))
        .mount(shared::CreateSharedNodes, with(services, batch::create_all))
        .mount(shared::PatchSharedNode, with(services, versions::patch))
        .mount(shared::ReplaceSharedNode, with(services, versions::replace))
        .mount(shared::ListSharedNodeVersions, versions::list)
        .mount(shared::GetSharedNodeVersion, versions::get)
        .mount(shared::RestoreSharedNode, with(services, handlers::shared::restore))
        .mount(shared::DeleteSharedNode, handlers::shared::delete)
        .mount(shared::GetSharedEmbeddingState, embeddings::state)
        .mount(shared::RequeueSharedEmbeddings, with(services, embeddings::requeue))
        .mount(m::EnableMfa, with(services, mfa::enrol::enable))
        .mount(m::EnrolMfa, with(services, mfa::enrol::enrol))
        .mount(m::VerifyMfa, with(services, mfa::verify::verify))
        .mount(m::ListFactors, with(services, mfa::factors::list))
        .mount(m::RenameFactor, mfa::factors::rename)
        .mount(m::MakeRecoveryCodes, mfa::factors::make_codes)
        .mount(m::RequireMfa, organizations::own::require_mfa)
        .mount(m::RemoveFactor, with(services, mfa::factors::remove))
        .mount(k::BeginPasskey, with(services, mfa::passkey::begin))
        .mount(u::ListUsers, users::list)
        .mount(u::GetUser, users::get)
        .mount(u::DisableUser, users::disable)
        .mount(u::EnableUser, users::enable)
        .mount(u::TakeFactors, users::take_factors)
        .mount(u::EndUserSessions, users::end_sessions)
        .mount(u::DeleteUser, users::delete)
        .mount(c::CreateClient, with(services, clients::create))
        .mount(c::ListClients, clients::list)
        .mount(c::GetClient, clients::get)
        .mount(c::ReplaceClient, with(services, clients::replace))
        .mount(c::DeleteClient, clients::delete)
        .mount(c::RotateClientSecret, clients::rotate)
        .mount(o::Token, with(services, oauth::token::token))
        .mount(o::Introspect, with(services, oauth::introspect::by_form))
        .mount(o::IntrospectByQuery, with(services, oauth::introspect::by_query))
        .mount(o::ServerMetadata, with(services, oauth::metadata::server))
        .mount(o::OpenIdConfiguration, with(services, oauth::metadata::openid))
        .mount(o::Revoke, with(services, oauth::revoke::give_back))
        .mount(a::GetMe, account::me::get)
        .mount(a::UpdateMe, account::me::update)
        .mount(a::ListApiKeys, account::keys::list)
        .mount(a::CreateApiKey, account::keys::create)
        .mount(a::RotateApiKey, account::keys::rotate)
        .mount(a::RevokeApiKey, account::keys::revoke_one)
        .mount(a::ListSessions, with(services, account::sessions::list))
        .mount(a::EndSession, account::sessions::end)
        .mount(a::ChangePassword, with(services, account::password::change))
        .mount(a::Logout, account::sessions::logout)
        .mount(a::EndSessions, account::sessions::end_all)
        .mount(a::DeleteMe, users::delete_me)
        .mount(i::Invite, with(services, invitations::make::invite))
        .mount(i::ListInvitations, invitations::make::list)
        .mount(i::WithdrawInvitation, invitations::make::withdraw)
        .mount(i::AcceptInvitation, with(services, invitations::follow::accept))
        .mount(i::ListOrganizations, invitations::follow::organizations)
        .mount(i::JoinOrganization, with(services, invitations::follow::join))
        .mount(i::SetUp, with(services, invitations::setup::set_up))
        .mount(auth::Register, with(services, ceremonies::register::register))
        .mount(auth::Login, with(services, ceremonies::login::login))
        .mount(auth::Refresh, with(services, ceremonies::refresh::refresh))
        .mount(auth::VerifyEmail, with(services, ceremonies::links::verify))
        .mount(auth::RequestPasswordReset, with(services, ceremonies::links::request))
        .mount(auth::ConfirmPasswordReset, with(services, ceremonies::links::confirm))
        .mount(z::Authorize, with(services, authorize::ask::ask))
        .mount(z::AuthorizeByForm, authorize::ask::by_form)
        .mount(z::Agree, authorize::agree::agree)
        .mount(z::PushRequest, with(services, authorize::push::push))
        .mount(z::UserInfo, with(services, authorize::userinfo::get))
        .mount(z::UserInfoByPost, with(services, authorize::userinfo::post))
        .mount(z::EndSessionForClient, with(services, authorize::sign_out::at_a_clients_word))
        .mount(z::SignOutForClient, with(services, authorize::sign_out::agreed))
        .mount(z::ListConsents, authorize::consents::list)
        .mount(z::RevokeConsent, authorize::consents::take_back_one)
        .mount(z::ApplicationsPage, authorize::consents::page)
        .mount(z::RevokeConsentByPage, authorize::consents::take_back_by_page)
        .mount(z::ResourceDocument, with(services, authorize::resource::document))
        .mount(z::SendScript, authorize::resource::script);
    with_organizations(with_pages(api, services), services).finish()
}

/// What people see.
fn with_pages(api: Api, services: &Services) -> Api {
    api.mount(p::Home, pages::home)
        .mount(p::Stylesheet, pages::stylesheet)
        .mount(p::PasskeyScript, pages::script)
        .mount(p::Icon, pages::icon)
        .mount(p::SignInPage, with(services, pages::sign_in::page))
        .mount(p::SignIn, with(services, pages::sign_in::sign_in))
        .mount(p::SecondFactor, with(services, pages::second_factor::show))
        .mount(p::EnrolSigningIn, with(services, pages::second_factor::enrol))
        .mount(p::SignOut, pages::sign_in::sign_out)
        .mount(p::RegisterPage, with(services, pages::register::page))
        .mount(p::RegisterByPage, with(services, pages::register::register))
        .mount(p::ConfirmAddressPage, pages::links::confirmation)
        .mount(p::ConfirmAddress, with(services, pages::links::confirm))
        .mount(p::ForgotPage, pages::links::forgot_page)
        .mount(p::Forgot, with(services, pages::links::forgot))
        .mount(p::ResetPage, pages::links::reset_page)
        .mount(p::ResetByPage, with(services, pages::links::reset))
        .mount(p::AccountPage, pages::account::page)
        .mount(p::Rename, pages::account::rename)
        .mount(p::SecurityPage, with(services, pages::account::security))
        .mount(p::NewFactorPage, with(services, pages::second_factor::new_page))
        .mount(p::AddFactor, with(services, pages::second_factor::add))
        .mount(p::RemoveFactorByPage, with(services, pages::second_factor::remove))
        .mount(p::NewCodesByPage, pages::second_factor::new_codes)
        .mount(p::PasswordPage, pages::account::password_page)
        .mount(p::ChangePasswordByPage, with(services, pages::account::change_password))
        .mount(p::SessionsPage, with(services, pages::account::sessions))
        .mount(p::EndSessionByPage, pages::account::end_session)
        .mount(p::KeysPage, pages::keys::page)
        .mount(p::NewKeyPage, pages::keys::new_page)
        .mount(p::MakeKey, pages::keys::make)
        .mount(p::RevokeKeyByPage, pages::keys::revoke)
        .mount(ip::InvitationPage, with(services, pages::invitations::page))
        .mount(ip::AcceptByPage, with(services, pages::invitations::accept))
        .mount(ip::JoinPage, with(services, pages::invitations::join_page))
        .mount(ip::JoinByPage, with(services, pages::invitations::join))
        .mount(ip::SetupPage, pages::invitations::setup_page)
        .mount(ip::SetUpByPage, with(services, pages::invitations::set_up))
        .mount(ip::InvitationsPage, pages::invitations::list)
        .mount(ip::NewInvitationPage, pages::invitations::new_page)
        .mount(ip::InviteByPage, with(services, pages::invitations::invite))
        .mount(ip::WithdrawByPage, pages::invitations::withdraw)
        .mount(ip::RenameFactorPage, with(services, pages::second_factor::rename_page))
        .mount(ip::RenameFactorByPage, pages::second_factor::rename)
        .mount(ip::RotateKeyPage, pages::keys::rotation_page)
        .mount(ip::RotateKeyByPage, pages::keys::rotate)
        .mount(n::DisownFactor, with(services, ceremonies::disown::disown))
        .mount(n::DisownPage, pages::links::disown_page)
        .mount(n::DisownByPage, with(services, pages::links::disown))
        .mount(d::AskForDevice, with(services, device::ask::ask))
        .mount(d::DevicePage, device::open::page)
        .mount(d::OpenDevice, device::open::open)
        .mount(d::DecideForDevice, device::decide::decide)
        .mount(r::RegisterClient, with(services, registration::register))
        .mount(r::GetRegistration, with(services, registration::read))
        .mount(r::UpdateRegistration, with(services, registration::update))
        .mount(r::DeleteRegistration, registration::delete)
        .mount(r::CreateInitialToken, with(services, registration::tokens::create))
        .mount(r::ListInitialTokens, registration::tokens::list)
        .mount(r::DeleteInitialToken, registration::tokens::withdraw)
}

/// Who is in an organization and may do what, and whoever asks so.
fn with_organizations(api: Api, services: &Services) -> Api {
    api.mount(dz::Explain, authz::explain::explain)
        .mount(dz::ExplainOwn, authz::explain::own)
        .mount(dz::Evaluate, authz::evaluate::one)
        .mount(dz::EvaluateAll, authz::evaluate::all)
        .mount(dz::SearchSubjects, authz::search::subjects)
        .mount(dz::SearchResources, authz::search::resources)
        .mount(dz::SearchActions, authz::search::actions)
        .mount(dz::AuthzenConfiguration, with(services, authz::metadata::document))
        .mount(rv::BeginReview, reviews::begin)
        .mount(rv::ListReviews, reviews::list)
        .mount(rv::GetReview, reviews::get)
        .mount(rv::ListReviewItems, reviews::items)
        .mount(rv::DecideReviewItem, reviews::decide)
        .mount(rv::CloseReview, reviews::close)
        .mount(rv::ExportReview, reviews::evidence::lines)
        .mount(rv::ExportReviewTable, reviews::evidence::table)
        .mount(rv::ListUnused, reviews::unused)
        .mount(el::Elevate, with(services, elevation::begin))
        .mount(el::ListElevations, elevation::list)
        .mount(el::EndElevation, elevation::end)
        .mount(ro::ListRoles, roles::list)
        .mount(ro::GetRole, roles::get)
        .mount(ro::CreateRole, roles::create)
        .mount(ro::ReplaceRole, roles::replace)
        .mount(ro::DeleteRole, roles::delete)
        .mount(ro::ListGrants, roles::grants::list)
        .mount(ro::MakeGrant, roles::grants::make)
        .mount(ro::RevokeGrant, roles::grants::revoke)
        .mount(ro::GetUserPermissions, roles::effective::of_user)
        .mount(ro::GetOwnPermissions, roles::effective::own)
        .mount(ro::GetClientPermissions, roles::effective::of_client)
        .mount(org::CreateOrganization, organizations::own::create)
        .mount(org::ListEveryOrganization, organizations::directory::list)
        .mount(org::GetOwnOrganization, organizations::own::get_own)
        .mount(org::GetOrganization, organizations::own::get)
        .mount(org::ChangeOrganization, organizations::own::change)
        .mount(org::SetTier, organizations::own::set_tier)
        .mount(org::TransferOrganization, organizations::ends::transfer)
        .mount(org::DeleteOrganization, with(services, organizations::ends::delete))
        .mount(org::RestoreOrganization, organizations::ends::restore)
        .mount(org::ListMembers, organizations::members::list)
        .mount(org::ChangeMember, organizations::members::change)
        .mount(org::RemoveMember, organizations::members::remove)
        .mount(org::LeaveOrganization, organizations::members::leave)
        .mount(org::Switch, with(services, organizations::switch::switch))
        .mount(org::SetGlobalRole, organizations::directory::set_global_role)
}

/// A handler that is given the services too.
fn with<P, I, F, H>(services: &Services, handler: H) -> impl Fn(P, I) -> F + Clone + use<P, I, F, H>
where
    H: Fn(P, I, Services) -> F + Clone,
{
    let services = services.clone();
    move |pass, input| handler(pass, input, services.clone())
}
