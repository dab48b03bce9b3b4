//! However a client's session ends, the client is told.

use std::time::Duration;

use serde_json::{Value, json};
use wardgraph_gate::SystemParts;
use wardgraph_identity::people;
use wardgraph_kernel::{Clock, SystemChance};
use wardgraph_testkit::{App, PASSWORD, Person, Reply, Window};

use super::kit::{Site, claims, somebody};

const NEXT: &str = "marble-tunnel-ferry-quilt";

/// Somebody at a client.
struct There {
    person: Person,
    window: Window,
    code: String,
    tokens: Value,
    sid: String,
}

impl There {
    async fn new(app: &App, site: &Site, email: &str) -> Self {
        let (person, window) = somebody(app, email).await;
        let code = site.code(&window, &[]).await;
        let tokens = site.token(app, &[("code", &code)]).await.ok();
        let sid = claims(&tokens["id_token"])["sid"].as_str().unwrap().to_owned();
        Self { person, window, code, tokens, sid }
    }

    /// How often the client is to be told of it.
    async fn told(&self, app: &App) -> i64 {
        let sql = "select count(*) from wardgraph.logouts where session_id = $1::text::uuid and user_id = $2::text::uuid";
        app.database.behind_the_scenes().await.query_one(sql, &[&self.sid, &self.person.id]).await.unwrap().get(0)
    }

    /// Adds a second factor. What that ended lives on, since it is not what is looked at.
    async fn has_a_factor(&self, app: &App) {
        self.person.adds_an_app(app).await;
        let told = "delete from wardgraph.logouts where session_id = $1::text::uuid";
        let ended = "update wardgraph.sessions set ended_at = null, ended_by = null where session_id = $1::text::uuid";
        for sql in [told, ended] {
            app.database.behind_the_scenes().await.execute(sql, &[&self.sid]).await.unwrap();
        }
    }

    async fn refresh(&self, app: &App, site: &Site) -> Reply {
        let token = self.tokens["refresh_token"].as_str().unwrap();
        site.token(app, &[("grant_type", "refresh_token"), ("refresh_token", token)]).await
    }
}

#[track_caller]
fn done(reply: &Reply) {
    assert!(reply.status.is_success() || reply.status == 303, "{}: {}", reply.status, reply.text);
}

async fn mailed(app: &App, there: &There, page: &str) -> String {
    app.mail_everything().await;
    app.mails.token(&there.person.email, page)
}

