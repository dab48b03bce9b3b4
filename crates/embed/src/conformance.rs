//! What every [`Embedder`] must do, whoever makes its vectors.

use std::path::Path;
use std::sync::{Arc, LazyLock};

use crate::provider::query;
use crate::remote::script::Script;
use crate::*;

const MODELS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../.cache/models");

static WORDLLAMA: LazyLock<StaticWords> =
    LazyLock::new(|| StaticWords::open(&Path::new(MODELS).join("wordllama")).unwrap_or_else(|error| panic!("{error}")));

/// Every provider: two that run here, and a service that runs the second of them.
async fn providers() -> (Vec<Arc<dyn Embedder>>, Script) {
    let script = Script::start(&*WORDLLAMA, &[]).await;
    let local = ModelKind::ALL.map(|kind| open(kind, Path::new(MODELS), 1).unwrap_or_else(|error| panic!("{error}")));
    let remote = Script::embedder(script.options(&*WORDLLAMA));
    (local.into_iter().chain([Arc::new(remote) as Arc<dyn Embedder>]).collect(), script)
}

fn dot(left: &[f32], right: &[f32]) -> f32 {
    left.iter().zip(right).map(|(left, right)| left * right).sum()
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

#[tokio::test]
async fn each_text_has_its_own_vector_of_length_one_in_its_place() {
    let long = "word ".repeat(100_000);
    let texts =
        owned(&["a dog is an animal", "", " \n", "\0", "東京は日本の首都です", "🦀", "[SEP] </s>", &long, "stock market"]);
    let (providers, _script) = providers().await;
    for embedder in providers {
        for lane in [Lane::Document, query("tenant-a")] {
            let together = embedder.embed(texts.clone(), lane.clone()).await.unwrap();
            assert_eq!(together.len(), texts.len());
            for (text, vector) in texts.iter().zip(&together) {
                assert_eq!(vector.len(), embedder.dimension(), "{}", embedder.model());
                assert!((dot(vector, vector) - 1.0).abs() < 1e-4, "{}", embedder.model());
                let alone = embedder.embed(vec![text.clone()], lane.clone()).await.unwrap().remove(0);
                assert!(dot(&alone, vector) > 0.9999, "{}: {text:.20}", embedder.model());
            }
            assert!(dot(&together[0], &together[8]) < 0.9, "{}", embedder.model());
        }
    }
}

#[tokio::test]
async fn no_texts_have_no_vectors() {
    let (providers, script) = providers().await;
    for embedder in providers {
        assert!(embedder.embed(Vec::new(), Lane::Document).await.unwrap().is_empty());
    }
    assert_eq!(script.asked(), 0);
}

#[tokio::test]
async fn meaning_is_near_meaning_whoever_embeds() {
    let (providers, _script) = providers().await;
    for embedder in providers {
        let vectors =
            embedder.embed(owned(&["a dog is an animal", "canine pet", "stock market"]), query("tenant-a")).await.unwrap();
        assert!(dot(&vectors[0], &vectors[1]) > dot(&vectors[0], &vectors[2]) + 0.2, "{}", embedder.model());
    }
}

#[tokio::test]
async fn every_model_has_a_name_of_its_own() {
    let (providers, _script) = providers().await;
    let names: std::collections::BTreeSet<_> = providers.iter().map(|embedder| embedder.model().as_str().to_owned()).collect();
    assert_eq!(names.len(), 3);
    assert!(names.iter().all(|name| !name.contains(char::is_whitespace)), "{names:?}");
}
