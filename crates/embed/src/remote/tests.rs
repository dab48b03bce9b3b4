//! A service that misbehaves, and what its client makes of it.

use std::time::Duration;

use serde_json::json;

use super::script::{Line, Script};
use super::*;
use crate::provider::query;
use crate::{MicroBatch, Model};

/// Two dimensions, and a direction for the length of the text.
#[derive(Debug)]
struct Tiny;

impl Model for Tiny {
    fn id(&self) -> &ModelId {
        static ID: ModelId = ModelId::new("tiny");
        &ID
    }

    fn dimension(&self) -> usize {
        2
    }

    fn micro_batch(&self) -> MicroBatch {
        MicroBatch { texts: 9, bytes: 999 }
    }

    fn encode(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError> {
        let direction = |text: &&str| f32::from(u16::try_from(text.len()).unwrap()).sin_cos();
        Ok(texts.iter().map(direction).map(|(sin, cos)| vec![sin, cos]).collect())
    }
}

fn texts(count: usize) -> Vec<String> {
    (0..count).map(|number| "x".repeat(number + 1)).collect()
}

/// What the client says after this script, and how often it asked.
async fn after(lines: &[Line], change: impl FnOnce(&mut RemoteOptions)) -> (Result<Vec<Vec<f32>>, EmbedError>, usize) {
    let script = Script::start(&Tiny, lines).await;
    let mut options = script.options(&Tiny);
    change(&mut options);
    let outcome = Script::embedder(options).embed(texts(3), Lane::Document).await;
    let told = format!("{outcome:?} {}", outcome.as_ref().err().map(ToString::to_string).unwrap_or_default());
    assert!(!told.contains("canary") && !told.contains("127.0.0.1"), "{told}");
    (outcome, script.asked())
}

fn patient(_: &mut RemoteOptions) {}

fn hasty(options: &mut RemoteOptions) {
    (options.timeout, options.retries) = (Duration::from_millis(300), 1);
}

#[tokio::test]
async fn what_passes_is_tried_again() {
    for line in [
        Line::Status(500, ""),
        Line::Status(502, ""),
        Line::Status(503, "retry-after: 0\r\n"),
        Line::Status(429, ""),
        Line::Status(429, "retry-after: 0\r\n"),
        Line::Close,
    ] {
        let (vectors, asked) = after(&[line.clone(), line.clone()], patient).await;
        assert_eq!((vectors.unwrap().len(), asked), (3, 3), "{line:?}");
        let (given_up, asked) = after(&vec![line.clone(); 9], patient).await;
        let error = given_up.unwrap_err();
        assert!(matches!(error, EmbedError::Unavailable { .. }) && asked == 4, "{line:?}: {error}, {asked}");
        assert!(!error.may_be_the_texts_fault());
    }
}

#[tokio::test]
async fn what_does_not_pass_is_not_tried_again() {
    let body = |body: serde_json::Value| Line::Body(body.to_string());
    let item = |index: usize, embedding: serde_json::Value| json!({ "index": index, "embedding": embedding });
    let three = |last: serde_json::Value| body(json!({ "data": [item(0, json!([1, 0])), item(1, json!([1, 0])), last] }));
    for (line, texts_fault) in [
        (Line::Status(400, ""), true),
        (Line::Status(422, ""), true),
        (Line::Status(401, "retry-after: 0\r\n"), false),
        (Line::Status(403, ""), false),
        (Line::Status(404, ""), false),
        (Line::Status(301, "location: http://127.0.0.1:1/\r\n"), false),
        (Line::Status(307, "location: /v1/embeddings\r\n"), false),
        (three(item(1, json!([1, 0]))), false),
        (three(item(2, json!([1, 0, 0]))), false),
        (three(item(2, json!([1, null]))), false),
        (Line::Body(r#"{"data": [{"index": 0, "embedding": [NaN, 1]}]}"#.into()), false),
        (body(json!({ "data": [item(0, json!([1, 0]))] })), false),
        (body(json!({ "data": [] })), false),
        (Line::Body("<html>".into()), false),
        (three(item(2, json!([0, 0]))), false),
        (Line::Flood, false),
    ] {
        let (outcome, asked) = after(std::slice::from_ref(&line), patient).await;
        let error = outcome.unwrap_err();
        assert_eq!((asked, error.may_be_the_texts_fault()), (1, texts_fault), "{line:?}: {error}");
        assert!(!matches!(error, EmbedError::Unavailable { .. }), "{line:?}: {error}");
    }
}

#[tokio::test]
async fn a_service_that_drips_is_as_slow_as_one_that_is_silent() {
    for line in [Line::Drip, Line::Held] {
        let (outcome, asked) = after(&[line.clone(), line.clone()], hasty).await;
        assert!(matches!(outcome, Err(EmbedError::Unavailable { .. })), "{line:?}: {outcome:?}");
        assert_eq!(asked, 2, "{line:?}");
        let (outcome, asked) = after(std::slice::from_ref(&line), hasty).await;
        assert_eq!((outcome.unwrap().len(), asked), (3, 2), "{line:?}");
    }
}

#[tokio::test]
async fn a_wait_that_would_outlast_the_deadline_is_not_waited() {
    let (outcome, asked) = after(&[Line::Status(429, "retry-after: 3600\r\n")], patient).await;
    let Err(EmbedError::Unavailable { retry_after, .. }) = outcome else { panic!("{outcome:?}") };
    assert_eq!((retry_after, asked), (Some(Duration::from_hours(1)), 1));
}

#[tokio::test]
async fn a_service_that_is_not_there_is_told_without_its_address() {
    let script = Script::start(&Tiny, &[]).await;
    let there = format!("https://127.0.0.1:{}/v1", script.port);
    for endpoint in ["http://127.0.0.1:1/v1", &there] {
        let mut options = script.options(&Tiny);
        hasty(&mut options);
        options.deadline = Duration::from_secs(20);
        options.endpoint = Endpoint::parse(endpoint, false).unwrap();
        let error = Script::embedder(options).embed(texts(1), Lane::Document).await.unwrap_err();
        assert_eq!(error.to_string(), "the embedding service is not available: it cannot be reached", "{endpoint}");
        assert!(!format!("{error:?}").contains("127.0.0.1"), "{error:?}");
    }
    assert_eq!(script.asked(), 0, "nothing was said in the clear to a service of https");
}

#[tokio::test]
async fn a_request_says_what_the_service_needs_and_no_more() {
    let script = Script::start(&Tiny, &[]).await;
    let mut options = script.options(&Tiny);
    (options.send_dimension, options.most_text_bytes) = (true, 2);
    Script::embedder(options).embed(texts(4), Lane::Document).await.unwrap();
    let mut asked = script.asked.lock().unwrap().clone();
    asked.sort_by_key(|(_, question)| question["input"].as_array().unwrap().len());
    let question = |input: &[&str]| json!({ "model": "scripted", "input": input, "encoding_format": "float", "dimensions": 2 });
    assert_eq!(asked[0].1, question(&["xx"]), "cut, and in a request of its own");
    assert_eq!(asked[1].1, question(&["x", "xx", "xx"]));
    assert!(asked[0].0.starts_with("post /v1/embeddings http/1.1\r\n"), "{}", asked[0].0);
    assert!(asked[0].0.contains("\r\nauthorization: bearer canary-key\r\n"), "{}", asked[0].0);
    let mut options = script.options(&Tiny);
    options.key = None;
    Script::embedder(options).embed(texts(1), query("tenant-a")).await.unwrap();
    let (head, question) = script.asked.lock().unwrap().last().unwrap().clone();
    assert!(!head.contains("authorization") && question.get("dimensions").is_none(), "{head}");
}

#[tokio::test]
async fn requests_are_bounded_and_a_query_never_waits_for_documents_alone() {
    let script = Script::start(&Tiny, &[Line::Held]).await;
    let embedder = Arc::new(Script::embedder(script.options(&Tiny)));
    let documents = tokio::spawn({
        let embedder = embedder.clone();
        async move { embedder.embed(texts(9), Lane::Document).await }
    });
    while script.asked() < 1 {
        tokio::task::yield_now().await;
    }
    // The first of three document requests is held up: the others wait for it, and the query does not.
    embedder.embed(texts(1), query("tenant-a")).await.unwrap();
    assert_eq!(script.asked(), 2, "one document request at once, and one query");
    script.held.add_permits(1);
    let vectors = documents.await.unwrap().unwrap();
    for (text, vector) in texts(9).iter().zip(&vectors) {
        let wanted = Tiny.encode(&[text]).unwrap().remove(0);
        assert!((vector[0] - wanted[0]).abs() + (vector[1] - wanted[1]).abs() < 1e-5, "{vector:?} for {wanted:?}");
    }
    assert_eq!(script.asked(), 4);
}

#[tokio::test]
async fn a_tenant_whose_queries_are_all_held_up_leaves_a_place_to_another() {
    let script = Script::start(&Tiny, &[Line::Held]).await;
    let embedder = Arc::new(Script::embedder(script.options(&Tiny)));
    let mut hostile = Vec::new();
    for _ in 0..20 {
        let embedder = embedder.clone();
        hostile.push(tokio::spawn(async move { embedder.embed(texts(1), query("hostile")).await }));
    }
    while script.asked() < 1 {
        tokio::task::yield_now().await;
    }
    // Nineteen wait for the one that is held up, and stand in nobody else's way.
    embedder.embed(texts(1), query("tenant-a")).await.unwrap();
    assert_eq!(script.asked(), 2, "one of the hostile tenant's, and the neighbour's");
    script.held.add_permits(1);
    for asked in hostile {
        asked.await.unwrap().unwrap();
    }
}

#[test]
fn the_name_tells_service_space_model_and_dimension() {
    assert_eq!(ModelId::of_service("openai", "", "text-embedding-3-small", 512).as_str(), "openai:text-embedding-3-small:512");
    assert_eq!(ModelId::of_service("openai", "inside", "llama3:8b", 512).as_str(), "openai@inside:llama3:8b:512");
    // However models are named, what differs in any part has another name.
    assert_ne!(ModelId::of_service("openai", "a", "m", 8), ModelId::of_service("openai", "", "a:m", 8));
}

/// The requests that held somebody's text.
fn asked_for_others(script: &Script) -> usize {
    let asked = script.asked.lock().unwrap();
    asked.iter().filter(|(_, question)| question["input"] != json!(["a witness"])).count()
}

#[tokio::test]
async fn a_service_that_fails_is_left_alone_until_the_witness_is_heard() {
    let script = Script::start(&Tiny, &[const { Line::Status(500, "") }; 4]).await;
    let mut options = script.options(&Tiny);
    options.retries = 0;
    let embedder = Script::embedder(options);
    for asked in [2, 3] {
        let failed = embedder.embed(texts(1), query("tenant-a")).await;
        assert!(matches!(failed, Err(EmbedError::Unavailable { .. })), "{failed:?}");
        while script.asked() < asked {
            tokio::task::yield_now().await;
        }
    }
    while embedder.query_watch.resting().is_none() {
        sleep(Duration::from_millis(10)).await;
    }
    for number in 0..50 {
        let refused = embedder.embed(texts(1), query(&format!("tenant-{number}"))).await;
        assert!(matches!(refused, Err(EmbedError::Resting { .. })), "{refused:?}");
    }
    assert_eq!(asked_for_others(&script), 2);
    assert_eq!(embedder.resting(), None, "documents have a patience of their own");
    while embedder.query_watch.resting().is_some() {
        sleep(Duration::from_millis(10)).await;
    }
    assert_eq!((script.asked(), asked_for_others(&script)), (5, 2), "one witness after the other, and nobody else");
    embedder.embed(texts(1), query("tenant-a")).await.unwrap();
}

#[tokio::test]
async fn who_gives_up_waiting_tells_as_much_as_who_waits_to_the_end() {
    let script = Script::start(&Tiny, &[Line::Held]).await;
    let mut options = script.options(&Tiny);
    options.query_timeout = Duration::from_millis(500);
    let embedder = Script::embedder(options);
    let asked = embedder.embed(texts(1), query("tenant-a"));
    assert!(tokio::time::timeout(Duration::from_millis(400), asked).await.is_err());
    while script.asked() < 2 {
        sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(asked_for_others(&script), 1);
}

#[tokio::test]
async fn who_only_waits_in_line_tells_nothing_about_the_service() {
    let script = Script::start(&Tiny, &[Line::Held]).await;
    let mut options = script.options(&Tiny);
    (options.concurrency, options.query_timeout) = (1, Duration::from_millis(200));
    let embedder = Arc::new(Script::embedder(options));
    let documents = tokio::spawn({
        let embedder = embedder.clone();
        async move { embedder.embed(texts(1), Lane::Document).await }
    });
    while script.asked() < 1 {
        tokio::task::yield_now().await;
    }
    for _ in 0..5 {
        let late = embedder.embed(texts(1), query("tenant-a")).await;
        assert!(matches!(late, Err(EmbedError::Unavailable { .. })), "{late:?}");
    }
    assert_eq!(script.asked(), 1, "no witness is sent");
    script.held.add_permits(1);
    documents.await.unwrap().unwrap();
}
