//! Guessing codes, by whoever has the password; and what it costs the owner.

use std::time::Duration;

use serde_json::json;
use wardgraph_gate::Proxies;
use wardgraph_testkit::{App, AppOptions, PASSWORD, Reply};

use super::{
    super::{anonymous, log, login_from},
    another_server, codes, number, show, show_recovery, token, untouched, with_an_app, wrong_code,
};

const FAILURES: &str = "select coalesce(max(failures), 0)::int8 from wardgraph.attempts";

#[tokio::test]
async fn a_challenge_takes_five_tries_and_five_failures_begin_to_lock() {
    let app = App::start().await;
    let (ada, authenticator) = with_an_app(&app, "ada@example.com").await;
    let before = untouched(&app).await;
    let challenge = token(&app, "ada@example.com").await;
    let wrong = wrong_code(&app, &authenticator);
    for n in 1..=5 {
        show(&app, &challenge, &wrong).await.problem(401);
        // A new connection sees counter and event, and nothing else is changed.
        assert_eq!((number(&app, FAILURES).await, untouched(&app).await == before), (n, true));
        let events = log(&app, &ada.caller.tenant).await;
        assert_eq!(events.iter().filter(|event| *event == "mfa.failed refused").count() as i64, n);
    }
    // The right code, too late.
    show(&app, &challenge, &authenticator.code(&app, 1)).await.problem(401);
    assert_eq!(number(&app, "select max(tries)::int8 from wardgraph.challenges").await, 5);
    // Another challenge: locked, the right code included, for 30 seconds; and no longer for trying.
    for _ in 0..4 {
        show(&app, &token(&app, "ada@example.com").await, &authenticator.code(&app, 1)).await.problem(401);
    }
    assert_eq!((number(&app, FAILURES).await, untouched(&app).await == before), (5, true));
    // A recovery code is not guessed, and is not kept out.
    let recovered = show_recovery(&app, &token(&app, "ada@example.com").await, &codes(&authenticator.enabled)[0]).await.ok();
    assert_eq!(recovered["recovery_codes_left"], 9);
    app.clock.advance(Duration::from_secs(30));
    show(&app, &token(&app, "ada@example.com").await, &authenticator.code(&app, 0)).await.ok();
    assert_eq!(number(&app, FAILURES).await, 0, "a right one clears the counter");
    let events = log(&app, &ada.caller.tenant).await;
    assert_eq!(events.iter().filter(|event| *event == "mfa.locked refused").count(), 1, "{events:?}");
    app.mail_everything().await;
    let told = app.mails.to("ada@example.com").iter().filter(|mail| mail.subject.contains("knows your password")).count();
    assert_eq!(told, 1);
}

#[tokio::test]
async fn guesses_over_many_challenges_wait_ever_longer() {
    let app = App::start().await;
    let (_, authenticator) = with_an_app(&app, "ada@example.com").await;
    // Two and a half hours of guessing, a try each half minute, each in a challenge of its own.
    let mut counted: Vec<(i64, i64)> = Vec::new();
    for n in 0..300 {
        let challenge = token(&app, "ada@example.com").await;
        show(&app, &challenge, &wrong_code(&app, &authenticator)).await.problem(401);
        let failures = number(&app, FAILURES).await;
        if counted.last().is_none_or(|(_, last)| *last != failures) {
            counted.push((n * 30, failures));
        }
        app.clock.advance(Duration::from_secs(30));
    }
    let waits: Vec<_> = counted.windows(2).skip(4).map(|pair| pair[1].0 - pair[0].0).collect();
    assert_eq!(waits, [30, 60, 120, 240, 480, 960, 1_920, 3_600]);
    assert_eq!(counted.last().unwrap().1, 13, "guesses that were judged");
}

