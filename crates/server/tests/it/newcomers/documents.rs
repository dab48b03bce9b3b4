//! Clients that are known by the documents at their ids, as MCP clients are: fetched over TLS from a server of the test's own.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use rustls::{
    ServerConfig,
    pki_types::{PrivateKeyDer, pem::PemObject},
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    task::JoinSet,
};
use tokio_rustls::TlsAcceptor;
use wardgraph_egress::{Address, Egress, Names, Rules};
use wardgraph_gate::Described;
use wardgraph_limits::LimitTable;
use wardgraph_oauth::client::fetch::Documents;
use wardgraph_testkit::{App, AppOptions, ClientOptions};

use super::{count, text};
use crate::{
    certificates::Authority,
    front::kit::{Site, agree, answer, somebody},
};

/// Somebody's server, where a client describes itself.
struct Home {
    port: u16,
    authority: Authority,
    answer: Arc<Mutex<String>>,
    asked: Arc<AtomicUsize>,
    _server: JoinSet<()>,
}

impl Home {
    async fn start() -> Self {
        let authority = Authority::new("authority");
        let issued = authority.server();
        let key = PrivateKeyDer::from_pem_slice(issued.key.as_bytes()).unwrap();
        let config = ServerConfig::builder().with_no_client_auth().with_single_cert(vec![issued.der()], key).unwrap();
        let (acceptor, listener) = (TlsAcceptor::from(Arc::new(config)), TcpListener::bind("127.0.0.1:0").await.unwrap());
        let port = listener.local_addr().unwrap().port();
        let (answer, asked) = (Arc::<Mutex<String>>::default(), Arc::<AtomicUsize>::default());
        let (answers, count, mut server) = (answer.clone(), asked.clone(), JoinSet::new());
        server.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, answers, count) = (acceptor.clone(), answers.clone(), count.clone());
                tokio::spawn(async move {
                    let Ok(mut stream) = acceptor.accept(stream).await else { return };
                    let _ = stream.read(&mut [0; 4_096]).await;
                    count.fetch_add(1, Ordering::SeqCst);
                    // Long enough for others to come while it is asked.
                    tokio::time::sleep(Duration::from_millis(30)).await;
                    let whole = answers.lock().unwrap().clone();
                    let _ = stream.write_all(whole.as_bytes()).await;
                    let _ = stream.shutdown().await;
                });
            }
        });
        let home = Self { port, authority, answer, asked, _server: server };
        home.says(&home.document(json!({})));
        home
    }

    fn id(&self) -> String {
        format!("https://127.0.0.1:{}/client.json", self.port)
    }

    fn document(&self, change: Value) -> Value {
        let mut said = json!({
            "client_id": self.id(),
            "client_name": "Pocket Atlas",
            "redirect_uris": ["http://127.0.0.1/cb"],
            "grant_types": ["authorization_code", "refresh_token"],
            "token_endpoint_auth_method": "none",
        });
        said.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        said
    }

    fn says(&self, document: &Value) {
        self.answers("200 OK", "content-type: application/json\r\n", &document.to_string());
    }

    fn answers(&self, status: &str, lines: &str, body: &str) {
        let length = body.len();
        *self.answer.lock().unwrap() =
            format!("HTTP/1.1 {status}\r\nconnection: close\r\n{lines}content-length: {length}\r\n\r\n{body}");
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    /// A server that may reach this one, although it is on no public host.
    async fn app(&self, limits: LimitTable) -> App {
        let address = Address::parse(&self.id()).unwrap();
        self.app_with(Rules::operator([&address], &[]), limits).await
    }

    async fn app_with(&self, rules: Rules, limits: LimitTable) -> App {
        let egress = Egress::new(Names::System, Some(self.authority.pem.as_bytes())).unwrap();
        let mut newcomers = ClientOptions::default();
        newcomers.rules.documents = true;
        let documents = Documents::new(egress.client(rules, Duration::from_secs(2)), newcomers.rules.scopes.to_vec());
        newcomers.described = Some(Described { documents, most: 3 });
        App::with(AppOptions { newcomers, limits, ..AppOptions::default() }).await
    }

    fn site(&self) -> Site {
        Site { id: self.id(), redirect: "http://127.0.0.1/cb".into(), secret: None }
    }
}

