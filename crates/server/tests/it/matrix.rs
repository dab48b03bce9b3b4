//! Every role against every endpoint, with a real credential at a real server: what is answered is what the matcher says.

use std::collections::BTreeMap;

use serde_json::json;
use wardgraph_access::{Bound, Held, Matcher, Name, On, Question, Role, RoleName, Rule, Rulebook};
use wardgraph_api::{
    describe::Known,
    table::{Row, rows},
};
use wardgraph_kernel::{Access, GlobalRole, Method, OrganizationRole, Permission, UserId};
use wardgraph_testkit::{App, Caller, Person, Reply};

use crate::fields::giving;

/// Somebody who tries everything, and what is expected of it.
struct Trier {
    name: String,
    caller: Caller,
    matcher: Option<Matcher>,
    user: Option<UserId>,
    bound: Option<Bound>,
}

impl Trier {
    fn may(&self, permission: Permission, on: On<'_>) -> bool {
        let question = Question { permission, on, user: self.user };
        let bounds: Vec<&Bound> = self.bound.iter().collect();
        match &self.matcher {
            Some(matcher) => matcher.allows(&question, &bounds),
            None => bounds.iter().all(|bound| bound.allows(&question)),
        }
    }
}

/// Rows that ask programs a permission: those that take something away come last.
fn asking() -> Vec<(&'static Row, Permission)> {
    let asking = |row: &'static Row| match row.spec.access {
        Access::Permission(permission) => Some((row, permission)),
        _ => None,
    };
    let mut all: Vec<_> = rows().filter(|row| !row.spec.is_page()).filter_map(asking).collect();
    all.sort_by_key(|(row, _)| row.spec.method == Method::DELETE);
    all
}

/// Whether somebody was let in: everything else than that the permission lacks is a matter of what was sent.
fn is_let_in(reply: &Reply, permission: Permission) -> bool {
    let lacking = format!("the permission `{permission}` is needed");
    !(reply.status == 403 && reply.body["detail"] == lacking.as_str())
}

fn name_of(row: &Row, known: &Known) -> Option<String> {
    let name = (row.spec.on.is_some()).then(|| (row.shape)().path.unwrap().of(known))?;
    Name::read(&name).is_ok().then_some(name)
}

async fn walk(triers: &[Trier], known: &Known) -> BTreeMap<String, (usize, usize)> {
    let mut counts = BTreeMap::new();
    for trier in triers {
        let (allowed, denied) = counts.entry(trier.name.clone()).or_insert((0, 0));
        for (row, permission) in asking() {
            let name = name_of(row, known);
            let on = name.as_deref().map_or(On::All, |name| On::Named(Name::read(name).unwrap()));
            let expected = trier.may(permission, on);
            let reply = trier.caller.call(row, known).await;
            let told = format!("{} at {} ({permission}): {} {}", trier.name, row.spec.id, reply.status, reply.text);
            assert_ne!(reply.status, 401, "{told}");
            assert!(reply.status.as_u16() < 500, "{told}");
            assert_eq!(is_let_in(&reply, permission), expected, "{told}");
            *(if expected { &mut *allowed } else { &mut *denied }) += 1;
            for (field, body) in row.spec.fields.iter().filter_map(|field| Some((field, giving(row, field, known)?))) {
                let reply = trier.caller.post(row.spec.path, &body).await;
                let lacking = format!("`created_at` is for those who hold `{}`", field.permission);
                let lacks = reply.status == 403 && reply.body["detail"] == lacking.as_str();
                let told = format!("{} at {}, {}: {} {}", trier.name, row.spec.id, field.path, reply.status, reply.text);
                assert_eq!(lacks, expected && !trier.may(field.permission, On::All), "{told}");
            }
        }
    }
    counts
}

