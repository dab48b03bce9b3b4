//! The kinds of pass that no endpoint of the server has yet, through a small table of the test's own.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use wardgraph_api::{Json, Problem, wire::system::Ready};
use wardgraph_audit::Subject;
use wardgraph_gate::{Ceremony, Committed, Gate, Permit, Signed, StoreError, Visitor, WebhookKey};
use wardgraph_http::{Api, Edge, Mounted, Services};
use wardgraph_kernel::{Actor, ActorType, Identity, Read, Secret, Write};
use wardgraph_store::{Role, Statement, StatementInfo};
use wardgraph_testkit::{App, AppOptions, Caller, Cluster, Reply, START};

use table::{Confess, Decline, Doubt, Hear, Hello, Login, Lookup, Other, Peek, Refuse, Slip};

mod table {
    use wardgraph_api::{Json, wire::system::Ready};

    wardgraph_api::endpoints! {
        /// Keeps a counter, and is answered.
        Login: POST "/login" (()) -> Json<Ready> { credential: "a test", limit: Read, body: 0 }
        /// Writes, undoes, counts, and is refused.
        Doubt: POST "/doubt" (()) -> Json<Ready> { credential: "a test", limit: Read, body: 0 }
        /// Writes, and is refused with no word of undoing.
        Slip: POST "/slip" (()) -> Json<Ready> { credential: "a test", limit: Read, body: 0 }
        /// Tries to see nodes.
        Peek: POST "/peek" (()) -> Json<Ready> { credential: "a test", limit: Read, body: 0 }
        /// Hears what an outside system signed.
        Hear: POST "/hear" (()) -> Json<Ready> { signed: StandardWebhook, limit: Read, body: 64 }
        /// Hears another one.
        Other: POST "/other" (()) -> Json<Ready> { signed: StandardWebhook, limit: Read, body: 64 }
        /// The caller's own account.
        Confess: GET "/me" (()) -> Json<Ready> { own: "a test", limit: Read, body: 0 }
        /// Open to anyone.
        Hello: GET "/hello" (()) -> Json<Ready> { public: "a test", limit: Probe, body: 0 }
        /// A reading that is on record.
        Lookup: GET "/lookup" (()) -> Json<Ready> { permission: NodesRead, limit: Read, audit_on_read: NodeCreated, body: 0 }
        /// Writes, and is refused.
        Decline: POST "/decline" (()) -> Json<Ready> { permission: NodesWrite, limit: Read, audit: NodeCreated, body: 0 }
        /// Writes, undoes, counts, and is refused.
        Refuse: POST "/refuse" (()) -> Json<Ready> { permission: NodesWrite, limit: Read, audit: NodeCreated, body: 0 }
    }
}

const PREPARE: &str = "create table wardgraph.tries (name text not null);
    grant select, insert on wardgraph.tries to wardgraph_app, wardgraph_identity";
static COUNT: Statement<Identity> =
    Statement::identity("test.attempt.count", "insert into tries (name) values ($1) returning name");
static PEEK: Statement<Identity> = Statement::identity("test.node.peek", "select node_id from nodes");
static NOTE: Statement<Write> = Statement::writing("test.attempt.note", &[Role::App], "insert into tries (name) values ($1)");
static LOOK: Statement<Read> =
    Statement::reading("test.node.count", &[Role::App], "select count(*) from nodes where tenant_id = $1");
static STATEMENTS: [&StatementInfo; 4] = [COUNT.info(), PEEK.info(), NOTE.info(), LOOK.info()];

fn said(status: impl Into<String>) -> Json<Ready> {
    Json(Ready { status: status.into() })
}

fn failed(error: StoreError) -> Problem {
    Problem::internal("it failed").inside(&error)
}

fn user(id: &str) -> Actor {
    Actor { kind: ActorType::User, id: id.into() }
}

async fn login(pass: Ceremony<Login>, (): ()) -> Result<Committed<Login>, Problem> {
    let mut work = pass.begin().map_err(failed)?;
    work.tx().run(&COUNT, &[&"login"]).await.map_err(failed)?;
    work.commit(user("ada"), said("in")).await.map_err(failed)
}

