//! The phone is lost: recovery codes.

use serde_json::json;
use wardgraph_testkit::{App, Reply};

use super::{super::log, another_server, claims, codes, number, show_recovery, token, untouched, with_an_app};

#[tokio::test]
async fn a_code_opens_the_account_once_and_its_owner_is_told() {
    let app = App::start().await;
    let (ada, authenticator) = with_an_app(&app, "ada@example.com").await;
    let mine = codes(&authenticator.enabled);
    // However it is typed.
    let typed = mine[0].to_uppercase().replace('-', " ");
    let tokens = show_recovery(&app, &token(&app, "ada@example.com").await, &typed).await.ok();
    assert_eq!(tokens["recovery_codes_left"], 9);
    assert_eq!(claims(&tokens)["amr"], json!(["pwd", "otp", "mfa"]));
    let before = untouched(&app).await;
    show_recovery(&app, &token(&app, "ada@example.com").await, &mine[0]).await.problem(401);
    assert_eq!(untouched(&app).await, before, "a used code changes nothing");
    let events = log(&app, &ada.caller.tenant).await;
    assert!(events.contains(&"recovery_code.used success".to_owned()) && events.contains(&"mfa.failed refused".into()));
    assert_eq!(ada.caller.get("/api/v1/users/me/mfa").await.ok()["recovery_codes_left"], 9);
    app.mail_everything().await;
    let told = app.mails.to("ada@example.com").iter().filter(|mail| mail.subject.contains("recovery code was used")).count();
    assert_eq!(told, 1);
}

#[tokio::test]
async fn of_two_uses_of_one_code_at_once_one_succeeds() {
    let app = App::start().await;
    let (_, authenticator) = with_an_app(&app, "ada@example.com").await;
    let code = &codes(&authenticator.enabled)[0];
    let mut tokens = Vec::new();
    for _ in 0..6 {
        tokens.push(token(&app, "ada@example.com").await);
    }
    let servers = [&app, &another_server(&app).await];
    let uses = tokens.iter().enumerate().map(|(n, token)| show_recovery(servers[n % 2], token, code));
    let uses = futures_util::future::join_all(uses).await;
    assert_eq!(uses.iter().filter(|reply| reply.status == 200).count(), 1);
    assert_eq!(number(&app, "select count(*) from wardgraph.recovery_codes where used_at is not null").await, 1);
}

#[tokio::test]
async fn new_codes_end_the_old_ones() {
    let app = App::start().await;
    let (ada, authenticator) = with_an_app(&app, "ada@example.com").await;
    let old = codes(&authenticator.enabled);
    let path = "/api/v1/users/me/mfa/recovery-codes";
    let new = codes(&Reply::of(ada.caller.request("POST", path)).await.created());
    assert!(new.len() == 10 && new.iter().all(|code| !old.contains(code)));
    show_recovery(&app, &token(&app, "ada@example.com").await, &old[0]).await.problem(401);
    show_recovery(&app, &token(&app, "ada@example.com").await, &new[0]).await.ok();
    // Nobody else's, and nobody's without a factor.
    let (bob, _) = with_an_app(&app, "bob@example.com").await;
    show_recovery(&app, &token(&app, "bob@example.com").await, &new[1]).await.problem(401);
    let carol = app.person("carol@example.com").await;
    Reply::of(carol.caller.request("POST", path)).await.problem(404);
    assert_eq!(number(&app, "select count(*) from wardgraph.recovery_codes").await, 20);
    assert_eq!(bob.caller.get("/api/v1/users/me/mfa").await.ok()["recovery_codes_left"], 10);
}