/// Somebody who is this in an organization of their own, and on the whole server.
async fn person(app: &App, name: &str, role: Option<&str>, global: Option<&str>) -> Person {
    let email = format!("{}@example.com", name.replace('_', "-"));
    let person = app.person(&email).await;
    let client = app.database.behind_the_scenes().await;
    let sql = "update wardgraph.memberships set role = $2 where user_id = $1::text::uuid";
    client.execute(sql, &[&person.id, &role]).await.unwrap();
    let sql = "update wardgraph.users set global_role = $2 where user_id = $1::text::uuid";
    client.execute(sql, &[&person.id, &global]).await.unwrap();
    app.hear().await;
    Person::again(app, &email).await
}

fn trier(name: &str, person: &Person, book: &Rulebook, roles: &[&str], global: Option<GlobalRole>) -> Trier {
    let roles = roles.iter().map(|name| RoleName::read(name).unwrap());
    Trier {
        name: name.to_owned(),
        caller: person.caller.clone(),
        matcher: Some(book.compile(&Held::new(roles, global).unwrap()).unwrap()),
        user: Some(serde_json::from_value(json!(person.id)).unwrap()),
        bound: None,
    }
}

#[tokio::test]
async fn every_built_in_role_may_at_every_endpoint_what_the_page_says() {
    let app = App::start().await;
    let known = app.known(&app.owner("tenant-a")).await;
    let book = Rulebook::new([]).unwrap();
    let mut triers = Vec::new();
    for role in OrganizationRole::ALL {
        let person = person(&app, role.word(), Some(role.word()), None).await;
        triers.push(trier(role.word(), &person, &book, &[role.word()], None));
    }
    for role in GlobalRole::ALL {
        let person = person(&app, role.word(), None, Some(role.word())).await;
        triers.push(trier(role.word(), &person, &book, &[], Some(*role)));
    }
    triers.push(trier("nobody in particular", &person(&app, "nobody", None, None).await, &book, &[], None));
    let counts = walk(&triers, &known).await;
    assert_eq!(counts["nobody in particular"].0, 0, "{counts:?}");
    // Nobody may everything: what is the server's is no organization's, and the other way round.
    assert!(counts.values().all(|(_, denied)| *denied > 0), "{counts:?}");
    assert!(
        counts.iter().all(|(name, (allowed, _))| *allowed > 0 || name == "nobody in particular" || name == "billing_admin"),
        "{counts:?}"
    );
    let allowed = |name: &str| counts[name].0;
    assert!(allowed("owner") >= allowed("admin") && allowed("admin") > allowed("developer"), "{counts:?}");
}

/// The roles that an organization made, as they are kept: name, what they allow, deny and inherit from.
type Made<'a> = (&'a str, Vec<String>, Vec<String>, Vec<&'a str>);

