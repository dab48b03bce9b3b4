//! Lists for people: columns as wide as what stands in them.

use std::io::Write;

use serde_json::Value;

use crate::wire::StartError;

/// Writes a head and lines below it; or the whole as JSON, for programs.
pub(super) fn table<const N: usize>(
    out: &mut impl Write,
    json: Option<&Value>,
    head: [&str; N],
    lines: Vec<[String; N]>,
) -> Result<(), StartError> {
    if let Some(whole) = json {
        writeln!(out, "{}", serde_json::to_string_pretty(whole)?)?;
        return Ok(());
    }
    let lines: Vec<_> = std::iter::once(head.map(str::to_owned)).chain(lines).collect();
    let mut widths = [0; N];
    for cells in &lines {
        for (width, cell) in widths.iter_mut().zip(cells) {
            *width = (*width).max(cell.chars().count());
        }
    }
    for cells in &lines {
        let padded: Vec<_> = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        writeln!(out, "{}", padded.join("  ").trim_end())?;
    }
    Ok(())
}

/// Writes the members of an object, each on a line, without those that are not there; or as JSON.
pub(super) fn values(out: &mut impl Write, json: bool, object: &Value) -> Result<(), StartError> {
    if json {
        writeln!(out, "{}", serde_json::to_string_pretty(object)?)?;
        return Ok(());
    }
    for (name, value) in object.as_object().into_iter().flatten() {
        let text = match value {
            Value::Null => continue,
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
