//! Cedar, with an organization's roles.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    fs,
    path::{Path, PathBuf},
};

use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityId, EntityTypeName, EntityUid, PolicySet, Request,
    RestrictedExpression,
};

use crate::{
    Failure,
    cases::{BUILT_IN, CaseRole, GLOBAL, SERVERS, WORDS},
    policies,
};

/// The folder of the project.
pub fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The built-in roles and their words, as `policies/roles.toml` has them.
pub struct BuiltIn(Vec<(&'static str, Vec<String>)>);

impl BuiltIn {
    /// Reads the file.
    pub fn read() -> Result<Self, Failure> {
        let file: toml::Table = fs::read_to_string(project().join("policies/roles.toml"))?.parse()?;
        let words = |kind: &str, role: &'static str| -> Result<_, Failure> {
            let allows = file
                .get(kind)
                .and_then(|kind| kind.get(role))
                .and_then(|role| role.get("allows"))
                .and_then(toml::Value::as_array);
            let words = allows.ok_or(format!("{kind}.{role} has no words"))?.iter().filter_map(toml::Value::as_str);
            Ok((role, words.map(str::to_owned).collect()))
        };
        let organization = BUILT_IN.iter().map(|role| words("organization", role));
        organization.chain(GLOBAL.iter().map(|role| words("global", role))).collect::<Result<_, _>>().map(Self)
    }

    fn policies(&self) -> String {
        self.0.iter().map(|(name, words)| policies::of_built_in(name, words)).collect()
    }
}

/// Somebody of an organization, to Cedar: the name under which they ask, and their roles.
pub struct Member<'a> {
    /// The name.
    pub name: &'a str,
    /// The roles.
    pub roles: Vec<&'a str>,
}

/// Cedar, ready to decide.
pub struct Cedar {
    authorizer: Authorizer,
    policies: PolicySet,
    entities: Entities,
}

impl Cedar {
    /// Told all roles, the members, the names that will be asked about, and what else it is to obey.
    pub fn new(
        built_in: &BuiltIn,
        roles: &[CaseRole],
        members: &[Member<'_>],
        names: &BTreeSet<&str>,
        user: Option<&str>,
        further: &str,
    ) -> Result<Self, Failure> {
        let mut text = built_in.policies();
        text.extend(roles.iter().map(|role| policies::of_role(role, user)));
        text.push_str(further);

        let mut entities: Vec<Entity> = Vec::new();
        for word in WORDS.iter().chain(SERVERS) {
            entities.push(plain("Action", word, policies::groups(word).iter().map(|group| ("Action", group.as_str())))?);
        }
        for role in roles {
            entities.push(plain("Role", &role.name, role.inherits.iter().map(|parent| ("Role", parent.as_str())))?);
        }
        for member in members {
            entities.push(plain("User", member.name, member.roles.iter().map(|role| ("Role", *role)))?);
        }
        for name in names {
            let named = HashMap::from([("name".to_owned(), RestrictedExpression::new_string((*name).to_owned()))]);
            entities.push(Entity::new(uid("Resource", name)?, named, HashSet::new())?);
        }
        Ok(Self { authorizer: Authorizer::new(), policies: text.parse()?, entities: Entities::from_entities(entities, None)? })
    }

    /// A question: who, what, and to which resource; to all of them if none is named.
    pub fn question(member: &str, permission: &str, name: Option<&str>) -> Result<Request, Failure> {
        let resource = name.map_or_else(|| uid("Everything", "all"), |name| uid("Resource", name))?;
        Ok(Request::new(uid("User", member)?, uid("Action", permission)?, resource, Context::empty(), None)?)
    }

    /// The decision.
    ///
    /// # Errors
    /// If a policy could not be evaluated: Cedar passes over it then, and the answer would mean nothing.
    pub fn decides(&self, question: &Request) -> Result<bool, Failure> {
        let response = self.authorizer.is_authorized(question, &self.policies, &self.entities);
        match response.diagnostics().errors().next() {
            Some(error) => Err(error.to_string().into()),
            None => Ok(response.decision() == Decision::Allow),
        }
    }

    /// How many policies there are.
    pub fn size(&self) -> usize {
        self.policies.policies().count()
    }
}

fn plain<'a>(kind: &str, id: &str, parents: impl Iterator<Item = (&'a str, &'a str)>) -> Result<Entity, Failure> {
    let parents = parents.map(|(kind, id)| uid(kind, id)).collect::<Result<HashSet<_>, _>>()?;
    Ok(Entity::new_no_attrs(uid(kind, id)?, parents))
}

fn uid(kind: &str, id: &str) -> Result<EntityUid, Failure> {
    let kind: EntityTypeName = kind.parse()?;
    Ok(EntityUid::from_type_name_and_id(kind, EntityId::new(id)))
}
