//! Passwords that were leaked elsewhere: looked up in a file, and at a service that is told five digits of a hash.

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
};
use wardgraph_egress::{Address, Egress, Names, Rules};
use wardgraph_identity::password::{Breached, HashFile, RangeService};
use wardgraph_testkit::{App, AppOptions, PASSWORD, Person};

use super::{login, register};

/// `printf %s PASSWORD | sha1sum`.
const SHA1: &str = "ABF7AAD6438836DBE526AA231ABDE2D0EEF74D42";

async fn with(breached: Breached) -> App {
    App::with(AppOptions { breached: Some(breached), ..AppOptions::default() }).await
}

/// A service that answers as the real one does; and what it was asked.
async fn service(lines: &'static str) -> (RangeService, UnboundedReceiver<String>) {
    let (asked, heard) = unbounded_channel();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/range/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = vec![0; 4_096];
            let length = stream.read(&mut head).await.unwrap();
            let _ = asked.send(String::from_utf8_lossy(&head[..length]).into_owned());
            let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{lines}", lines.len());
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    (at(&base), heard)
}

fn at(base: &str) -> RangeService {
    let base = Address::parse(base).unwrap();
    let client = Egress::new(Names::System, None).unwrap().client(Rules::operator([&base], &[]), Duration::from_secs(1));
    RangeService::new(client, base)
}

/// Whether the answer to a registration is that the password was leaked.
async fn is_refused(app: &App, email: &str) -> bool {
    let reply = register(app, email).await;
    if reply.status == 202 {
        return false;
    }
    let problem = reply.problem(422);
    assert_eq!(problem["errors"][0]["field"], "/password");
    assert!(problem["errors"][0]["detail"].as_str().unwrap().contains("leaked"), "{problem}");
    true
}

#[tokio::test]
async fn a_password_of_the_list_is_refused_wherever_one_is_set() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("list");
    std::fs::write(&path, format!("{}:1\r\n{SHA1}:37\r\n{}:2\r\n", "0".repeat(40), "F".repeat(40))).unwrap();
    let plain = App::start().await;
    let ada = plain.person("ada@example.com").await;
    let app = with(Breached::File(Arc::new(HashFile::open(&path).unwrap()))).await;
    assert!(is_refused(&app, "grace@example.com").await);
    login(&app, "grace@example.com", PASSWORD).await.problem(401);
    // Where it was taken before the list was there, it still signs in, and is no new one.
    let listed = App::over(
        plain.database.clone(),
        AppOptions { breached: Some(Breached::File(Arc::new(HashFile::open(&path).unwrap()))), ..AppOptions::default() },
    )
    .await;
    login(&listed, "ada@example.com", PASSWORD).await.ok();
    // Neither a change nor a mailed link sets one of the list: refused, and what held before holds.
    let leaked = |problem: Value| {
        assert_eq!(problem["errors"][0]["field"], "/new_password");
        assert!(problem["errors"][0]["detail"].as_str().unwrap().contains("leaked"), "{problem}");
    };
    const NEXT: &str = "vowel-otter-sixteen-lamp";
    let change = |old: &str, new: &str| json!({ "current_password": old, "new_password": new });
    let me = Person::again(&listed, &ada.email).await;
    let changed = async |old: &str, new: &str| me.caller.post("/api/v1/users/me/change-password", &change(old, new)).await;
    assert_eq!(changed(PASSWORD, NEXT).await.status, 204);
    leaked(changed(NEXT, PASSWORD).await.problem(422));
    let asked = listed.stranger().post("/api/v1/auth/password-reset", &json!({ "email": ada.email })).await;
    assert_eq!(asked.status, 202);
    listed.mail_everything().await;
    let token = listed.mails.token(&ada.email, "reset-password");
    let reset = async |new: &str| {
        let body = json!({ "token": token, "new_password": new });
        listed.stranger().post("/api/v1/auth/password-reset/confirm", &body).await
    };
    leaked(reset(PASSWORD).await.problem(422));
    login(&listed, "ada@example.com", PASSWORD).await.problem(401);
    login(&listed, "ada@example.com", NEXT).await.ok();
    assert_eq!(reset("marble-tunnel-ferry-quilt").await.status, 204, "the link was not used up");
    let other = json!({ "email": "grace@example.com", "password": "marble-tunnel-ferry-quilt", "name": "Grace" });
    assert_eq!(app.stranger().post("/api/v1/auth/register", &other).await.status, 202);
}

#[tokio::test]
async fn a_service_is_told_five_digits_and_nothing_else() {
    let (known, mut asked) = service("0000000000000000000000000000000000A:3\r\nAD6438836DBE526AA231ABDE2D0EEF74D42:37\r\n").await;
    let app = with(Breached::Service(known)).await;
    let refused = is_refused(&app, "ada@example.com").await;
    let head = asked.try_recv().unwrap();
    assert!(head.starts_with(&format!("GET /range/{} HTTP/1.1\r\n", &SHA1[..5])), "{head}");
    assert!(head.to_lowercase().contains("\r\nadd-padding: true\r\n") && !head.contains(&SHA1[5..]), "{head}");
    assert!(refused);
    let (padded, _) = service("AD6438836DBE526AA231ABDE2D0EEF74D42:0\r\n").await;
    assert!(!is_refused(&with(Breached::Service(padded)).await, "ada@example.com").await, "a count of 0 is padding");
}

#[tokio::test]
async fn a_service_that_is_away_keeps_nobody_out() {
    let app = with(Breached::Service(at("http://127.0.0.1:9/range/"))).await;
    assert!(!is_refused(&app, "ada@example.com").await);
}
