//! One line of a data file:
//! `offset lex_filenum ss_type w_cnt (word lex_id)... p_cnt (symbol offset pos source/target)... [f_cnt (+ f_num w_num)...] | gloss`.

use std::str::SplitAsciiWhitespace;

use super::{FILES, Pointer, Pos, Synset, SynsetId, relation};

/// Reads a line of the file of `pos`. Offsets and most counts are decimal; the count of words is hexadecimal.
pub(super) fn parse(pos: Pos, line: &str) -> Result<Synset, &'static str> {
    let (data, gloss) = line.split_once('|').ok_or("there is no gloss")?;
    let mut fields = Fields(data.split_ascii_whitespace());
    let offset = fields.number(10)?;
    let file = fields.number(10)?;
    let file = usize::try_from(file).ok().and_then(|file| FILES.get(file)).ok_or("there is no such lexicographer file")?;
    if Pos::of_letter(fields.next()?) != Some(pos) {
        return Err("the part of speech is not the file's");
    }
    let words = fields.number(16)?;
    let lemmas = (0..words).map(|_| fields.lemma()).collect::<Result<_, _>>()?;
    let pointers = fields.number(10)?;
    let pointers = (0..pointers).map(|_| fields.pointer(pos)).collect::<Result<_, _>>()?;
    let rest = fields.0.count();
    if pos != Pos::Verb && rest != 0 {
        return Err("there is more than the counts say");
    }
    Ok(Synset { id: SynsetId { pos, offset }, file, lemmas, pointers, gloss: gloss.trim().to_owned() })
}

struct Fields<'a>(SplitAsciiWhitespace<'a>);

impl<'a> Fields<'a> {
    fn next(&mut self) -> Result<&'a str, &'static str> {
        self.0.next().ok_or("the line ends too early")
    }

    fn number(&mut self, radix: u32) -> Result<u32, &'static str> {
        u32::from_str_radix(self.next()?, radix).map_err(|_| "a number was expected")
    }

    /// A word and its sense number, which is dropped. Blanks are written `_`; adjectives may end in a marker like `(p)`.
    fn lemma(&mut self) -> Result<String, &'static str> {
        let word = self.next()?;
        self.next()?;
        let bare = ["(p)", "(a)", "(ip)"].iter().find_map(|marker| word.strip_suffix(marker)).unwrap_or(word);
        Ok(bare.replace('_', " "))
    }

    fn pointer(&mut self, from: Pos) -> Result<Pointer, &'static str> {
        let relation = relation::name(from, self.next()?).ok_or("the pointer symbol is unknown")?;
        let offset = self.number(10)?;
        let pos = Pos::of_letter(self.next()?).ok_or("the pointer's part of speech is unknown")?;
        // Which word points at which: two synsets are related either way.
        self.next()?;
        Ok(Pointer { relation, target: SynsetId { pos, offset } })
    }
}
