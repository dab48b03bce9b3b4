//! Invitations with a browser.

use std::time::Duration;

use wardgraph_http::Registering;
use wardgraph_testkit::{App, AppOptions, PASSWORD, Window};

use super::{at, invited, members, statuses};

#[tokio::test]
async fn an_owner_invites_with_a_browser_and_somebody_new_follows() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let window = Window::open(&app);
    window.sign_in("ada@example.com").await;
    assert!(window.get("/account").await.text.contains("href=\"/account/invitations\""));
    assert!(window.get("/account/invitations").await.text.contains("Nobody is invited."));
    let form = window.get("/account/invitations/new").await.text;
    // What is chosen by not choosing is the least.
    assert!(form.find("value=\"analyst\"").unwrap() < form.find("value=\"owner\"").unwrap(), "{form}");
    let refused = window.send("/account/invitations/new", &[("email", "no address"), ("role", "owner")]).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text.contains("href=\"#email\"") && refused.text.contains("value=\"owner\" selected"), "{}", refused.text);
    let sent = window.send("/account/invitations/new", &[("email", "joan@example.com"), ("role", "developer")]).await;
    assert_eq!(sent.leads(), "/account/invitations?done=invited");
    let shown = window.get("/account/invitations?done=invited").await.text;
    assert!(shown.contains("on its way") && shown.contains("joan@example.com") && shown.contains("Open"), "{shown}");

    app.mail_everything().await;
    let token = app.mails.token("joan@example.com", "invitation");
    let link = format!("/invitation?token={token}");
    // A mail program that opens the link changes nothing.
    for _ in 0..2 {
        assert!(Window::open(&app).get(&link).await.text.contains("Create account and join"));
    }
    assert_eq!(statuses(&ada.caller.get("/api/v1/invitations").await.ok()), ["joan@example.com open"]);
    let joan = Window::open(&app);
    joan.get(&link).await;
    let weak = joan.send("/invitation", &[("token", &token), ("name", "Joan"), ("password", "password1234")]).await;
    assert_eq!(weak.status, 422);
    assert!(
        weak.text.contains(&token) && weak.text.contains("href=\"#password\"") && !weak.text.contains("password1234"),
        "{}",
        weak.text
    );
    let done = joan.send("/invitation", &[("token", &token), ("name", "Joan"), ("password", PASSWORD)]).await;
    assert_eq!(done.leads(), "/sign-in?done=joined");
    joan.sign_in("joan@example.com").await;
    let account = joan.get("/account").await.text;
    assert!(account.contains("developer") && !account.contains("/account/invitations"), "{account}");
    // Who does not look after the organization sees nothing of it.
    assert_eq!(joan.get("/account/invitations").await.status, 403);
    assert_eq!(joan.send("/account/invitations/new", &[("email", "x@example.com"), ("role", "analyst")]).await.status, 403);

    app.clock.advance(Duration::from_secs(1));
    let other = invited(&app, &ada, "jo@example.com", "analyst").await;
    let id = ada.caller.get("/api/v1/invitations").await.ok()["invitations"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(joan.send(&format!("/account/invitations/{id}/withdraw"), &[]).await.status, 403);
    window.get("/account/invitations").await;
    assert_eq!(
        window.send(&format!("/account/invitations/{id}/withdraw"), &[]).await.leads(),
        "/account/invitations?done=withdrawn"
    );
    let late = Window::open(&app);
    late.get(&format!("/invitation?token={other}")).await;
    assert_eq!(late.send("/invitation", &[("token", &other), ("name", "Jo"), ("password", PASSWORD)]).await.status, 422);
}

#[tokio::test]
async fn somebody_with_an_account_joins_with_a_browser_and_changes_where_they_work() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    app.clock.advance(Duration::from_secs(1));
    let bob = app.person("bob@example.com").await;
    app.clock.advance(Duration::from_secs(1));
    let token = invited(&app, &ada, "bob@example.com", "admin").await;
    let window = Window::open(&app);
    let first = window.get(&format!("/invitation?token={token}")).await.text;
    let link = format!("/account/invitation?token={token}");
    assert!(first.contains(&format!("href=\"{link}\"")), "{first}");
    // He signs in first, and comes back.
    let to = window.get(&link).await;
    let encoded = format!("%2Faccount%2Finvitation%3Ftoken%3D{token}");
    assert_eq!(to.leads(), format!("/sign-in?return_to={encoded}"));
    window.get(to.leads()).await;
    let fields = [("email", "bob@example.com"), ("password", PASSWORD), ("return_to", &link)];
    assert_eq!(window.send("/sign-in", &fields).await.leads(), link);
    for _ in 0..2 {
        let shown = window.get(&link).await.text;
        assert!(shown.contains("Grace Hopper&#39;s organization") || shown.contains("Grace Hopper's organization"), "{shown}");
        assert!(shown.contains("Admin: members"), "{shown}");
    }
    assert_eq!(members(&app, &ada.caller.tenant).await.len(), 1, "looking changes nothing");
    // Another person's window shows nothing of it.
    let mallory = Window::open(&app);
    app.person("mallory@example.com").await;
    mallory.sign_in("mallory@example.com").await;
    let shown = mallory.get(&link).await.text;
    assert!(
        shown.contains("no invitation to your account")
            && !shown.contains("Grace Hopper&#39;s")
            && !shown.contains("Admin: members"),
        "{shown}"
    );
    assert_eq!(mallory.send("/account/invitation", &[("token", &token)]).await.status, 422);

    window.get(&link).await;
    assert_eq!(window.send("/account/invitation", &[("token", &token)]).await.leads(), "/account?done=joined");
    let account = window.get("/account?done=joined").await.text;
    assert!(account.contains("You are a member") && account.contains("You work here"), "{account}");
    let switch = format!("/sign-in?organization={}", ada.caller.tenant);
    assert!(account.contains(&switch), "{account}");
    assert_eq!(window.get("/account/invitations").await.status, 200, "his own organization's");
    assert!(window.get(&switch).await.text.contains(&format!("value=\"{}\"", ada.caller.tenant)));
    let fields = [("email", "bob@example.com"), ("password", PASSWORD), ("organization", &ada.caller.tenant)];
    assert_eq!(window.send("/sign-in", &fields).await.leads(), "/account");
    assert!(window.get("/account/invitations").await.text.contains("bob@example.com"));
    assert_eq!(at(&app, "bob@example.com", &ada.caller.tenant).await.id, bob.id);
    // After a while it asks for a fresh sign-in, and leads back to the very page.
    app.clock.advance(Duration::from_mins(11));
    assert_eq!(window.get(&link).await.leads(), format!("/sign-in?return_to={encoded}&done=stale"));
}

#[tokio::test]
async fn the_page_to_register_says_who_may() {
    for (registration, words, invited_may) in [
        (Registering::ByInvitation, "Accounts are made by invitation here.", true),
        (Registering::Closed, "Nobody registers here", false),
    ] {
        let app = App::with(AppOptions { registration, ..AppOptions::default() }).await;
        let window = Window::open(&app);
        let page = window.get("/register").await;
        assert_eq!(page.status, 200);
        assert!(page.text.contains(words) && !page.text.contains("<form method=\"post\" action=\"/register\""), "{}", page.text);
        window.get("/sign-in").await;
        let fields = [("name", "Ada"), ("email", "ada@example.com"), ("password", PASSWORD)];
        assert_eq!(window.send("/register", &fields).await.status, 403);
        let page = window.get("/invitation?token=x").await.text;
        assert_eq!(page.contains("Create account and join"), invited_may, "{page}");
    }
}
