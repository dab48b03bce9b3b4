//! Faults that were found in Active Graph KG and that this server must not have, one test each; the names say what must hold, the numbers
//! are those of that review.

use serde_json::json;
use wardgraph_api::{
    describe::IdKind,
    table::{Row, rows},
};
use wardgraph_kernel::{Access, Method};
use wardgraph_testkit::{App, AppOptions, Reply, forgeries, with_claims};

use crate::tiers;

/// A tenant named in a query, a header or a body leads nowhere but to the credential's own rows.
#[tokio::test]
async fn fault_01_no_query_parameter_reaches_another_tenant() {
    let app = App::start().await;
    let (victim, thief) = (app.owner("victim"), app.owner("thief"));
    let known = app.known(&victim).await;
    let theirs = [known.node.to_string(), known.other.to_string(), known.edge.to_string(), "the first known node".into()];
    for row in rows() {
        let path =
            (row.shape)().path.map_or_else(|| row.spec.path.to_owned(), |kind| row.spec.path.replace("{id}", &kind.of(&known)));
        for query in
            ["", "?tenant_id=victim", "?tenant=victim", "?tenantId=victim", "?org=victim", "?app.current_tenant_id=victim"]
        {
            let request = thief.request(row.spec.method.word(), &format!("{path}{query}"));
            let request =
                request.header("x-tenant-id", "victim").header("tenant-id", "victim").header("cookie", "tenant_id=victim");
            let sample = (row.sample)(&known).map(|mut body| {
                body["tenant_id"] = json!("victim");
                body
            });
            let reply = Reply::of(match &sample {
                Some(body) => request.json(body),
                None => request,
            })
            .await;
            assert!(reply.status.as_u16() < 500, "{}: {}", row.spec.id, reply.text);
            let asked = sample.map(|body| body.to_string()).unwrap_or_default();
            for text in theirs.iter().filter(|text| !asked.contains(*text)) {
                assert!(!reply.text.contains(text), "{} gives {text} away: {}", row.spec.id, reply.text);
            }
        }
    }
    for (id, path) in [(known.node, "/nodes"), (known.other, "/nodes")] {
        victim.get(&format!("{path}/{id}")).await.ok();
    }
    assert_eq!(victim.get("/nodes").await.ok()["count"], 2);
    assert_eq!(victim.get("/edges").await.ok()["count"], 1);
}

/// Isolation rests on forced row-level security, and on an explicit predicate in every statement besides.
#[tokio::test]
async fn fault_05_isolation_does_not_rest_on_one_thing_alone() {
    let app = App::start().await;
    let (owner, neighbour) = (app.owner("tenant-a"), app.owner("tenant-b"));
    let known = app.known(&owner).await;
    let client = app.database.behind_the_scenes().await;
    let sql = "select relname::text from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
               where c.relnamespace = 'wardgraph'::regnamespace and c.relkind in ('r', 'p') and not (c.relrowsecurity and c.relforcerowsecurity)";
    let naked: Vec<String> = client.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
    assert!(naked.is_empty(), "{naked:?}");
    let owns = "select count(*) from pg_class c join pg_roles r on r.oid = c.relowner where r.rolname = 'wardgraph_app'";
    assert_eq!(client.query_one(owns, &[]).await.unwrap().get::<_, i64>(0), 0);
    for statement in wardgraph_server::wire::statements(app.routes.searches()) {
        // What is nobody's, or everybody's, stands in a short list with a reason.
        let tables = wardgraph_store::guard::GLOBAL_TABLES.iter().map(|(table, _)| *table);
        let global = tables.chain(["pg_", "select 1"]).any(|word| statement.sql.contains(word));
        assert!(statement.sql.contains("tenant_id") || global, "{} has no tenant: {}", statement.name, statement.sql);
    }
    // With row-level security off altogether, the predicates still hold.
    for table in ["nodes", "edges", "embeddings", "events"] {
        client.batch_execute(&format!("alter table wardgraph.{table} disable row level security")).await.unwrap();
    }
    neighbour.get(&format!("/nodes/{}", known.node)).await.problem(404);
    neighbour.delete(&format!("/nodes/{}", known.node)).await.problem(404);
    for path in ["/nodes", "/edges"] {
        assert_eq!(neighbour.get(path).await.ok()["count"], 0, "{path}");
    }
    let events = neighbour.get("/events").await.ok();
    assert!(!events.to_string().contains("tenant-a"), "{events}");
    app.embed_everything().await;
    let found = neighbour.post("/search", &json!({ "query": "the first known node" })).await.ok();
    assert_eq!(found["count"], 0);
    neighbour.post("/edges", &json!({ "src": known.node, "rel": "R", "dst": known.other })).await.problem(422);
}

