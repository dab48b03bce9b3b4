//! What a caller may do: what their roles come to, and what their credential leaves of it.

use std::sync::{Arc, LazyLock};

use uuid::Uuid;
use wardgraph_access::{Bound, Explanation, Matcher, Name, On, Question};
use wardgraph_kernel::{ActorType, ClientId, Holder, Permission, Permissions, UserId};
use wardgraph_tokens::Claims;

use crate::{caller::account, standing::Known};

/// What nothing allows.
static NOTHING: LazyLock<Arc<Bound>> = LazyLock::new(|| Arc::new(Bound::from(Permissions::NONE)));

/// What a caller may do in their tenant, as of the last second.
///
/// | credential | decides | bounds |
/// |---|---|---|
/// | a person's own session | what they hold | none |
/// | the same in a browser | what they hold in the organization | none |
/// | a client's token of a person | what the person holds | the token's scopes |
/// | a client's token of its own | what the client holds | the token's scopes |
/// | an API key | what its owner holds in the organization | the key's scopes |
/// | an administrator's way into the organization | its scopes | |
/// | a token of an outside issuer | its scopes, below the issuer's ceiling | |
#[derive(Debug, Clone)]
pub struct Authority {
    roles: Option<Roles>,
    user: Option<UserId>,
    bound: Option<Arc<Bound>>,
}

/// What somebody holds, and what it comes to.
#[derive(Debug, Clone)]
pub(crate) struct Roles {
    pub(crate) known: Arc<Known>,
    pub(crate) matcher: Arc<Matcher>,
}

/// By what a caller may do what they may.
#[derive(Debug)]
pub(crate) enum Whose {
    /// By scopes alone: nobody here is meant.
    Nobodys(Arc<Bound>),
    /// By what somebody holds.
    Holder {
        holder: Holder,
        /// Whether what they hold on the whole server counts.
        global: bool,
        /// Of which generation they were when the credential was made: what is known of an earlier one is known no more.
        generation: i64,
        bound: Option<Arc<Bound>>,
    },
}

impl Whose {
    /// By what a credential's owner may do something, with a browser or otherwise. `key` is what an API key leaves.
    pub(crate) fn of(claims: &Claims, in_browser: bool, key: Option<Arc<Bound>>) -> Self {
        let scopes = || Arc::new(Bound::from(claims.permissions));
        let user = || Uuid::try_parse(&claims.subject).ok().map(|id| Holder::User(id.into()));
        let generation = claims.own.as_ref().map_or(0, |own| own.generation);
        let person = |global, bound| user().map(|holder| Self::Holder { holder, global, generation, bound });
        let whose = match (&claims.own, claims.actor.kind) {
            // A role on the whole server is a person's who signed in for it, and no key's and no page's.
            (_, ActorType::ApiKey) => person(false, Some(key.unwrap_or_else(|| NOTHING.clone()))),
            // An administrator's way into an organization's content is nobody's who could hold anything there.
            (Some(own), _) if own.is_elevated() => None,
            (Some(own), ActorType::Client) if own.is_a_clients() => {
                let client = ClientId::parse(&claims.subject).map(Holder::Client);
                // Of a token that came of another client's, the generation is not this one's.
                let generation = if *own.client_id == *claims.subject { own.client_generation } else { 0 };
                client.map(|holder| Self::Holder { holder, global: false, generation, bound: Some(scopes()) })
            }
            (Some(own), _) if own.is_a_clients() => person(true, Some(scopes())),
            // Its scopes are what others read of it; here, what the person holds now decides.
            (Some(_), _) if account(claims).is_some() => person(!in_browser, None),
            _ => None,
        };
        whose.unwrap_or_else(|| Self::Nobodys(scopes()))
    }
}

impl Default for Authority {
    /// Nothing.
    fn default() -> Self {
        Self::of_scopes(NOTHING.clone())
    }
}

impl Authority {
    pub(crate) const fn of_scopes(bound: Arc<Bound>) -> Self {
        Self { roles: None, user: None, bound: Some(bound) }
    }

    pub(crate) fn of_roles(roles: Roles, bound: Option<Arc<Bound>>) -> Self {
        let user = match roles.known.holder() {
            Holder::User(id) => Some(*id),
            Holder::Client(_) => None,
        };
        Self { roles: Some(roles), user, bound }
    }

    /// Whether the caller may do something.
    pub fn allows(&self, permission: Permission, on: On<'_>) -> bool {
        let question = Question { permission, on, user: self.user };
        match &self.roles {
            Some(roles) => roles.matcher.allows(&question, self.bound.as_deref().as_slice()),
            None => self.bound.as_ref().is_some_and(|bound| bound.allows(&question)),
        }
    }

    /// Whether the caller may do something to one resource.
    pub fn may(&self, permission: Permission, name: Name<'_>) -> bool {
        self.allows(permission, On::Named(name))
    }

