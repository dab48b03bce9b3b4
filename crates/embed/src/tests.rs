//! The real models, from the files that `scripts/fetch.py` brings.

use std::path::Path;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use super::*;
use crate::provider::query;

const MODELS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../.cache/models");

static MINILM: LazyLock<MiniLm> = LazyLock::new(|| fetched(MiniLm::open(&Path::new(MODELS).join("minilm"), 1)));
static WORDLLAMA: LazyLock<StaticWords> = LazyLock::new(|| fetched(StaticWords::open(&Path::new(MODELS).join("wordllama"))));

fn fetched<M>(model: Result<M, EmbedError>) -> M {
    model.unwrap_or_else(|error| panic!("{error}"))
}

fn models() -> [&'static dyn Model; 2] {
    [&*MINILM, &*WORDLLAMA]
}

fn embed(model: &dyn Model, text: &str) -> Vec<f32> {
    model.encode(&[text]).unwrap().remove(0)
}

fn dot(left: &[f32], right: &[f32]) -> f32 {
    left.iter().zip(right).map(|(left, right)| left * right).sum()
}

#[test]
fn meaning_is_near_meaning() {
    for model in models() {
        let [dog, pet, stock] = ["a dog is an animal", "canine pet", "stock market"].map(|text| embed(model, text));
        assert!(dot(&dog, &pet) > dot(&dog, &stock) + 0.2, "{model:?}");
    }
}

#[test]
fn any_text_has_a_vector_of_length_one() {
    let long = "word ".repeat(2_000_000);
    let unbroken = "x".repeat(10_000_000);
    let texts = ["", " \n\t", "\0", "a\0b", "東京は日本の首都です", "🦀🚀", "مرحبا بالعالم", "[SEP] <s> </s>", &long, &unbroken];
    for model in models() {
        for (number, text) in texts.into_iter().enumerate() {
            let start = Instant::now();
            let vector = embed(model, text);
            assert_eq!(vector.len(), model.dimension());
            assert!((dot(&vector, &vector) - 1.0).abs() < 1e-4, "{model:?}, text {number}");
            assert!(start.elapsed() < Duration::from_secs(5), "{model:?}, text {number}: {:?}", start.elapsed());
        }
    }
}

#[test]
fn a_vector_is_the_same_alone_and_in_company() {
    let texts = ["a dog is an animal", "", "🦀", "the stock market fell on Monday after the report was read to the board"];
    for model in models() {
        let alone: Vec<Vec<f32>> = texts.iter().map(|text| embed(model, text)).collect();
        assert_eq!(model.encode(&texts).unwrap(), alone, "{model:?}");
    }
}

#[test]
fn a_mark_spelled_in_a_text_is_a_text() {
    assert_ne!(embed(&*MINILM, "end [SEP] begin"), embed(&*MINILM, "end begin"));
    assert!(dot(&embed(&*MINILM, "[SEP]"), &embed(&*MINILM, "")) < 0.99);
}

/// The first 8 components, to 5 decimals, by onnxruntime 1.31 (x86-64) on the same file with Hugging Face's tokenizer.json of the model;
/// numpy for WordLlama. The third text is longer than MiniLM reads.
#[test]
fn vectors_agree_with_the_reference() {
    let stocks = "stock market ".repeat(400);
    let texts = ["a dog is an animal", "The quick brown fox jumps over the lazy dog. Ünïcode naïve café 東京!", &stocks];
    let minilm = [
        [-0.03182, -0.02153, 0.06794, 0.09385, -0.04511, 0.01921, 0.00210, -0.03082],
        [0.08110, 0.03628, 0.08586, 0.02051, -0.02894, -0.03841, 0.05243, -0.09786],
        [0.04229, -0.10378, 0.01648, -0.02345, -0.01055, 0.02176, 0.03036, -0.02334],
    ];
    let wordllama = [
        [-0.03506, -0.04424, -0.01139, 0.15377, 0.08412, 0.07110, -0.02708, 0.05875],
        [0.01275, 0.05689, 0.02502, -0.06452, 0.03972, -0.01150, 0.09945, 0.04244],
        [-0.05602, -0.07685, -0.04886, 0.00489, 0.04907, 0.01436, -0.01364, -0.05875],
    ];
    for (model, reference) in models().into_iter().zip([minilm, wordllama]) {
        for (text, expected) in texts.into_iter().zip(reference) {
            let vector = embed(model, text);
            let worst = vector.iter().zip(expected).map(|(found, expected)| (found - expected).abs()).fold(0.0, f32::max);
            println!("{model:?}: off by {worst}");
            assert!(worst < 5e-3, "{model:?} is off by {worst}");
        }
    }
}

#[tokio::test]
async fn open_gives_an_embedder_or_names_what_is_missing() {
    for kind in ModelKind::ALL {
        let embedder = fetched(open(kind, Path::new(MODELS), 0));
        assert_eq!(kind.name().parse::<ModelKind>().unwrap(), kind);
        let vectors = embedder.embed(vec!["one".to_owned(), "two".to_owned()], query("tenant-a")).await.unwrap();
        assert_eq!(vectors.len(), 2);
        assert!(vectors.iter().all(|vector| vector.len() == embedder.dimension()), "{}", embedder.model());

        let nowhere = tempfile::tempdir().unwrap();
        let message = open(kind, nowhere.path(), 1).unwrap_err().to_string();
        assert!(message.contains(kind.name()) && message.contains("python3 scripts/fetch.py"), "{message}");
    }
    assert!("gpt".parse::<ModelKind>().is_err());
}