/// Shared rows are read by every tenant, and written by none: an administrator has endpoints of his own for them.
#[tokio::test]
async fn fault_06_shared_rows_are_no_tenants_to_write() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let mine = owner.create_node("mine").await.created();
    let id = "01900000-0000-7000-8000-00000000000a";
    let sql = format!(
        "insert into wardgraph.nodes (tenant_id, node_id, classes, props, metadata, refresh_policy, triggers, content, created_at, updated_at)
         values ('*', '{id}', '{{Reference}}', '{{\"text\": \"abbreviations\"}}', '{{}}', '{{}}', '[]', 'abbreviations', now(), now())"
    );
    app.database.connect_as(wardgraph_store::Role::Admin).await.batch_execute(&sql).await.unwrap();
    let read = owner.get(&format!("/nodes/{id}")).await.ok();
    assert_eq!((&read["tenant_id"], &read["props"]["text"]), (&json!(null), &json!("abbreviations")));
    let found = owner.post("/search", &json!({ "query": "abbreviation", "mode": "text" })).await.ok();
    assert_eq!((&found["count"], &found["results"][0]["tenant_id"]), (&json!(1), &json!(null)));
    // Not by its id, not by a name in the body, not by an edge.
    owner.delete(&format!("/nodes/{id}")).await.problem(404);
    for named in [json!("*"), json!(null)] {
        let made = owner.post("/nodes", &json!({ "classes": ["A"], "props": {}, "tenant_id": named })).await.created();
        assert_eq!(made["tenant_id"], "tenant-a");
    }
    let refused = owner.post("/edges", &json!({ "src": mine["id"], "rel": "R", "dst": id })).await.problem(422);
    assert_eq!(refused["errors"][0]["field"], "/dst");
    // Not by the runtime role itself, whatever tenant it says that it works for.
    let role = app.database.connect_as(wardgraph_store::Role::App).await;
    for tenant in ["", "tenant-a", "*"] {
        for change in [
            sql.replace("00a'", "00b'"),
            "update wardgraph.nodes set props = '{}' where tenant_id = '*'".into(),
            "delete from wardgraph.nodes where tenant_id = '*'".into(),
        ] {
            let changed =
                role.batch_execute(&format!("begin; set local app.current_tenant_id = '{tenant}'; {change}; commit")).await;
            let _ = role.batch_execute("rollback").await;
            let left = app.database.behind_the_scenes().await;
            let left = left
                .query_one("select count(*), min(props::text) from wardgraph.nodes where tenant_id = '*'", &[])
                .await
                .unwrap();
            assert_eq!(
                (left.get::<_, i64>(0), left.get::<_, &str>(1)),
                (1, r#"{"text": "abbreviations"}"#),
                "{tenant:?}: {change} {changed:?}"
            );
        }
    }
}

/// One tenant's keys are in nobody else's way, and tell nobody anything.
#[tokio::test]
async fn fault_07_a_tenants_keys_collide_with_its_own_alone() {
    let app = App::start().await;
    let (owner, neighbour) = (app.owner("tenant-a"), app.owner("tenant-b"));
    let (ours, theirs) = (app.known(&owner).await, app.known(&neighbour).await);
    let sql = "select c.relname::text from pg_index i join pg_class c on c.oid = i.indrelid
               join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id'
               where c.relnamespace = 'wardgraph'::regnamespace and i.indisunique and i.indkey[0] <> a.attnum";
    assert_eq!(app.database.behind_the_scenes().await.query(sql, &[]).await.unwrap().len(), 0, "a unique key without its tenant");
    // The neighbour's rows with our very ids.
    let squat = "insert into wardgraph.nodes (tenant_id, node_id, classes, props, metadata, refresh_policy, triggers, embedding_status, created_at, updated_at)
                 select 'tenant-c', node_id, classes, props, metadata, refresh_policy, triggers, 'none', created_at, updated_at
                 from wardgraph.nodes where tenant_id = 'tenant-a'";
    app.database.behind_the_scenes().await.batch_execute(squat).await.unwrap();
    let third = app.owner("tenant-c");
    let triple = json!({ "src": ours.node, "rel": "KNOWS", "dst": ours.other });
    third.post("/edges", &triple).await.created();
    third.post("/edges", &triple).await.problem(409);
    for foreign in [
        json!({ "src": ours.node, "rel": "R", "dst": theirs.node }),
        json!({ "src": theirs.node, "rel": "R", "dst": theirs.other }),
    ] {
        owner.post("/edges", &foreign).await.problem(422);
    }
    third.delete(&format!("/nodes/{}", ours.node)).await;
    assert_eq!(owner.get("/edges").await.ok()["count"], 1, "a deletion in one tenant took another's edge");
    owner.get(&format!("/nodes/{}", ours.node)).await.ok();
}

