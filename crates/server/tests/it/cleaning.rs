//! Text from outside is cleaned of what a browser would run, and the answer says where.

use serde_json::{Value, json};
use wardgraph_testkit::{App, Reply};

const BAD: &str = "before<script>alert(1)</script> after";

#[tokio::test]
async fn what_a_browser_would_run_is_never_stored_and_the_answer_says_where_it_was() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let body = json!({
        "classes": ["A"], "props": { "text": BAD, "title": "<b>bold</b>", "list": [{ "a/b": "<a href=\"javascript:x()\">t</a>" }] },
        "metadata": { "note": "<img src=x onerror=x()>" }, "external_id": "x",
    });
    let clean =
        json!({ "text": "before after", "title": "<b>bold</b>", "list": [{ "a/b": "<a rel=\"noopener noreferrer\">t</a>" }] });
    let created = owner.post("/nodes", &body).await.created();
    assert_eq!(created["cleaned"], json!(["/props/list/0/a~1b", "/props/text", "/metadata/note"]));
    assert_eq!((&created["props"], &created["metadata"]["note"]), (&clean, &json!("<img src=\"x\">")));
    let path = format!("/nodes/{}", created["id"].as_str().unwrap());
    let read = owner.get(&path).await.ok();
    assert_eq!((&read["props"], read.get("cleaned")), (&clean, None));
    // What is cleaned to what is there already changes nothing.
    let same = owner.put(&path, &body).await.ok();
    assert_eq!((&same["version"], same["cleaned"].as_array().unwrap().len()), (&json!(1), 3));
    let patched = owner.patch(&path, &json!({ "props": { "more": BAD } })).await.ok();
    assert_eq!((&patched["cleaned"], &patched["props"]["more"]), (&json!(["/props/more"]), &json!("before after")));
    let upserted = owner.post("/nodes?on_conflict=update", &body).await.ok();
    assert_eq!(upserted["cleaned"].as_array().unwrap().len(), 3);
    let plain = json!({ "classes": ["A"], "props": { "text": "AT&T: a < b && c > d, Vec<T>, <b>x</b> & &amp;" } });
    let batch = json!({ "nodes": [plain, { "classes": ["A"], "props": { "text": BAD } }] });
    let results = owner.post("/nodes/batch", &batch).await.ok()["results"].clone();
    assert_eq!((results[0].get("cleaned"), &results[1]["cleaned"]), (None, &json!(["/props/text"])));
    let kept = owner.get(&format!("/nodes/{}", results[0]["id"].as_str().unwrap())).await.ok();
    assert_eq!(kept["props"], plain["props"], "byte for byte");
    let stored = "select count(*) from wardgraph.nodes where concat(props::text, metadata::text, content) ~* 'script|onerror'";
    assert_eq!(app.database.behind_the_scenes().await.query_one(stored, &[]).await.unwrap().get::<_, i64>(0), 0);
}

