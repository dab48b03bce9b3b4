//! Clients: what is registered of them, as it is remembered, and how it is kept.

mod about;
mod acts;
mod anew;
mod check;
mod described;
pub mod document;
pub mod fetch;
pub mod initial;
pub mod operator;
mod own;
pub mod registered;
mod rows;
pub(crate) mod words;

pub use about::About;
pub(crate) use acts::BEFORE;
pub use acts::{Registrar, Shut, disown, end_with, registrar};
pub use check::{Flaw, check};
pub use described::{Described, Terms, Unfit, read};
pub use own::{Changed, create, create_for, delete, get, list, replace, rotate};
pub use rows::find;
pub(crate) use words::words;
pub use words::{GrantType, Source};

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use wardgraph_kernel::{Chance, ClientId, ClientSecretId, OrganizationRole, Permissions, Secret, TenantId, Timestamp};
use wardgraph_store::StatementInfo;
use wardgraph_tokens::Algorithm;

use crate::{AuthMethod, scope};

pub(crate) const STATEMENTS: &[&StatementInfo] = &[
    acts::DISOWN.info(),
    acts::REGISTRAR.info(),
    acts::SIGN.info(),
    acts::SIGN_FOR.info(),
    own::CREATE.info(),
    own::CREATE_FOR.info(),
    own::DELETE.info(),
    own::EXPIRE.info(),
    own::FORGET_SECRETS.info(),
    own::GET.info(),
    own::HOLD.info(),
    own::KEEP_SECRET.info(),
    own::KEEP_SECRET_FOR.info(),
    own::LIST.info(),
    own::REPLACE.info(),
    rows::FIND.info(),
    operator::DELETE.info(),
    operator::DROP_SECRETS.info(),
    operator::EXPIRE.info(),
    operator::HOLD.info(),
    operator::LIST.info(),
    operator::LIST_OF.info(),
    operator::REPLACE.info(),
    registered::BELIEVE.info(),
    registered::DESCRIBE.info(),
    registered::MAKE_ROOM.info(),
    registered::SWEEP.info(),
    initial::HOLD.info(),
    initial::LIST.info(),
    initial::MAKE.info(),
    initial::MAKE_FOR.info(),
    initial::SPEND.info(),
    initial::SWEEP.info(),
    initial::WITHDRAW.info(),
];

/// What remembering one takes besides it, about, in bytes.
const OVERHEAD: usize = 256;
/// How a secret of a client begins, for whoever finds one where it should not be.
const SECRET_PREFIX: &str = "wgcs_";

/// What is registered of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a word of its own of what is registered")]
pub struct Registration {
    /// What people are shown.
    pub name: String,
    /// How it proves who it is.
    pub auth_method: AuthMethod,
    /// By what it gets tokens.
    pub grant_types: Vec<GrantType>,
    /// Where browsers may be sent back to.
    pub redirect_uris: Vec<String>,
    /// Where browsers may be sent after signing out.
    pub post_logout_redirect_uris: Vec<String>,
    /// Where it wants to be told of a sign-out.
    pub backchannel_logout_uri: Option<String>,
    /// The most that it may ever ask for.
    pub scopes: Vec<String>,
    /// Other places than this server that it may ask tokens for, and whose tokens it may ask about.
    pub resources: Vec<String>,
    /// What it may do on its own behalf.
    pub role: Option<OrganizationRole>,
    /// Whether it is the operator's own, and asks nobody for consent.
    pub first_party: bool,
    /// Whether its tokens are good only with proof of a key (RFC 9449).
    pub dpop_bound: bool,
    /// Whether its authorization requests must be pushed (RFC 9126).
    pub require_par: bool,
    /// What its ID tokens are signed with.
    pub id_token_alg: Algorithm,
    /// What its access tokens are signed with; as the server sees fit if nothing is said.
    pub access_token_alg: Option<Algorithm>,
    /// Its public keys, as a JWK set.
    pub jwks: Option<String>,
    /// Where it publishes them.
    pub jwks_uri: Option<String>,
    /// Whether it needs to be told which of its sessions ended. It always is.
    pub backchannel_logout_session: bool,
    /// What it is told of people by userinfo is signed with this; not at all if nothing is said.
    pub userinfo_alg: Option<Algorithm>,
    /// What it is told of tokens is signed with this (RFC 9701); if nothing is said, only where it asks for that.
    pub introspection_alg: Option<Algorithm>,
}