/// Work that no request waits for runs under the restricted roles, and sees the rows it is for.
#[tokio::test]
async fn fault_08_background_work_sees_its_rows_under_restricted_roles() {
    let app = App::start().await;
    let client = app.database.behind_the_scenes().await;
    let roles = "select count(*) filter (where rolsuper or rolbypassrls), count(*) from pg_roles where rolname = any($1)";
    let names: Vec<&str> = wardgraph_store::Role::ALL.iter().map(|role| role.name()).collect();
    let row = client.query_one(roles, &[&names]).await.unwrap();
    assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (0, names.len() as i64));
    for tenant in ["tenant-a", "tenant-b", "tenant-c"] {
        app.known(&app.owner(tenant)).await;
    }
    app.embed_everything().await;
    let done = "select count(*) filter (where embedding_status = 'ready'), count(*), (select count(*) from wardgraph.embeddings),
                (select count(*) from wardgraph.jobs where kind = 'embed'), (select count(distinct tenant_id) from wardgraph.events where type = 'nodes.embedded') from wardgraph.nodes where tenant_id <> '*'";
    let row = client.query_one(done, &[]).await.unwrap();
    let counts: [i64; 5] = std::array::from_fn(|n| row.get(n));
    assert_eq!(counts, [6, 6, 6, 0, 3]);
}

/// A tenant is one text of the allowed form; a second issuer's tokens are not the first one's.
#[tokio::test]
async fn fault_10_a_tenant_claim_is_a_name_or_nothing() {
    let app = App::start().await;
    let good = app.caller("tenant-a", &["kg:read"]);
    let refused: Vec<_> = forgeries(&good).into_iter().map(|forgery| forgery.name).collect();
    assert!(refused.contains(&"tenant is a list"), "{refused:?}");
    for forgery in forgeries(&good) {
        app.bearer(&forgery.token).get("/api/v1/whoami").await.problem(401);
    }
    for claim in [
        json!(["tenant-a"]),
        json!(7),
        json!(" "),
        json!(""),
        json!("*"),
        json!("_system"),
        json!("Tenant-A"),
        json!(null),
        json!({}),
        json!("a\0"),
    ] {
        // Honestly signed, so that the claim alone is what is refused.
        let token = resigned(good.token.as_deref().unwrap(), |claims| claims["tenant_id"] = claim.clone());
        app.bearer(&token).get("/api/v1/whoami").await.problem(401);
    }
    let honest = resigned(good.token.as_deref().unwrap(), |claims| claims["tenant_id"] = json!("tenant-b"));
    assert_eq!(app.bearer(&honest).get("/api/v1/whoami").await.ok()["tenant_id"], "tenant-b");
    // The own key's permissions are not the outside issuer's to give.
    let asked = ["system:read", "metrics:read"];
    assert_eq!(app.caller("tenant-a", &asked).get("/api/v1/whoami").await.ok()["permissions"], json!([]));
    assert_eq!(app.operator("tenant-a", &asked).get("/api/v1/whoami").await.ok()["permissions"].as_array().unwrap().len(), 2);
}

/// The outside issuer's shared secret of the test app.
const SECRET: &[u8] = b"test-secret-of-the-outside-issuer-0123456789";

/// The token's claims, changed, and honestly signed.
fn resigned(token: &str, change: impl FnOnce(&mut serde_json::Value)) -> String {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    let changed = with_claims(token, change);
    let (signed, _) = changed.rsplit_once('.').unwrap();
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, SECRET);
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(aws_lc_rs::hmac::sign(&key, signed.as_bytes())))
}