#[tokio::test]
async fn a_style_that_lays_itself_over_the_page_is_taken_out_and_told() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let overlay = "<p style=\"position:fixed;top:0;left:0;width:100%;height:100%\">sign in</p>";
    let props = json!({
        "text": overlay, "code": "<p style=\"width:expression(alert(1))\">t</p>", "capitals": "<b STYLE='background:url(//x)'>t</b>",
        "lines": "<i\nstyle\n=\n'position:\nfixed'>t</i>", "spelled": "<b style=\"&#112;osition:fixed\">t</b>",
        "drawn": "<svg style='position:fixed'></svg>t", "formula": "<math><mi style='position:fixed'></mi></math>t",
        "prose": "style=\"position:fixed\" is written in a tag, as in &lt;p style=\"a\"&gt;, <b>not</b> beside one: a<b style or a>b",
    });
    let created = owner.post("/nodes", &json!({ "classes": ["A"], "props": props })).await.created();
    let told = created["cleaned"].as_array().unwrap();
    for name in props.as_object().unwrap().keys() {
        assert_eq!(told.contains(&json!(format!("/props/{name}"))), name != "prose", "{name}: {created}");
    }
    let stored = owner.get(&format!("/nodes/{}", created["id"].as_str().unwrap())).await.ok()["props"].clone();
    for (name, clean) in [
        ("text", "<p>sign in</p>"),
        ("code", "<p>t</p>"),
        ("capitals", "<b>t</b>"),
        ("lines", "<i>t</i>"),
        ("spelled", "<b>t</b>"),
        ("prose", props["prose"].as_str().unwrap()),
    ] {
        assert_eq!(stored[name], clean, "{name}");
    }
    for name in ["drawn", "formula"] {
        assert!(!stored[name].as_str().unwrap().contains("style"), "{stored}");
    }
    // A name is refused, and a text from before styles were taken out is shown escaped by search.
    owner.post("/nodes", &json!({ "classes": ["A"], "props": {}, "external_id": overlay })).await.problem(422);
    let before = "update wardgraph.nodes set content = $1";
    app.database.behind_the_scenes().await.execute(before, &[&overlay]).await.unwrap();
    let found = owner.post("/search", &json!({ "query": "sign", "mode": "text" })).await.ok();
    assert_eq!(found["results"][0]["text"], overlay.replace('<', "&lt;"));
}

/// A node with active HTML in every free form, and where it stands.
fn everywhere(external_id: &str) -> (Value, Value) {
    let body = json!({
        "classes": ["A"], "props": { "text": BAD }, "metadata": { "m": [BAD] }, "refresh_policy": { "r/~": { "deep": BAD } },
        "triggers": [{ "name": "plain" }, { "name": BAD, "threshold": 0.5 }], "external_id": external_id,
    });
    (body, json!(["/props/text", "/metadata/m/0", "/refresh_policy/r~1~0/deep", "/triggers/1/name"]))
}

#[tokio::test]
async fn every_free_form_is_cleaned_by_every_way_in() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let behind = app.database.behind_the_scenes().await;
    for (path, shown) in [("/nodes", "/nodes"), ("/api/v1/shared/nodes", "/nodes")] {
        let (body, places) = everywhere("x");
        let clean: Value = serde_json::from_str(&body.to_string().replace(BAD, "before after")).unwrap();
        let made = owner.post(path, &body).await.created();
        let id = made["id"].as_str().unwrap();
        let (write, read) = (format!("{path}/{id}"), format!("{shown}/{id}"));
        let is_clean = async |what: &str| {
            for address in [read.clone(), format!("{read}/versions")] {
                let reply = owner.get(&address).await;
                assert!(reply.status == 200 && !reply.text.contains("script"), "{what}, {address}: {}", reply.text);
            }
        };
        assert_eq!(made["cleaned"], places, "{path}");
        for (field, value) in clean.as_object().unwrap() {
            assert_eq!(&made[field], value, "{field}");
        }
        is_clean("created").await;
        for (method, address, body) in [
            ("PUT", &write, body.clone()),
            ("PATCH", &write, json!({ "refresh_policy": body["refresh_policy"], "triggers": body["triggers"] })),
            ("POST", &format!("{path}?on_conflict=update"), body.clone()),
        ] {
            let mut body = body;
            body["metadata"]["changed"] = json!(method);
            let reply = Reply::of(owner.request(method, address).json(&body)).await.ok();
            let expected =
                if method == "PATCH" { json!(["/refresh_policy/r~1~0/deep", "/triggers/1/name"]) } else { places.clone() };
            assert_eq!(reply["cleaned"], expected, "{method}");
            is_clean(method).await;
        }
        for conflict in ["", "?on_conflict=update"] {
            let (body, _) = everywhere(&format!("y{}", conflict.len()));
            let batch = owner.post(&format!("{path}/batch{conflict}"), &json!({ "nodes": [body] })).await.ok();
            assert_eq!(batch["results"][0]["cleaned"], places, "{conflict}");
        }
        // What is there already, cleaned the same way, is told of as well.
        let again = json!({ "nodes": [everywhere("y19").0] });
        let again = owner.post(&format!("{path}/batch?on_conflict=update"), &again).await.ok();
        assert_eq!((&again["results"][0]["status"], &again["results"][0]["cleaned"]), (&json!("unchanged"), &places));
        // A version from before texts were cleaned so.
        let sql = format!(
            "update wardgraph.node_versions set triggers = '[{{\"name\": \"{BAD}\"}}]', refresh_policy = '{{\"r\": \"{BAD}\"}}' where node_id = '{id}' and version = 1"
        );
        assert_eq!(behind.execute(&sql, &[]).await.unwrap(), 1);
        let back = owner.post(&format!("{write}/restore"), &json!({ "version": 1 })).await.ok();
        assert_eq!(back["cleaned"], json!(["/refresh_policy/r", "/triggers/0/name"]));
        assert_eq!(
            (&back["triggers"], &back["refresh_policy"]),
            (&json!([{ "name": "before after" }]), &json!({ "r": "before after" }))
        );
        assert!(!owner.get(&read).await.text.contains("script"));
    }
    let stored = "select count(*) from wardgraph.nodes where concat(classes::text, external_id, payload_ref, props::text, metadata::text, refresh_policy::text, triggers::text, content) ~* 'script'";
    assert_eq!(behind.query_one(stored, &[]).await.unwrap().get::<_, i64>(0), 0);
}