#[tokio::test]
async fn a_client_is_known_by_the_document_at_its_id() {
    let home = Home::start().await;
    let app = home.app(LimitTable::disabled()).await;
    let published = app.stranger().get("/.well-known/oauth-authorization-server").await.ok();
    assert_eq!(published["client_id_metadata_document_supported"], true);
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let site = home.site();
    let asked = window.get(&site.request(&[])).await;
    let host = format!("127.0.0.1:{}", home.port);
    assert!(asked.text.contains("Pocket Atlas") && asked.text.contains(&host), "{}", asked.text);
    assert!(asked.text.contains("Not verified") && asked.text.contains("this computer"));
    let code = answer(&agree(&window, asked).await, &site.redirect)["code"].clone();
    let tokens = site.token(&app, &[("code", &code)]).await.ok();
    app.bearer(text(&tokens, "access_token")).get("/nodes").await.ok();
    let refreshed = [
        ("grant_type", "refresh_token"),
        ("refresh_token", text(&tokens, "refresh_token")),
        ("redirect_uri", ""),
        ("code_verifier", ""),
    ];
    site.token(&app, &refreshed).await.ok();
    // All of it by one fetch; and what people agreed to is seen by them under the host's name.
    assert_eq!(home.asked(), 1);
    let consents = ada.caller.get("/api/v1/users/me/consents").await;
    assert!(consents.text.contains(&format!("Pocket Atlas ({host})")), "{}", consents.text);
    assert_eq!(
        count(&app, "select count(*) from wardgraph.clients where organization_id is null and source = 'document'").await,
        1
    );
}

#[tokio::test]
async fn a_document_is_fetched_once_for_all_who_wait() {
    let home = Home::start().await;
    let app = home.app(LimitTable::disabled()).await;
    let (_, window) = somebody(&app, "ada@example.com").await;
    let site = home.site();
    let request = site.request(&[]);
    let pages = futures_util::future::join_all((0..8).map(|_| window.get(&request))).await;
    assert!(pages.iter().all(|page| page.text.contains("Pocket Atlas")));
    assert_eq!(home.asked(), 1);
}

#[tokio::test]
async fn a_document_that_may_not_be_believed_makes_no_client() {
    let home = Home::start().await;
    let app = home.app(LimitTable::disabled()).await;
    let (_, window) = somebody(&app, "ada@example.com").await;
    let request = home.site().request(&[]);
    let json = "content-type: application/json\r\n";
    let good = home.document(json!({})).to_string();
    let changed = |change: Value| home.document(change).to_string();
    let tricks = [
        ("200 OK", json, changed(json!({ "client_id": "https://other.example/client.json" }))),
        ("200 OK", json, changed(json!({ "client_id": format!("{}/", home.id()) }))),
        ("200 OK", json, changed(json!({ "client_secret": "x" }))),
        ("200 OK", json, changed(json!({ "token_endpoint_auth_method": "client_secret_post" }))),
        ("200 OK", json, changed(json!({ "redirect_uris": ["javascript:alert(1)"] }))),
        ("200 OK", json, changed(json!({ "grant_types": ["client_credentials"] }))),
        ("200 OK", json, changed(json!({ "client_name": "x".repeat(20_000) }))),
        ("200 OK", json, "[]".into()),
        ("200 OK", json, "<html>".into()),
        ("200 OK", "content-type: text/html\r\n", good.clone()),
        ("200 OK", "", good.clone()),
        ("404 Not Found", json, good.clone()),
        ("302 Found", "location: /elsewhere.json\r\ncontent-type: application/json\r\n", good.clone()),
        ("500 Oops", json, good.clone()),
    ];
    for (status, lines, body) in &tricks {
        home.answers(status, lines, body);
        let before = home.asked();
        let refused = window.get(&request).await;
        assert_eq!(refused.status, 400, "{status} {lines} {body:.100}");
        // Nor is it asked again at once.
        window.get(&request).await.problem(400);
        assert_eq!(home.asked(), before + 1, "{status} {lines}");
        app.clock.advance(Duration::from_secs(31));
    }
    assert_eq!(count(&app, "select count(*) from wardgraph.clients").await, 0);
    home.says(&home.document(json!({})));
    assert!(window.get(&request).await.text.contains("Pocket Atlas"));
}

