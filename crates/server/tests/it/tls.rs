//! The listener with TLS: which versions, whose certificates, and new ones without a restart.

use std::{
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use rustls::version::{TLS12, TLS13};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use wardgraph_http::Tls;
use wardgraph_testkit::{App, AppOptions};

use crate::{
    binary::{Server, run},
    certificates::{Authority, Files, alive, ask, client, connect, http},
};

async fn app(files: &Files, clients: Option<(&Authority, bool)>) -> (App, Arc<Tls>) {
    let tls = Arc::new(Tls::open(files.tls(clients)).unwrap());
    (App::with(AppOptions { tls: Some(tls.clone()), ..AppOptions::default() }).await, tls)
}

#[tokio::test]
async fn only_tls_1_3_is_spoken() {
    let authority = Authority::new("authority");
    let (app, _) = app(&Files::new(&authority.server()), None).await;
    assert_eq!(alive(&app.base, &client(&authority, &[&TLS13], &[], None)).await.unwrap(), 200);
    assert_eq!(alive(&app.base, &client(&authority, &[&TLS13, &TLS12], &[], None)).await.unwrap(), 200);
    let refused = alive(&app.base, &client(&authority, &[&TLS12], &[], None)).await.unwrap_err();
    assert!(refused.to_string().contains("ProtocolVersion"), "{refused}");
    // Not the authority that signed it: the client would notice, so the server does not make its certificate up.
    assert!(alive(&app.base, &client(&Authority::new("another"), &[&TLS13], &[], None)).await.is_err());
    // Plain HTTP is no handshake, and gets no answer in the clear.
    let mut plain = TcpStream::connect(app.base.trim_start_matches("https://")).await.unwrap();
    plain.write_all(b"GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    let _ = plain.read_to_end(&mut answer).await;
    assert!(!String::from_utf8_lossy(&answer).contains("HTTP"), "{answer:?}");
    // With a token and a body, as any client does it.
    let owner = app.owner("tenant-a");
    let request = http(&authority).post(format!("{}/nodes", app.base)).bearer_auth(owner.token.unwrap());
    let created = request.body(r#"{"classes": ["A"], "props": {"text": "over TLS"}}"#).send().await.unwrap();
    assert_eq!(created.status(), 201);
    assert_eq!(created.headers()["strict-transport-security"], "max-age=31536000");
    assert!(!App::start().await.stranger().get("/health/live").await.headers.contains_key("strict-transport-security"));
}

#[tokio::test]
async fn the_protocol_is_the_one_that_both_can() {
    let authority = Authority::new("authority");
    let (app, _) = app(&Files::new(&authority.server()), None).await;
    let chosen = async |offered: &[&str]| {
        let stream = connect(&app.base, &client(&authority, &[&TLS13], offered, None)).await?;
        Ok::<_, std::io::Error>(stream.get_ref().1.alpn_protocol().map(<[u8]>::to_vec))
    };
    assert_eq!(chosen(&["h2", "http/1.1"]).await.unwrap(), Some(b"h2".to_vec()));
    assert_eq!(chosen(&["http/1.1"]).await.unwrap(), Some(b"http/1.1".to_vec()));
    assert_eq!(chosen(&[]).await.unwrap(), None);
    assert!(chosen(&["spdy/3"]).await.is_err());
}

#[tokio::test]
async fn a_client_shows_the_certificate_that_is_asked_for() {
    let (authority, clients, strangers) = (Authority::new("authority"), Authority::new("clients"), Authority::new("strangers"));
    let files = Files::new(&authority.server());
    let (own, strange, ended, server) = (clients.client(), strangers.client(), clients.expired_client(), clients.server());
    for required in [true, false] {
        let (app, _) = app(&files, Some((&clients, required))).await;
        let asks = async |own| alive(&app.base, &client(&authority, &[&TLS13], &[], own)).await;
        assert_eq!(asks(Some(&own)).await.unwrap(), 200);
        assert_eq!(asks(None).await.is_ok(), !required, "a client without a certificate");
        for (wrong, what) in [(&strange, "another authority's"), (&ended, "one that ended"), (&server, "a server's")] {
            assert!(asks(Some(wrong)).await.is_err(), "{what} is taken (required: {required})");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn certificates_are_exchanged_under_traffic() {
    let (authority, next) = (Authority::new("authority"), Authority::new("next"));
    let (first, second) = (authority.server(), next.server());
    let files = Files::new(&first);
    let (app, tls) = app(&files, None).await;
    let (old, new) = (client(&authority, &[&TLS13], &[], None), client(&next, &[&TLS13], &[], None));
    let mut kept = connect(&app.base, &old).await.unwrap();
    let over = Arc::new(AtomicBool::new(false));
    let traffic = tokio::spawn({
        let (base, old, new, over) = (app.base.clone(), old.clone(), new.clone(), over.clone());
        async move {
            let mut asked = 0;
            while !over.load(Ordering::Relaxed) {
                // One of the two is always the one in use.
                let served = match alive(&base, &old).await {
                    Err(_) => alive(&base, &new).await,
                    served => served,
                };
                assert_eq!(served.unwrap(), 200, "after {asked}");
                asked += 1;
            }
            asked
        }
    });
    assert!(!tls.has_changed());
    // Half of a pair, as it stands there between two writes; and no certificate at all.
    for (name, text, why) in [
        ("certificate.pem", &second.certificate, "cannot be used together"),
        ("certificate.pem", &"nothing".to_owned(), "no certificate"),
        ("key.pem", &"-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----\n".to_owned(), "PEM"),
    ] {
        files.put(&first);
        files.write(name, text);
        assert!(tls.has_changed());
        let refused = tls.reload().unwrap_err().to_string();
        assert!(refused.contains(why), "{refused}");
        assert!(!tls.has_changed(), "it would be told about again and again");
        assert_eq!(alive(&app.base, &old).await.unwrap(), 200, "the one from before is used");
    }
    files.put(&second);
    assert!(tls.has_changed());
    tls.reload().unwrap();
    assert_eq!(alive(&app.base, &new).await.unwrap(), 200);
    assert!(alive(&app.base, &old).await.is_err(), "the old certificate is still shown");
    assert_eq!(ask(&mut kept).await.unwrap(), 200, "a connection from before goes on");
    over.store(true, Ordering::Relaxed);
    assert!(traffic.await.unwrap() > 0);
}

#[tokio::test]
async fn an_authority_that_is_taken_away_opens_nothing_any_more() {
    let (authority, clients, others) = (Authority::new("authority"), Authority::new("clients"), Authority::new("others"));
    let files = Files::new(&authority.server());
    let (app, tls) = app(&files, Some((&clients, true))).await;
    let config = client(&authority, &[&TLS13], &[], Some(&clients.client()));
    assert_eq!(alive(&app.base, &config).await.unwrap(), 200);
    files.write("clients.pem", &others.pem);
    tls.reload().unwrap();
    // Its session is remembered by the client, and resumed nowhere.
    assert!(alive(&app.base, &config).await.is_err());
}

#[tokio::test]
async fn the_binary_takes_a_new_certificate_when_it_changes_and_when_it_is_told() {
    let authority = Authority::new("authority");
    let (first, second, third) = (authority.server(), authority.server(), authority.server());
    let files = Files::new(&first);
    let (certificate, key) = (files.path("certificate.pem"), files.path("key.pem"));
    let mut server = Server::start(&[
        ("WARDGRAPH_TLS__CERTIFICATE_FILE", certificate.to_str().unwrap()),
        ("WARDGRAPH_TLS__KEY_FILE", key.to_str().unwrap()),
    ]);
    assert!(server.base.starts_with("https://"), "{}", server.base);
    let config = client(&authority, &[&TLS13], &[], None);
    let shown = async || {
        let stream = connect(&server.base, &config).await.unwrap();
        stream.get_ref().1.peer_certificates().unwrap()[0].clone().into_owned()
    };
    let becomes = async |wanted: &crate::certificates::Issued| {
        let began = Instant::now();
        while shown().await != wanted.der() {
            assert!(began.elapsed() < Duration::from_secs(20), "the new certificate is not used: {}", server.log());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    becomes(&first).await;
    files.put(&second);
    becomes(&second).await;
    // A broken one is told about, and changes nothing; SIGHUP reads at once.
    files.write("certificate.pem", "broken");
    let began = Instant::now();
    while !server.log().contains("the one from before stays") {
        assert!(began.elapsed() < Duration::from_secs(20), "{}", server.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(shown().await, second.der());
    files.put(&third);
    assert!(Command::new("kill").args(["-HUP", &server.pid().to_string()]).status().unwrap().success());
    becomes(&third).await;
    assert!(server.stop(), "{}", server.log());
}

#[test]
fn files_that_cannot_be_used_stop_the_start_by_name() {
    let authority = Authority::new("authority");
    let files = Files::new(&authority.server());
    files.write("other-key.pem", &authority.server().key);
    files.write("empty.pem", "");
    let data = files.path("data");
    for (certificate, key, clients, words) in [
        ("missing.pem", "key.pem", "", &["missing.pem", "cannot be read"][..]),
        ("empty.pem", "key.pem", "", &["empty.pem", "no certificate"]),
        ("certificate.pem", "missing.pem", "", &["missing.pem", "cannot be read"]),
        ("certificate.pem", "other-key.pem", "", &["other-key.pem", "cannot be used together"]),
        ("certificate.pem", "key.pem", "empty.pem", &["empty.pem", "no certificate"]),
        ("certificate.pem", "", "", &["tls.certificate_file", "tls.key_file"]),
        ("", "", "certificate.pem", &["tls.certificate_file", "tls.key_file"]),
    ] {
        let path = |name: &str| if name.is_empty() { String::new() } else { files.path(name).display().to_string() };
        let (certificate, key, clients) = (path(certificate), path(key), path(clients));
        let environment = [
            ("WARDGRAPH_TLS__CERTIFICATE_FILE", certificate.as_str()),
            ("WARDGRAPH_TLS__KEY_FILE", &key),
            ("WARDGRAPH_TLS__CLIENT_CA_FILE", &clients),
        ];
        let output = run(&environment, &["serve", "--listen", "127.0.0.1:0", "--data-dir", data.to_str().unwrap()]);
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && words.iter().all(|word| told.contains(word)), "{told}");
        assert!(!data.join("postgres").exists(), "a Postgres was made for a server that may not start");
    }
}
