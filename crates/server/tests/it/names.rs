//! Names: what reads the same is the same, and no name reads as what it is not. Keys of objects are names as well.

use serde_json::{Value, json};
use wardgraph_api::table::rows;
use wardgraph_testkit::App;

use crate::hostile::{ask, bodied, described, operation, place, sending, with};

const APART: &str = "Cafe\u{301}";
const TOGETHER: &str = "Caf\u{e9}";
const HTML_KEY: &str = "<img src=x onerror=alert(1)>";

/// What no name may be.
const MISLEADING: &[&str] = &[
    "a\nb",
    "a\0",
    "\u{7f}",
    "\u{85}",
    "user\u{202e}gpj.exe",
    "\u{200f}a",
    "a\u{2066}b",
    "a\u{2028}b",
    HTML_KEY,
    "é<script>x</script>",
];

fn is_name(schema: &Value) -> bool {
    let text = schema.to_string();
    text.contains("\"pattern\"") && text.contains("202e")
}

#[tokio::test]
async fn what_reads_the_same_is_the_same_name_wherever_it_is_compared() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let new = |name: &str| json!({ "classes": [name], "props": { "text": "walnut", "kept": APART }, "external_id": name });
    let made = owner.post("/nodes", &new(APART)).await.created();
    assert_eq!(
        (&made["external_id"], &made["classes"], &made["props"]["kept"]),
        (&json!(TOGETHER), &json!([TOGETHER]), &json!(APART))
    );
    owner.post("/nodes", &new(TOGETHER)).await.problem(409);
    owner.post("/nodes", &json!({ "classes": ["A"], "props": { "external_id": APART } })).await.problem(409);
    let unchanged = owner.post("/nodes?on_conflict=update", &new(TOGETHER)).await.ok();
    assert_eq!((&unchanged["id"], &unchanged["version"]), (&made["id"], &json!(1)));
    let batch = json!({ "nodes": [new(APART), new(TOGETHER)] });
    let results = owner.post("/nodes/batch?on_conflict=update", &batch).await.ok()["results"].clone();
    assert_eq!((&results[0]["status"], &results[1]["status"]), (&json!("refused"), &json!("unchanged")));
    let other = owner.create_node("other").await.created();
    let edge = json!({ "src_external_id": APART, "rel": APART, "dst": other["id"] });
    let edge = owner.post("/edges", &edge).await.created();
    assert_eq!((&edge["src"], &edge["rel"]), (&made["id"], &json!(TOGETHER)));
    for spelt in ["Cafe%CC%81", "Caf%C3%A9"] {
        for (path, list) in [
            (format!("/nodes?external_id={spelt}"), "nodes"),
            (format!("/nodes?class={spelt}"), "nodes"),
            (format!("/edges?rel={spelt}"), "edges"),
            (format!("/nodes/{}/neighbors?rel={spelt}", made["id"].as_str().unwrap()), "neighbors"),
            (format!("/nodes/{}/neighbors?class={spelt}", other["id"].as_str().unwrap()), "neighbors"),
            (format!("/lineage/{}?rel={spelt}", made["id"].as_str().unwrap()), "ancestors"),
        ] {
            let answer = owner.get(&path).await.ok();
            assert_eq!(answer[list].as_array().unwrap().len(), 1, "{path}");
        }
    }
    for name in [APART, TOGETHER] {
        for body in [
            json!({ "query": "walnut", "mode": "text", "classes": [name] }),
            json!({ "query": "walnut", "mode": "text", "filter": { "classes": [name] } }),
        ] {
            assert_eq!(owner.post("/search", &body).await.ok()["count"], 1, "{body}");
        }
    }
    // A patch finds the external id where `props` have it, in either form, and follows it.
    let follows = owner.post("/nodes", &json!({ "classes": ["A"], "props": { "external_id": "na\u{308}me" } })).await.created();
    let path = format!("/nodes/{}", follows["id"].as_str().unwrap());
    assert_eq!(follows["external_id"], "n\u{e4}me");
    assert_eq!(owner.patch(&path, &json!({ "props": { "external_id": "new" } })).await.ok()["external_id"], "new");
}