    /// What the caller may do to all that it is about.
    pub fn permissions(&self) -> Permissions {
        Permission::ALL.iter().copied().filter(|permission| self.allows(*permission, On::All)).collect()
    }

    /// What the caller's roles come to; `None` where scopes decide alone.
    pub fn matcher(&self) -> Option<&Matcher> {
        self.roles.as_ref().map(|roles| &*roles.matcher)
    }

    /// What the credential leaves of it, to be handed on to [`Matcher::beyond`] and [`Matcher::explain`].
    pub fn bounds(&self) -> Vec<&Bound> {
        self.bound.as_deref().into_iter().collect()
    }

    /// The person that the caller is, for rules that speak of whoever asks.
    pub const fn user(&self) -> Option<UserId> {
        self.user
    }

    /// Who holds the roles; `None` where scopes decide alone.
    pub fn holder(&self) -> Option<&Holder> {
        self.roles.as_ref().map(|roles| roles.known.holder())
    }

    /// Why the caller may do something or not; `None` where scopes decide alone.
    pub fn explain(&self, permission: Permission, on: On<'_>) -> Option<Explanation> {
        let question = Question { permission, on, user: self.user };
        self.matcher().map(|matcher| matcher.explain(&question, &self.bounds()))
    }

    pub(crate) const fn roles(&self) -> Option<&Roles> {
        self.roles.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wardgraph_kernel::{Actor, TenantId, Timestamp};
    use wardgraph_tokens::{Binding, OWN_CLIENT, OwnClaims, Words};

    const USER: &str = "0190a1b2-0000-7000-8000-000000000001";

    fn claims(subject: &str, kind: ActorType, client: Option<(&str, Option<&str>)>) -> Claims {
        let own = client.map(|(client_id, session)| OwnClaims {
            session: session.map(Box::from),
            generation: 3,
            client_id: client_id.into(),
            client_generation: 5,
            scopes: Words::default(),
            jkt: None,
            amr: Words::default(),
            acr: None,
            auth_time: None,
            chain: None,
        });
        Claims {
            subject: subject.into(),
            tenant: TenantId::parse("org_a").unwrap(),
            permissions: Permissions::from_scopes(["nodes:read"]),
            issuer: "own".into(),
            token_id: None,
            expires_at: Timestamp::MAX,
            actor: Actor { kind, id: subject.into() },
            binding: Binding::Settled,
            own: own.map(Arc::new),
        }
    }

    fn told(claims: &Claims, in_browser: bool, key: Option<Arc<Bound>>) -> String {
        match Whose::of(claims, in_browser, key) {
            Whose::Nobodys(bound) => format!("nobody's, {}", usize::from(*bound != **NOTHING)),
            Whose::Holder { holder, global, generation, bound } => {
                format!(
                    "{} {global} {generation} {}",
                    holder.word(),
                    bound.map_or("none".into(), |bound| usize::from(*bound != **NOTHING).to_string())
                )
            }
        }
    }

    #[test]
    fn who_decides_and_what_bounds_it_follow_from_the_credential() {
        let own = claims(USER, ActorType::User, Some((OWN_CLIENT, Some(USER))));
        assert_eq!(told(&own, false, None), "user true 3 none");
        assert_eq!(told(&own, true, None), "user false 3 none");
        let clients = claims(USER, ActorType::User, Some(("wgc_a", Some(USER))));
        assert_eq!(told(&clients, false, None), "user true 3 1");
        assert_eq!(told(&claims("wgc_a", ActorType::Client, Some(("wgc_a", None))), false, None), "client false 5 1");
        assert_eq!(
            told(&claims("wgc_a", ActorType::Client, Some(("wgc_b", None))), false, None),
            "client false 0 1",
            "of another's"
        );
        let key = claims(USER, ActorType::ApiKey, None);
        assert_eq!(told(&key, false, Some(Arc::new(Bound::of_scopes(["nodes:read:a-*"])))), "user false 0 1");
        assert_eq!(told(&key, false, None), "user false 0 0", "whose scopes are not known");
        // Whoever signs elsewhere speaks for nobody here, whatever the subject is called.
        assert_eq!(told(&claims(USER, ActorType::User, None), false, None), "nobody's, 1");
        assert_eq!(told(&claims("wgc_a", ActorType::Client, None), false, None), "nobody's, 1");
    }

    #[test]
    fn nobody_may_do_anything_before_it_is_known_what() {
        assert_eq!(Authority::default().permissions(), Permissions::NONE);
        let some = Authority::of_scopes(Arc::new(Bound::of_scopes(["nodes:read:a-*", "edges:read"])));
        assert_eq!(some.permissions().iter().collect::<Vec<_>>(), [Permission::EdgesRead]);
        assert!(some.may(Permission::NodesRead, Name::read("a-1").unwrap()));
        assert!(!some.may(Permission::NodesRead, Name::read("b-1").unwrap()) && some.matcher().is_none());
    }
}