/// Ends it in the one way.
async fn end(app: &App, site: &Site, admin: &Person, way: &str, there: &There) {
    let (me, caller) = (&there.person, &there.person.caller);
    let theirs = format!("/api/v1/users/{}", me.id);
    match way {
        "the page" => {
            there.window.get("/account").await;
            done(&there.window.send("/sign-out", &[]).await);
        }
        "the one session" => done(&caller.delete(&format!("/api/v1/users/me/sessions/{}", there.sid)).await),
        "all sessions" => done(&caller.delete("/api/v1/users/me/sessions").await),
        "another password" => {
            let change = json!({ "current_password": PASSWORD, "new_password": NEXT });
            done(&caller.post("/api/v1/users/me/change-password", &change).await);
        }
        "a password by mail" => {
            let asked = json!({ "email": me.email });
            done(&app.stranger().post("/api/v1/auth/password-reset", &asked).await);
            let body = json!({ "token": mailed(app, there, "reset-password").await, "new_password": NEXT });
            done(&app.stranger().post("/api/v1/auth/password-reset/confirm", &body).await);
        }
        "a second factor" => _ = me.adds_an_app(app).await,
        "not me" => {
            there.has_a_factor(app).await;
            let body = json!({ "token": mailed(app, there, "not-me").await });
            done(&app.stranger().post("/api/v1/auth/mfa/disown", &body).await);
        }
        "consent taken back" => {
            let list = caller.get("/api/v1/users/me/consents").await.ok();
            let id = list["consents"][0]["id"].as_str().unwrap();
            done(&caller.delete(&format!("/api/v1/users/me/consents/{id}")).await);
        }
        "a code twice" => assert_eq!(site.token(app, &[("code", &there.code)]).await.refused(400), "invalid_grant"),
        "a refresh token twice" => {
            let next = there.refresh(app, site).await.ok()["refresh_token"].clone();
            let fields = [("grant_type", "refresh_token"), ("refresh_token", next.as_str().unwrap())];
            site.token(app, &fields).await.ok();
            app.clock.advance(Duration::from_secs(30));
            assert_eq!(there.refresh(app, site).await.refused(400), "invalid_grant");
        }
        "disabled" => done(&Reply::of(admin.caller.request("POST", &format!("{theirs}/disable"))).await),
        "an administrator" => done(&admin.caller.delete(&format!("{theirs}/sessions")).await),
        "factors taken" => {
            there.has_a_factor(app).await;
            done(&admin.caller.delete(&format!("{theirs}/mfa")).await);
        }
        "deleted" => done(&admin.caller.delete(&theirs).await),
        "deletes themselves" => done(&caller.delete("/api/v1/users/me").await),
        "somebody else signs in" => {
            app.person("somebody-else@example.com").await;
            there.window.sign_in("somebody-else@example.com").await;
        }
        "everybody" => {
            let (clock, chance): (std::sync::Arc<dyn Clock>, _) = (app.clock.clone(), std::sync::Arc::new(SystemChance));
            let mut work = SystemParts { store: app.store.clone(), clock, chance }.accounts("a test").unwrap();
            let now = work.now();
            people::end_everybodys_sessions(&mut work.tx(), Duration::from_hours(1), now).await.unwrap();
            work.commit(Vec::new()).await.unwrap();
        }
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn however_a_session_ends_its_client_is_told() {
    let app = App::start().await;
    let owner = app.person("owner@example.com").await;
    // Of an organization that none of them is in.
    let site = Site::of(&app, &owner.caller.tenant, json!({ "backchannel_logout_uri": "https://app.example/out" })).await;
    for (turn, way) in [
        "the page",
        "the one session",
        "all sessions",
        "another password",
        "a password by mail",
        "a second factor",
        "not me",
        "consent taken back",
        "a code twice",
        "a refresh token twice",
        "disabled",
        "an administrator",
        "factors taken",
        "deleted",
        "deletes themselves",
        "somebody else signs in",
        "everybody",
    ]
    .into_iter()
    .enumerate()
    {
        let there = There::new(&app, &site, &format!("person-{turn}@example.com")).await;
        let admin = app.person(&format!("admin-{turn}@example.com")).await.made_administrator(&app).await;
        assert_eq!(there.told(&app).await, 0, "{way}");
        end(&app, &site, &admin, way, &there).await;
        assert_eq!(there.told(&app).await, 1, "{way}");
    }
}

#[tokio::test]
async fn a_client_is_not_told_of_what_goes_on_or_what_it_ended_itself() {
    let app = App::start().await;
    let owner = app.person("owner@example.com").await;
    let site = Site::of(&app, &owner.caller.tenant, json!({ "backchannel_logout_uri": "https://app.example/out" })).await;
    // It gave its tokens back.
    let there = There::new(&app, &site, "ada@example.com").await;
    let token = there.tokens["refresh_token"].as_str().unwrap().to_owned();
    let own = [("client_id", site.id.clone()), ("client_secret", site.secret.unwrap().to_owned()), ("token", token)];
    let own: Vec<_> = own.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    super::kit::post(&app, "/oauth2/revoke", &own).await.ok();
    assert_eq!((there.refresh(&app, &site).await.refused(400), there.told(&app).await), ("invalid_grant", 0));
    // Its person signs in anew, in the same browser.
    let there = There::new(&app, &site, "bob@example.com").await;
    there.window.sign_in("bob@example.com").await;
    there.refresh(&app, &site).await.ok();
    assert_eq!(there.told(&app).await, 0);
    // What is undone was not.
    let there = There::new(&app, &site, "grace@example.com").await;
    let mut client = app.database.behind_the_scenes().await;
    let undone = client.transaction().await.unwrap();
    let sql = "update wardgraph.sessions set ended_at = now(), ended_by = 'logout' where session_id = $1::text::uuid";
    undone.execute(sql, &[&there.sid]).await.unwrap();
    undone.rollback().await.unwrap();
    assert_eq!(there.told(&app).await, 0);
    // It ended by itself, and is forgotten.
    app.clock.advance(Duration::from_hours(200 * 24));
    app.sweep_accounts().await;
    let sql = "select count(*) from wardgraph.sessions where session_id = $1::text::uuid";
    assert_eq!(client.query_one(sql, &[&there.sid]).await.unwrap().get::<_, i64>(0), 0);
    assert_eq!(there.told(&app).await, 0);
}

#[tokio::test]
async fn what_clients_of_an_organization_hold_of_people_elsewhere_ends_with_it() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let site = Site::of(&app, &ada.caller.tenant, json!({})).await;
    let there = There::new(&app, &site, "bob@example.com").await;
    let held = app.bearer(there.tokens["access_token"].as_str().unwrap());
    assert_eq!(held.get("/nodes").await.status, 200);
    assert_eq!(claims(&there.tokens["access_token"])["tenant_id"], json!(there.person.caller.tenant));
    assert_eq!(ada.caller.delete("/api/v1/users/me").await.status, 204);
    app.hear().await;
    held.get("/nodes").await.problem(401);
    assert_eq!(there.refresh(&app, &site).await.refused(401), "invalid_client");
}

#[tokio::test]
async fn what_was_begun_in_a_browsers_session_ends_where_others_crowd_that_out() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let site = Site::of(&app, &ada.caller.tenant, json!({})).await;
    let there = There::new(&app, &site, "bob@example.com").await;
    // A hundred more, each used later.
    let sql = "insert into wardgraph.sessions select (jsonb_populate_record(null::wardgraph.sessions, to_jsonb(s) || jsonb_build_object(
                 'session_id', gen_random_uuid(), 'last_used_at', s.last_used_at + interval '1 minute'))).*
               from wardgraph.sessions s, generate_series(1, 100) where s.browser and s.user_id = $1::text::uuid";
    assert_eq!(app.database.behind_the_scenes().await.execute(sql, &[&there.person.id]).await.unwrap(), 100);
    let held = app.bearer(there.tokens["access_token"].as_str().unwrap());
    assert_eq!(held.get("/nodes").await.status, 200);
    app.clock.advance(Duration::from_mins(2));
    Window::open(&app).sign_in("bob@example.com").await;
    app.hear().await;
    assert!(there.window.get("/account").await.leads().starts_with("/sign-in"));
    held.get("/nodes").await.problem(401);
    assert_eq!(there.refresh(&app, &site).await.refused(400), "invalid_grant");
    assert_eq!(there.told(&app).await, 1);
}
