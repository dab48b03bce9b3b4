//! What a thief leaves in an account, and each way in which it is taken out of their hands.

use serde_json::{Value, json};
use wardgraph_testkit::{App, PASSWORD, Person, Reply, Window};

use super::{
    devices::{ask, decide, enter, player, poll},
    kit::{Site, somebody},
};

const NEXT: &str = "marble-tunnel-ferry-quilt";

/// All that somebody leaves who has an account in their hands, each still to be used.
struct Leavings {
    invitation: String,
    token: String,
    site: Site,
    code: String,
    player: Site,
    device: Value,
}

impl Leavings {
    async fn of(app: &App, thief: &Person, window: &Window, elsewhere: &Person) -> Self {
        let accomplice = format!("accomplice-of-{}", thief.email);
        thief.caller.post("/api/v1/invitations", &json!({ "email": accomplice, "role": "owner" })).await.created();
        app.mail_everything().await;
        let made = thief.caller.post("/api/v1/initial-tokens", &json!({ "scopes": ["openid"] })).await.created();
        let site = Site::of(app, &elsewhere.caller.tenant, json!({})).await;
        let player = player(app, &elsewhere.caller.tenant, json!({})).await;
        let device = ask(app, &player, &[]).await.ok();
        assert_eq!(decide(window, &device, "allow").await.status, 200);
        Self {
            invitation: app.mails.token(&accomplice, "invitation"),
            token: made["initial_token"].as_str().unwrap().to_owned(),
            code: site.code(window, &[]).await,
            site,
            player,
            device,
        }
    }

    /// What of it opens something.
    async fn opening(&self, app: &App) -> Vec<&'static str> {
        let body = json!({ "token": self.invitation, "name": "Accomplice", "password": NEXT });
        let invited = app.stranger().post("/api/v1/auth/accept-invitation", &body).await;
        let said = json!({
            "client_name": "Graph Atlas", "redirect_uris": ["https://app.example/cb"], "token_endpoint_auth_method": "none", "scope": "openid",
        });
        let registering = app.stranger().request("POST", "/oauth2/register").bearer_auth(&self.token).json(&said);
        let replies = [
            ("invitation", invited),
            ("token", Reply::of(registering).await),
            ("code", self.site.token(app, &[("code", &self.code)]).await),
            ("device", poll(app, &self.player, &self.device).await),
        ];
        replies.into_iter().filter(|(_, reply)| reply.status.is_success()).map(|(what, _)| what).collect()
    }
}

/// How many agreements, codes and devices of an account there are that were not used.
async fn waiting(app: &App, user: &str) -> (i64, i64) {
    let sql = "select (select count(*) from wardgraph.consents where user_id = u), (select count(*) from wardgraph.authorization_codes where user_id = u and used_at is null)
                 + (select count(*) from wardgraph.device_authorizations where user_id = u and used_at is null) from (select $1::text::uuid) of(u)";
    let row = app.database.behind_the_scenes().await.query_one(sql, &[&user]).await.unwrap();
    (row.get(0), row.get(1))
}

