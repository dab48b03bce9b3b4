//! Questions whose right answer shares no word with them: only the meaning finds it.

use std::collections::BTreeMap;

use serde_json::json;
use wardgraph_api::wire::search::{SearchMode, SearchResponse};
use wardgraph_kernel::NodeId;

use super::{
    side::Side,
    verdict::{Done, Failed},
};
use crate::wordnet::SynsetId;

/// A question, and the synset that must be among the first ten answers.
#[derive(Debug)]
pub(super) struct Question {
    pub(super) query: &'static str,
    pub(super) answer: SynsetId,
}

const fn question(query: &'static str, answer: u32) -> Question {
    Question { query, answer: SynsetId::noun(answer) }
}

/// Each tried with the default model and the default slice, in both modes. Their words are rare on purpose: hybrid search ranks
/// what shares common words with the question above what merely means the same.
pub(super) const QUESTIONS: &[Question] = &[
    question("vermin in a filthy apartment kitchen", 2_235_990),
    question("itching jumper", 2_188_805),
    question("serpent warning hikers audibly", 1_757_517),
    question("it glows at dusk", 2_170_897),
    question("mare's newborn", 2_379_194),
    question("pepperoni delivery from Naples", 7_889_783),
    question("what vintners bottle", 7_907_701),
    question("Parisian bakery staple", 7_703_126),
];

/// Asks by meaning, then by meaning and words.
pub(super) async fn ask(side: &Side, question: &Question) -> Result<Done<()>, Failed> {
    let known: BTreeMap<NodeId, SynsetId> = side.ids.iter().map(|(synset, node)| (*node, *synset)).collect();
    let mut done = Done::new(());
    for mode in [SearchMode::Vector, SearchMode::Hybrid] {
        let body = json!({ "query": question.query, "top_k": 10, "mode": mode });
        let answer = side.client.post("/search", &body).await?;
        let found: SearchResponse = answer.read(200)?;
        let synset = |id: NodeId| known.get(&id).and_then(|id| side.slice.synsets.get(id));
        let first: Vec<_> = found.results.iter().take(3).collect();
        let first: Vec<_> = first
            .iter()
            .map(|result| {
                let name = synset(result.id).map_or("(not of this demo)", |synset| synset.name());
                result.similarity.map_or(name.to_owned(), |similarity| format!("{name} {similarity:.2}"))
            })
            .collect();
        let word = if mode == SearchMode::Vector { "vector" } else { "hybrid" };
        let (first, millis) = (first.join(", "), answer.took.as_millis());
        let place = found.results.iter().position(|result| known.get(&result.id) == Some(&question.answer));
        let Some(place) = place else {
            let expected = side.slice.synsets.get(&question.answer).map_or("?", |synset| synset.name());
            return Err(Failed::unexpected(format!("{expected} among the first ten ({word})"), first));
        };
        done = done.note(format!("{word}: right at place {}, {millis:>3} ms; {first}", place + 1));
    }
    Ok(done)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{demo::slice, wordnet::tests::dictionary};

    /// Words of three letters and more, without the commonest.
    fn words(text: &str) -> Vec<String> {
        let words = text.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase);
        words.filter(|word| word.len() > 2 && !["the", "and", "that", "with", "for", "from"].contains(&word.as_str())).collect()
    }

    #[tokio::test]
    async fn no_question_shares_a_word_or_the_stem_of_one_with_its_answer() {
        let a = slice::of_a(&dictionary().await, 10_000);
        for question in QUESTIONS {
            let text = words(&a.synsets[&question.answer].text());
            for word in words(question.query) {
                let alike = |other: &str| other.chars().zip(word.chars()).take_while(|(a, b)| a == b).count() >= 4;
                let same = |other: &&String| **other == word || alike(other);
                assert_eq!(text.iter().find(same), None, "{word:?} of {:?}", question.query);
            }
        }
    }
}
