//! Text from outside is cleaned of what a browser would run, and the answer says where.

use serde_json::json;
use wardgraph_testkit::App;

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
