//! Codes, as whoever stole one tries them.

use std::time::Duration;

use serde_json::json;
use wardgraph_testkit::{App, AppOptions, Cluster, Window};

use super::kit::{CHALLENGE, Site, VERIFIER, events, somebody};

#[tokio::test]
async fn a_code_that_is_used_twice_ends_what_it_gave() {
    let app = App::start().await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let site = Site::of(&app, &ada.caller.tenant, json!({})).await;
    let code = site.code(&window, &[]).await;
    let tokens = site.token(&app, &[("code", &code)]).await.ok();
    let client = app.bearer(tokens["access_token"].as_str().unwrap());
    assert_eq!(client.get("/nodes").await.status, 200);
    app.clock.advance(Duration::from_secs(30));
    assert_eq!(site.token(&app, &[("code", &code)]).await.refused(400), "invalid_grant");
    app.hear().await;
    client.get("/nodes").await.problem(401);
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", tokens["refresh_token"].as_str().unwrap())];
    assert_eq!(site.token(&app, &refresh).await.refused(400), "invalid_grant");
    assert_eq!(events(&app, "authorization_code.replayed").await, 1);
    // The browser's own session is nobody's loot.
    assert_eq!(window.get("/account").await.status, 200);
}

#[tokio::test]
async fn a_code_is_good_for_its_client_address_and_verifier_and_a_minute() {
    let app = App::start().await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let uris = json!({ "redirect_uris": ["https://app.example/cb", "https://app.example/other"] });
    let site = Site::of(&app, &ada.caller.tenant, uris.clone()).await;
    let other = Site::of(&app, &ada.caller.tenant, uris).await;
    let code = site.code(&window, &[]).await;
    let code = code.as_str();
    let long = "x".repeat(129);
    for change in [
        ("code_verifier", ""),
        ("code_verifier", CHALLENGE),
        ("code_verifier", "a"),
        ("code_verifier", &*long),
        ("code_verifier", &*VERIFIER.to_lowercase()),
        ("redirect_uri", ""),
        ("redirect_uri", "https://app.example/other"),
        ("redirect_uri", "https://app.example/cb/"),
    ] {
        assert_eq!(site.token(&app, &[("code", code), change]).await.refused(400), "invalid_grant");
    }
    assert_eq!(other.token(&app, &[("code", code)]).await.refused(400), "invalid_grant");
    assert_eq!(site.token(&app, &[("code", ""), ("grant_type", "authorization_code")]).await.refused(400), "invalid_request");
    for forged in ["wgo_", "x", &code.replace("wgo_", "wgr_"), &format!("{}A", &code[..code.len() - 1])] {
        if forged != code {
            assert_eq!(site.token(&app, &[("code", forged)]).await.refused(400), "invalid_grant");
        }
    }
    app.clock.advance(Duration::from_secs(59));
    site.token(&app, &[("code", code)]).await.ok();
    let late = site.code(&window, &[]).await;
    app.clock.advance(Duration::from_secs(60));
    assert_eq!(site.token(&app, &[("code", &late)]).await.refused(400), "invalid_grant");
}

#[tokio::test]
async fn a_code_ends_with_the_session_and_the_account_that_it_came_of() {
    let app = App::start().await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let site = Site::of(&app, &ada.caller.tenant, json!({})).await;
    let code = site.code(&window, &[]).await;
    window.get("/account").await;
    window.send("/sign-out", &[]).await;
    assert_eq!(site.token(&app, &[("code", &code)]).await.refused(400), "invalid_grant");
    for sql in [
        "update wardgraph.users set disabled_at = now()",
        "update wardgraph.users set generation = generation + 1, disabled_at = null",
        "delete from wardgraph.memberships",
    ] {
        let window = Window::open(&app);
        if sql.starts_with("delete") || sql.contains("now()") {
            window.sign_in("ada@example.com").await;
        } else {
            app.database.behind_the_scenes().await.execute("update wardgraph.users set disabled_at = null", &[]).await.unwrap();
            window.sign_in("ada@example.com").await;
        }
        let code = site.code(&window, &[]).await;
        app.database.behind_the_scenes().await.execute(sql, &[]).await.unwrap();
        assert_eq!(site.token(&app, &[("code", &code)]).await.refused(400), "invalid_grant");
    }
}

#[tokio::test]
async fn of_two_uses_of_a_code_at_once_one_gets_tokens_and_loses_them() {
    let app = App::start().await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let site = Site::of(&app, &ada.caller.tenant, json!({})).await;
    let code = site.code(&window, &[]).await;
    let change = [("code", code.as_str())];
    let (one, other) = tokio::join!(site.token(&app, &change), site.token(&app, &change));
    let mut statuses = [one.status.as_u16(), other.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 400]);
    let tokens = if one.status == 200 { one.body } else { other.body };
    app.hear().await;
    app.bearer(tokens["access_token"].as_str().unwrap()).get("/nodes").await.problem(401);
}