async fn doubt(pass: Ceremony<Doubt>, (): ()) -> Result<Committed<Doubt>, Problem> {
    let mut work = pass.begin().map_err(failed)?;
    work.tx().run(&COUNT, &[&"before"]).await.map_err(failed)?;
    let mut work = work.undo().await.map_err(failed)?;
    work.tx().run(&COUNT, &[&"after"]).await.map_err(failed)?;
    work.refuse(Problem::unauthenticated("wrong password")).await.map_err(failed)
}

async fn slip(pass: Ceremony<Slip>, (): ()) -> Result<Committed<Slip>, Problem> {
    let mut work = pass.begin().map_err(failed)?;
    work.tx().run(&COUNT, &[&"slip"]).await.map_err(failed)?;
    work.refuse(Problem::unauthenticated("wrong password")).await.map_err(failed)
}

async fn peek(pass: Ceremony<Peek>, (): ()) -> Result<Committed<Peek>, Problem> {
    let mut work = pass.begin().map_err(failed)?;
    let seen = match work.tx().run(&PEEK, &[]).await {
        Ok(rows) => format!("{} rows", rows.len()),
        Err(StoreError::Sql { code, .. }) => code,
        Err(other) => other.to_string(),
    };
    work.undo().await.map_err(failed)?.refuse(Problem::conflict(seen)).await.map_err(failed)
}

async fn hear(pass: Signed<Hear>, (): ()) -> Result<Json<Ready>, Problem> {
    Ok(said(format!("{} {}", pass.sender(), pass.message_id())))
}

async fn other(pass: Signed<Other>, (): ()) -> Result<Json<Ready>, Problem> {
    Ok(said(pass.sender()))
}

async fn confess(pass: Permit<Confess>, (): ()) -> Result<Json<Ready>, Problem> {
    let who = format!("{} of {}", pass.actor().id, pass.tenant());
    let mut work = pass.begin().map_err(failed)?;
    let mut tx = work.once();
    let tenant = tx.tenant();
    let row = tx.find(&LOOK, &[&tenant]).await.map_err(failed)?;
    let nodes: i64 = row.map_or(0, |row| row.try_get(0).unwrap());
    Ok(said(format!("{who} sees {nodes}")))
}

async fn hello(_: Visitor<Hello>, (): ()) -> Result<Json<Ready>, Problem> {
    Ok(said("hello"))
}

async fn lookup(pass: Permit<Lookup>, (): ()) -> Result<Committed<Lookup>, Problem> {
    let mut work = pass.begin().map_err(failed)?;
    let mut tx = work.tx();
    let tenant = tx.tenant();
    tx.find(&LOOK, &[&tenant]).await.map_err(failed)?;
    work.release(Subject::endpoint("something read"), said("what was read")).await.map_err(failed)
}

async fn decline(pass: Permit<Decline>, (): ()) -> Result<Committed<Decline>, Problem> {
    let mut work = pass.begin().map_err(failed)?;
    work.tx().write(&NOTE, &[&"declined"]).await.map_err(failed)?;
    work.refuse(Problem::conflict("not now")).await.map_err(failed)
}

async fn refuse(pass: Permit<Refuse>, (): ()) -> Result<Committed<Refuse>, Problem> {
    let mut work = pass.begin().map_err(failed)?;
    work.tx().write(&NOTE, &[&"domain"]).await.map_err(failed)?;
    let mut work = work.undo().await.map_err(failed)?;
    work.tx().write(&NOTE, &[&"counter"]).await.map_err(failed)?;
    work.refuse(Problem::conflict("never")).await.map_err(failed)
}

fn mounted(gate: Arc<Gate>, _: &Services, edge: Edge) -> Mounted {
    Api::new(gate, Edge { most_bytes: 1 << 20, ..edge })
        .mount(Login, login)
        .mount(Doubt, doubt)
        .mount(Slip, slip)
        .mount(Peek, peek)
        .mount(Hear, hear)
        .mount(Other, other)
        .mount(Confess, confess)
        .mount(Hello, hello)
        .mount(Lookup, lookup)
        .mount(Decline, decline)
        .mount(Refuse, refuse)
        .finish()
}

async fn app() -> App {
    let database = Cluster::get().database().await;
    database.behind_the_scenes().await.batch_execute(PREPARE).await.unwrap();
    let key = |endpoint: &str| WebhookKey {
        endpoint: endpoint.into(),
        sender: format!("sender of {endpoint}").into(),
        secret: Secret::new(format!("the key of {endpoint}")),
    };
    let webhooks = vec![key("Hear"), key("Other")];
    App::over(database, AppOptions { api: mounted, statements: STATEMENTS.to_vec(), webhooks, ..AppOptions::default() }).await
}