/// Authentication and limits are on without being asked for; a token ends; what is wrong with one is not told in a library's words.
#[tokio::test]
async fn fault_12_tokens_are_asked_for_and_end() {
    let config = wardgraph_server::config::Settings::read(None, &std::collections::BTreeMap::new()).unwrap();
    let config = wardgraph_server::config::Config::of(&config).unwrap();
    assert!(!config.limits.is_disabled() && config.http.listen.ip().is_loopback());
    let app = App::start().await;
    app.stranger().get("/nodes").await.problem(401);
    let good = app.caller("tenant-a", &["kg:read"]);
    let token = good.token.as_deref().unwrap();
    for endless in [json!(null), json!("never"), json!(-1), json!(0), json!(1e300)] {
        let forged = resigned(token, |claims| claims["exp"] = endless.clone());
        app.bearer(&forged).get("/nodes").await.problem(401);
    }
    let without = resigned(token, |claims| drop(claims.as_object_mut().unwrap().remove("exp")));
    let problem = app.bearer(&without).get("/nodes").await.problem(401);
    for word in ["jwt", "pyjwt", "jsonwebtoken", "serde", "missing field", "line "] {
        assert!(!problem["detail"].as_str().unwrap().to_lowercase().contains(word), "{problem}");
    }
    good.get("/nodes").await.ok();
    // Also a token that was verified before ends.
    app.clock.advance(std::time::Duration::from_secs(3_600 + 31));
    good.get("/nodes").await.problem(401);
}

/// Every endpoint that reads or changes data asks for a permission, and gets by with no other.
#[tokio::test]
async fn fault_13_every_protected_endpoint_asks_for_its_permission() {
    let app = App::start().await;
    let supply = app.supply("tenant-a").await;
    let (_, known) = supply.kept();
    for row in rows() {
        let Access::Permission(permission) = row.spec.access else {
            assert!(matches!(row.spec.access, Access::Public(_) | Access::Own(_) | Access::Credential(_)), "{}", row.spec.id);
            // Rows of an account are bound to the person, and a ceremony reaches no tenant's rows.
            let apart = row.spec.rows.are_peoples() || matches!(row.spec.access, Access::Credential(_));
            assert!(
                apart || row.spec.event.is_none() && (row.shape)().path.is_none(),
                "{} touches data without a permission",
                row.spec.id
            );
            continue;
        };
        // What a page asks of the person who signed in is tried by `every_permission_is_asked_and_named`: no token is believed there.
        if row.spec.is_page() {
            app.operator("tenant-a", &[permission.word()]).call(row, &known).await.asks_for_a_credential();
            continue;
        }
        app.caller("tenant-a", &[]).call(row, &known).await.problem(403);
        let others: Vec<&str> = wardgraph_kernel::Permission::ALL
            .iter()
            .filter(|other| !wardgraph_kernel::Permissions::from_scopes([other.word()]).allows(permission))
            .map(|other| other.word())
            .collect();
        app.operator("tenant-a", &others).call(row, &known).await.problem(403);
        let (owner, known) = supply.of(row).await;
        // People are seen by people alone, and the known client is the person's organization's.
        let of_a_person = row.spec.rows.are_peoples() || matches!((row.shape)().path, Some(IdKind::Client));
        let may = if of_a_person { owner } else { app.operator("tenant-a", &[permission.word()]) };
        let reply = may.call(row, &known).await;
        assert!(reply.status.is_success(), "{}: {}", row.spec.id, reply.text);
    }
}

