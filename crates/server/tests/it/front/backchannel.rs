//! Clients are told of sign-outs (OpenID Connect Back-Channel Logout), the good ones and the bad ones.

use std::{collections::BTreeSet, time::Duration};

use serde_json::{Value, json};
use tokio::time::Instant;
use wardgraph_egress::{Address, Rules};
use wardgraph_kernel::Clock;
use wardgraph_testkit::{App, AppOptions, Cluster, Window};
use wardgraph_tokens::Algorithm;

use super::{
    kit::{Site, claims, events, somebody},
    receiver::{Manner, Receiver, parts, teller, telling},
};

/// A client that is told of sign-outs there.
async fn site(app: &App, organization: &str, to: &str) -> Site {
    Site::of(app, organization, json!({ "backchannel_logout_uri": to })).await
}

/// Signs out at a client's word.
async fn sign_out(window: &Window, tokens: &Value) {
    let hint = tokens["id_token"].as_str().unwrap();
    assert_eq!(window.get(&format!("/oauth2/logout?id_token_hint={hint}")).await.leads(), "/sign-in?done=signed_out");
}

async fn waiting(app: &App) -> i64 {
    let sql = "select count(*) from wardgraph.logouts";
    app.database.behind_the_scenes().await.query_one(sql, &[]).await.unwrap().get(0)
}

