//! Guessing: whether there is an account, and what its password is.

use std::time::Duration;

use serde_json::json;
use wardgraph_gate::Proxies;
use wardgraph_identity::password::{Cost, PoolOptions};
use wardgraph_kernel::LimitClass;
use wardgraph_limits::{LimitTable, Policy};
use wardgraph_testkit::{App, AppOptions, PASSWORD};

use super::{anonymous, log, login, login_from, register};

/// A server that believes the proxy before it, so that tests come from several networks.
async fn behind_a_proxy() -> App {
    App::with(AppOptions { proxies: Proxies { count: 1, ..Proxies::default() }, ..AppOptions::default() }).await
}

#[tokio::test]
async fn no_answer_tells_whether_an_account_is_there() {
    let app = App::with(AppOptions { verifies: true, ..AppOptions::default() }).await;
    for email in ["verified@example.com", "unverified@example.com", "disabled@example.com", "locked@example.com"] {
        assert_eq!(register(&app, email).await.status, 202);
    }
    let superuser = app.database.behind_the_scenes().await;
    superuser
        .batch_execute("update wardgraph.users set verified_at = now() where email <> 'unverified@example.com'")
        .await
        .unwrap();
    superuser.batch_execute("update wardgraph.users set disabled_at = now() where email = 'disabled@example.com'").await.unwrap();
    login(&app, "verified@example.com", PASSWORD).await.ok();
    for _ in 0..5 {
        login(&app, "locked@example.com", "wrong").await.problem(401);
    }
    let wrong = anonymous(&login(&app, "nobody@example.com", PASSWORD).await);
    assert_eq!(wrong.0, 401);
    for (email, password) in [
        ("verified@example.com", "wrong"),
        ("unverified@example.com", PASSWORD),
        ("disabled@example.com", PASSWORD),
        ("locked@example.com", PASSWORD),
    ] {
        assert_eq!(anonymous(&login(&app, email, password).await), wrong, "{email}");
    }
    // Registering, and asking for a link.
    assert_eq!(anonymous(&register(&app, "verified@example.com").await), anonymous(&register(&app, "new@example.com").await));
    let reset =
        async |email: &str| anonymous(&app.stranger().post("/api/v1/auth/password-reset", &json!({ "email": email })).await);
    assert_eq!(reset("verified@example.com").await, reset("nobody@example.com").await);
    // Whoever has the address is told by mail, and nobody else is.
    app.mail_everything().await;
    assert!(app.mails.to("verified@example.com").iter().any(|message| message.subject.contains("already")));
    assert!(app.mails.to("nobody@example.com").is_empty());
}

#[tokio::test]
async fn a_lock_does_the_work_of_a_try_and_is_not_made_longer_by_one() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    // At home the owner's failures count by themselves.
    for _ in 0..5 {
        login(&app, "ada@example.com", "wrong").await.problem(401);
    }
    for _ in 0..20 {
        login(&app, "ada@example.com", PASSWORD).await.problem(401);
    }
    app.clock.advance(Duration::from_secs(29));
    login(&app, "ada@example.com", PASSWORD).await.problem(401);
    app.clock.advance(Duration::from_secs(1));
    login(&app, "ada@example.com", PASSWORD).await.ok();
    let events = log(&app, "_system").await;
    assert_eq!(events.iter().filter(|event| *event == "login.locked refused").count(), 1, "{events:?}");
    app.mail_everything().await;
    assert_eq!(app.mails.to(&ada.email).iter().filter(|message| message.subject.contains("fails to sign in")).count(), 1);
}

#[tokio::test]
async fn whoever_fails_elsewhere_does_not_keep_the_owner_out() {
    let app = behind_a_proxy().await;
    register(&app, "ada@example.com").await;
    login_from(&app, "ada@example.com", PASSWORD, "192.0.2.1", "home").await.ok();
    for n in 0..40 {
        login_from(&app, "ada@example.com", "wrong", &format!("198.51.100.{n}"), "bot").await.problem(401);
    }
    // Locked for the world, the right password included, and open where its owner signed in before.
    login_from(&app, "ada@example.com", PASSWORD, "203.0.113.1", "bot").await.problem(401);
    login_from(&app, "ada@example.com", PASSWORD, "192.0.2.1", "home").await.ok();
    // From anywhere by a mailed link.
    app.stranger().post("/api/v1/auth/password-reset", &json!({ "email": "ada@example.com" })).await;
    app.mail_everything().await;
    let token = app.mails.token("ada@example.com", "reset-password");
    let body = json!({ "token": token, "new_password": "marble-tunnel-ferry-quilt" });
    assert_eq!(app.stranger().post("/api/v1/auth/password-reset/confirm", &body).await.status, 204);
    login_from(&app, "ada@example.com", "marble-tunnel-ferry-quilt", "203.0.113.1", "holiday").await.ok();
}

