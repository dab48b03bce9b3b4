//! A synset as a node of the graph.

use serde_json::{Value, json};

use super::{Synset, SynsetId};

impl SynsetId {
    /// The caller's own id of the synset's node.
    pub(crate) fn external_id(self) -> String {
        format!("wn31-{self}")
    }
}

impl Synset {
    /// What `POST /nodes` takes.
    pub(crate) fn node(&self) -> Value {
        json!({
            "classes": ["Synset", self.id.pos.class()],
            "external_id": self.id.external_id(),
            "props": {
                "text": self.text(),
                "lemmas": self.lemmas,
                "lexicographer_file": self.file,
                "pos": self.id.pos.letter(),
            },
            "metadata": { "source": "WordNet 3.1" },
        })
    }
}
