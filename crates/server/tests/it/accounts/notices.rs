//! What people are told of their own accounts by mail: little enough, whoever makes it happen, and never in the way of anybody else.

use std::time::Duration;

use serde_json::json;
use wardgraph_testkit::{App, PASSWORD, Person, Reply};

use super::{log, login};

/// How many messages with this subject an address got.
async fn sent(app: &App, email: &str, subject: &str) -> usize {
    app.mail_everything().await;
    app.mails.to(email).iter().filter(|message| message.subject.contains(subject)).count()
}

#[tokio::test]
async fn whoever_makes_new_codes_again_and_again_is_told_five_times_an_hour() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let authenticator = ada.adds_an_app(&app).await;
    let remake = async |ada: &Person| Reply::of(ada.caller.request("POST", "/api/v1/users/me/mfa/recovery-codes")).await.status;
    for _ in 0..12 {
        assert_eq!(remake(&ada).await, 201);
    }
    assert_eq!(sent(&app, "ada@example.com", "new recovery codes").await, 5);
    // The log tells of each.
    let told = log(&app, &ada.caller.tenant).await.iter().filter(|event| *event == "recovery_codes.made success").count();
    assert_eq!(told, 13, "with the enrolment");
    // Another kind is counted by itself, and the next hour is another one.
    assert_eq!(sent(&app, "ada@example.com", "another second factor").await, 1);
    app.clock.advance(Duration::from_hours(1));
    let asked = Person::signing_in(&app, "ada@example.com").await;
    let shown = json!({ "mfa_token": asked["mfa_token"], "code": authenticator.code(&app, 0) });
    let tokens = app.stranger().post("/api/v1/auth/mfa/verify", &shown).await.ok();
    assert_eq!(remake(&Person::of(&app, "ada@example.com", &tokens)).await, 201);
    assert_eq!(sent(&app, "ada@example.com", "new recovery codes").await, 6);
}

#[tokio::test]
async fn a_changed_password_and_failing_sign_ins_are_bounded_too() {
    const OTHER: &str = "marble-tunnel-ferry-quilt";
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    for round in 0..8 {
        let (old, new) = if round % 2 == 0 { (PASSWORD, OTHER) } else { (OTHER, PASSWORD) };
        let change = json!({ "current_password": old, "new_password": new });
        assert_eq!(ada.caller.post("/api/v1/users/me/change-password", &change).await.status, 204);
    }
    assert_eq!(sent(&app, "ada@example.com", "was changed").await, 5);
    for round in 0..8 {
        for _ in 0..5 {
            login(&app, "ada@example.com", "wrong").await.problem(401);
        }
        app.clock.advance(Duration::from_secs(31));
        Person::again(&app, "ada@example.com").await;
        assert_eq!(sent(&app, "ada@example.com", "fails to sign in").await, (round + 1).min(5));
    }
}

#[tokio::test]
async fn what_people_are_told_fills_no_outbox_for_strangers() {
    let app = App::start().await;
    let fill = "insert into wardgraph.mail (mail_id, kind, recipient, name, created_at, due_at)
                select gen_random_uuid(), kind, null, '', now(), now() + interval '1 year'
                from generate_series(1, 4000), unnest(array['recovery_made', 'changed', 'factor_added']) kind";
    app.database.behind_the_scenes().await.batch_execute(fill).await.unwrap();
    assert_eq!(super::register(&app, "new@example.com").await.status, 202);
    let reset = app.stranger().post("/api/v1/auth/password-reset", &json!({ "email": "new@example.com" })).await;
    assert_eq!(reset.status, 202);
    assert_eq!(sent(&app, "new@example.com", "").await, 2);
}