async fn keep(app: &App, tenant: &str, made: &[Made<'_>]) -> Rulebook {
    let client = app.database.behind_the_scenes().await;
    let sql = "insert into wardgraph.roles (tenant_id, name, description, allows, denies, inherits, created_at, updated_at) values ($1, $2, '', $3, $4, $5, now(), now())";
    let rules = |texts: &[String]| texts.iter().map(|text| Rule::read(text).unwrap()).collect::<Vec<_>>();
    let mut roles = Vec::new();
    for (name, allows, denies, inherits) in made {
        client.execute(sql, &[&tenant, name, allows, denies, inherits]).await.unwrap();
        let inherits = inherits.iter().map(|name| RoleName::read(name).unwrap());
        roles.push(Role::new(RoleName::read(name).unwrap(), rules(allows), rules(denies), inherits).unwrap());
    }
    Rulebook::new(roles).unwrap()
}

/// Grants a role to a member who holds nothing else.
async fn grant(app: &App, person: &Person, role: &str) {
    let client = app.database.behind_the_scenes().await;
    let sql = "insert into wardgraph.grants (tenant_id, grant_id, user_id, role, granted_by, created_at) values ($1, gen_random_uuid(), $2::text::uuid, $3, 'a test', now())";
    client.execute(sql, &[&person.caller.tenant, &person.id, &role]).await.unwrap();
    person.holds_otherwise(app).await;
}

#[tokio::test]
async fn roles_that_an_organization_made_may_what_their_rules_say() {
    let app = App::start().await;
    let known = app.known(&app.owner("tenant-a")).await;
    let (node, edge) = (known.node.to_string(), known.edge.to_string());
    let rules = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
    let made: Vec<Made<'_>> = vec![
        ("auditor", rules(&["*:read"]), rules(&["nodes:write", "clients:read"]), vec![]),
        (
            "patterned",
            vec![format!("nodes:write:{}*", &node[..30]), format!("edges:*:{edge}"), "search:read".into()],
            vec![],
            vec![],
        ),
        ("careful", vec![], vec![format!("nodes:*:{node}"), "edges:write:0*".into(), "indices:*".into()], vec!["admin"]),
    ];
    let mut triers = Vec::new();
    for (role, ..) in &made {
        let person = person(&app, role, None, None).await;
        let book = keep(&app, &person.caller.tenant, &made).await;
        grant(&app, &person, role).await;
        triers.push(trier(role, &person, &book, &[role], None));
    }
    let counts = walk(&triers, &known).await;
    assert!(counts.values().all(|(allowed, denied)| *allowed > 3 && *denied > 3), "{counts:?}");
    // What was tried tells them apart: by name, and by what is denied of all that a role inherits.
    let [auditor, patterned, careful] = triers.as_slice() else { panic!("three roles") };
    let named = |text: &'static str| On::Named(Name::read(text).unwrap());
    assert!(auditor.may(Permission::NodesRead, On::All) && !auditor.may(Permission::ClientsRead, On::All));
    assert!(
        patterned.may(Permission::NodesWrite, On::Named(Name::read(&node).unwrap()))
            && !patterned.may(Permission::NodesWrite, On::All)
    );
    assert!(
        !careful.may(Permission::NodesRead, On::Named(Name::read(&node).unwrap()))
            && careful.may(Permission::NodesRead, named("another"))
    );
}

#[tokio::test]
async fn tokens_keys_and_services_may_what_their_scopes_leave_of_what_they_hold() {
    let app = App::start().await;
    let known = app.known(&app.owner("tenant-a")).await;
    let book = Rulebook::new([]).unwrap();
    let node = known.node.to_string();
    let client = app.database.behind_the_scenes().await;
    let mut triers = Vec::new();

    let scopes = ["nodes:write", "search:read", "admin:refresh", "system:read", "members:write"];
    triers.push(Trier {
        name: "an outside token".into(),
        caller: app.caller("tenant-x", &scopes),
        matcher: None,
        user: None,
        // Below the ceiling of the issuer.
        bound: Some(Bound::of_scopes(["nodes:write", "search:read", "admin:refresh"])),
    });

    let ada = person(&app, "ada", Some("admin"), Some("super_admin")).await;
    let new = json!({ "name": "k", "scopes": ["nodes:read"] });
    let key = ada.caller.post("/api/v1/users/me/api-keys", &new).await.created();
    let scopes =
        vec![format!("nodes:write:{}*", &node[..30]), "edges:read".to_owned(), "system:read".into(), "roles:read".into()];
    let sql = "update wardgraph.api_keys set scopes = $2 where user_id = $1::text::uuid";
    client.execute(sql, &[&ada.id, &scopes]).await.unwrap();
    triers.push(Trier {
        caller: app.bearer(key["key"].as_str().unwrap()),
        bound: Some(Bound::of_scopes(scopes.iter().map(String::as_str))),
        // A role on the whole server is a person's, and no key's.
        ..trier("an API key", &ada, &book, &["admin"], None)
    });

    let service =
        app.client_of(&ada, json!({ "scopes": ["nodes:write", "clients:read", "events:read"], "role": "developer" })).await;
    triers.push(Trier {
        caller: service.caller(&app).await,
        user: None,
        bound: Some(Bound::of_scopes(["nodes:write"])),
        ..trier("a service account", &ada, &book, &["developer"], None)
    });
    let counts = walk(&triers, &known).await;
    assert!(counts.values().all(|(allowed, denied)| *allowed > 2 && *denied > 3), "{counts:?}");
}
