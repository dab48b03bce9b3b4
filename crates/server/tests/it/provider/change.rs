//! From one model of a service to another by a restart, while searches go on.

use reqwest::Method;
use serde_json::json;

use super::{DIMENSION, Site, service::Line, until};

const NODES: usize = 60;

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_with_another_model_embeds_everything_anew_while_searches_go_on() {
    let mut site = Site::start(DIMENSION, &[("WARDGRAPH_EMBEDDING__BATCH", "10")]).await;
    let texts: Vec<String> = (0..NODES).map(|number| format!("the heron with number {number}")).collect();
    site.nodes(&texts).await;
    let whole = async |site: &Site| {
        let found = site.find("vector", "heron").await.ok();
        found["count"] == json!(NODES) && found.get("partial").is_none()
    };
    until("all are found by the first model", async || whole(&site).await).await;

    for (name, value, model) in [
        ("WARDGRAPH_EMBEDDING__SERVICE_MODEL", "two", "openai:two:48"),
        // The same model's name in a space of its own is another model.
        ("WARDGRAPH_EMBEDDING__SPACE", "inside", "openai@inside:two:48"),
    ] {
        assert!(site.server.stop(), "the server did not end well: {}", site.server.log());
        let before = site.service.asked().len();
        site.service.says(Line::Held("number"));
        site.server.set(name, value);
        site.server.start_again();
        assert_eq!(site.ask(Method::GET, "/health", None).await.ok()["embedding_model"], json!(model));
        // From the first search on.
        let first = site.find("vector", "heron").await.ok();
        assert_eq!((&first["count"], &first["partial"]["reason"]), (&json!(0), &json!("model_changing")), "{first}");
        until("what is missing is counted", async || {
            let found = site.find("hybrid", "heron").await.ok();
            assert_eq!((&found["count"], &found["mode"]), (&json!(NODES), &json!("hybrid")), "words find all of them");
            found["partial"] == json!({ "reason": "model_changing", "searchable": 0, "waiting": NODES })
        })
        .await;
        assert_eq!(site.find("text", "heron").await.ok()["count"], json!(NODES));
        assert_ne!(
            site.ask(Method::GET, "/health", None).await.ok()["embedding"],
            json!("settled"),
            "nothing is embedded anew yet"
        );
        site.service.let_go();
        until("all are found by the next model", async || {
            assert_eq!(site.find("hybrid", "heron").await.ok()["count"], json!(NODES), "no search is short of words");
            whole(&site).await
        })
        .await;
        let asked = site.service.asked().split_off(before);
        assert!(asked.iter().all(|asked| asked.model == "two"), "{asked:?}");
        for text in &texts {
            assert!(asked.iter().any(|asked| asked.texts.contains(text)), "`{text}` is not embedded anew");
        }
        let near = site.search(&json!({ "vector": site.service.vector("two", &texts[7]), "top_k": 1 })).await.ok();
        assert!(near["results"][0]["similarity"].as_f64().unwrap() > 0.999, "{near}");
    }
}
