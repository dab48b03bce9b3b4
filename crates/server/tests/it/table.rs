//! The endpoint table, walked: what holds for every endpoint is tested here once, so that a new endpoint is covered with no new test.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use wardgraph_api::table::{Row, rows};
use wardgraph_kernel::{Access, Rows, Spec};
use wardgraph_testkit::{App, Content, Reply, Signer, forgeries};
use wardgraph_tokens::{AccessRequest, Thumbprint};

fn protected() -> impl Iterator<Item = &'static Row> {
    rows().filter(|row| !row.spec.access.admits_strangers())
}

#[tokio::test]
async fn what_is_mounted_is_what_is_declared() {
    let app = App::start().await;
    let declared: Vec<_> = rows().map(|row| row.spec.id).collect();
    assert_eq!(app.mounted, declared);
}

#[test]
fn what_a_permission_is_asked_about_stands_in_the_path() {
    for row in rows() {
        let Some(part) = row.spec.on else { continue };
        assert!(matches!(row.spec.access, Access::Permission(_)), "{}", row.spec.id);
        assert_eq!(row.spec.names(&row.spec.path.replace(part, "that-one")), Some("that-one"), "{}", row.spec.id);
    }
}

#[tokio::test]
async fn only_public_endpoints_admit_strangers() {
    let app = App::start().await;
    let supply = app.supply("tenant-a").await;
    for row in rows() {
        // A link, a code and an act under way are good once, by a page or without one. A stranger who is refused uses up nothing.
        let (_, known) = if row.spec.access.admits_strangers() { supply.of(row).await } else { supply.kept() };
        let reply = app.stranger().call(row, &known).await;
        if row.spec.access.admits_strangers() {
            assert!(reply.is_done(), "{}: {}", row.spec.id, reply.text);
        } else {
            reply.asks_for_a_credential();
        }
    }
}

#[tokio::test]
async fn every_protected_endpoint_refuses_tokens_that_nobody_should_believe() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let known = app.known(&owner).await;
    let good = app.caller("tenant-a", &["kg:read", "kg:write", "search:read", "events:read"]);
    for row in protected() {
        for forgery in forgeries(&good) {
            let reply = app.bearer(&forgery.token).call(row, &known).await;
            assert!(!reply.is_done(), "{} with a token that is {}", row.spec.id, forgery.name);
            reply.asks_for_a_credential();
        }
    }
}

#[tokio::test]
async fn no_endpoint_takes_a_bound_token_without_proof_of_its_key() {
    let app = App::start().await;
    let known = app.known(&app.owner("tenant-a")).await;
    let jkt = Thumbprint::parse(&Signer::es256().thumbprint());
    let stolen = app.user_with(&AccessRequest { jkt, ..app.access_request("org_a", "u", &["nodes:write", "search:read"]) });
    for row in protected().filter(|row| !row.spec.is_page()) {
        let reply = stolen.call(row, &known).await;
        assert_eq!(reply.status.as_u16(), 401, "{}: {}", row.spec.id, reply.text);
        let challenge = reply.headers["www-authenticate"].to_str().unwrap();
        assert!(challenge.starts_with("DPoP ") && challenge.contains("invalid_token"), "{}: {challenge}", row.spec.id);
    }
}