fn sids(receiver: &Receiver) -> BTreeSet<String> {
    receiver.told().iter().map(|(_, token)| parts(token)[1]["sid"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn somebody_who_signs_out_is_signed_out_at_every_client_that_took_part() {
    let app = App::with(AppOptions { algorithms: vec![Algorithm::ES256, Algorithm::EdDSA], ..AppOptions::default() }).await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let (_, bobs) = somebody(&app, "bob@example.com").await;
    let receiver = Receiver::start(Manner::Takes).await;
    let one = site(&app, &ada.caller.tenant, &receiver.address("/one")).await;
    let wanted = json!({ "backchannel_logout_uri": receiver.address("/two?a=b"), "id_token_alg": "EdDSA" });
    let two = Site::of(&app, &ada.caller.tenant, wanted).await;
    let silent = Site::of(&app, &ada.caller.tenant, json!({})).await;
    let first = one.tokens(&app, &window, &[]).await;
    // What may go on without its person is told, too: they are signed in no more.
    let lasting = two.tokens(&app, &window, &[("scope", "openid nodes:read offline_access")]).await;
    silent.tokens(&app, &window, &[]).await;
    one.tokens(&app, &bobs, &[]).await;
    sign_out(&window, &first).await;
    let worker = teller(&app, &[&receiver]);
    worker.turn().await.unwrap();
    assert_eq!((waiting(&app).await, worker.turn().await.unwrap()), (0, 0));
    let mut told = receiver.told();
    told.sort();
    assert_eq!(told.iter().map(|(path, _)| path.as_str()).collect::<Vec<_>>(), ["/one", "/two?a=b"]);
    let mut ids = BTreeSet::new();
    for ((_, token), site, tokens, alg) in [(&told[0], &one, &first, "ES256"), (&told[1], &two, &lasting, "EdDSA")] {
        let ([header, said], id_token) = (parts(token), claims(&tokens["id_token"]));
        assert_eq!((&header["typ"], &header["alg"]), (&json!("logout+jwt"), &json!(alg)));
        for name in ["iss", "sub", "sid"] {
            assert_eq!(said[name], id_token[name], "{name}");
        }
        assert_eq!(said["aud"], site.id);
        assert_eq!(said["exp"].as_i64().unwrap() - said["iat"].as_i64().unwrap(), 120);
        assert_eq!(said["events"], json!({ "http://schemas.openid.net/event/backchannel-logout": {} }));
        assert!(said.get("nonce").is_none());
        ids.insert(said["jti"].to_string());
        // It is no token for anything here.
        app.bearer(token).get("/api/v1/whoami").await.problem(401);
    }
    assert_eq!(ids.len(), 2);
    let refresh = lasting["refresh_token"].as_str().unwrap();
    two.token(&app, &[("grant_type", "refresh_token"), ("refresh_token", refresh)]).await.ok();
    // Bob is signed in where he was.
    assert_eq!(bobs.get("/account").await.status, 200);
}

#[tokio::test]
async fn a_client_that_cannot_be_told_is_tried_again_and_given_up_on_record() {
    let app = App::start().await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let receiver = Receiver::start(Manner::Answers(503)).await;
    let site = site(&app, &ada.caller.tenant, &receiver.address("/out")).await;
    let worker = teller(&app, &[&receiver]);
    // It is down for a while.
    let tokens = site.tokens(&app, &window, &[]).await;
    sign_out(&window, &tokens).await;
    assert_eq!((worker.turn().await.unwrap(), worker.turn().await.unwrap()), (1, 0));
    app.clock.advance(Duration::from_secs(5));
    receiver.becomes(Manner::Takes);
    assert_eq!(worker.turn().await.unwrap(), 1);
    assert_eq!((receiver.asked(), sids(&receiver).len(), waiting(&app).await), (2, 1, 0));
    // It is down for good.
    window.sign_in("ada@example.com").await;
    let tokens = site.tokens(&app, &window, &[]).await;
    sign_out(&window, &tokens).await;
    receiver.becomes(Manner::Answers(400));
    for wait in [0, 5, 30, 180, 900] {
        app.clock.advance(Duration::from_secs(wait));
        assert_eq!((worker.turn().await.unwrap(), waiting(&app).await), (1, 1), "{wait}");
        assert_eq!(worker.turn().await.unwrap(), 0, "{wait}");
    }
    assert_eq!(events(&app, "logout.undelivered").await, 0);
    app.clock.advance(Duration::from_hours(1));
    assert_eq!((worker.turn().await.unwrap(), waiting(&app).await), (1, 0));
    assert_eq!(receiver.asked(), 2 + 6);
    let sql = "select tenant_id, outcome, subject, payload from wardgraph.events where type = 'logout.undelivered'";
    let row = app.database.behind_the_scenes().await.query_one(sql, &[]).await.unwrap();
    assert_eq!((row.get::<_, String>(0), row.get::<_, String>(1)), (ada.caller.tenant.clone(), "failure".to_owned()));
    assert!(row.get::<_, String>(2).contains(&site.id));
    let payload: Value = row.get(3);
    assert_eq!((&payload["reason"], &payload["tries"]), (&json!("the client answered 400"), &json!(6)));
    assert_eq!(payload["session"], claims(&tokens["id_token"])["sid"]);
}

#[tokio::test]
async fn no_client_leads_elsewhere_and_none_holds_the_worker_by_what_it_answers() {
    let app = App::start().await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let elsewhere = Receiver::start(Manner::Takes).await;
    let leading = Receiver::start(Manner::LeadsTo(elsewhere.address("/"))).await;
    let huge = Receiver::start(Manner::Overflows).await;
    let mut tokens = Value::Null;
    for receiver in [&leading, &huge] {
        tokens = site(&app, &ada.caller.tenant, &receiver.address("/out")).await.tokens(&app, &window, &[]).await;
    }
    sign_out(&window, &tokens).await;
    let worker = teller(&app, &[&elsewhere, &leading, &huge]);
    let began = Instant::now();
    assert_eq!(worker.turn().await.unwrap(), 2);
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    assert_eq!((leading.asked(), elsewhere.asked(), huge.told().len()), (1, 0, 1));
    assert_eq!(waiting(&app).await, 1, "a redirect is no answer that a client was told");
}

#[tokio::test]
async fn a_slow_host_keeps_nobody_else_waiting_and_is_not_overrun() {
    let app = App::start().await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let slow = Receiver::start(Manner::Rests).await;
    let good = Receiver::on("127.0.0.2", Manner::Takes).await;
    let one = site(&app, &ada.caller.tenant, &slow.address("/out")).await;
    let other = site(&app, &ada.caller.tenant, &good.address("/out")).await;
    for _ in 0..12 {
        one.tokens(&app, &window, &[]).await;
    }
    let tokens = other.tokens(&app, &window, &[]).await;
    sign_out(&window, &tokens).await;
    let worker = teller(&app, &[&slow, &good]);
    let turn = tokio::spawn(async move { worker.turn().await.map(|_| worker) });
    let began = Instant::now();
    while good.told().is_empty() {
        assert!(began.elapsed() < Duration::from_secs(2), "who answers is told at once");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let worker = turn.await.unwrap().unwrap();
    assert!(began.elapsed() < Duration::from_secs(9), "{:?}", began.elapsed());
    assert_eq!((slow.asked(), slow.most_at_once(), waiting(&app).await), (1, 1, 12));
    // Those that were not begun were not tried, and come soon.
    slow.becomes(Manner::Takes);
    app.clock.advance(Duration::from_secs(2));
    assert_eq!(worker.turn().await.unwrap(), 11);
    app.clock.advance(Duration::from_secs(5));
    assert_eq!(worker.turn().await.unwrap(), 1);
    assert_eq!((sids(&slow).len(), waiting(&app).await), (12, 0));
    assert!(slow.most_at_once() <= 4, "{}", slow.most_at_once());
}

/// Has it written down that so many sessions at a client ended, since long.
async fn ended(app: &App, client: &str, organization: &str, number: i32) {
    let sql = "insert into wardgraph.logouts (session_id, client_id, user_id, organization_id, ended_at, due_at)
               select gen_random_uuid(), $1, gen_random_uuid(), $2, $3::timestamptz - interval '1 hour', $3::timestamptz - interval '1 hour'
               from generate_series(1, $4::int)";
    let (client, now) = (client.to_owned(), app.clock.now());
    app.database.behind_the_scenes().await.execute(sql, &[&client, &organization, &now, &number]).await.unwrap();
}

#[tokio::test]
async fn who_is_slow_to_hear_keeps_no_other_organization_waiting() {
    let app = App::start().await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let eve = app.person("eve@example.com").await;
    // A hundred hosts that say nothing, each of a client of one organization, and as many of nobody's; all are due since long, and come first by name.
    let slow = Receiver::on("0.0.0.0", Manner::Rests).await;
    let good = Receiver::on("127.0.1.1", Manner::Takes).await;
    let port = slow.address("").rsplit(':').next().unwrap().to_owned();
    let nobodys = json!({ "organization_id": null, "source": "dynamic", "auth_method": "none" });
    let mut named = Vec::new();
    for number in 1..=100 {
        for change in [json!({}), nobodys.clone()] {
            let to = format!("http://127.0.0.{number}:{port}/out");
            let mut change = change;
            change["backchannel_logout_uri"] = json!(to);
            let site = Site::of(&app, &eve.caller.tenant, change).await;
            ended(&app, &site.id, &eve.caller.tenant, 5).await;
            named.push(to);
        }
    }
    let site = site(&app, &ada.caller.tenant, &good.address("/out")).await;
    let tokens = site.tokens(&app, &window, &[]).await;
    sign_out(&window, &tokens).await;
    let named: Vec<_> = named.into_iter().chain([good.address("/")]).map(|to| Address::parse(&to).unwrap()).collect();
    let worker = telling(&app, Rules::operator(&named, &[]));
    let running = tokio::spawn(worker.run());
    let began = Instant::now();
    while good.told().is_empty() {
        assert!(began.elapsed() < Duration::from_secs(4), "who answers is told at once");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    running.abort();
}

#[tokio::test]
async fn whoever_has_much_to_be_told_leaves_room_for_others() {
    let app = App::start().await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let eve = app.person("eve@example.com").await;
    let receiver = Receiver::start(Manner::Takes).await;
    for number in 0..6 {
        let much = site(&app, &eve.caller.tenant, &receiver.address(&format!("/much/{number}"))).await;
        ended(&app, &much.id, &eve.caller.tenant, 100).await;
    }
    let site = site(&app, &ada.caller.tenant, &receiver.address("/one")).await;
    let tokens = site.tokens(&app, &window, &[]).await;
    sign_out(&window, &tokens).await;
    teller(&app, &[&receiver]).turn().await.unwrap();
    let told = receiver.told();
    assert!(told.iter().any(|(path, _)| path == "/one"), "its turn is the first one of its organization");
    let paths: BTreeSet<_> = told.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(paths.len(), 7, "and so is each client's: {paths:?}");
}

#[tokio::test]
async fn no_private_host_is_told_anything() {
    let app = App::start().await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let receiver = Receiver::start(Manner::Takes).await;
    let mut tokens = Value::Null;
    let private = ["http://127.0.0.1/out", "http://localhost/out", "http://[::1]/out", "http://169.254.169.254/"];
    for to in private.map(str::to_owned).into_iter().chain([receiver.address("/out")]) {
        tokens = site(&app, &ada.caller.tenant, &to).await.tokens(&app, &window, &[]).await;
    }
    sign_out(&window, &tokens).await;
    // As a server does that nobody told otherwise.
    assert_eq!(telling(&app, Rules::tenant(None)).turn().await.unwrap(), 5);
    assert_eq!((receiver.asked(), waiting(&app).await), (0, 5));
}

#[tokio::test]
async fn of_two_servers_one_tells_a_client() {
    let database = Cluster::get().database().await;
    let app = App::over(database.clone(), AppOptions::default()).await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let receiver = Receiver::start(Manner::Takes).await;
    let site = site(&app, &ada.caller.tenant, &receiver.address("/out")).await;
    let mut tokens = Value::Null;
    for _ in 0..20 {
        tokens = site.tokens(&app, &window, &[]).await;
    }
    sign_out(&window, &tokens).await;
    let elsewhere = App::over(database, AppOptions::default()).await;
    let (here, there) = (teller(&app, &[&receiver]), teller(&elsewhere, &[&receiver]));
    let (one, other) = tokio::join!(here.turn(), there.turn());
    assert_eq!(one.unwrap() + other.unwrap(), 20);
    assert_eq!((receiver.asked(), sids(&receiver).len(), waiting(&app).await), (20, 20, 0));
}

#[tokio::test]
async fn a_worker_that_dies_while_it_tells_leaves_it_to_others() {
    let app = App::start().await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let receiver = Receiver::start(Manner::Rests).await;
    let site = site(&app, &ada.caller.tenant, &receiver.address("/out")).await;
    let tokens = site.tokens(&app, &window, &[]).await;
    sign_out(&window, &tokens).await;
    let worker = teller(&app, &[&receiver]);
    let dying = worker.clone();
    let turn = tokio::spawn(async move { dying.turn().await });
    while receiver.asked() == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    turn.abort();
    receiver.becomes(Manner::Takes);
    assert_eq!(worker.turn().await.unwrap(), 0, "it is claimed still");
    app.clock.advance(Duration::from_mins(2));
    assert_eq!(worker.turn().await.unwrap(), 1);
    assert_eq!((sids(&receiver).len(), waiting(&app).await), (1, 0));
}
