//! What commands tell: lists and single things, in columns and lines for people, as JSON for programs.

use std::io::Write;

use clap::Args;
use serde_json::Value;
use wardgraph_kernel::PageSize;

use crate::wire::StartError;

/// In what form it is told.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct Form {
    /// As JSON, for programs.
    #[arg(long)]
    pub(super) json: bool,
}

/// A list that is told page by page, as it is read: however long it is, no more than a page of it is held. Each page is read in a transaction of its own,
/// which whoever reads slowly does not keep.
#[derive(Debug)]
pub(super) struct Listing<'a, W, const N: usize> {
    out: &'a mut W,
    /// What the list is called in JSON; nothing for people.
    name: Option<&'static str>,
    columns: Columns<N>,
    count: usize,
}

/// Columns as wide as what stood in them so far, below a head.
#[derive(Debug)]
struct Columns<const N: usize> {
    head: Option<[&'static str; N]>,
    widths: [usize; N],
}

/// As much as is read at once.
pub(super) fn page_size() -> PageSize {
    PageSize::new(i64::from(PageSize::MAX)).unwrap_or_default()
}

impl<'a, W: Write, const N: usize> Listing<'a, W, N> {
    /// The list `name`, whose columns have these heads. Nothing is told before the first page is read: an error stands alone.
    pub(super) fn new(out: &'a mut W, form: Form, name: &'static str, head: [&'static str; N]) -> Self {
        let columns = Columns { head: Some(head), widths: head.map(|cell| cell.chars().count()) };
        Self { out, name: form.json.then_some(name), columns, count: 0 }
    }

    /// Tells some more of it.
    pub(super) fn page<T>(
        &mut self,
        items: &[T],
        cells: impl Fn(&T) -> [String; N],
        whole: impl Fn(&T) -> Value,
    ) -> Result<(), StartError> {
        if let Some(name) = self.name {
            for (place, item) in (self.count..).zip(items) {
                let before = if place == 0 { opening(name) } else { ",".to_owned() };
                write!(self.out, "{before}\n    {}", whole(item))?;
            }
        } else if !items.is_empty() {
            self.columns.write(self.out, &items.iter().map(cells).collect::<Vec<_>>())?;
        }
        self.count += items.len();
        Ok(())
    }

    /// Ends it, with how many there were.
    pub(super) fn end(mut self) -> Result<(), StartError> {
        match self.name {
            None => self.columns.write(self.out, &[]),
            Some(name) => {
                let before = if self.count == 0 { opening(name) } else { "\n  ".to_owned() };
                Ok(writeln!(self.out, "{before}],\n  \"count\": {}\n}}", self.count)?)
            }
        }
    }
}

fn opening(name: &str) -> String {
    format!("{{\n  \"{name}\": [")
}

impl<const N: usize> Columns<N> {
    /// Some more lines, below the head: that waits for the first of them, since it is as wide as they are.
    fn write(&mut self, out: &mut impl Write, lines: &[[String; N]]) -> Result<(), StartError> {
        for cells in lines {
            for (width, cell) in self.widths.iter_mut().zip(cells) {
                *width = (*width).max(cell.chars().count());
            }
        }
        if let Some(head) = self.head.take() {
            self.line(out, &head.map(str::to_owned))?;
        }
        lines.iter().try_for_each(|cells| self.line(out, cells))
    }

    fn line(&self, out: &mut impl Write, cells: &[String; N]) -> Result<(), StartError> {
        let padded: Vec<_> = cells.iter().zip(self.widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        Ok(writeln!(out, "{}", padded.join("  ").trim_end())?)
    }
}

/// Writes the members of an object, each on a line, without those that are not there; or as JSON.
pub(super) fn values(out: &mut impl Write, form: Form, object: &Value) -> Result<(), StartError> {
    if form.json {
        return Ok(writeln!(out, "{}", serde_json::to_string_pretty(object)?)?);
    }
    for (name, value) in object.as_object().into_iter().flatten() {
        let text = match value {
            Value::Null => continue,
            Value::Array(items) if items.is_empty() => continue,
            Value::String(text) => text.clone(),
            Value::Array(items) => items
                .iter()
                .map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned))
                .collect::<Vec<_>>()
                .join(" "),
            other => other.to_string(),
        };
        writeln!(out, "{name}: {text}")?;
    }
    Ok(())
}

/// What stands in a cell for what is not there.
pub(super) fn or_none(text: Option<impl ToString>) -> String {
    text.map_or_else(|| "-".to_owned(), |text| text.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn told(json: bool, pages: &[&[&str]]) -> String {
        let mut out = Vec::new();
        let mut list = Listing::new(&mut out, Form { json }, "things", ["THING", "LENGTH"]);
        for page in pages {
            list.page(page, |one| [(*one).to_owned(), one.len().to_string()], |one| json!({ "thing": one })).unwrap();
        }
        list.end().unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn columns_grow_with_what_stands_in_them() {
        assert_eq!(told(false, &[&["a", "bcdefgh"], &["ij"]]), "THING    LENGTH\na        1\nbcdefgh  7\nij       2\n");
        assert_eq!(told(false, &[]), "THING  LENGTH\n");
        assert_eq!(told(false, &[&[]]), "THING  LENGTH\n");
    }

    #[test]
    fn programs_read_one_value_of_however_many_pages() {
        let read = |pages: &[&[&str]]| serde_json::from_str::<Value>(&told(true, pages)).unwrap();
        assert_eq!(
            read(&[&["a", "\"b\n"], &["c"]]),
            json!({ "things": [{ "thing": "a" }, { "thing": "\"b\n" }, { "thing": "c" }], "count": 3 })
        );
        assert_eq!(read(&[&[], &["a"]]), json!({ "things": [{ "thing": "a" }], "count": 1 }));
        assert_eq!(read(&[]), json!({ "things": [], "count": 0 }));
    }
}
