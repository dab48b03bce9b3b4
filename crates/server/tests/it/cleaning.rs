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
        reply.created();
    }
}