#[tokio::test]
async fn every_permission_is_asked_and_named() {
    let app = App::start().await;
    let (supply, nobody) = (app.supply("tenant-a").await, app.caller("tenant-a", &[]));
    let (_, known) = supply.kept();
    for row in protected() {
        // An account of one's own is what an outside issuer's caller has not, whatever the scopes.
        if matches!(row.spec.access, Access::Own(_)) && row.spec.asks_for_a_person() {
            let refused = nobody.call(row, &known).await;
            if row.spec.is_page() {
                refused.asks_for_a_credential();
            } else {
                refused.problem(403);
            }
            // Some of them end what the others need.
            let (person, theirs) = supply.of(row).await;
            let reply = person.call(row, &theirs).await;
            assert!(reply.is_done(), "{}: {}", row.spec.id, reply.text);
            continue;
        }
        if let (Access::Permission(permission), true) = (row.spec.access, row.spec.is_page()) {
            nobody.call(row, &known).await.asks_for_a_credential();
            // A person signed in, whose role is less by now.
            let low = app.owner(&format!("low-{}", row.spec.id.to_lowercase()));
            let theirs = app.known(&low).await;
            let person = subject_of(&low.token_at(row.spec.path).unwrap());
            let demote = "update wardgraph.memberships set role = 'analyst' where user_id = $1::text::uuid";
            app.database.watcher().await.execute(demote, &[&person]).await.unwrap();
            let refused = low.call(row, &theirs).await.problem(403);
            assert!(refused["detail"].as_str().unwrap().contains(permission.word()), "{}", row.spec.id);
            continue;
        }
        let reply = nobody.call(row, &known).await;
        match row.spec.access {
            Access::Permission(permission) => {
                assert!(reply.problem(403)["detail"].as_str().unwrap().contains(permission.word()), "{}", row.spec.id);
            }
            _ => assert!(reply.is_done(), "{}", row.spec.id),
        }
    }
}

#[tokio::test]
async fn every_protected_endpoint_serves_whoever_may() {
    let app = App::start().await;
    let supply = app.supply("tenant-a").await;
    for row in protected() {
        let (owner, known) = supply.of(row).await;
        let reply = owner.call(row, &known).await;
        assert!(reply.is_done(), "{}: {} {}", row.spec.id, reply.status, reply.text);
    }
}

#[tokio::test]
async fn every_endpoint_refuses_a_body_over_its_limit() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let known = app.known(&owner).await;
    for row in rows() {
        // Where none is taken it is not its size that is wrong.
        let status = if row.spec.body_bytes == 0 { 400 } else { 413 };
        let large = vec![b'x'; row.spec.body_bytes + 1];
        let announced = Reply::of(owner.request(row.spec.method.word(), &path(row, &known)).body(large.clone())).await;
        assert_eq!(announced.status, status, "{} by Content-Length", row.spec.id);
        if row.spec.is_for_clients() {
            assert_eq!(announced.refused(status), "invalid_request", "{}", row.spec.id);
        } else {
            announced.problem(status);
        }
        let chunks = large.chunks(64 << 10).map(|chunk| Ok::<_, std::io::Error>(chunk.to_vec())).collect::<Vec<_>>();
        let chunked = reqwest::Body::wrap_stream(futures_util::stream::iter(chunks));
        let framed = owner.request(row.spec.method.word(), &path(row, &known)).header("transfer-encoding", "chunked");
        let streamed = Reply::of(framed.body(chunked)).await;
        assert_eq!(streamed.status, status, "{} chunked", row.spec.id);
    }
}

#[tokio::test]
async fn a_strangers_large_body_is_401() {
    let app = App::start().await;
    let known = app.known(&app.owner("tenant-a")).await;
    for row in protected() {
        let large = vec![b'x'; row.spec.body_bytes + 1];
        let reply = Reply::of(app.stranger().request(row.spec.method.word(), &path(row, &known)).body(large)).await;
        assert_eq!(reply.headers["connection"], "close", "{}", row.spec.id);
        reply.asks_for_a_credential();
    }
}

#[tokio::test]
async fn every_write_leaves_one_request_event_and_one_for_each_subject() {
    // What is made once is made by a page, too.
    let (programs, browsers) = (App::start().await, App::start().await);
    let (of_programs, of_browsers) = (programs.supply("tenant-a").await, browsers.supply("tenant-a").await);
    for row in rows() {
        let (app, supply) = if row.spec.is_page() { (&browsers, &of_browsers) } else { (&programs, &of_programs) };
        let (owner, known) = supply.of(row).await;
        let before = left(app).await;
        let reply = owner.call(row, &known).await;
        let request_id = reply.headers["x-request-id"].to_str().unwrap().to_owned();
        let events = events(app, &request_id).await;
        let Some(event_type) = row.spec.event else {
            assert_eq!(left(app).await, before, "{} changes nothing and leaves nothing", row.spec.id);
            continue;
        };
        let mut counts = BTreeMap::<&str, usize>::new();
        for event in &events {
            *counts.entry(event["type"].as_str().unwrap()).or_default() += 1;
        }
        assert_eq!(counts.get("request.committed"), Some(&1), "{}: {events:?}", row.spec.id);
        let subjects: Vec<_> =
            events.iter().filter(|event| event["type"] == event_type.word()).map(|event| event["subject"].clone()).collect();
        assert_eq!(subjects.len(), expected_subjects(&reply.body), "{}: {events:?}", row.spec.id);
        let actor = match (row.spec.access, row.spec.rows) {
            (Access::Credential(_), _) => None,
            (_, Rows::Account | Rows::Members | Rows::Organization | Rows::Accounts | Rows::Directory) => {
                Some(json!(subject_of(&owner.token_at(row.spec.path).unwrap())))
            }
            _ => Some(json!(format!("user-of-{}", owner.tenant))),
        };
        for event in &events {
            assert_eq!(event["outcome"], "success", "{event}");
            assert!(actor.as_ref().is_none_or(|actor| event["actor_id"] == *actor), "{event}");
        }
    }
}

