//! What is cleaned stays clean beside whatever it is shown with, and cleaning is bounded in time and in what comes of it.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use wardgraph_testkit::{App, Caller};

const JOINED: &str = "&lt;img\nsrc=x onerror=alert(1)> heron";

async fn id(caller: &Caller, props: Value) -> String {
    let created = caller.post("/nodes", &json!({ "classes": ["A"], "props": props })).await.created();
    created["id"].as_str().unwrap().to_owned()
}

/// The texts that searches for herons show, by every way to search.
async fn shown(caller: &Caller) -> Vec<Vec<String>> {
    let mut all = Vec::new();
    for mode in ["text", "vector", "hybrid"] {
        for explain in [false, true] {
            let request = json!({ "query": "heron", "mode": mode, "explain": explain, "top_k": 100 });
            let answer = caller.post("/search", &request).await.ok();
            let results = answer["results"].as_array().unwrap();
            let mut texts: Vec<_> = results.iter().map(|result| result["text"].as_str().unwrap().to_owned()).collect();
            texts.sort();
            all.push(texts);
        }
    }
    all
}

#[tokio::test]
async fn harmless_texts_make_no_active_one_together() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let props = json!({ "title": "<img ", "z": "src=x onerror=alert(1)> heron" });
    let created = owner.post("/nodes", &json!({ "classes": ["A"], "props": props })).await.created();
    assert_eq!((&created["cleaned"], &created["props"]["title"]), (&json!(["/props/title"]), &json!("&lt;img ")));
    let joined = created["id"].as_str().unwrap().to_owned();
    // Cut within a tag, after 300 characters.
    let long = format!("heron {}<a title=\"{}\">t</a>", "x".repeat(275), "y".repeat(100));
    let cut = id(&owner, json!({ "text": long })).await;
    let plain = id(&owner, json!({ "text": "heron: a < b && c > d, Vec<T>" })).await;
    assert_eq!(owner.get(&format!("/nodes/{cut}")).await.ok()["props"]["text"], long, "what is whole stays as it is");
    app.embed_everything().await;
    for texts in shown(&owner).await {
        assert_eq!(texts.len(), 3, "{texts:?}");
        assert_eq!(texts[0], JOINED);
        assert!(texts[1].contains("&lt;a title=\"yyy") && !texts[1].contains('<'), "{}", texts[1]);
        assert_eq!(texts[2], "heron: a < b && c > d, Vec<T>");
    }
    let edge =
        json!({ "src": joined, "rel": "DERIVED_FROM", "dst": plain, "props": { "a": "<img ", "b": "src=x onerror=alert(1)>" } });
    assert_eq!(owner.post("/edges", &edge).await.created()["cleaned"], json!(["/props/a"]));
    for path in [
        "/nodes".to_owned(),
        "/edges".to_owned(),
        format!("/nodes/{joined}/versions"),
        format!("/nodes/{joined}/neighbors"),
        format!("/nodes/{plain}/neighbors"),
        format!("/lineage/{joined}"),
        format!("/lineage/{plain}?direction=in"),
    ] {
        let read = owner.get(&path).await;
        assert!(read.status == 200 && !read.text.contains("<img"), "{path}: {}", read.text);
    }
    let patched = owner.patch(&format!("/nodes/{plain}"), &json!({ "props": { "more": ["a<b", "a < b"] } })).await.ok();
    assert_eq!((&patched["cleaned"], &patched["props"]["more"]), (&json!(["/props/more/0"]), &json!(["a&lt;b", "a < b"])));
}

#[tokio::test]
async fn what_was_stored_before_is_harmless_where_it_is_shown_together() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    for n in 0..3 {
        id(&owner, json!({ "title": "heron", "n": n })).await;
    }
    app.embed_everything().await;
    let client = app.database.behind_the_scenes().await;
    for (n, content) in
        [(0, "<img \nsrc=x onerror=alert(1)> heron"), (1, "heron <script>alert(1)</script>"), (2, "heron\n<img src=x")]
    {
        let stored = "update wardgraph.nodes set content = $1 where (props->>'n')::int = $2";
        assert_eq!(client.execute(stored, &[&content, &n]).await.unwrap(), 1);
    }
    for texts in shown(&owner).await {
        let expected =
            ["&lt;img \nsrc=x onerror=alert(1)> heron", "heron\n&lt;img src=x", "heron &lt;script>alert(1)&lt;/script>"];
        assert_eq!(texts, expected);
    }
}

#[tokio::test]
async fn a_small_text_makes_no_large_one() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let formatting: String = (0..400).map(|n| format!("<b a{n}>")).collect();
    let bomb = format!("<script></script><p>{formatting}{}x", "x<p>".repeat(400));
    let nodes: Vec<_> = (0..100).map(|_| json!({ "classes": ["A"], "props": { "text": [bomb, bomb] } })).collect();
    let begun = Instant::now();
    let results = owner.post("/nodes/batch", &json!({ "nodes": nodes })).await.ok()["results"].clone();
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    assert_eq!(results.as_array().unwrap().len(), 100);
    for result in results.as_array().unwrap() {
        assert_eq!(result["cleaned"], json!(["/props/text/0", "/props/text/1"]), "{result}");
    }
    let read = owner.get(&format!("/nodes/{}", results[0]["id"].as_str().unwrap())).await.ok();
    assert_eq!(read["props"]["text"][0], bomb.replace('<', "&lt;"));
}

#[tokio::test]
async fn what_cleaning_makes_too_heavy_is_refused() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let (light, heavy) = ("a<script></script>", "<svg><a a=".repeat(85_000));
    let new = |text: &str| json!({ "classes": ["A"], "props": { "text": text } });
    let made = owner.post("/nodes", &new(light)).await.created();
    let path = format!("/nodes/{}", made["id"].as_str().unwrap());
    for reply in [
        owner.post("/nodes", &new(&heavy)).await,
        owner.put(&path, &new(&heavy)).await,
        owner.patch(&path, &json!({ "props": { "text": heavy } })).await,
    ] {
        assert_eq!(reply.problem(422)["errors"][0]["field"], "/props");
    }
    assert_eq!(owner.get(&path).await.ok()["version"], 1);
    let batch = json!({ "nodes": [new(light), new(&heavy), { "classes": [], "props": {} }, new(light)] });
    let answer = owner.post("/nodes/batch", &batch).await.ok();
    let status: Vec<_> = answer["results"].as_array().unwrap().iter().map(|result| result["status"].as_str().unwrap()).collect();
    assert_eq!(status, ["created", "refused", "refused", "created"]);
    assert_eq!(answer["results"][1]["errors"][0]["field"], "/nodes/1/props");
    assert_eq!(answer["results"][2]["errors"][0]["field"], "/nodes/2/classes");
    assert_eq!((&answer["created"], &answer["failed"]), (&json!(2), &json!(2)));
}

#[tokio::test]
async fn where_it_was_is_told_in_fewer_words_than_were_sent() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let deep = (0..30).fold(json!(vec!["<script>"; 10_000]), |inner, _| json!({ "k".repeat(250): inner }));
    let created = owner.post("/nodes", &json!({ "classes": ["A"], "props": { "a": "<script>", "b": deep } })).await;
    assert!(created.text.len() < 100_000, "{}", created.text.len());
    assert_eq!(created.created()["cleaned"], json!(["/props/a", "/props"]));
}