/// What the organization's log tells of things that were taken back.
async fn told(app: &App, tenant: &str) -> Vec<(String, i64)> {
    let sql = "select type, count(*) from wardgraph.events where tenant_id = $1 and outcome = 'success'
               and type in ('invitation.withdrawn', 'initial_token.withdrawn', 'consent.revoked') group by 1 order by 1";
    let rows = app.database.behind_the_scenes().await.query(sql, &[&tenant]).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

async fn mailed(app: &App, email: &str, page: &str) -> String {
    app.mail_everything().await;
    app.mails.token(email, page)
}

/// Takes the account out of whoever's hands it is in.
async fn take(app: &App, way: &str, me: &Person, root: &Person) -> Reply {
    let (theirs, stranger, email) = (format!("/api/v1/users/{}", me.id), app.stranger(), me.email.as_str());
    match way {
        "nothing" => me.caller.get("/api/v1/whoami").await,
        "another password" => {
            let change = json!({ "current_password": PASSWORD, "new_password": NEXT });
            me.caller.post("/api/v1/users/me/change-password", &change).await
        }
        "sessions ended" => root.caller.delete(&format!("{theirs}/sessions")).await,
        "not me" => {
            let body = json!({ "token": mailed(app, email, "not-me").await });
            stranger.post("/api/v1/auth/mfa/disown", &body).await
        }
        "a password by mail" => {
            assert_eq!(stranger.post("/api/v1/auth/password-reset", &json!({ "email": email })).await.status, 202);
            let body = json!({ "token": mailed(app, email, "reset-password").await, "new_password": NEXT });
            stranger.post("/api/v1/auth/password-reset/confirm", &body).await
        }
        "registered again" => {
            let new = json!({ "email": email, "password": NEXT, "name": "Grace Hopper" });
            assert_eq!(stranger.post("/api/v1/auth/register", &new).await.status, 202);
            let body = json!({ "token": mailed(app, email, "verify-email").await, "password": NEXT });
            stranger.post("/api/v1/auth/verify-email", &body).await
        }
        "disabled and enabled" => {
            assert_eq!(Reply::of(root.caller.request("POST", &format!("{theirs}/disable"))).await.status, 200);
            Reply::of(root.caller.request("POST", &format!("{theirs}/enable"))).await
        }
        "factors taken" => root.caller.delete(&format!("{theirs}/mfa")).await,
        "deleted" => root.caller.delete(&theirs).await,
        "deletes themselves" => me.caller.delete("/api/v1/users/me").await,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn whichever_way_an_account_is_taken_from_a_thief_nothing_of_what_they_left_opens_anything() {
    let app = App::start().await;
    let elsewhere = app.person("elsewhere@example.com").await;
    let root = app.person("root@example.com").await.made_administrator(&app).await;
    let all = ["invitation", "token", "code", "device"];
    let everything = [("consent.revoked", 2), ("initial_token.withdrawn", 1), ("invitation.withdrawn", 1)];
    let everything = everything.map(|(kind, count)| (kind.to_owned(), count));
    let ways: [(&str, &[&str]); 10] = [
        ("nothing", &all),
        // Whoever signed in and goes on keeps what they did; what waits for the sessions that end does not outlive them.
        ("another password", &all[..2]),
        ("sessions ended", &all[..2]),
        ("not me", &[]),
        ("a password by mail", &[]),
        ("registered again", &[]),
        ("disabled and enabled", &[]),
        ("factors taken", &[]),
        ("deleted", &[]),
        ("deletes themselves", &[]),
    ];
    for (turn, (way, left)) in ways.into_iter().enumerate() {
        let email = format!("ada-{turn}@example.com");
        let ada = app.person(&email).await;
        let window = Window::open(&app);
        if way == "not me" {
            let added = ada.adds_an_app(&app).await;
            window.sign_in_with(&email, &added.recovery_code(0)).await;
        } else {
            window.sign_in(&email).await;
        }
        let leavings = Leavings::of(&app, &ada, &window, &elsewhere).await;
        assert_eq!(waiting(&app, &ada.id).await, (2, 2), "{way}");
        let done = take(&app, way, &ada, &root).await;
        assert!(done.status.is_success(), "{way}: {}", done.text);
        app.hear().await;
        if left.is_empty() {
            assert_eq!(waiting(&app, &ada.id).await, (0, 0), "{way}");
            assert_eq!(told(&app, &ada.caller.tenant).await, everything, "{way}");
        } else {
            assert!(told(&app, &ada.caller.tenant).await.is_empty(), "{way}");
        }
        assert_eq!(leavings.opening(&app).await, left, "{way}");
    }
}

#[tokio::test]
async fn who_lets_a_device_in_while_the_account_is_taken_from_them_leaves_nothing() {
    let app = App::start().await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let player = player(&app, &ada.caller.tenant, json!({})).await;
    let device = ask(&app, &player, &[]).await.ok();
    let page = enter(&window, &device["user_code"]).await;
    let (code, organization) = (page.field("user_code"), page.field("organization"));
    let fields = [("user_code", code.as_str()), ("organization", &organization), ("decision", "allow")];
    let (mut holder, watcher) = (app.database.behind_the_scenes().await, app.database.behind_the_scenes().await);
    let taking = holder.transaction().await.unwrap();
    let ending = "update wardgraph.users set generation = generation + 1 where user_id = $1::text::uuid";
    taking.execute(ending, &[&ada.id]).await.unwrap();
    let taken = async {
        let sql = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
        while watcher.query_one(sql, &[]).await.unwrap().get::<_, i64>(0) == 0 {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        taking.commit().await.unwrap();
    };
    let both = async { tokio::join!(window.send("/oauth2/device/decision", &fields), taken).0 };
    let decided = tokio::time::timeout(std::time::Duration::from_secs(10), both).await.expect("the decision waits");
    assert_eq!(decided.status, 422, "{}", decided.text);
    assert_eq!(waiting(&app, &ada.id).await, (0, 0));
}

#[tokio::test]
async fn who_says_that_it_was_not_them_reads_what_was_taken_back() {
    let app = App::start().await;
    let elsewhere = app.person("elsewhere@example.com").await;
    let ada = app.person("ada@example.com").await;
    let added = ada.adds_an_app(&app).await;
    let window = Window::open(&app);
    window.sign_in_with("ada@example.com", &added.recovery_code(0)).await;
    Leavings::of(&app, &ada, &window, &elsewhere).await;
    let theirs = app.client_of(&ada, json!({ "client_name": "A <b>bold</b> client" })).await;
    let mail = app.mails.to("ada@example.com").into_iter().find(|message| message.text.contains("/not-me?token=")).unwrap();
    for said in ["Applications and devices that were let into your account", "invitations", "registered or changed"] {
        assert!(mail.text.contains(said), "{said} in {}", mail.text);
    }
    let token = app.mails.token("ada@example.com", "not-me");
    let window = Window::open(&app);
    let before = window.get(&format!("/not-me?token={token}")).await;
    for said in ["applications and devices", "invitations", "API keys", "registered, changed"] {
        assert!(before.text.contains(said), "{said} in {}", before.text);
    }
    assert!(!before.text.contains("Graph Atlas"), "whoever opens links reads nothing of the account");
    let after = window.send("/not-me", &[("token", &token)]).await;
    assert_eq!(after.status, 200, "{}", after.text);
    for name in ["Graph Atlas", "Graph Player", "A &lt;b&gt;bold&lt;/b&gt; client", "accomplice-of-ada@example.com"] {
        assert!(after.text.contains(name), "{name} in {}", after.text);
    }
    assert!(after.text.contains("removed: 1") && after.text.contains("withdrawn: 1"), "{}", after.text);
    assert!(after.text.contains("href=\"/forgot-password\""), "{}", after.text);
    assert_eq!(theirs.token(&[]).await.refused(401), "invalid_client");
    // Sent again it shows nothing: the link was used.
    let again = window.send("/not-me", &[("token", &token)]).await;
    assert!(again.status == 422 && !again.text.contains("Graph Atlas"), "{}", again.text);
}