/// The events of every log that a request left.
async fn events(app: &App, request_id: &str) -> Vec<Value> {
    let sql = "select to_jsonb(e) - 'xact' from wardgraph.events e where request_id = $1::text::uuid order by event_id";
    app.database.watcher().await.query(sql, &[&request_id]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

/// How many events there are in every log.
async fn left(app: &App) -> i64 {
    app.database.watcher().await.query_one("select count(*) from wardgraph.events", &[]).await.unwrap().get(0)
}

/// `sub` of a token.
fn subject_of(token: &str) -> String {
    let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    serde_json::from_slice::<Value>(&payload).unwrap()["sub"].as_str().unwrap().to_owned()
}

/// A batch says how many it created, and what queues nodes how many; everything else has one subject.
fn expected_subjects(answer: &Value) -> usize {
    let told = answer["created"].as_u64().or_else(|| answer["enqueued"].as_u64());
    told.map_or(1, |told| usize::try_from(told).unwrap())
}

#[tokio::test]
async fn every_endpoint_with_a_query_refuses_a_parameter_that_it_does_not_know() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let known = app.known(&owner).await;
    let mut seen = 0;
    // Clients of the OAuth server may say what is not understood (RFC 6749, section 3.2).
    for row in rows().filter(|row| (row.shape)().query.is_some() && !row.spec.is_for_clients()) {
        seen += 1;
        let path = path(row, &known);
        let body = (row.sample)(&known).map(|body| body.to_string()).unwrap_or_default();
        let reply = Reply::of(owner.request(row.spec.method.word(), &format!("{path}?limt=5")).body(body)).await;
        let problem = reply.problem(400);
        assert!(problem["detail"].as_str().unwrap().contains("limt"), "{}: {problem}", row.spec.id);
    }
    assert!(seen >= 3, "{seen}");
}

#[tokio::test]
async fn another_tenants_ids_are_not_found_and_nothing_changes() {
    let app = App::start().await;
    let (owner, neighbour) = (app.owner("tenant-a"), app.owner("tenant-b"));
    let known = app.known(&owner).await;
    app.person_of(&neighbour).await;
    let before = everything(&app).await;
    // Shared rows are no tenant's, accounts are an administrator's to change, and what a client shows of itself is no tenant's either.
    let of_a_tenant = |row: &&Row| !matches!(row.spec.rows, Rows::Shared | Rows::Accounts) && !row.spec.is_for_clients();
    for row in rows().filter(|row| (row.shape)().path.is_some()).filter(of_a_tenant) {
        let reply = neighbour.call(row, &known).await;
        assert_eq!(reply.status, 404, "{}", row.spec.id);
        reply.problem(404);
        assert_eq!(everything(&app).await, before, "{}", row.spec.id);
    }
}

/// Every row of every table but the audit log's.
async fn everything(app: &App) -> Content {
    let mut content = app.database.content().await;
    content.remove("events").unwrap();
    content
}

fn path(row: &Row, known: &wardgraph_api::describe::Known) -> String {
    (row.shape)().place(row.spec.path, known)
}

/// What people do by pages, with what programs do.
const ACTS: &[(&str, &str)] = &[
    ("SignIn", "Login"),
    ("SecondFactor", "VerifyMfa"),
    ("EnrolSigningIn", "EnrolMfa"),
    ("SignOut", "Logout"),
    ("RegisterByPage", "Register"),
    ("ConfirmAddress", "VerifyEmail"),
    ("Forgot", "RequestPasswordReset"),
    ("ResetByPage", "ConfirmPasswordReset"),
    ("Rename", "UpdateMe"),
    ("AddFactor", "EnableMfa"),
    ("RemoveFactorByPage", "RemoveFactor"),
    ("NewCodesByPage", "MakeRecoveryCodes"),
    ("ChangePasswordByPage", "ChangePassword"),
    ("EndSessionByPage", "EndSession"),
    ("MakeKey", "CreateApiKey"),
    ("RevokeKeyByPage", "RevokeApiKey"),
    ("RotateKeyByPage", "RotateApiKey"),
    ("RenameFactorByPage", "RenameFactor"),
    ("InviteByPage", "Invite"),
    ("WithdrawByPage", "WithdrawInvitation"),
    ("AcceptByPage", "AcceptInvitation"),
    ("JoinByPage", "JoinOrganization"),
    ("SetUpByPage", "SetUp"),
    ("DisownByPage", "DisownFactor"),
    ("RevokeConsentByPage", "RevokeConsent"),
    ("SignOutForClient", "Logout"),
];

/// What people read by pages, with what programs read.
const READS: &[(&str, &str)] = &[
    ("InvitationsPage", "ListInvitations"),
    ("SessionsPage", "ListSessions"),
    ("KeysPage", "ListApiKeys"),
    ("ApplicationsPage", "ListConsents"),
    ("AccountPage", "GetMe"),
];

/// What people do by pages alone: what a client sent their browser for.
const BY_PAGES_ALONE: &[&str] = &["Authorize", "Agree", "EndSessionForClient", "OpenDevice", "DecideForDevice"];

#[test]
fn an_act_asks_for_the_same_and_says_the_same_by_a_page_as_by_a_program() {
    let spec = |id: &str| rows().find(|row| row.spec.id == id).unwrap_or_else(|| panic!("{id}")).spec;
    for (page, program) in ACTS {
        let (page, program) = (spec(page), spec(program));
        assert!(page.is_page() && !program.is_page());
        let asks = |spec: &Spec| format!("{:?} {:?} {:?} {:?}", spec.fresh, spec.rows, spec.event, spec.limit);
        assert_eq!(asks(page), asks(program), "{} and {}", page.id, program.id);
        assert_eq!(page.access, program.access, "{} and {}", page.id, program.id);
    }
    // A page with a form asks for the same permission as what the form does; so does a page that shows what programs read.
    let asked = |spec: &Spec| match spec.access {
        Access::Permission(permission) => Some(permission),
        Access::Own(_) | Access::Credential(_) | Access::Signed(_) | Access::Public(_) => None,
    };
    let pages = || rows().filter(|row| row.spec.is_page());
    for form in pages().filter(|row| row.spec.event.is_some()) {
        for page in pages().filter(|page| page.spec.event.is_none() && page.spec.path == form.spec.path) {
            assert_eq!(asked(page.spec), asked(form.spec), "{} and {}", page.spec.id, form.spec.id);
        }
    }
    for (page, program) in READS {
        assert_eq!(asked(spec(page)), asked(spec(program)), "{page} and {program}");
    }
    // Whoever adds a page that shows something for a permission adds it here.
    for row in pages().filter(|row| row.spec.event.is_none() && asked(row.spec).is_some()) {
        let is_form = pages().any(|form| form.spec.event.is_some() && form.spec.path == row.spec.path);
        assert!(is_form || READS.iter().any(|(page, _)| *page == row.spec.id), "{}", row.spec.id);
    }
    // Whoever adds a page that does something adds it here.
    for row in rows().filter(|row| row.spec.is_page() && row.spec.event.is_some()) {
        let known = ACTS.iter().any(|(page, _)| *page == row.spec.id) || BY_PAGES_ALONE.contains(&row.spec.id);
        assert!(known, "{}", row.spec.id);
    }
}
