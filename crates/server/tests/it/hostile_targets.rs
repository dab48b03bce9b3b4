//! Hostile paths, queries and cursors, to every endpoint of the table that has any.

use serde_json::json;
use wardgraph_api::table::{Row, rows};
use wardgraph_testkit::App;

use crate::hostile::{ask, counted, operation, place};

/// How many writes make what is known: three nodes and an edge.
const KNOWN_WRITES: i64 = 4;

/// The query parameters of an endpoint.
fn parameters(row: &Row) -> Vec<String> {
    let operation = operation(row);
    let query = operation["parameters"].as_array().unwrap().iter().filter(|parameter| parameter["in"] == "query");
    query.map(|parameter| parameter["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn every_query_parameter_bears_every_value() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let known = app.known(&owner).await;
    let node = known.node.to_string();
    let (long, urn) = ("a".repeat(20_000), format!("urn:uuid:{node}"));
    let (braced, upper, simple) = (format!("%7B{node}%7D"), node.to_uppercase(), node.replace('-', ""));
    let values = [
        "",
        "%00",
        "a%00b",
        "%ff",
        "%",
        "%zz",
        "%e2%82",
        "+",
        "%20",
        "-1",
        "0",
        "1001",
        "9223372036854775808",
        "99999999999999999999",
        "1.5",
        "1e2",
        "NaN",
        "0x10",
        "null",
        "true",
        "'%20or%201=1--",
        "%27",
        "*",
        "tenant-b",
        "..%2f..%2f",
        "[]",
        "AAAA",
        "AAAAAAAAAAAAAAAAAAAAAAA",
        &long,
        &urn,
        &braced,
        &upper,
        &simple,
        &node,
    ];
    for row in rows().filter(|row| !parameters(row).is_empty()) {
        // What may be gone after the call before is made anew.
        let known = async || if row.spec.event.is_some() { app.known(&owner).await } else { known };
        let asked = async |query: &str, what: &str| {
            let request = owner.calling(row, &known().await).build().unwrap();
            let path = request.url().path().to_owned();
            let again = owner.request(row.spec.method.word(), &format!("{path}?{query}"));
            let body = request.body().and_then(|body| body.as_bytes()).map(<[u8]>::to_vec).unwrap_or_default();
            ask(again.body(body), what).await
        };
        for name in parameters(row) {
            for value in values {
                asked(&format!("{name}={value}"), &format!("{} ?{name}={:.60}", row.spec.id, value)).await;
            }
            let twice = asked(&format!("{name}=1&{name}=1"), "a parameter twice").await;
            assert_eq!(twice.status, 400, "{} ?{name} twice", row.spec.id);
        }
        for unknown in ["tenant_id=tenant-b", "x", "=", "=1", "%00=%00", "a[]=1", "limit%00=1"] {
            let reply = asked(unknown, unknown).await;
            assert_eq!(reply.status, 400, "{} ?{unknown}: {}", row.spec.id, reply.text);
        }
        let empty = asked("&&&", "nothing").await;
        assert!(empty.status.is_success(), "{}: {}", row.spec.id, empty.text);
    }
}

#[tokio::test]
async fn limits_that_are_no_page_are_refused() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let known = app.known(&owner).await;
    for row in rows().filter(|row| parameters(row).iter().any(|name| name == "cursor")) {
        for bad in
            ["0", "-1", "1001", "-9223372036854775808", "9223372036854775807", "9223372036854775808", "1.5", "", "x", "1%00"]
        {
            let reply = ask(owner.request("GET", &format!("{}?limit={bad}", place(row, &known))), bad).await;
            assert_eq!(reply.status, 400, "{} ?limit={bad}", row.spec.id);
        }
        for good in ["1", "1000"] {
            owner.get(&format!("{}?limit={good}", place(row, &known))).await.ok();
        }
    }
}

#[tokio::test]
async fn cursors_are_taken_back_by_their_own_list_alone() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let known = app.known(&owner).await;
    owner.post("/edges", &json!({ "src": known.node, "rel": "SECOND", "dst": known.other })).await.created();
    owner.patch(&format!("/nodes/{}", known.node), &json!({ "props": { "n": 1 } })).await.ok();
    let lists: Vec<&Row> = rows().filter(|row| parameters(row).iter().any(|name| name == "cursor")).collect();
    assert!(lists.len() >= 3);
    for row in &lists {
        let page = owner.get(&format!("{}?limit=1", place(row, &known))).await.ok();
        let Some(cursor) = page["next_cursor"].as_str().map(str::to_owned) else {
            panic!("{} has one page: {page}", row.spec.id)
        };
        for other in &lists {
            let reply = ask(owner.request("GET", &format!("{}?cursor={cursor}", place(other, &known))), "a cursor").await;
            let own = other.spec.id == row.spec.id;
            assert_eq!(reply.status, if own { 200 } else { 400 }, "a cursor of {} at {}", row.spec.id, other.spec.id);
        }
        let cut = &cursor[..cursor.len() - 1];
        for bad in
            ["", "x", "%00", "%ff", cut, &format!("{cursor}A"), &format!("{cursor}="), &format!("A{cursor}"), &"A".repeat(10_000)]
        {
            let reply = ask(owner.request("GET", &format!("{}?cursor={bad}", place(row, &known))), "a bad cursor").await;
            assert_eq!(reply.status, 400, "{} ?cursor={bad:.40}", row.spec.id);
        }
    }
}

#[tokio::test]
async fn ids_in_paths_are_uuids_or_nothing() {
    let app = App::start().await;
    for row in rows().filter(|row| (row.shape)().path.is_some()) {
        let owner = app.owner(&format!("t-{}", row.spec.id.to_lowercase()));
        let kind = (row.shape)().path.unwrap();
        let at = |id: &str| row.spec.path.replace("{id}", id);
        let one = kind.of(&app.known(&owner).await);
        let asked = async |id: &str| {
            // A valid body: what is refused is the id.
            let body = (row.sample)(&app.known(&owner).await).map(|body| body.to_string()).unwrap_or_default();
            ask(owner.request(row.spec.method.word(), &at(id)).body(body), id).await
        };
        for bad in [
            "x",
            "0",
            "%00",
            "%ff",
            "%zz",
            "%20",
            "..%2f..",
            "%2e%2e%2fetc%2fpasswd",
            "%c3%28",
            "-1",
            "null",
            "*",
            &format!("{one}0"),
            &format!("{one}%00"),
            &format!("%20{one}"),
            &"a".repeat(5_000),
            &one.replace('-', "_"),
        ] {
            let reply = asked(bad).await;
            assert_eq!(reply.status, 400, "{} of {bad:.50}", row.spec.id);
        }
        for nobody in ["00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"] {
            let reply = asked(nobody).await;
            assert_eq!(reply.status, 404, "{} of {nobody}", row.spec.id);
        }
        let committed = counted(&app, &owner.tenant).await.2;
        assert_eq!(asked("x").await.status, 400);
        assert_eq!(
            counted(&app, &owner.tenant).await.2,
            committed + KNOWN_WRITES,
            "{} of what is nobody's was done",
            row.spec.id
        );
        // RFC 9562 reads either case; the other spellings are those of the RFC's predecessors and name the same thing.
        for spell in [|id: &str| id.to_uppercase(), |id: &str| format!("urn:uuid:{id}"), |id: &str| format!("%7B{id}%7D")] {
            let id = spell(&kind.of(&app.known(&owner).await));
            let reply = asked(&id).await;
            assert!(reply.status.is_success(), "{} of {id}: {}", row.spec.id, reply.text);
        }
    }
}
