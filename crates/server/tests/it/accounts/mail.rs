//! Mail: nothing is lost, and nothing is sent that was not committed.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use serde_json::json;
use wardgraph_identity::mail::{MailError, Mailer, Message, SmtpMailer, SmtpOptions, Tls};
use wardgraph_testkit::{App, AppOptions, Mailbox, PASSWORD};

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

/// A mail server that takes the first message and never says so.
#[derive(Debug, Default)]
struct Silent {
    tries: AtomicU32,
    asked: tokio::sync::Notify,
    mailbox: Mailbox,
}

#[async_trait::async_trait]
impl Mailer for Silent {
    async fn send(&self, message: &Message) -> Result<(), MailError> {
        if self.tries.fetch_add(1, Ordering::SeqCst) == 0 {
            self.asked.notify_one();
            std::future::pending::<()>().await;
        }
        self.mailbox.send(message).await
    }
}

#[tokio::test]
async fn a_server_that_ends_while_it_mails_keeps_one_message_waiting_and_not_for_long() {
    let silent = Arc::new(Silent::default());
    let app = App::with(AppOptions { mailer: Some(silent.clone()), ..AppOptions::default() }).await;
    for email in ["ada@example.com", "grace@example.com", "mary@example.com"] {
        register(&app, email).await;
    }
    tokio::select! {
        () = app.mail_everything() => panic!("nothing was mailed"),
        () = silent.asked.notified() => {}
    }
    app.mail_everything().await;
    assert_eq!(silent.mailbox.all().len(), 2);
    app.clock.advance(std::time::Duration::from_secs(301));
    app.mail_everything().await;
    assert_eq!(silent.mailbox.all().len(), 3);
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

/// aiosmtpd, until the test ends.
struct MailServer {
    port: u16,
    lines: std::io::Lines<std::io::BufReader<std::process::ChildStdout>>,
    child: std::process::Child,
}

impl MailServer {
    fn start() -> Self {
        let script = crate::layers::repository().join("scripts/smtp.py");
        let mut child = std::process::Command::new("python3").arg(script).stdout(std::process::Stdio::piped()).spawn().unwrap();
        let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().unwrap()));
        let port = lines.next().expect("aiosmtpd starts; it is installed from PyPI at the first run").unwrap();
        Self { port: port.parse().unwrap(), lines, child }
    }

    fn taken(&mut self) -> serde_json::Value {
        serde_json::from_str(&self.lines.next().unwrap().unwrap()).unwrap()
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn a_mail_server_that_is_not_ours_takes_what_is_mailed() {
    let mut server = MailServer::start();
    let options = SmtpOptions {
        host: "127.0.0.1".into(),
        port: server.port,
        tls: Tls::None,
        login: None,
        from: "Wardgraph <wardgraph@example.com>".into(),
    };
    let mailer = Arc::new(SmtpMailer::new(&options).unwrap());
    let app = App::with(AppOptions { mailer: Some(mailer.clone()), ..AppOptions::default() }).await;
    register(&app, "ada@example.com").await;
    app.mail_everything().await;
    let taken = server.taken();
    assert_eq!((&taken["rcpt"], &taken["From"]), (&json!(["ada@example.com"]), &json!("Wardgraph <wardgraph@example.com>")));
    assert!(taken["Subject"].as_str().unwrap().contains("confirm"));
    let text = taken["text"].as_str().unwrap();
    let token = text.split_once("?token=").unwrap().1.split_whitespace().next().unwrap();
    let verified = app.stranger().post("/api/v1/auth/verify-email", &json!({ "token": token, "password": PASSWORD })).await;
    assert_eq!(verified.status, 204, "{text}");
    // What is refused for now is tried again, what is refused for good is not.
    let to = |to: &str| Message { id: "m".into(), to: to.into(), subject: "s".into(), text: "t".into() };
    assert!(matches!(mailer.send(&to("later@example.com")).await, Err(MailError::Later(_))));
    assert!(matches!(mailer.send(&to("never@example.com")).await, Err(MailError::Never(_))));
    drop(server);
    assert!(matches!(mailer.send(&to("ada@example.com")).await, Err(MailError::Later(_))));
}
