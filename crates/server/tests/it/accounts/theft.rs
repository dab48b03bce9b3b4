//! Refresh tokens that were stolen, and answers that were lost.

use std::time::Duration;

use wardgraph_testkit::{App, Person};

use super::{is_believed, log, login_from, refresh};

/// Somebody who signed in with a program.
async fn signed_in(app: &App, agent: &str) -> Person {
    app.person("ada@example.com").await;
    let tokens = login_from(app, "ada@example.com", wardgraph_testkit::PASSWORD, "127.0.0.1", agent).await.ok();
    Person::of(app, "ada@example.com", &tokens)
}

fn token(reply: wardgraph_testkit::Reply) -> String {
    reply.ok()["refresh_token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_stolen_token_that_comes_second_ends_its_family_and_is_on_record() {
    let app = App::start().await;
    let ada = signed_in(&app, "app/1").await;
    let second = token(refresh(&app, &ada.refresh_token, "app/1").await);
    // Somebody who found the first one.
    refresh(&app, &ada.refresh_token, "thief").await.problem(401);
    refresh(&app, &second, "app/1").await.problem(401);
    app.hear().await;
    assert!(!is_believed(&ada.caller).await);
    let events = log(&app, &ada.caller.tenant).await;
    assert!(events.contains(&"session.replayed refused".to_owned()), "{events:?}");
    let (ended_by,): (String,) = {
        let sql = "select ended_by from wardgraph.sessions where session_id = $1::text::uuid";
        let row = app.database.behind_the_scenes().await.query_one(sql, &[&ada.session]).await.unwrap();
        (row.get(0),)
    };
    assert_eq!(ended_by, "replayed");
}

#[tokio::test]
async fn a_stolen_token_that_comes_first_ends_its_family_when_its_owner_comes() {
    let app = App::start().await;
    let ada = signed_in(&app, "app/1").await;
    let thiefs = token(refresh(&app, &ada.refresh_token, "thief").await);
    refresh(&app, &ada.refresh_token, "app/1").await.problem(401);
    refresh(&app, &thiefs, "thief").await.problem(401);
}

#[tokio::test]
async fn an_answer_that_was_lost_is_given_again_for_a_while() {
    let app = App::start().await;
    let ada = signed_in(&app, "app/1").await;
    let second = token(refresh(&app, &ada.refresh_token, "app/1").await);
    app.clock.advance(Duration::from_secs(299));
    assert_eq!(token(refresh(&app, &ada.refresh_token, "app/1").await), second, "the very same");
    // The next answer may be lost as well.
    let third = token(refresh(&app, &second, "app/1").await);
    app.clock.advance(Duration::from_secs(9));
    assert_eq!(token(refresh(&app, &second, "app/1").await), third);
    let events = log(&app, &ada.caller.tenant).await;
    assert_eq!(events.iter().filter(|event| *event == "session.retried success").count(), 2, "{events:?}");
    app.clock.advance(Duration::from_secs(291));
    refresh(&app, &second, "app/1").await.problem(401);
    refresh(&app, &third, "app/1").await.problem(401);
}

#[tokio::test]
async fn requests_that_crossed_have_ten_seconds_once_the_next_token_was_used() {
    for (after, other, lives) in [(9_999, "app/1", true), (10_000, "app/1", false), (1_000, "app/2", false)] {
        let app = App::start().await;
        let ada = signed_in(&app, "app/1").await;
        let second = token(refresh(&app, &ada.refresh_token, "app/1").await);
        let third = token(refresh(&app, &second, "app/1").await);
        app.clock.advance(Duration::from_millis(after));
        let again = refresh(&app, &ada.refresh_token, other).await;
        let events = log(&app, &ada.caller.tenant).await;
        let of = |event: &str| events.iter().filter(|told| *told == event).count();
        if lives {
            assert_eq!(token(again), second, "what it brought before, which is used by now");
            assert_eq!((of("session.retried success"), of("session.replayed refused")), (1, 0), "{events:?}");
            refresh(&app, &third, "app/1").await.ok();
        } else {
            again.problem(401);
            assert_eq!((of("session.retried success"), of("session.replayed refused")), (0, 1), "{events:?}");
            refresh(&app, &third, "app/1").await.problem(401);
        }
    }
}

#[tokio::test]
async fn two_requests_at_once_get_the_same_tokens() {
    let app = App::start().await;
    let ada = signed_in(&app, "app/1").await;
    let both = futures_util::future::join_all((0..6).map(|_| refresh(&app, &ada.refresh_token, "app/1"))).await;
    let tokens: std::collections::BTreeSet<String> = both.into_iter().map(token).collect();
    assert_eq!(tokens.len(), 1, "{tokens:?}");
}

#[tokio::test]
async fn a_token_that_never_was_one_ends_nobodys_session() {
    let app = App::start().await;
    let (ada, bob) = (signed_in(&app, "app/1").await, app.person("bob@example.com").await);
    let forged: Vec<String> = [7, 20, 30, 60]
        .iter()
        .map(|at| {
            let mut bytes = ada.refresh_token.clone().into_bytes();
            bytes[*at] = if bytes[*at] == b'A' { b'B' } else { b'A' };
            String::from_utf8(bytes).unwrap()
        })
        .collect();
    for token in forged.iter().map(String::as_str).chain(["wgr_", "", "x"]) {
        let reply = refresh(&app, token, "thief").await;
        assert!(reply.status == 401 || reply.status == 422, "{token}: {}", reply.status);
    }
    for person in [&ada, &bob] {
        refresh(&app, &person.refresh_token, "app/1").await.ok();
    }
}