/// What is open tells nothing: no tenant, no fault, no host.
#[tokio::test]
async fn fault_14_what_is_open_tells_nothing_of_the_inside() {
    let app = App::start().await;
    app.known(&app.owner("very-private-tenant")).await;
    let public = rows().filter(|row| matches!(row.spec.access, Access::Public(_)));
    let (pages, open): (Vec<_>, Vec<_>) = public.map(|row| row.spec).partition(|spec| spec.is_page());
    let paths = |specs: Vec<&wardgraph_kernel::Spec>| specs.iter().map(|spec| spec.path).collect::<Vec<_>>();
    assert_eq!(
        paths(open),
        [
            "/health/live",
            "/health/ready",
            "/health",
            "/openapi.json",
            "/docs",
            "/.well-known/jwks.json",
            "/.well-known/oauth-authorization-server",
            "/.well-known/openid-configuration",
            "/oauth2/authorize",
            "/.well-known/oauth-protected-resource",
            "/assets/send.js",
            "/assets/pages.css",
            "/assets/passkeys.js",
            "/assets/icon.svg",
            "/.well-known/authzen-configuration"
        ]
    );
    let shown = [
        "/",
        "/sign-in",
        "/register",
        "/verify-email",
        "/forgot-password",
        "/reset-password",
        "/invitation",
        "/setup",
        "/not-me",
    ];
    assert_eq!(paths(pages), shown);
    app.stranger().get("/metrics").await.problem(401);
    app.caller("tenant-a", &["kg:read", "kg:write", "search:read", "admin:refresh"]).get("/metrics").await.problem(403);
    app.stranger().get("/prometheus").await.problem(404);
    let metrics = app.operator("operator", &["system:read"]).get("/metrics").await;
    assert_eq!(metrics.status, 200);
    for reply in [&metrics, &app.stranger().get("/health").await] {
        assert!(!reply.text.contains("very-private-tenant"), "{}", reply.text);
    }
    // The database gone: the state is told, and nothing of where it is or why.
    app.health.set_database(false);
    for path in ["/health", "/health/ready"] {
        let told = app.stranger().get(path).await.text.to_lowercase();
        for inside in ["wardgraph_app", "socket", "/tmp", "connection", "password", "host", "very-private"] {
            assert!(!told.contains(inside), "{path} tells {inside}: {told}");
        }
    }
}

/// There is no "if claims": without a credential there is no pass, and nothing that could be skipped.
#[tokio::test]
async fn fault_15_nothing_fails_open_without_claims() {
    let app = App::start().await;
    let known = app.known(&app.owner("tenant-a")).await;
    let good = app.owner("tenant-a").token.unwrap();
    let (payload, empty) = (good.split('.').nth(1).unwrap(), "Bearer ");
    let headers = [
        "",
        "Bearer",
        empty,
        "Bearer null",
        "Bearer undefined",
        "Basic dGVuYW50LWE6eA==",
        "Bearer ..",
        "bearer",
        "Bearer a b",
        &format!("Bearer {payload}"),
        &format!("Bearer .{payload}."),
        &format!("Token {good}"),
        &format!("Bearer {good}, Bearer {good}"),
    ];
    for row in rows().filter(|row| !row.spec.access.admits_strangers()) {
        let path =
            (row.shape)().path.map_or_else(|| row.spec.path.to_owned(), |kind| row.spec.path.replace("{id}", &kind.of(&known)));
        for header in headers {
            let request = app.stranger().request(row.spec.method.word(), &path).header("authorization", header);
            let reply = Reply::of(request).await;
            assert!(!reply.is_done(), "{} with {header:?}: {}", row.spec.id, reply.text);
            reply.asks_for_a_credential();
        }
        let shown_to_strangers = |other: &Row| {
            other.spec.path == row.spec.path && other.spec.method == Method::GET && other.spec.access.admits_strangers()
        };
        if rows().any(shown_to_strangers) {
            continue;
        }
        // Not in the query either, where logs would see it.
        let reply = app.stranger().get(&format!("{path}?access_token={good}&token={good}")).await;
        assert!(matches!(reply.status.as_u16(), 401 | 405) || !reply.is_done(), "{}: {}", row.spec.id, reply.text);
    }
    let counts = "select (select count(*) from wardgraph.nodes), (select count(*) from wardgraph.edges)";
    let row = app.database.behind_the_scenes().await.query_one(counts, &[]).await.unwrap();
    assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (3, 1));
}

