//! How clients prove who they are (RFC 6749, section 2.3; OpenID Connect Core, section 9).
//!
//! **Invariants:** a client authenticates by the one way that is registered of it, and by no other
//! (`a_client_proves_who_it_is_in_the_one_way_that_is_registered`); of a secret, who it claims
//! to be, and whether anybody is, changes neither answer nor work.

use std::sync::Arc;

use sha2::{Digest, Sha256};
use wardgraph_kernel::{ClientId, Secret, Timestamp};
use wardgraph_tokens::Thumbprint;

use crate::{Client, ErrorCode, Refusal, client};

client::words! {
    /// How a client proves who it is.
    AuthMethod {
        /// Not at all: it has no secret to keep.
        None = "none";
        /// By a secret, in the header.
        Basic = "client_secret_basic";
        /// By a secret, in the form.
        Post = "client_secret_post";
        /// By what it signed with a key of its own (RFC 7523).
        PrivateKeyJwt = "private_key_jwt";
    }
}

impl AuthMethod {
    /// Whether it goes by a secret that this server made.
    pub const fn has_secret(self) -> bool {
        matches!(self, Self::Basic | Self::Post)
    }
}

/// What a client shows.
#[derive(Debug, Clone)]
pub enum Evidence {
    /// Its name alone.
    Nothing,
    /// A secret, in the header.
    InHeader(Secret),
    /// A secret, in the form.
    InForm(Secret),
}

/// A client that proved who it is, or has nothing to prove it by.
#[derive(Debug, Clone)]
pub struct Authenticated {
    /// The client.
    pub client: Arc<Client>,
    /// How it did.
    pub method: AuthMethod,
    /// The key that it proved to hold besides, whose proof is used up (RFC 9449, section 5).
    pub key: Option<Thumbprint>,
}

impl Authenticated {
    /// Whether it proved anything.
    pub fn is_confidential(&self) -> bool {
        self.method != AuthMethod::None
    }

    /// Whether anybody could have come as this: it proves nothing, or nobody vouched for it and whoever likes registers another one.
    pub fn is_anybodys(&self) -> bool {
        !self.is_confidential() || self.client.organization.is_none()
    }
}

impl Evidence {
    const fn method(&self) -> AuthMethod {
        match self {
            Self::Nothing => AuthMethod::None,
            Self::InHeader(_) => AuthMethod::Basic,
            Self::InForm(_) => AuthMethod::Post,
        }
    }
}

/// Whether whoever shows this is the client, at `now`. `client` is what was found under the name that it gave.
///
/// # Errors
/// `invalid_client`, in the same words whatever is wrong.
pub fn judge(client: Option<Arc<Client>>, proof: &Evidence, now: Timestamp) -> Result<Authenticated, Refusal> {
    let method = proof.method();
    let known = match (proof, &client) {
        (Evidence::Nothing, _) => true,
        (Evidence::InHeader(secret) | Evidence::InForm(secret), Some(client)) => client.knows(secret, now),
        // The work of a look, for nobody.
        (Evidence::InHeader(secret) | Evidence::InForm(secret), None) => {
            std::hint::black_box(Sha256::digest(secret.expose()));
            false
        }
    };
    let registered = |client: &Arc<Client>| client.registered.auth_method == method && client.disabled_at.is_none();
    match client.filter(registered).filter(|_| known) {
        Some(client) => Ok(Authenticated { client, method, key: None }),
        None => Err(wrong(method == AuthMethod::Basic)),
    }
}

/// The one answer to whoever is not the client.
pub fn wrong(by_header: bool) -> Refusal {
    let refusal =
        Refusal::new(ErrorCode::InvalidClient, "the client is unknown, or did not prove who it is as it is registered to");
    Refusal { by_header, ..refusal }
}

/// Reads the name that a client gives; one that cannot be a name is nobody's.
pub fn name(text: &str) -> Option<ClientId> {
    ClientId::parse(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::{NewSecret, tests::client};
    use wardgraph_kernel::SeededChance;

    #[test]
    fn a_client_proves_who_it_is_in_the_one_way_that_is_registered() {
        let (chance, now) = (SeededChance::new(1), Timestamp::UNIX_EPOCH);
        let (secret, other) = (NewSecret::generate(now, &chance), NewSecret::generate(now, &chance));
        let of = |text: &NewSecret| text.text.clone();
        for registered in AuthMethod::ALL {
            let found = Arc::new(client(*registered, &[&secret]));
            for (proof, method) in [
                (Evidence::Nothing, AuthMethod::None),
                (Evidence::InHeader(of(&secret)), AuthMethod::Basic),
                (Evidence::InForm(of(&secret)), AuthMethod::Post),
            ] {
                let judged = judge(Some(found.clone()), &proof, now);
                assert_eq!(judged.is_ok(), *registered == method, "{registered:?} {method:?}");
                assert_eq!(judged.err(), (*registered != method).then(|| wrong(method == AuthMethod::Basic)));
            }
            for proof in [Evidence::InHeader(of(&other)), Evidence::InForm(of(&other)), Evidence::InForm(Secret::new(""))] {
                assert!(judge(Some(found.clone()), &proof, now).is_err(), "{registered:?}");
                assert_eq!(judge(None, &proof, now).err(), judge(Some(found.clone()), &proof, now).err());
            }
            let mut disabled = client(*registered, &[&secret]);
            disabled.disabled_at = Some(now);
            let disabled = Arc::new(disabled);
            for proof in [Evidence::Nothing, Evidence::InHeader(of(&secret)), Evidence::InForm(of(&secret))] {
                assert!(judge(Some(disabled.clone()), &proof, now).is_err());
            }
        }
        assert!(judge(None, &Evidence::Nothing, now).is_err());
    }
}