/// A client.
#[derive(Debug, Clone)]
pub struct Client {
    /// Its id: no secret.
    pub id: ClientId,
    /// Whose it is: what it gets on its own behalf is good there. Nobody's, if it registered itself without anybody's word or is known by its document.
    pub organization: Option<TenantId>,
    /// Raised with every change.
    pub generation: i64,
    /// How it came to be.
    pub source: Source,
    /// When.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
    /// Since when it may do nothing.
    pub disabled_at: Option<Timestamp>,
    /// What is registered of it.
    pub registered: Registration,
    /// What it says of itself besides.
    pub about: About,
    /// Until when its document is believed, if it is known by one.
    pub believed_until: Option<Timestamp>,
    /// Since which generation people would have agreed to what it is now.
    pub(crate) asks_from: i64,
    /// SHA-256 of the token by which it sees to its own registration.
    registration_verifier: Option<Vec<u8>>,
    /// The secrets that are good for something, or were not long ago.
    pub secrets: Vec<KeptSecret>,
}

/// A secret, as it is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct KeptSecret {
    /// SHA-256.
    verifier: [u8; 32],
    /// When it ends.
    pub expires_at: Option<Timestamp>,
}

impl std::fmt::Debug for KeptSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeptSecret").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

/// A secret that was made just now: it is shown once.
#[derive(Debug, Clone)]
pub struct NewSecret {
    /// Its id.
    pub id: ClientSecretId,
    /// What opens.
    pub text: Secret,
    verifier: [u8; 32],
}

impl NewSecret {
    /// A secret with 256 bits of chance: a hash of it needs no salt, and no time.
    pub fn generate(now: Timestamp, chance: &dyn Chance) -> Self {
        let drawn = Secret::generate(chance);
        let text = Secret::new(format!("{SECRET_PREFIX}{}", drawn.expose()));
        let verifier = Sha256::digest(text.expose()).into();
        Self { id: ClientSecretId::new(now, chance), text, verifier }
    }
}

impl Client {
    /// Whether a text is one of its secrets that are good at `now`. Takes as long whichever it is, if any.
    pub fn knows(&self, secret: &Secret, now: Timestamp) -> bool {
        let given: [u8; 32] = Sha256::digest(secret.expose()).into();
        let lives = |kept: &&KeptSecret| kept.expires_at.is_none_or(|until| now < until);
        self.secrets.iter().filter(lives).fold(false, |known, kept| bool::from(kept.verifier.ct_eq(&given)) | known)
    }

    /// The same client, with no more than `most` where nobody vouched for it: what may be registered by now counts, and not what might when it was.
    #[must_use]
    pub fn within(mut self, most: &[String]) -> Self {
        if self.organization.is_none() {
            self.registered.scopes = scope::among(&self.registered.scopes, most);
        }
        self
    }

    /// Whether whoever runs the server vouches for it, everywhere.
    pub fn is_the_operators(&self) -> bool {
        self.registered.first_party && self.source == Source::Cli
    }

    /// Whether a text is the token by which it sees to its own registration (RFC 7592). Nobody who was disabled has one that is good, and none whose
    /// registration its organization took over.
    pub fn sees_to_itself_by(&self, token: &Secret) -> bool {
        let given = Sha256::digest(token.expose());
        let kept = self.registration_verifier.as_deref().unwrap_or_default();
        let verifies = bool::from(kept.ct_eq(given.as_slice()));
        verifies && self.source == Source::Dynamic && self.disabled_at.is_none()
    }

    /// Whether it gets tokens by this.
    pub fn grants(&self, grant_type: GrantType) -> bool {
        self.disabled_at.is_none() && self.registered.grant_types.contains(&grant_type)
    }

    /// The scopes that it may have on its own behalf: what is registered, as far as its role allows it, or what it is granted besides. None about a
    /// person.
    pub fn own_scopes(&self, granted: Permissions) -> Vec<String> {
        let mut words = scope::within(&self.registered.scopes, self.role_permissions().union(granted));
        words.retain(|word| !scope::PERSONAL.contains(&word.as_str()));
        words
    }

    fn role_permissions(&self) -> Permissions {
        self.registered.role.map_or(Permissions::NONE, OrganizationRole::permissions)
    }

    /// Where else than here it may ask tokens for.
    pub fn may_ask_for(&self, resource: &str) -> bool {
        self.registered.resources.iter().any(|known| known == resource)
    }