/// A stranger's body is not read, and what cannot be stored is a refusal without internal text. (`hostile` holds this for every field.)
#[tokio::test]
async fn fault_29_bad_input_is_refused_in_our_words_and_before_it_is_read() {
    let app = App::with(AppOptions::default()).await;
    let owner = app.owner("tenant-a");
    let administrator = app.person_of(&owner).await.made_administrator(&app).await;
    owner.becomes(&administrator.caller);
    for row in rows().filter(|row| !row.spec.access.admits_strangers() && (row.shape)().body.is_some()) {
        if row.spec.is_page() {
            let sent = |caller: &wardgraph_testkit::Caller| Reply::of(caller.request("POST", row.spec.path).body("{"));
            sent(&app.stranger()).await.asks_for_a_credential();
            // What is no form of this server's is nobody's.
            sent(&owner).await.problem(403);
            continue;
        }
        // Were the body parsed first, this would be 400.
        Reply::of(app.stranger().request(row.spec.method.word(), row.spec.path).body("{")).await.problem(401);
        Reply::of(app.caller("tenant-a", &[]).request(row.spec.method.word(), row.spec.path).body("{")).await.problem(403);
        Reply::of(owner.request(row.spec.method.word(), row.spec.path).body("{")).await.problem(400);
    }
    owner.post("/nodes", &json!({ "classes": ["A"], "props": { "text": "a\0b" } })).await.problem(422);
    owner.get("/nodes/not-a-uuid").await.problem(400);
    owner.get("/nodes?limit=-1").await.problem(422);
    let node = json!({ "classes": ["A"], "props": {}, "external_id": "one" });
    owner.post("/nodes", &node).await.created();
    owner.post("/nodes", &node).await.problem(409);
}

/// Indexes of vectors are made by the owner while the runtime role serves, over what is there and what comes; and neither other tenants'
/// rows in the same index nor filters make a result short, even where the index gives up.
#[tokio::test]
async fn fault_33_the_vector_index_is_there_and_neither_neighbours_nor_filters_shorten_results() {
    let app = tiers::app(200, 100_000).await;
    let client = app.database.behind_the_scenes().await;
    // Two tenants of one partition: the neighbour's many vectors lie where our query goes, and ours lie elsewhere.
    tiers::plant(&client, "neighbour", 1, 0..2_000).await;
    let mut ours = String::new();
    for n in 0..200 {
        ours = format!("tenant-{n}");
        tiers::plant(&client, &ours, 8, 0..1).await;
        let together = "select count(distinct tableoid) from wardgraph.embeddings where tenant_id in ('neighbour', $1)";
        if client.query_one(together, &[&ours]).await.unwrap().get::<_, i64>(0) == 1 {
            break;
        }
    }
    tiers::plant(&client, &ours, 8, 1..400).await;
    // The index gives up at once, and is used although comparing would cost less.
    let database: String = client.query_one("select current_database()::text", &[]).await.unwrap().get(0);
    for setting in ["hnsw.max_scan_tuples = 1", "enable_sort = off"] {
        client.batch_execute(&format!("alter role wardgraph_app in database {database} set {setting}")).await.unwrap();
    }
    while app.keeper.turn().await.unwrap() > 0 {}
    let owner = app.owner(&ours);
    for n in 0..10 {
        let query = tiers::vector(0, 90_000 + n);
        for rare in [false, true] {
            let classes = rare.then_some(["Rare"]);
            let request = json!({ "vector": query, "classes": classes, "explain": true });
            let answer = owner.post("/search", &request).await.ok();
            assert_eq!(answer["route"], "graph");
            let found: Vec<_> = answer["results"].as_array().unwrap().iter().map(|r| r["id"].as_str().unwrap()).collect();
            let truth = tiers::nearest(&ours, 8, 400, &query, 10, rare);
            assert_eq!(found.len(), truth.len(), "{answer}");
            let hits = truth.iter().filter(|id| found.contains(&id.as_str())).count();
            assert!(hits + 1 >= truth.len(), "{hits}: {found:?} {truth:?}");
        }
    }
}

/// Refusals name no value that came in a credential. (`logs` holds the log itself, on the real binary.)
#[tokio::test]
async fn fault_35_a_refused_credential_is_not_told_back() {
    let app = App::start().await;
    let good = app.caller("tenant-a", &[]);
    for token in [good.token.clone().unwrap(), "CANARYTOKEN".into()] {
        for reply in [app.bearer(&token).get("/nodes").await, app.bearer(&format!("{token}x")).get("/nodes").await] {
            let headers = format!("{:?}", reply.headers);
            assert!(
                reply.status.is_client_error() && !reply.text.contains(&token) && !headers.contains(&token),
                "{}",
                reply.text
            );
        }
    }
    let events = app.owner("tenant-a").get("/events").await.ok();
    assert!(!events.to_string().contains(good.token.as_deref().unwrap().rsplit('.').next().unwrap()));
}
