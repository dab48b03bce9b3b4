//! Mail: nothing is lost, and nothing is sent that was not committed.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use serde_json::json;
use wardgraph_identity::mail::{MailError, Mailer, Message};
use wardgraph_testkit::{App, AppOptions, Mailbox};

use super::register;

/// A mail server that is away for the first tries.
#[derive(Debug)]
struct Away {
    tries: AtomicU32,
    mailbox: Arc<Mailbox>,
}

#[async_trait::async_trait]
impl Mailer for Away {
    async fn send(&self, message: &Message) -> Result<(), MailError> {
        if self.tries.fetch_add(1, Ordering::SeqCst) < 2 {
            return Err(MailError::Later("connection refused".into()));
        }
        self.mailbox.send(message).await
    }
}

#[tokio::test]
async fn a_message_waits_until_the_mail_server_is_back() {
    let mailbox = Arc::new(Mailbox::default());
    let away = Arc::new(Away { tries: AtomicU32::new(0), mailbox: mailbox.clone() });
    let app = App::with(AppOptions { mailer: Some(away.clone()), ..AppOptions::default() }).await;
    register(&app, "ada@example.com").await;
    for _ in 0..3 {
        app.mail_everything().await;
        assert!(mailbox.all().is_empty());
    }
    assert_eq!(away.tries.load(Ordering::SeqCst), 1, "it is not tried again at once");
    for seconds in [60, 120] {
        app.clock.advance(std::time::Duration::from_secs(seconds));
        app.mail_everything().await;
    }
    assert_eq!(mailbox.to("ada@example.com").len(), 1);
    app.clock.advance(std::time::Duration::from_hours(1));
    app.mail_everything().await;
    assert_eq!(mailbox.all().len(), 1, "it is sent once");
}

#[tokio::test]
async fn a_worker_that_died_while_mailing_leaves_the_message_to_another() {
    let app = App::start().await;
    register(&app, "ada@example.com").await;
    let superuser = app.database.behind_the_scenes().await;
    // Claimed, and never done.
    let claimed = "update wardgraph.mail set due_at = to_timestamp(1767225600) + interval '10 minutes', attempts = 1";
    assert_eq!(superuser.execute(claimed, &[]).await.unwrap(), 1);
    app.mail_everything().await;
    assert!(app.mails.all().is_empty());
    app.clock.advance(std::time::Duration::from_mins(10));
    app.mail_everything().await;
    assert_eq!(app.mails.to("ada@example.com").len(), 1);
}

#[tokio::test]
async fn what_is_past_is_forgotten() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    app.stranger().post("/api/v1/auth/password-reset", &json!({ "email": "nobody@example.com" })).await;
    super::login(&app, "nobody@example.com", "wrong").await.problem(401);
    app.mail_everything().await;
    let count = async |table: &str| -> i64 {
        let client = app.database.behind_the_scenes().await;
        client.query_one(&format!("select count(*) from wardgraph.{table}"), &[]).await.unwrap().get(0)
    };
    assert_eq!((count("attempts").await, count("links").await, count("sessions").await, count("mail").await), (1, 2, 1, 0));
    app.clock.advance(std::time::Duration::from_hours(25));
    app.sweep_accounts().await;
    assert_eq!((count("attempts").await, count("links").await, count("sessions").await), (0, 0, 1));
    app.clock.advance(std::time::Duration::from_hours(121 * 24));
    app.sweep_accounts().await;
    assert_eq!(count("sessions").await, 0, "{}", ada.session);
}