#[tokio::test]
async fn what_is_no_public_host_is_not_asked() {
    let home = Home::start().await;
    let app = home.app_with(Rules::tenant(None), LimitTable::disabled()).await;
    let (_, window) = somebody(&app, "ada@example.com").await;
    for id in [
        home.id(),
        "https://127.0.0.1/client.json".into(),
        "https://[::1]/client.json".into(),
        "https://169.254.169.254/latest/meta-data".into(),
        "https://10.0.0.1/client.json".into(),
        "https://localhost/client.json".into(),
        "http://127.0.0.1/client.json".into(),
        format!("https://user@127.0.0.1:{}/client.json", home.port),
        format!("https://127.0.0.1:{}/a/../client.json", home.port),
        format!("https://127.0.0.1:{}/", home.port),
        format!("https://127.0.0.1:{}", home.port),
        format!("{}#x", home.id()),
    ] {
        let site = Site { id: id.clone(), ..home.site() };
        assert_eq!(window.get(&site.request(&[])).await.status, 400, "{id}");
    }
    assert_eq!(home.asked(), 0);
    // Where it is not wanted, nothing is fetched at all.
    let closed = App::start().await;
    let (_, window) = somebody(&closed, "ada@example.com").await;
    window.get(&home.site().request(&[])).await.problem(400);
    assert_eq!(home.asked(), 0);
}

#[tokio::test]
async fn a_document_is_believed_as_long_as_it_says_and_read_anew_then() {
    let home = Home::start().await;
    let app = home.app(LimitTable::disabled()).await;
    let (_, window) = somebody(&app, "ada@example.com").await;
    let kept = "content-type: application/json\r\ncache-control: max-age=600\r\n";
    home.answers("200 OK", kept, &home.document(json!({})).to_string());
    let site = home.site();
    let tokens = site.tokens(&app, &window, &[]).await;
    app.clock.advance(Duration::from_secs(599));
    home.answers("200 OK", kept, &home.document(json!({ "redirect_uris": ["http://127.0.0.1/other"] })).to_string());
    assert!(answer(&agree(&window, window.get(&site.request(&[])).await).await, &site.redirect).contains_key("code"));
    assert_eq!(home.asked(), 1);
    app.clock.advance(Duration::from_secs(1));
    assert_eq!(window.get(&site.request(&[])).await.status, 400);
    assert_eq!(home.asked(), 2);
    // Away, it is who it was for a day; gone, it is nobody.
    let refresh = text(&tokens, "refresh_token").to_owned();
    let again = |token: String| {
        let (site, app) = (site.clone(), &app);
        async move {
            let fields =
                [("grant_type", "refresh_token"), ("refresh_token", token.as_str()), ("redirect_uri", ""), ("code_verifier", "")];
            site.token(app, &fields).await
        }
    };
    home.answers("503 Away", "", "");
    app.clock.advance(Duration::from_mins(20));
    let next = again(refresh).await.ok();
    home.answers("404 Not Found", "", "");
    app.clock.advance(Duration::from_mins(2));
    assert_eq!(again(text(&next, "refresh_token").to_owned()).await.refused(401), "invalid_client");
}

#[tokio::test]
async fn fetching_counts_where_it_was_asked_for() {
    let home = Home::start().await;
    let app = home.app(LimitTable::default()).await;
    let mut refused = 0;
    for number in 0..60 {
        let id = format!("https://127.0.0.1:{}/{number}.json", home.port);
        let fields = [("client_id".to_owned(), id), ("grant_type".to_owned(), "refresh_token".to_owned())];
        let reply = crate::front::kit::post(&app, "/oauth2/token", &fields).await;
        refused += usize::from(reply.status == 429);
    }
    assert!(home.asked() <= 35 && refused > 0, "{} {refused}", home.asked());
}

#[tokio::test]
async fn documents_that_nobody_agreed_to_make_room() {
    let home = Home::start().await;
    let app = home.app(LimitTable::disabled()).await;
    let (_, window) = somebody(&app, "ada@example.com").await;
    let site = home.site();
    site.code(&window, &[]).await;
    for number in 0..5 {
        app.clock.advance(Duration::from_secs(1));
        let id = format!("https://127.0.0.1:{}/{number}.json", home.port);
        home.says(&home.document(json!({ "client_id": id })));
        let page = window.get(&Site { id, ..home.site() }.request(&[])).await;
        assert!(page.text.contains("Pocket Atlas"), "{}", page.text);
    }
    assert_eq!(count(&app, "select count(*) from wardgraph.clients").await, 3);
    let sql = format!("select count(*) from wardgraph.clients where client_id = '{}'", home.id());
    assert_eq!(count(&app, &sql).await, 1);
}