async fn texts(app: &App, sql: &str) -> Vec<String> {
    let rows = app.database.behind_the_scenes().await.query(sql, &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

async fn attempts(app: &App) -> Vec<String> {
    texts(app, "select name from wardgraph.tries order by name").await
}

/// Tenant, type, subject, actor and outcome of every event, in order.
async fn events(app: &App) -> Vec<String> {
    let sql = "select concat_ws(' ', tenant_id, type, subject, actor_id, outcome) from wardgraph.events order by event_id";
    texts(app, sql).await
}

fn caller(app: &App) -> Caller {
    app.caller("tenant-a", &["nodes:write"])
}

#[tokio::test]
async fn a_ceremony_commits_with_one_event_of_nobodys_tenant() {
    let app = app().await;
    let answer = app.stranger().post("/login", &Value::Null).await;
    assert_eq!(answer.status, 400, "no body is taken: {}", answer.text);
    assert_eq!(post(&app.stranger(), "/login").await.ok()["status"], "in");
    assert_eq!(attempts(&app).await, ["login"]);
    assert_eq!(events(&app).await, ["_system request.committed Login ada success"]);
}

async fn post(caller: &Caller, path: &str) -> Reply {
    Reply::of(caller.request("POST", path)).await
}

#[tokio::test]
async fn a_refused_ceremony_keeps_what_was_counted_after_undoing_and_nothing_else() {
    let app = app().await;
    post(&app.stranger(), "/doubt").await.problem(401);
    assert_eq!(attempts(&app).await, ["after"]);
    app.clock.advance(std::time::Duration::from_millis(1));
    post(&app.stranger(), "/slip").await.problem(401);
    assert_eq!(attempts(&app).await, ["after"], "a refusal undoes by itself");
    let refused = |id: &str| format!("_system request.refused {id} unknown refused");
    assert_eq!(events(&app).await, [refused("Doubt"), refused("Slip")]);
}

#[tokio::test]
async fn a_ceremony_cannot_see_nodes() {
    let app = app().await;
    // 42501: insufficient_privilege.
    assert_eq!(post(&app.stranger(), "/peek").await.problem(409)["detail"], "42501");
    let identity = app.database.connect_as(Role::Identity).await;
    for table in ["nodes", "edges", "embeddings", "jobs", "events"] {
        let error = identity.query(&format!("select 1 from wardgraph.{table}"), &[]).await.unwrap_err();
        assert_eq!(error.code().unwrap().code(), "42501", "{table}");
    }
}

/// A message as an outside system sends it.
#[derive(Clone)]
struct Message {
    id: &'static str,
    timestamp: i64,
    body: &'static str,
    signature: String,
}

fn signed(key: &str, id: &'static str, timestamp: i64, body: &'static str) -> Message {
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, key.as_bytes());
    let tag = aws_lc_rs::hmac::sign(&key, format!("{id}.{timestamp}.{body}").as_bytes());
    Message { id, timestamp, body, signature: format!("v1,{}", STANDARD.encode(tag)) }
}

async fn send(app: &App, path: &str, message: &Message) -> Reply {
    let request = app.stranger().request("POST", path).header("webhook-id", message.id).body(message.body);
    let request = request.header("webhook-timestamp", message.timestamp).header("webhook-signature", &message.signature);
    Reply::of(request).await
}

#[tokio::test]
async fn a_webhook_is_heard_if_its_own_key_signed_it_lately() {
    let app = app().await;
    let good = signed("the key of Hear", "msg_1", START, "paid");
    assert_eq!(send(&app, "/hear", &good).await.ok()["status"], "sender of Hear msg_1");
    let among = Message { signature: format!("v1a,zzz v1,AAAA {}", good.signature), ..good.clone() };
    assert_eq!(send(&app, "/hear", &among).await.status, 200, "one good signature of several is enough");
    for at in [START - 300, START + 300] {
        assert_eq!(send(&app, "/hear", &signed("the key of Hear", "msg_1", at, "paid")).await.status, 200, "{at}");
    }
    let bad = [
        ("a wrong key", signed("some other key", "msg_1", START, "paid")),
        ("another endpoint's key", signed("the key of Other", "msg_1", START, "paid")),
        ("an old time", signed("the key of Hear", "msg_1", START - 301, "paid")),
        ("a time to come", signed("the key of Hear", "msg_1", START + 301, "paid")),
        ("the farthest time", signed("the key of Hear", "msg_1", i64::MIN, "paid")),
        ("an altered body", Message { body: "paid twice", ..good.clone() }),
        ("an altered id", Message { id: "msg_2", ..good.clone() }),
        ("an altered time", Message { timestamp: START + 1, ..good.clone() }),
        ("a replayed id with another body", Message { body: "refunded", ..good.clone() }),
        ("no version", Message { signature: good.signature.replace("v1,", ""), ..good.clone() }),
        ("an empty signature", Message { signature: "v1,".into(), ..good.clone() }),
    ];
    for (what, message) in &bad {
        let reply = send(&app, "/hear", message).await;
        assert_eq!(reply.status, 401, "{what}");
        reply.problem(401);
    }
    send(&app, "/other", &good).await.problem(401);
    for missing in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        let mut request = app.stranger().request("POST", "/hear").body(good.body);
        let timestamp = good.timestamp.to_string();
        let headers = [("webhook-id", good.id), ("webhook-timestamp", &timestamp), ("webhook-signature", &good.signature)];
        for (name, value) in headers.into_iter().filter(|(name, _)| *name != missing) {
            request = request.header(name, value);
        }
        Reply::of(request).await.problem(401);
    }
    app.gate.record().await.unwrap();
    let refusals = texts(&app, "select payload->>'reason' || ' ' || (payload->>'count') from wardgraph.events order by 1").await;
    // Before the body is read: three times, one form, three that lack a header. After: the rest, and one at the other endpoint.
    assert_eq!(refusals, ["badly signed 1", "badly signed 7", "unsigned 7"]);
}