#[tokio::test]
async fn what_is_no_free_form_has_nothing_that_runs() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let node = json!({ "classes": ["A"], "props": {} });
    let ids =
        [owner.post("/nodes", &node).await.created(), owner.post("/nodes", &node).await.created()].map(|made| made["id"].clone());
    let path = format!("/nodes/{}", ids[0].as_str().unwrap());
    for bad in ["<script>x</script>", "<img src=x onerror=x()>", "é<svg/onload=x()>"] {
        for (field, place, value) in [
            ("classes", "/classes/0", json!([bad])),
            ("external_id", "/external_id", json!(bad)),
            ("payload_ref", "/payload_ref", json!(bad)),
            ("props", "/props", json!({ bad: 1 })),
            ("props", "/props/external_id", json!({ "external_id": bad })),
            ("metadata", "/metadata", json!({ bad: 1 })),
            ("refresh_policy", "/refresh_policy", json!({ bad: 1 })),
            ("triggers", "/triggers/0/in", json!([{ "in": { bad: 1 } }])),
        ] {
            let mut body = node.clone();
            body[field] = value.clone();
            for reply in [
                owner.post("/nodes", &body).await,
                owner.post("/api/v1/shared/nodes", &body).await,
                owner.post("/nodes?on_conflict=update", &body).await,
                owner.put(&path, &body).await,
                owner.patch(&path, &json!({ field: value })).await,
            ] {
                assert_eq!(reply.problem(422)["errors"][0]["field"], place, "{bad}");
            }
            let batch = owner.post("/nodes/batch", &json!({ "nodes": [body] })).await.ok();
            assert_eq!(batch["results"][0]["errors"][0]["field"], format!("/nodes/0{place}"), "{bad}");
        }
        for (field, place, value) in [("rel", "/rel", json!(bad)), ("props", "/props", json!({ bad: 1 }))] {
            let mut edge = json!({ "src": ids[0], "rel": "R", "dst": ids[1], "props": {} });
            edge[field] = value;
            assert_eq!(owner.post("/edges", &edge).await.problem(422)["errors"][0]["field"], place, "{bad}");
            let batch = owner.post("/edges/batch", &json!({ "edges": [edge] })).await.ok();
            assert_eq!(batch["results"][0]["errors"][0]["field"], format!("/edges/0{place}"), "{bad}");
        }
    }
}