#[tokio::test]
async fn no_code_or_reference_can_be_read_from_the_database() {
    let app = App::start().await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let site = Site::of(&app, &ada.caller.tenant, json!({})).await;
    let code = site.code(&window, &[]).await;
    let sql = "select coalesce(string_agg(c::text, ' '), '') from wardgraph.authorization_codes c";
    let rows: String = app.database.behind_the_scenes().await.query_one(sql, &[]).await.unwrap().get(0);
    assert!(rows.contains(&site.id) && !rows.contains(code.trim_start_matches("wgo_")));
}

/// Waits until `many` wait for rows that somebody holds.
async fn wait_for_rows(app: &App, many: i64) {
    let client = app.database.behind_the_scenes().await;
    let sql = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
    for _ in 0..500 {
        if client.query_one(sql, &[]).await.unwrap().get::<_, i64>(0) >= many {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("nobody waits");
}

#[tokio::test]
async fn who_signs_out_while_a_code_is_used_ends_what_it_gives() {
    // Two servers, since one has one connection for whoever is not known yet.
    let database = Cluster::get().database().await;
    let app = App::over(database.clone(), AppOptions::default()).await;
    let other = App::over(database, AppOptions::default()).await;
    other.clock.advance(Duration::from_millis(1_500));
    let (ada, window) = somebody(&other, "ada@example.com").await;
    let site = Site::of(&other, &ada.caller.tenant, json!({})).await;
    let code = site.code(&window, &[]).await;
    window.get("/account").await;
    let mut holder = app.database.behind_the_scenes().await;
    // The exchange has looked at the session, and waits for its client's row before it gives anything.
    let held = holder.transaction().await.unwrap();
    held.execute("select from wardgraph.clients for update", &[]).await.unwrap();
    let used = async { site.token(&app, &[("code", &code)]).await };
    let signed_out = async {
        wait_for_rows(&app, 1).await;
        window.send("/sign-out", &[]).await
    };
    let released = async {
        wait_for_rows(&app, 2).await;
        held.commit().await.unwrap();
    };
    let (used, _, ()) = tokio::join!(used, signed_out, released);
    let tokens = used.ok();
    app.hear().await;
    app.bearer(tokens["access_token"].as_str().unwrap()).get("/nodes").await.problem(401);
    let refreshed = [("grant_type", "refresh_token"), ("refresh_token", tokens["refresh_token"].as_str().unwrap())];
    assert_eq!(site.token(&app, &refreshed).await.refused(400), "invalid_grant");
}

#[tokio::test]
async fn a_code_that_is_used_while_somebody_signs_out_waits_and_gives_nothing() {
    let app = App::start().await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let site = Site::of(&app, &ada.caller.tenant, json!({})).await;
    let code = site.code(&window, &[]).await;
    let mut holder = app.database.behind_the_scenes().await;
    let signing_out = holder.transaction().await.unwrap();
    signing_out.execute("update wardgraph.sessions set ended_at = now(), ended_by = 'logout' where browser", &[]).await.unwrap();
    let used = async { site.token(&app, &[("code", &code)]).await };
    let released = async {
        wait_for_rows(&app, 1).await;
        signing_out.commit().await.unwrap();
    };
    let (used, ()) = tokio::join!(used, released);
    assert_eq!(used.refused(400), "invalid_grant");
}

#[tokio::test]
async fn no_application_has_a_persons_own_sessions_end_or_another_applications() {
    let app = App::start().await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let (greedy, other) =
        (Site::of(&app, &ada.caller.tenant, json!({})).await, Site::of(&app, &ada.caller.tenant, json!({})).await);
    let kept = other.tokens(&app, &window, &[]).await;
    let first = greedy.tokens(&app, &window, &[]).await;
    // As many as it may have of this person, the first included, without asking a hundred times.
    let sql = "insert into wardgraph.sessions select (jsonb_populate_record(null::wardgraph.sessions, to_jsonb(s) || jsonb_build_object('session_id', gen_random_uuid(), 'last_used_at', s.last_used_at + n * interval '1 second'))).*
               from wardgraph.sessions s, generate_series(1, 99) n where s.client_id = $1";
    app.database.behind_the_scenes().await.execute(sql, &[&greedy.id]).await.unwrap();
    app.clock.advance(Duration::from_mins(5));
    let last = greedy.tokens(&app, &window, &[]).await;
    app.hear().await;
    let is_good =
        async |tokens: &serde_json::Value| app.bearer(tokens["access_token"].as_str().unwrap()).get("/nodes").await.status == 200;
    assert!(!is_good(&first).await, "its own oldest one ends");
    assert!(is_good(&last).await && is_good(&kept).await);
    assert_eq!(ada.caller.get("/api/v1/users/me").await.status, 200);
    assert_eq!(window.get("/account").await.status, 200);
}