#[tokio::test]
async fn an_own_account_asks_for_a_credential_and_no_permission() {
    let app = app().await;
    let nobody = app.caller("tenant-a", &[]);
    assert_eq!(nobody.get("/me").await.ok()["status"], "user-of-tenant-a of tenant-a sees 0");
    app.stranger().get("/me").await.problem(401);
    assert!(events(&app).await.is_empty(), "reading one's own leaves nothing before the fold is written");
}

#[tokio::test]
async fn anyone_may_visit() {
    let app = app().await;
    assert_eq!(app.stranger().get("/hello").await.ok()["status"], "hello");
    assert_eq!(app.bearer("not-a-token").get("/hello").await.ok()["status"], "hello", "nobody looks at a visitor's token");
    app.gate.record().await.unwrap();
    assert!(events(&app).await.is_empty());
}

#[tokio::test]
async fn an_audited_reading_is_on_record_before_it_is_answered() {
    let app = app().await;
    assert_eq!(caller(&app).get("/lookup").await.ok()["status"], "what was read");
    let left =
        ["request.committed Lookup", "node.created something read"].map(|e| format!("tenant-a {e} user-of-tenant-a success"));
    assert_eq!(events(&app).await, left);
    let superuser = app.database.behind_the_scenes().await;
    superuser.batch_execute("revoke insert on wardgraph.events from wardgraph_app").await.unwrap();
    let reply = caller(&app).get("/lookup").await;
    assert!(!reply.text.contains("what was read"), "{}", reply.text);
    reply.problem(500);
    assert_eq!(events(&app).await, left);
    superuser.batch_execute("grant insert on wardgraph.events to wardgraph_app").await.unwrap();
    caller(&app).get("/lookup").await.ok();
    assert_eq!(events(&app).await.len(), 4);
}

#[tokio::test]
async fn a_refused_write_leaves_its_event_and_no_rows() {
    let app = app().await;
    assert_eq!(post(&caller(&app), "/decline").await.problem(409)["detail"], json!("not now"));
    assert!(attempts(&app).await.is_empty());
    assert_eq!(events(&app).await, ["tenant-a request.refused Decline user-of-tenant-a refused"]);
}

#[tokio::test]
async fn counters_written_after_undoing_are_kept_with_the_refusal() {
    let app = app().await;
    assert_eq!(post(&caller(&app), "/refuse").await.problem(409)["detail"], json!("never"));
    assert_eq!(attempts(&app).await, ["counter"]);
    assert_eq!(events(&app).await, ["tenant-a request.refused Refuse user-of-tenant-a refused"]);
}