#[tokio::test]
async fn a_hostile_text_takes_bounded_time() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    for piece in ["<", "<b onclick=x>", "<svg><a a=\"<"] {
        let text = piece.repeat(((1 << 20) - 200_000) / json!(piece).to_string().len());
        let body = json!({ "classes": ["A"], "props": { "text": text } });
        let reply = tokio::time::timeout(std::time::Duration::from_secs(60), owner.post("/nodes", &body)).await.expect(piece);
        // What escaping makes too heavy is refused.
        if piece.starts_with("<svg>") {
            reply.problem(422);
        } else {
            reply.created();
        }
    }
}

#[tokio::test]
async fn no_number_of_blanks_hides_an_address_that_runs() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let (blanks, tabs, zeros) = (" ".repeat(513), "\t".repeat(513), "0".repeat(600));
    for address in
        [format!("{blanks}javascript:alert(1)"), format!("&#x{zeros}6a;avascript:alert(1)"), format!("java{tabs}script:alert(1)")]
    {
        let body = json!({ "classes": ["A"], "props": { "text": format!("<a href=\"{address}\">x</a>") } });
        let created = owner.post("/nodes", &body).await.created();
        assert_eq!(created["cleaned"], json!(["/props/text"]), "{address}");
        assert_eq!(created["props"]["text"], "<a rel=\"noopener noreferrer\">x</a>", "{address}");
    }
}

#[tokio::test]
async fn the_props_of_edges_are_cleaned_too_wherever_they_are_shown() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let id = async |text: &str| owner.create_node(text).await.created()["id"].as_str().unwrap().to_owned();
    let (src, dst) = (id("src").await, id("dst").await);
    let new = |rel: &str, note: &str| json!({ "src": src, "rel": rel, "dst": dst, "props": { "a/b": [note], "plain": "a < b" } });
    let created = owner.post("/edges", &new("DERIVED_FROM", BAD)).await.created();
    assert_eq!((&created["cleaned"], &created["props"]["a/b"][0]), (&json!(["/props/a~1b/0"]), &json!("before after")));
    assert_eq!(created["props"]["plain"], "a < b");
    assert_eq!(owner.post("/edges", &new("PLAIN", "text")).await.created().get("cleaned"), None);
    let batch = json!({ "edges": [new("A", "text"), { "rel": "x" .repeat(101), "src": src, "dst": dst }, new("B", BAD)] });
    let results = owner.post("/edges/batch", &batch).await.ok()["results"].clone();
    assert_eq!(results[1]["status"], "refused");
    assert_eq!((results[0].get("cleaned"), &results[2]["cleaned"]), (None, &json!(["/props/a~1b/0"])));
    for path in ["/edges".to_owned(), format!("/nodes/{src}/neighbors"), format!("/lineage/{src}")] {
        let read = owner.get(&path).await;
        assert!(
            read.status == 200 && read.text.contains("before after") && !read.text.contains("script"),
            "{path}: {}",
            read.text
        );
        assert!(!read.text.contains("cleaned"), "{path}");
    }
}

#[tokio::test]
async fn a_content_address_that_runs_is_refused() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let new = |address: &str| json!({ "classes": ["A"], "props": {}, "payload_ref": address });
    let made = owner.post("/nodes", &new("https://example.com/a.pdf")).await.created();
    let path = format!("/nodes/{}", made["id"].as_str().unwrap());
    for address in ["javascript:x()", " Java\nScript:x()", "data:text/html,x", "VBSCRIPT:x"] {
        for reply in [
            owner.post("/nodes", &new(address)).await,
            owner.put(&path, &new(address)).await,
            owner.patch(&path, &json!({ "payload_ref": address })).await,
        ] {
            assert_eq!(reply.problem(422)["errors"][0]["field"], "/payload_ref", "{address}");
        }
        let batch = owner.post("/nodes/batch", &json!({ "nodes": [new(address)] })).await.ok();
        assert_eq!(batch["results"][0]["errors"][0]["field"], "/nodes/0/payload_ref", "{address}");
    }
    assert_eq!(owner.get(&path).await.ok()["payload_ref"], "https://example.com/a.pdf");
}