#[tokio::test]
async fn no_name_reads_as_what_it_is_not() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let known = app.known(&owner).await;
    let mut seen = 0;
    for row in bodied() {
        let sample = (row.sample)(&known).unwrap();
        for (field, schema) in described(row).iter().filter(|(_, schema)| is_name(schema)) {
            seen += 1;
            for name in MISLEADING {
                let (value, place) = match schema["items"].is_object() {
                    true => (json!(["fine", name]), format!("{field}/1")),
                    false => (json!(name), field.clone()),
                };
                let mut sample = sample.clone();
                // An end is named once.
                if let Some(end) = field.strip_suffix("_external_id") {
                    let (parent, id) = end.rsplit_once('/').unwrap();
                    sample.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(id);
                }
                let reply = ask(sending(&owner, row, &known, with(&sample, field, value.to_string().as_bytes())), name).await;
                let errors = if reply.status == 200 {
                    reply.body["results"][0]["errors"].clone()
                } else {
                    reply.problem(422)["errors"].clone()
                };
                assert!(
                    errors.as_array().unwrap().iter().any(|error| error["field"] == place.as_str()),
                    "{} {field} {name:?}: {errors}",
                    row.spec.id
                );
            }
        }
    }
    for row in rows() {
        for parameter in operation(row)["parameters"].as_array().unwrap().iter().filter(|parameter| is_name(&parameter["schema"]))
        {
            seen += 1;
            for name in MISLEADING {
                let name: String = form_urlencoded::byte_serialize(name.as_bytes()).collect();
                let path = format!("{}?{}={name}", place(row, &known), parameter["name"].as_str().unwrap());
                let problem = ask(owner.request(row.spec.method.word(), &path), &path).await.problem(422);
                assert_eq!(problem["errors"][0]["field"], parameter["name"], "{path}");
            }
        }
    }
    assert!(seen >= 15, "{seen}");
}

#[tokio::test]
async fn a_key_that_would_run_or_mislead_is_refused_wherever_objects_are_taken() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let known = app.known(&owner).await;
    let mut seen = 0;
    for row in bodied().filter(|row| !row.spec.is_for_clients()) {
        let sample = (row.sample)(&known).unwrap();
        let free = |schema: &Value| schema.to_string().contains("\"additionalProperties\":true") && schema["items"].is_null();
        for (field, _) in described(row).iter().filter(|(_, schema)| free(schema)) {
            seen += 1;
            for key in [HTML_KEY, "a\u{202e}b", "a\tb"] {
                let value = json!({ "a": { key: 1 } }).to_string();
                let reply = ask(sending(&owner, row, &known, with(&sample, field, value.as_bytes())), key).await;
                let errors = if reply.status == 200 {
                    reply.body["results"][0]["errors"].clone()
                } else {
                    reply.problem(422)["errors"].clone()
                };
                let place = format!("{field}/a");
                assert!(
                    errors
                        .as_array()
                        .unwrap()
                        .iter()
                        .any(|error| error["field"] == place.as_str() || error["field"] == field.as_str()),
                    "{} {field} {key:?}: {errors}",
                    row.spec.id
                );
            }
        }
    }
    assert!(seen >= 12, "{seen}");
    let shown = json!({ "classes": ["A"], "props": { "a<b && c>d": 1, "<b>x</b>": 2, "AT&T": 3, "": 4 } });
    assert_eq!(owner.post("/nodes", &shown).await.created()["props"], shown["props"], "as they were sent");
    let stored = "select count(*) from wardgraph.nodes where concat(props::text, metadata::text, refresh_policy::text, triggers::text) ~* 'onerror'";
    assert_eq!(app.database.behind_the_scenes().await.query_one(stored, &[]).await.unwrap().get::<_, i64>(0), 0);
}

/// What is kept is no beginning of a tag: shown before its value, it would make one of that.
const BEGINNING: &str = "<img ";