/// Waits until so many wait for a row that somebody holds.
async fn wait_for(app: &App, waiting: i64) {
    let client = app.database.behind_the_scenes().await;
    let sql = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
    for _ in 0..500 {
        if client.query_one(sql, &[]).await.unwrap().get::<_, i64>(0) >= waiting {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{waiting} do not wait");
}

#[tokio::test]
async fn guessing_with_many_at_once_gains_nothing() {
    let proxies = Proxies { count: 1, ..Proxies::default() };
    let app = App::with(AppOptions { proxies, connections: 28, ..AppOptions::default() }).await;
    register(&app, "ada@example.com").await;
    let guess = |n: u8, password: &'static str| {
        let app = &app;
        async move { login_from(app, "ada@example.com", password, &format!("198.51.100.{n}"), "bot").await.status.as_u16() }
    };
    assert_eq!(guess(0, "wrong").await, 401);
    // Nobody is locked out when each of these is looked at; and each of them counts.
    let mut holder = app.database.behind_the_scenes().await;
    let held = holder.transaction().await.unwrap();
    held.execute("select from wardgraph.attempts for update", &[]).await.unwrap();
    let wrong = futures_util::future::join_all((1..6).map(|n| guess(n, "wrong")));
    let let_go = async {
        wait_for(&app, 5).await;
        held.commit().await.unwrap();
    };
    let (wrong, ()) = tokio::join!(wrong, let_go);
    assert_eq!(wrong, [401; 5]);
    assert_eq!(guess(6, PASSWORD).await, 401, "five at once are as many as five one after another");
    let counted = app.database.behind_the_scenes().await;
    let failures: i32 = counted.query_one("select max(failures) from wardgraph.attempts", &[]).await.unwrap().get(0);
    assert_eq!(failures, 6, "and cleared nothing");
    app.clock.advance(Duration::from_mins(1));
    assert_eq!(guess(7, PASSWORD).await, 200);
}

#[tokio::test]
async fn a_factor_that_is_added_while_a_sign_in_waits_for_the_account_is_asked_for() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let mut holder = app.database.behind_the_scenes().await;
    let held = holder.transaction().await.unwrap();
    held.execute("select from wardgraph.passwords where user_id = $1::text::uuid for update", &[&ada.id]).await.unwrap();
    let add = "insert into wardgraph.factors (factor_id, user_id, kind, name, secret, used_step, created_at)
               values (gen_random_uuid(), $1::text::uuid, 'totp', 'phone', 'sealed', 0, now())";
    let let_go = async {
        wait_for(&app, 1).await;
        held.execute(add, &[&ada.id]).await.unwrap();
        held.commit().await.unwrap();
    };
    let (reply, ()) = tokio::join!(login(&app, "ada@example.com", PASSWORD), let_go);
    let asked = reply.ok();
    assert_eq!((&asked["mfa_required"], &asked["methods"]), (&json!(true), &json!(["totp"])), "{asked}");
}

#[tokio::test]
async fn failures_at_one_server_count_at_every_other() {
    let one = App::start().await;
    let other = App::over(one.database.clone(), AppOptions::default()).await;
    // What both draw by chance is not the same.
    other.clock.advance(Duration::from_secs(1));
    register(&one, "ada@example.com").await;
    for n in 0..5 {
        login(if n % 2 == 0 { &one } else { &other }, "ada@example.com", "wrong").await.problem(401);
    }
    for app in [&one, &other] {
        login(app, "ada@example.com", PASSWORD).await.problem(401);
    }
    // Their clocks are their own here.
    for app in [&one, &other] {
        app.clock.advance(Duration::from_secs(31));
        login(app, "ada@example.com", PASSWORD).await.ok();
    }
}

#[tokio::test]
async fn credential_stuffing_from_one_network_is_slowed_before_anything_is_hashed() {
    let limits = LimitTable::disabled().with_network(LimitClass::Auth, Some(Policy::new(10, 1).unwrap()));
    let app = App::with(AppOptions { limits, ..AppOptions::default() }).await;
    let mut answers = Vec::new();
    for n in 0..30 {
        answers.push(login(&app, &format!("person-{n}@example.com"), "a leaked password").await.status.as_u16());
    }
    // The one that empties the bucket is not served.
    assert_eq!(answers.iter().filter(|status| **status == 401).count(), 9, "{answers:?}");
    assert_eq!(answers.iter().filter(|status| **status == 429).count(), 21, "{answers:?}");
}

#[tokio::test]
async fn a_flood_of_sign_ins_is_told_when_to_come_back_and_others_stay_fast() {
    // A hash that takes long, so that what waits for one is told from what does not.
    let cost = Cost { passes: 40, ..Cost::DEFAULT };
    let options = AppOptions { cost, hashing: PoolOptions { threads: 1, queue: 2, stand_back: true }, ..AppOptions::default() };
    let app = App::with(options).await;
    let owner = app.owner("tenant-a");
    let begun = std::time::Instant::now();
    let flood = async {
        let logins = (0..40).map(|n| {
            let app = &app;
            async move { login(app, &format!("person-{n}@example.com"), "wrong").await }
        });
        (futures_util::future::join_all(logins).await, begun.elapsed())
    };
    let other = async {
        for _ in 0..20 {
            owner.get("/api/v1/whoami").await.ok();
        }
        begun.elapsed()
    };
    let ((answers, flooded), took) = futures_util::future::join(flood, other).await;
    let busy: Vec<_> = answers.iter().filter(|reply| reply.status == 503).collect();
    assert!(busy.len() >= 20, "{} of 40", busy.len());
    assert!(busy.iter().all(|reply| reply.headers.contains_key("retry-after")));
    assert!(answers.iter().all(|reply| reply.status == 503 || reply.status == 401));
    assert!(took < flooded / 2, "{took:?} of {flooded:?}");
}

#[tokio::test]
async fn a_verifier_of_another_cost_is_made_anew_at_the_next_sign_in() {
    let app = App::start().await;
    app.person("ada@example.com").await;
    let database = app.database.clone();
    let cost = Cost { memory_kib: 128, passes: 2 };
    let stronger = App::over(database.clone(), AppOptions { cost, ..AppOptions::default() }).await;
    let kept = async || -> String {
        database.behind_the_scenes().await.query_one("select verifier from wardgraph.passwords", &[]).await.unwrap().get(0)
    };
    assert!(kept().await.contains("m=64,t=1,p=1"));
    login(&stronger, "ada@example.com", PASSWORD).await.ok();
    assert!(kept().await.contains("m=128,t=2,p=1"));
    login(&stronger, "ada@example.com", PASSWORD).await.ok();
}
