//! Hostile paths, queries and cursors, to every endpoint of the table that has any.

use serde_json::{Value, json};
use wardgraph_api::{
    describe::{IdKind, Known},
    table::{Row, rows},
};
use wardgraph_testkit::{App, Caller};

use crate::hostile::{ask, bodied, counted, described, document, operation, place, sending, with};

/// The query parameters of an endpoint.
fn parameters(row: &Row) -> Vec<String> {
    let query = operation(row)["parameters"].as_array().unwrap().iter().filter(|parameter| parameter["in"] == "query");
    query.map(|parameter| parameter["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn every_query_parameter_bears_every_value() {
    let app = App::start().await;
    let supply = app.supply("tenant-a").await;
    let (mut owner, mut known) = supply.kept();
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
        let reads = row.spec.method == wardgraph_kernel::Method::GET;
        let takes_away = row.spec.event.is_some() && !reads && (row.shape)().path.is_some();
        // A client is known by its parameters: what is tried comes with those that it does not take the place of.
        let mut asked = async |query: &str, what: &str| {
            let request = owner.calling(row, &known).build().unwrap();
            let tried = query.split_once('=').map_or(query, |(name, _)| name);
            let others = request.url().query_pairs().filter(|(name, _)| row.spec.is_for_clients() && name != tried);
            let query = form_urlencoded::Serializer::for_suffix(query.to_owned(), 0).extend_pairs(others).finish();
            let again = owner.request(row.spec.method.word(), &format!("{}?{query}", request.url().path()));
            let body = request.body().and_then(|body| body.as_bytes()).map(<[u8]>::to_vec).unwrap_or_default();
            let reply = ask(again.body(body), what).await;
            // What a call that was done may have taken away is made anew; a refusal takes nothing.
            if takes_away && reply.is_done() {
                (owner, known) = supply.of(row).await;
            }
            reply
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
            // What a client's request says besides is passed over (RFC 6749, section 3.2), where it is written as a parameter that can be meant.
            let is_passed_over = row.spec.is_for_clients() && unknown.contains('=') && !unknown.contains("%00");
            let expected = if is_passed_over { 200 } else { 400 };
            assert_eq!(reply.status, expected, "{} ?{unknown}: {}", row.spec.id, reply.text);
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
    // Pages show what a list brings, by its cursors.
    for row in rows().filter(|row| !row.spec.is_page() && parameters(row).iter().any(|name| name == "cursor")) {
        // What is no number cannot be read; a number beyond the bounds can.
        let (unreadable, beyond) = (
            ["9223372036854775808", "1.5", "", "x", "1%00"].map(|bad| (bad, 400)),
            ["0", "-1", "1001", "-9223372036854775808", "9223372036854775807"].map(|bad| (bad, 422)),
        );
        for (bad, status) in unreadable.into_iter().chain(beyond) {
            let problem = owner.get(&format!("{}?limit={bad}", place(row, &known))).await.problem(status);
            assert_eq!(problem["errors"][0]["field"], "limit", "{} ?limit={bad}: {problem}", row.spec.id);
        }
        for good in ["1", "1000"] {
            owner.get(&format!("{}?limit={good}", place(row, &known))).await.ok();
        }
    }
}

/// Of what there is one, another: a list of it has more than one page.
async fn another_of_each(owner: &Caller, known: &Known) {
    for row in rows().filter(|row| ["BeginReview", "Elevate"].contains(&row.spec.id)) {
        let reply = owner.call(row, known).await;
        assert!(reply.is_done(), "{}: {}", row.spec.id, reply.text);
    }
    owner.patch(&format!("/api/v1/shared/nodes/{}", known.shared), &json!({ "props": { "n": 1 } })).await.ok();
    for _ in 0..2 {
        let gone = owner.post("/nodes", &json!({ "classes": ["A"], "props": {} })).await.created();
        assert_eq!(owner.delete(&format!("/nodes/{}", gone["id"].as_str().unwrap())).await.status, 204);
    }
}

#[tokio::test]
async fn cursors_are_taken_back_by_their_own_list_alone() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let known = app.known(&owner).await;
    owner.post("/edges", &json!({ "src": known.node, "rel": "SECOND", "dst": known.other })).await.created();
    owner.patch(&format!("/nodes/{}", known.node), &json!({ "props": { "n": 1 } })).await.ok();
    another_of_each(&owner, &known).await;
    let lists: Vec<&Row> =
        rows().filter(|row| !row.spec.is_page() && parameters(row).iter().any(|name| name == "cursor")).collect();
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

/// A value of a parameter that says which rows come, or in which order, other than if it is absent.
fn asked(name: &str, known: &Known) -> Option<String> {
    Some(match name {
        "limit" | "cursor" => return None,
        "order" => "desc".to_owned(),
        "direction" => "in".to_owned(),
        "shared" | "has_embedding" | "undecided" | "unused" => "true".to_owned(),
        "embedding_status" => "queued".to_owned(),
        "props" | "metadata" => "%7B%22a%22%3A1%7D".to_owned(),
        "email" => "a@example.com".to_owned(),
        "client_id" => known.client.id.to_string(),
        name if name.ends_with("_id") && name != "external_id" => known.node.to_string(),
        name if name.ends_with("_after") || name.ends_with("_before") => "2026-01-01T00:00:00Z".to_owned(),
        _ => "A".to_owned(),
    })
}

#[tokio::test]
async fn cursors_are_of_one_tenant_one_question_and_one_thing() {
    let app = App::start().await;
    let (owner, neighbour) = (app.owner("tenant-a"), app.owner("tenant-b"));
    let (known, theirs) = (app.known(&owner).await, app.known(&neighbour).await);
    for (caller, known) in [(&owner, &known), (&neighbour, &theirs)] {
        caller.post("/edges", &json!({ "src": known.node, "rel": "SECOND", "dst": known.other })).await.created();
        caller.patch(&format!("/nodes/{}", known.node), &json!({ "props": { "n": 1 } })).await.ok();
        another_of_each(caller, known).await;
    }
    let swapped = Known { node: known.other, other: known.node, ..known.clone() };
    let mut questions = 0;
    // Pages show what a list brings, by its cursors.
    for row in rows().filter(|row| !row.spec.is_page() && parameters(row).iter().any(|name| name == "cursor")) {
        let at = |known, query: &str| format!("{}?limit=1{query}", place(row, known));
        let cursor = async |query: &str| {
            let page = owner.get(&at(&known, query)).await.ok();
            page["next_cursor"].as_str().unwrap_or_else(|| panic!("{} has one page: {page}", row.spec.id)).to_owned()
        };
        let refused = async |caller: &Caller, path: String| {
            let problem = caller.get(&path).await.problem(400);
            assert_eq!(problem["errors"][0]["field"], "cursor", "{path}: {problem}");
        };
        let own = cursor("").await;
        owner.get(&at(&known, &format!("&cursor={own}"))).await.ok();
        refused(&neighbour, at(&theirs, &format!("&cursor={own}"))).await;
        // Of another thing, where the path names one of several.
        if place(row, &swapped) != place(row, &known) {
            refused(&owner, at(&swapped, &format!("&cursor={own}"))).await;
        }
        // Every order, every other set of rows and every filter that the list has.
        for name in parameters(row) {
            let Some(value) = asked(&name, &known) else { continue };
            // Which way edges run is asked of a node.
            let value =
                if row.spec.id == "ListEdges" && name == "direction" { format!("{value}&node_id={}", known.node) } else { value };
            questions += 1;
            refused(&owner, at(&known, &format!("&{name}={value}&cursor={own}"))).await;
        }
        // Any one character changed, or cut off anywhere.
        for place in 0..own.len() {
            let other = if own[place..].starts_with('A') { "B" } else { "A" };
            refused(&owner, at(&known, &format!("&cursor={}{other}{}", &own[..place], &own[place + 1..]))).await;
            refused(&owner, at(&known, &format!("&cursor={}", &own[..place]))).await;
        }
    }
    assert!(questions >= 25, "{questions}");
}

/// Whether what the API description says of a field, or what it refers to, is an id.
fn is_id(document: &Value, schema: &Value) -> bool {
    let refers =
        |schema: &Value| schema["$ref"].as_str().and_then(|name| document.pointer(name.trim_start_matches('#'))).cloned();
    let choices = schema["anyOf"].as_array().cloned().unwrap_or_default();
    let all = [vec![schema.clone()], choices].concat();
    all.iter().any(|schema| refers(schema).as_ref().unwrap_or(schema)["format"] == "uuid")
}

#[tokio::test]
async fn ids_in_bodies_and_queries_are_uuids_or_400() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let known = app.known(&owner).await;
    let (node, mut seen) = (known.node.to_string(), 0);
    let bad = [
        "x".to_owned(),
        String::new(),
        node[1..].to_owned(),
        format!("{node}0"),
        node.replace('-', "_"),
        node.replacen('0', "g", 1),
    ];
    for row in bodied() {
        let sample = (row.sample)(&known).unwrap();
        for (field, _) in described(row).iter().filter(|(_, schema)| is_id(document(), schema)) {
            seen += 1;
            for bad in &bad {
                let reply = ask(sending(&owner, row, &known, with(&sample, field, json!(bad).to_string().as_bytes())), bad).await;
                // An item of a batch is refused alone.
                let errors = match reply.status.as_u16() {
                    200 => reply.body["results"][0]["errors"].clone(),
                    _ => reply.problem(400)["errors"].clone(),
                };
                assert_eq!(errors[0]["field"], field.as_str(), "{} {bad}", row.spec.id);
            }
        }
    }
    for row in rows() {
        for parameter in operation(row)["parameters"].as_array().unwrap() {
            let name = parameter["name"].as_str().unwrap();
            if parameter["in"] == "query" && is_id(document(), &parameter["schema"]) {
                seen += 1;
                for bad in &bad {
                    let problem = owner.get(&format!("{}?{name}={bad}", place(row, &known))).await.problem(400);
                    assert_eq!(problem["errors"][0]["field"], name, "{} {bad}", row.spec.id);
                }
            }
        }
    }
    assert!(seen >= 5, "{seen}");
}

#[tokio::test]
async fn ids_in_paths_are_uuids_or_nothing() {
    let app = App::start().await;
    // Ids of clients and organizations are no UUIDs, and those of roles are names: `a_client_is_registered_seen_changed_and_deleted_by_its_organization_alone`
    // tries such.
    let is_a_uuid = |row: &&Row| (row.shape)().path.is_some_and(IdKind::is_uuid);
    let supply = app.supply("tenant-a").await;
    let (owner, known) = supply.kept();
    for row in rows().filter(|row| is_a_uuid(row) && !row.spec.is_page()) {
        let shape = (row.shape)();
        let kind = shape.path.unwrap();
        let at = |id: &str, known: &Known| shape.place(&row.spec.path.replace("{id}", id), known);
        let one = kind.of(&known);
        let asked = async |owner: &Caller, id: &str, known: &Known| {
            // A valid body: what is refused is the id.
            let body = (row.sample)(known).map(|body| body.to_string()).unwrap_or_default();
            ask(owner.request(row.spec.method.word(), &at(id, known)).body(body), id).await
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
            let reply = asked(&owner, bad, &known).await;
            assert_eq!(reply.status, 400, "{} of {bad:.50}", row.spec.id);
        }
        for nobody in ["00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"] {
            let reply = asked(&owner, nobody, &known).await;
            assert_eq!(reply.status, 404, "{} of {nobody}", row.spec.id);
        }
        let committed = counted(&app, &owner.tenant).await.2;
        assert_eq!(asked(&owner, "x", &known).await.status, 400);
        assert_eq!(counted(&app, &owner.tenant).await.2, committed, "{} of what is nobody's was done", row.spec.id);
        // RFC 9562 reads either case; the other spellings are those of the RFC's predecessors and name the same thing.
        for spell in [|id: &str| id.to_uppercase(), |id: &str| format!("urn:uuid:{id}"), |id: &str| format!("%7B{id}%7D")] {
            let (caller, fresh) = supply.of(row).await;
            let id = spell(&kind.of(&fresh));
            let reply = asked(&caller, &id, &fresh).await;
            assert!(reply.status.is_success(), "{} of {id}: {}", row.spec.id, reply.text);
        }
    }
}