#[tokio::test]
async fn a_name_that_begins_a_tag_is_kept_nowhere() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let one = owner.post("/nodes", &json!({ "classes": ["A"], "props": {}, "external_id": "one" })).await.created();
    let path = format!("/nodes/{}", one["id"].as_str().unwrap());
    let bad = json!({ BEGINNING: "src=x onerror=alert(1)>" });
    let node = |member: &str, value: Value| {
        let mut node = json!({ "classes": ["A"], "props": {} });
        node[member] = value;
        node
    };
    let edge =
        |rel: &str, props: &Value| json!({ "src_external_id": "one", "rel": rel, "dst_external_id": "one", "props": props });
    for (member, value, place) in [
        ("props", bad.clone(), "/props"),
        ("props", json!({ "deep": [bad] }), "/props/deep/0"),
        ("metadata", bad.clone(), "/metadata"),
        ("refresh_policy", bad.clone(), "/refresh_policy"),
        ("triggers", json!([bad]), "/triggers/0"),
        ("classes", json!(["A", BEGINNING]), "/classes/1"),
        ("external_id", json!(BEGINNING), "/external_id"),
        ("payload_ref", json!(BEGINNING), "/payload_ref"),
    ] {
        let new = node(member, value.clone());
        for reply in [
            owner.post("/nodes", &new).await,
            owner.post("/nodes?on_conflict=update", &new).await,
            owner.put(&path, &new).await,
            owner.patch(&path, &json!({ member: value })).await,
        ] {
            let problem = reply.problem(422);
            let error = &problem["errors"][0];
            assert_eq!(error["field"], place, "{problem}");
            let says = error["detail"].as_str().unwrap();
            assert!(says.contains("begins a tag") && !says.contains("<img"), "{says}");
            let is_key = place.ends_with(member) && value.is_object();
            assert!(!is_key || says.ends_with("`\\u003cimg `"), "it names the key: {says}");
        }
        let batch = owner.post("/nodes/batch", &json!({ "nodes": [node("metadata", json!({})), new] })).await.ok();
        assert_eq!((&batch["created"], &batch["failed"]), (&json!(1), &json!(1)), "{batch}");
        assert_eq!(batch["results"][1]["errors"][0]["field"], format!("/nodes/1{place}"), "{batch}");
    }
    assert_eq!(owner.get(&path).await.ok()["version"], 1);
    for (new, place) in [(edge("R", &bad), "/props"), (edge(BEGINNING, &json!({})), "/rel")] {
        assert_eq!(owner.post("/edges", &new).await.problem(422)["errors"][0]["field"], place);
        let batch = owner.post("/edges/batch?on_conflict=update", &json!({ "edges": [new] })).await.ok();
        assert_eq!(batch["results"][0]["errors"][0]["field"], format!("/edges/0{place}"), "{batch}");
    }
    assert_eq!(owner.get("/edges").await.ok()["count"], 0);
}

#[tokio::test]
async fn what_was_kept_under_such_a_name_is_found_changed_and_removed() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let new = json!({ "classes": ["A"], "props": { "text": "heron" }, "metadata": { "n": 1 }, "external_id": "old" });
    let id = owner.post("/nodes", &new).await.created()["id"].as_str().unwrap().to_owned();
    let other = owner.create_node("other").await.created();
    owner.post("/edges", &json!({ "src": id, "rel": "R", "dst": other["id"] })).await.created();
    let before = format!(
        "update wardgraph.nodes set classes = array['a<b'], external_id = 'i<j', props = props || '{{\"a<b\": 1, \"<script>\": {{\"<\": 2}}}}',
                                    metadata = metadata || '{{\"a<b\": 1}}' where node_id = '{id}';
         update wardgraph.edges set rel = 'r<s'"
    );
    app.database.behind_the_scenes().await.batch_execute(&before).await.unwrap();
    let path = format!("/nodes/{id}");
    assert_eq!(owner.get(&path).await.ok()["props"]["a<b"], 1);
    for (list, found) in [
        ("/nodes?external_id=i%3Cj", "nodes"),
        ("/nodes?class=a%3Cb", "nodes"),
        ("/nodes?props=%7B%22a%3Cb%22%3A1%7D", "nodes"),
        ("/edges?rel=r%3Cs", "edges"),
        (&format!("{path}/neighbors?rel=r%3Cs"), "neighbors"),
    ] {
        assert_eq!(owner.get(list).await.ok()[found].as_array().unwrap().len(), 1, "{list}");
    }
    let asked = json!({ "query": "heron", "mode": "text", "filter": { "classes": ["a<b"], "metadata": { "a<b": 1 } } });
    assert_eq!(owner.post("/search", &asked).await.ok()["count"], 1);
    owner.post("/edges", &json!({ "src_external_id": "i<j", "rel": "R", "dst": other["id"] })).await.created();

    // A change of something else goes through, and leaves what was there.
    let changed = owner.patch(&path, &json!({ "props": { "more": 1 }, "metadata": { "n": 2 } })).await.ok();
    assert_eq!((&changed["props"]["a<b"], &changed["props"]["<script>"]), (&json!(1), &json!({ "<": 2 })));
    assert_eq!((&changed["external_id"], &changed["classes"], &changed["version"]), (&json!("i<j"), &json!(["a<b"]), &json!(2)));
    // What is given is judged, beside what was kept as well.
    for refused in [json!({ "props": { "c<d": 1 } }), json!({ "props": { "a<b": 2 } }), json!({ "external_id": "k<l" })] {
        owner.patch(&path, &refused).await.problem(422);
    }
    // It is removed by its name, at any depth.
    let removed = json!({ "props": { "a<b": null, "<script>": null }, "metadata": { "a<b": null }, "classes": ["A"], "external_id": "new" });
    let mended = owner.patch(&path, &removed).await.ok();
    assert_eq!((&mended["props"], &mended["metadata"]), (&json!({ "text": "heron", "more": 1 }), &json!({ "n": 2 })));
    assert_eq!((&mended["external_id"], &mended["classes"]), (&json!("new"), &json!(["A"])));
}
