//! The link by which a server gets its first administrator.

use std::time::Duration;

use serde_json::{Value, json};
use wardgraph_testkit::{App, PASSWORD, Person, Reply, Window};

use super::log;
use crate::binary::{Server, run};

async fn set_up(app: &App, token: &str, email: &str) -> Reply {
    let body = json!({ "token": token, "email": email, "name": "Root", "password": PASSWORD });
    app.stranger().post("/api/v1/auth/setup", &body).await
}

async fn administrators(app: &App) -> Vec<String> {
    let sql = "select email from wardgraph.users where global_role = 'super_admin' order by 1";
    let client = app.database.behind_the_scenes().await;
    client.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

#[tokio::test]
async fn whoever_opens_the_link_makes_the_first_administrator_once() {
    let app = App::start().await;
    let (one, other) = (app.setup_token(false).await.unwrap(), app.setup_token(false).await.unwrap());
    for bad in ["x", &one[..40], &format!("{one}A"), &one.replace("wgi_", "wgs_")] {
        set_up(&app, bad, "mallory@example.com").await.problem(422);
    }
    let weak = json!({ "token": one, "email": "root@example.com", "name": "Root", "password": "password1234" });
    assert_eq!(app.stranger().post("/api/v1/auth/setup", &weak).await.problem(422)["errors"][0]["field"], "/password");
    assert_eq!(set_up(&app, &one, "root@example.com").await.status, 204);
    let root = Person::again(&app, "root@example.com").await;
    assert_eq!(root.caller.get("/api/v1/users").await.ok()["users"][0]["global_role"], "super_admin");
    // Used, and with it every other one.
    for token in [&one, &other] {
        set_up(&app, token, "mallory@example.com").await.problem(422);
    }
    assert_eq!(app.setup_token(false).await, None, "there is an administrator");
    let another = app.setup_token(true).await.unwrap();
    let taken = set_up(&app, &another, "root@example.com").await.problem(422);
    assert_eq!(taken["errors"][0]["field"], "/email");
    assert_eq!(set_up(&app, &another, "second@example.com").await.status, 204);
    assert_eq!(administrators(&app).await, ["root@example.com", "second@example.com"]);
    assert!(log(&app, &root.caller.tenant).await.contains(&"server.set_up success".to_owned()));
}

#[tokio::test]
async fn of_two_links_that_are_used_at_once_one_makes_an_administrator() {
    let app = App::start().await;
    for _ in 0..5 {
        let client = app.database.behind_the_scenes().await;
        client.execute("update wardgraph.users set global_role = null", &[]).await.unwrap();
        let round: i64 = client.query_one("select count(*) from wardgraph.users", &[]).await.unwrap().get(0);
        let (one, other) = (app.setup_token(false).await.unwrap(), app.setup_token(false).await.unwrap());
        let emails = [format!("a{round}@example.com"), format!("b{round}@example.com")];
        tokio::join!(set_up(&app, &one, &emails[0]), set_up(&app, &other, &emails[1]));
        assert_eq!(administrators(&app).await.len(), 1);
    }
}

#[tokio::test]
async fn of_many_links_that_are_used_at_once_none_waits_for_another_for_ever() {
    let app = App::start().await;
    for round in 0..4 {
        let client = app.database.behind_the_scenes().await;
        client.execute("update wardgraph.users set global_role = null", &[]).await.unwrap();
        let mut used = Vec::new();
        for place in 0..6 {
            let token = app.setup_token(false).await.unwrap();
            let (app, email) = (&app, format!("r{round}-{place}@example.com"));
            used.push(async move { set_up(app, &token, &email).await.status.as_u16() });
        }
        let mut statuses = futures_util::future::join_all(used).await;
        statuses.sort_unstable();
        assert_eq!(statuses, [204, 422, 422, 422, 422, 422]);
    }
}

#[tokio::test]
async fn a_link_ends_and_who_came_before_it_ends_it() {
    let app = App::start().await;
    let token = app.setup_token(false).await.unwrap();
    let ada = app.person("ada@example.com").await;
    app.clock.advance(Duration::from_hours(1));
    set_up(&app, &token, "root@example.com").await.problem(422);
    let token = app.setup_token(false).await.unwrap();
    let sql = "update wardgraph.users set global_role = 'super_admin' where user_id = $1::text::uuid";
    app.database.behind_the_scenes().await.execute(sql, &[&ada.id]).await.unwrap();
    set_up(&app, &token, "root@example.com").await.problem(422);
    assert_eq!(administrators(&app).await, ["ada@example.com"]);
    app.clock.advance(Duration::from_hours(2));
    app.sweep_accounts().await;
    let client = app.database.behind_the_scenes().await;
    let left: i64 = client.query_one("select count(*) from wardgraph.setup_links", &[]).await.unwrap().get(0);
    assert_eq!(left, 0);
}

#[tokio::test]
async fn the_server_is_set_up_with_a_browser() {
    let app = App::start().await;
    let token = app.setup_token(false).await.unwrap();
    let window = Window::open(&app);
    let link = format!("/setup?token={token}");
    for _ in 0..2 {
        assert!(window.get(&link).await.text.contains("Create administrator"));
    }
    assert!(administrators(&app).await.is_empty(), "looking makes nobody one");
    let blank = window.send("/setup", &[("token", &token), ("name", ""), ("email", "x"), ("password", "")]).await;
    assert_eq!(blank.status, 422);
    assert!(blank.text.contains("Name must be filled in.") && blank.text.contains(&token), "{}", blank.text);
    let fields = [("token", token.as_str()), ("name", "Root"), ("email", "root@example.com"), ("password", PASSWORD)];
    assert_eq!(window.send("/setup", &fields).await.leads(), "/sign-in?done=set_up");
    assert!(window.get("/sign-in?done=set_up").await.text.contains("administers this server"));
    window.sign_in("root@example.com").await;
    assert_eq!(administrators(&app).await, ["root@example.com"]);
}

#[tokio::test]
async fn a_command_prints_the_link_and_the_server_says_so_while_it_has_no_account() {
    let server = Server::start(&[("WARDGRAPH_ACCOUNTS__REGISTRATION", "closed")]);
    assert!(server.log().contains("wardgraph user setup-link"), "{}", server.log());
    let data = server.data();
    let link = |more: &[&str]| run(&[("WARDGRAPH_DATA_DIR", data.to_str().unwrap())], &[&["user", "setup-link"], more].concat());
    for bad in [
        &["--expires-in", "25h"][..],
        &["--expires-in", "x"],
        &["--email", "nobody"],
        &["--listen", "nowhere"],
        &["--listen", "127.0.0.1:0"],
    ] {
        let refused = link(bad);
        assert!(!refused.status.success() && refused.stdout.is_empty(), "{bad:?}");
    }
    let there = link(&["--listen", server.base.strip_prefix("http://").unwrap()]);
    let there = String::from_utf8(there.stdout).unwrap();
    assert!(there.starts_with(&format!("{}/setup?token=", server.base)), "{there}");
    let printed = link(&["--email", "Root@Example.com", "--expires-in", "30m"]);
    assert!(printed.status.success(), "{}", String::from_utf8_lossy(&printed.stderr));
    let printed = String::from_utf8(printed.stdout).unwrap();
    let (place, token) = printed.trim().split_once("/setup?token=").unwrap();
    assert!(place.starts_with("http://127.0.0.1:") && printed.lines().count() == 1, "{printed}");
    assert!(!server.log().contains(token));
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let set_up = async |email: &str| {
        let body = json!({ "token": token, "email": email, "name": "Root", "password": PASSWORD });
        let answer = client.post(format!("{}/api/v1/auth/setup", server.base)).json(&body).send().await.unwrap();
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap_or_default())
    };
    let (status, problem) = set_up("other@example.com").await;
    assert_eq!((status, &problem["errors"][0]["field"]), (422, &json!("/email")), "the link is for one address");
    assert_eq!(set_up("root@example.com").await.0, 204);
    let refused = link(&[]);
    assert!(!refused.status.success() && String::from_utf8_lossy(&refused.stderr).contains("--another"));
    assert!(link(&["--another"]).status.success());
}
