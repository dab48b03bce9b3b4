//! Registering and signing in.

use serde_json::json;
use wardgraph_http::Registering;
use wardgraph_testkit::{App, AppOptions, PASSWORD};

use super::{log, login, register};

#[tokio::test]
async fn a_person_registers_signs_in_and_works_in_an_organization_of_their_own() {
    let app = App::start().await;
    let ada = app.person("Ada@Example.com").await;
    assert!(ada.caller.tenant.starts_with("org_"), "{}", ada.caller.tenant);
    let me = ada.caller.get("/api/v1/users/me").await.ok();
    assert_eq!(
        (&me["email"], &me["name"], &me["email_verified"]),
        (&json!("ada@example.com"), &json!("Grace Hopper"), &json!(false))
    );
    assert_eq!(me["organization"]["role"], "owner");
    assert_eq!(me["organization"]["id"], ada.caller.tenant);
    let who = ada.caller.get("/api/v1/whoami").await.ok();
    assert_eq!((&who["subject"], &who["actor_type"], &who["tenant_id"]), (&me["id"], &json!("user"), &json!(ada.caller.tenant)));
    // An owner's organization has everything that is a tenant's, and nothing that is the server's.
    let node = ada.caller.create_node("mine").await.created();
    assert_eq!(node["tenant_id"], ada.caller.tenant);
    ada.caller.get("/metrics").await.problem(403);
    ada.caller.post("/api/v1/shared/nodes", &json!({ "classes": ["A"], "props": {} })).await.problem(403);
    let bob = app.person("bob@example.com").await;
    assert_ne!(bob.caller.tenant, ada.caller.tenant);
    bob.caller.get(&format!("/nodes/{}", node["id"].as_str().unwrap())).await.problem(404);
    assert_eq!(
        log(&app, &ada.caller.tenant).await,
        ["node.created success", "session.created success", "user.registered success"]
    );
    let renamed = ada.caller.put("/api/v1/users/me", &json!({ "name": "  Ada King " })).await.ok();
    assert_eq!(renamed["name"], "Ada King");
    assert_eq!(ada.caller.get("/api/v1/users/me").await.ok()["name"], "Ada King");
}

#[tokio::test]
async fn an_account_signs_in_after_its_address_was_verified_where_that_is_asked() {
    let app = App::with(AppOptions { verifies: true, ..AppOptions::default() }).await;
    assert_eq!(register(&app, "ada@example.com").await.body["verification_required"], true);
    login(&app, "ada@example.com", PASSWORD).await.problem(401);
    app.mail_everything().await;
    let token = app.mails.token("ada@example.com", "verify-email");
    let verify = |token: &str| {
        let (stranger, body) = (app.stranger(), json!({ "token": token, "password": PASSWORD }));
        async move { stranger.post("/api/v1/auth/verify-email", &body).await }
    };
    verify("nonsense").await.problem(422);
    assert_eq!(verify(&token).await.status, 204);
    verify(&token).await.problem(422);
    login(&app, "ada@example.com", PASSWORD).await.ok();
    // A link that is too old is none.
    assert_eq!(register(&app, "bob@example.com").await.status, 202);
    app.mail_everything().await;
    app.clock.advance(std::time::Duration::from_hours(24));
    verify(&app.mails.token("bob@example.com", "verify-email")).await.problem(422);
}

#[tokio::test]
async fn weak_passwords_and_what_is_no_address_are_refused_with_the_reason() {
    let app = App::start().await;
    for (email, password, field) in [
        ("ada@example.com", "short", "/password"),
        ("ada@example.com", "passwordpassword", "/password"),
        ("ada.lovelace@example.com", "lovelace.ada", "/password"),
        ("ada@example.com", &"x".repeat(257), "/password"),
        ("ada@localhost", PASSWORD, "/email"),
        ("ada@example.com\r\nBcc: bob@example.com", PASSWORD, "/email"),
    ] {
        let new = json!({ "email": email, "password": password, "name": "Ada" });
        let problem = app.stranger().post("/api/v1/auth/register", &new).await.problem(422);
        assert_eq!(problem["errors"][0]["field"], field, "{email} {password}: {problem}");
        assert!(!problem.to_string().contains(password) || password == PASSWORD, "{problem}");
    }
    let long = format!("{} {}", PASSWORD, "otter lamp ".repeat(20));
    let new = json!({ "email": "ada@example.com", "password": long, "name": "Ada" });
    assert_eq!(app.stranger().post("/api/v1/auth/register", &new).await.status, 202);
    login(&app, "ada@example.com", &long).await.ok();
}

#[tokio::test]
async fn nobody_registers_where_registration_is_closed() {
    for registration in [Registering::Closed, Registering::ByInvitation] {
        let app = App::with(AppOptions { registration, ..AppOptions::default() }).await;
        let told = |reply: wardgraph_testkit::Reply| reply.problem(403)["detail"].as_str().unwrap().to_owned();
        let first = told(register(&app, "ada@example.com").await);
        // Whether anybody has the address makes no difference.
        let sql = "insert into wardgraph.users (user_id, email, name, created_at, updated_at) values (gen_random_uuid(), 'ada@example.com', '', now(), now())";
        app.database.behind_the_scenes().await.execute(sql, &[]).await.unwrap();
        assert_eq!(told(register(&app, "ada@example.com").await), first);
    }
}

#[tokio::test]
async fn a_person_signs_in_to_an_organization_that_they_are_a_member_of() {
    let app = App::start().await;
    let (ada, bob) = (app.person("ada@example.com").await, app.person("bob@example.com").await);
    let to = |organization: &str| {
        let body = json!({ "email": "ada@example.com", "password": PASSWORD, "organization": organization });
        let stranger = app.stranger();
        async move { stranger.post("/api/v1/auth/login", &body).await }
    };
    to(&ada.caller.tenant).await.ok();
    to(&bob.caller.tenant).await.problem(403);
    to("org_nowhere").await.problem(403);
    // Once made a member, with what the role may.
    let superuser = app.database.behind_the_scenes().await;
    let sql = "insert into wardgraph.memberships select organization_id, $1::text::uuid, 'analyst', now() from wardgraph.organizations where organization_id = $2";
    superuser.execute(sql, &[&ada.id, &bob.caller.tenant]).await.unwrap();
    let analyst = app.bearer(to(&bob.caller.tenant).await.ok()["access_token"].as_str().unwrap());
    analyst.get("/nodes").await.ok();
    analyst.create_node("no").await.problem(403);
}