#[tokio::test]
async fn guesses_at_once_are_judged_one_by_one() {
    let app = App::start().await;
    let (_, authenticator) = with_an_app(&app, "ada@example.com").await;
    let wrong = wrong_code(&app, &authenticator);
    let servers = [&app, &another_server(&app).await];
    // In one challenge.
    let challenge = token(&app, "ada@example.com").await;
    let answers = futures_util::future::join_all((0..20).map(|n| show(servers[n % 2], &challenge, &wrong))).await;
    assert!(answers.iter().all(|reply| reply.status == 401));
    assert_eq!(number(&app, FAILURES).await, 5);
    // In many: of those that come at once, none is judged once five have failed. Judged side by side, more would count.
    with_an_app(&app, "bob@example.com").await;
    let mut challenges = Vec::new();
    for _ in 0..20 {
        challenges.push(token(&app, "bob@example.com").await);
    }
    let guesses = challenges.iter().enumerate().map(|(n, challenge)| show(servers[n % 2], challenge, &wrong));
    let answers = futures_util::future::join_all(guesses).await;
    assert!(answers.iter().all(|reply| reply.status == 401));
    assert_eq!(number(&app, "select count(*) from wardgraph.attempts where failures = 5").await, 2);
    assert_eq!(number(&app, "select count(*) from wardgraph.attempts").await, 2);
}

#[tokio::test]
async fn a_stranger_without_the_password_keeps_nobody_from_a_second_factor() {
    let app = behind_a_proxy().await;
    let (_, authenticator) = with_an_app(&app, "ada@example.com").await;
    for n in 0..40 {
        login_from(&app, "ada@example.com", "wrong", &format!("198.51.100.{n}"), "bot").await.problem(401);
        let forged =
            json!({ "mfa_token": "wgm_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "code": "000000" });
        let request =
            app.stranger().request("POST", "/api/v1/auth/mfa/verify").header("x-forwarded-for", format!("198.51.100.{n}"));
        Reply::of(request.json(&forged)).await.problem(401);
    }
    // Where she signed in before nothing is locked.
    let asked = login_from(&app, "ada@example.com", PASSWORD, "127.0.0.1", "home").await.ok();
    show(&app, asked["mfa_token"].as_str().unwrap(), &authenticator.code(&app, 1)).await.ok();
}

#[tokio::test]
async fn whoever_has_the_password_and_fails_elsewhere_does_not_keep_the_owner_out_at_home() {
    let app = behind_a_proxy().await;
    let ada = app.person("ada@example.com").await;
    let begun = login_from(&app, "ada@example.com", PASSWORD, "192.0.2.1", "home").await.ok();
    assert!(begun["access_token"].is_string());
    let authenticator = ada.adds_an_app(&app).await;
    let from = async |network: &str, code: &str| {
        let asked = login_from(&app, "ada@example.com", PASSWORD, network, "program").await.ok();
        show(&app, asked["mfa_token"].as_str().unwrap(), code).await
    };
    let wrong = wrong_code(&app, &authenticator);
    for n in 0..10 {
        from(&format!("203.0.113.{n}"), &wrong).await.problem(401);
    }
    from("203.0.113.1", &authenticator.code(&app, 1)).await.problem(401);
    from("192.0.2.1", &authenticator.code(&app, 1)).await.ok();
}

#[tokio::test]
async fn no_answer_tells_why_a_second_factor_does_not_do() {
    let app = App::start().await;
    let (_, authenticator) = with_an_app(&app, "ada@example.com").await;
    let challenge = async || token(&app, "ada@example.com").await;
    let wrong = wrong_code(&app, &authenticator);
    let mut answers = vec![anonymous(&show(&app, &challenge().await, &wrong).await)];
    // Used; of no form; no recovery code.
    answers.push(anonymous(&show(&app, &challenge().await, &authenticator.code(&app, 0)).await));
    answers.push(anonymous(&show(&app, &challenge().await, "abc").await));
    answers.push(anonymous(&show_recovery(&app, &challenge().await, "0000-0000").await));
    for _ in 0..3 {
        show(&app, &challenge().await, &wrong).await.problem(401);
    }
    // Locked, and right.
    answers.push(anonymous(&show(&app, &challenge().await, &authenticator.code(&app, 1)).await));
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
}

async fn behind_a_proxy() -> App {
    App::with(AppOptions { proxies: Proxies { count: 1, ..Proxies::default() }, ..AppOptions::default() }).await
}