    /// How much memory it takes, about, in bytes: all that it holds, twice its ids included, by which it is remembered.
    pub fn weight(&self) -> usize {
        let text = |text: &String| text.capacity() + size_of::<String>();
        let registered = &self.registered;
        let lists = [&registered.redirect_uris, &registered.post_logout_redirect_uris, &registered.scopes, &registered.resources];
        let lists: usize = lists.into_iter().flatten().map(text).sum();
        let alone = [&registered.backchannel_logout_uri, &registered.jwks, &registered.jwks_uri];
        let alone: usize = alone.into_iter().flatten().map(text).sum();
        let ids = 2 * self.id.as_str().len()
            + self.organization.as_ref().map_or(0, |home| home.as_str().len())
            + self.about.weight()
            + text(&registered.name);
        let small = size_of_val(registered.grant_types.as_slice()) + size_of_val(self.secrets.as_slice());
        size_of::<Self>() + OVERHEAD + lists + alone + ids + small
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use wardgraph_kernel::SeededChance;

    /// A client with two secrets, the second of which ends at second 100.
    pub(crate) fn client(auth_method: AuthMethod, secrets: &[&NewSecret]) -> Client {
        let at = |second| Timestamp::from_second(second).unwrap();
        Client {
            id: ClientId::generate(&SeededChance::new(7)),
            organization: TenantId::parse("org_a").ok(),
            generation: 1,
            source: Source::Api,
            created_at: at(0),
            updated_at: at(0),
            disabled_at: None,
            registered: Registration {
                name: "a client".into(),
                auth_method,
                grant_types: vec![GrantType::ClientCredentials],
                redirect_uris: Vec::new(),
                post_logout_redirect_uris: Vec::new(),
                backchannel_logout_uri: None,
                scopes: vec!["nodes:write".into(), "events:read".into(), "openid".into()],
                resources: vec!["https://api.example".into()],
                role: Some(OrganizationRole::Analyst),
                first_party: false,
                dpop_bound: false,
                require_par: false,
                id_token_alg: Algorithm::RS256,
                access_token_alg: None,
                jwks: None,
                jwks_uri: None,
                backchannel_logout_session: false,
                userinfo_alg: None,
                introspection_alg: None,
            },
            about: About::default(),
            believed_until: None,
            asks_from: 0,
            registration_verifier: None,
            secrets: secrets
                .iter()
                .enumerate()
                .map(|(turn, secret)| KeptSecret { verifier: secret.verifier, expires_at: (turn == 1).then(|| at(100)) })
                .collect(),
        }
    }

    #[test]
    fn a_secret_is_good_until_its_end_and_no_other_is() {
        let (chance, at) = (SeededChance::new(1), |second| Timestamp::from_second(second).unwrap());
        let [one, two, other] = [1, 2, 3].map(|_| NewSecret::generate(at(0), &chance));
        let client = client(AuthMethod::Basic, &[&one, &two]);
        assert!(client.knows(&one.text, at(0)) && client.knows(&one.text, at(1_000_000)));
        assert!(client.knows(&two.text, at(99)) && !client.knows(&two.text, at(100)));
        for wrong in [other.text, Secret::new(""), Secret::new(one.text.expose().to_uppercase())] {
            assert!(!client.knows(&wrong, at(0)));
        }
        assert!(!format!("{client:?}").contains(&format!("{:?}", one.verifier)));
    }

    #[test]
    fn what_nobody_vouched_for_has_no_more_than_may_be_had_by_now() {
        let most = ["nodes:read".to_owned()];
        let vouched = client(AuthMethod::Basic, &[]);
        assert_eq!(vouched.clone().within(&most).registered, vouched.registered);
        let nobodys = Client { organization: None, ..vouched };
        assert_eq!(nobodys.clone().within(&most).registered.scopes, ["nodes:read"]);
        assert_eq!(nobodys.clone().within(&nobodys.registered.scopes.clone()).registered, nobodys.registered);
    }

    #[test]
    fn a_client_weighs_all_that_it_holds() {
        let (chance, at) = (SeededChance::new(1), Timestamp::UNIX_EPOCH);
        let light = client(AuthMethod::Basic, &[]).weight();
        let long = "x".repeat(1 << 16);
        let heavier = |change: &dyn Fn(&mut Registration)| {
            let mut client = client(AuthMethod::Basic, &[]);
            change(&mut client.registered);
            client.weight() - light
        };
        for change in [
            &|of: &mut Registration| of.name.clone_from(&long) as _,
            &|of: &mut Registration| of.redirect_uris.push(long.clone()),
            &|of: &mut Registration| of.post_logout_redirect_uris.push(long.clone()),
            &|of: &mut Registration| of.scopes.push(long.clone()),
            &|of: &mut Registration| of.resources.push(long.clone()),
            &|of: &mut Registration| of.backchannel_logout_uri = Some(long.clone()),
            &|of: &mut Registration| of.jwks = Some(long.clone()),
            &|of: &mut Registration| of.jwks_uri = Some(long.clone()),
        ] as [&dyn Fn(&mut Registration); 8]
        {
            assert!(heavier(change) >= 65_000, "{}", heavier(change));
        }
        let secrets: Vec<_> = (0..5).map(|_| NewSecret::generate(at, &chance)).collect();
        let kept = client(AuthMethod::Basic, &secrets.iter().collect::<Vec<_>>());
        assert!(kept.weight() >= light + 5 * 32);
    }

    #[test]
    fn a_client_does_on_its_own_behalf_what_its_role_allows() {
        let mut client = client(AuthMethod::Basic, &[]);
        assert_eq!(client.own_scopes(Permissions::NONE), ["nodes:read"]);
        client.registered.role = None;
        assert_eq!(client.own_scopes(Permissions::NONE), [""; 0]);
    }
}
