//! What the columns of a table mean, and what their fields hold.

use std::str::FromStr;

use serde_json::Value;
use wardgraph_api::json;

/// What a column may be by its name alone, besides a property.
pub(super) const ROLES: [&str; 10] =
    ["external_id", "classes", "text", "payload_ref", "created_at", "src", "rel", "dst", "src_external_id", "dst_external_id"];

/// Where a field goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// To what makes a node or an edge.
    Role(&'static str),
    /// To a member of `props`.
    Props(String, Type),
    /// To a member of a node's `metadata`.
    Metadata(String, Type),
}

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    Text,
    Int,
    Float,
    Bool,
    Json,
}

const TYPES: [(&str, Type); 5] =
    [("text", Type::Text), ("int", Type::Int), ("float", Type::Float), ("bool", Type::Bool), ("json", Type::Json)];

impl Place {
    /// What `props.NAME`, `metadata.NAME`, and either with `:TYPE`, say of themselves; `None` for any other name.
    pub(super) fn named(text: &str) -> Result<Option<Self>, String> {
        let (to, rest): (fn(String, Type) -> Self, _) = match (text.strip_prefix("props."), text.strip_prefix("metadata.")) {
            (Some(rest), _) => (Self::Props, rest),
            (None, Some(rest)) => (Self::Metadata, rest),
            (None, None) => return Ok(None),
        };
        let (name, kind) = match rest.rsplit_once(':') {
            Some((name, word)) => {
                let kind = TYPES.into_iter().find(|(known, _)| *known == word);
                let types = TYPES.map(|(word, _)| word).join(", ");
                (name, kind.ok_or_else(|| format!("the column `{text}` has no type `{word}`: the types are {types}"))?.1)
            }
            None => (rest, Type::Text),
        };
        if name.is_empty() { Err(format!("the column `{text}` names nothing")) } else { Ok(Some(to(name.to_owned(), kind))) }
    }

    /// Whether both are one member of one object.
    pub(super) fn is_also(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Props(one, _), Self::Props(two, _)) | (Self::Metadata(one, _), Self::Metadata(two, _)) => one == two,
            // Several columns may hold classes.
            (Self::Role(one), Self::Role(two)) => one == two && *one != "classes",
            (Self::Role("text"), Self::Props(name, _)) | (Self::Props(name, _), Self::Role("text")) => name == "text",
            _ => false,
        }
    }
}

impl Type {
    /// What a field holds, or why it holds no such thing.
    pub(super) fn read(self, field: String) -> Result<Value, String> {
        let none = |what: &str| format!("`{field}` is no {what}");
        match self {
            Self::Text => Ok(field.into()),
            Self::Int => field.trim().parse::<i64>().map(Value::from).map_err(|_| none("whole number of 64 bits")),
            Self::Float => {
                let number = field.trim().parse::<f64>().ok().filter(|number| number.is_finite());
                number.map(Value::from).ok_or_else(|| none("number"))
            }
            Self::Bool if field.trim().eq_ignore_ascii_case("true") => Ok(true.into()),
            Self::Bool if field.trim().eq_ignore_ascii_case("false") => Ok(false.into()),
            Self::Bool => Err(format!("`{field}` is neither `true` nor `false`")),
            Self::Json => {
                let value = serde_json::from_str(&field).map_err(|error| format!("`{field}` is not JSON: {error}"))?;
                json::check(field.as_bytes(), &[]).map_err(|fault| format!("`{field}`{}: {}", fault.pointer, fault.detail))?;
                Ok(value)
            }
        }
    }
}

/// What sets the columns of a table apart: one character of ASCII.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delimiter(pub(super) u8);

impl Delimiter {
    pub(super) const COMMA: Self = Self(b',');
    pub(super) const TAB: Self = Self(b'\t');
}

impl FromStr for Delimiter {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.as_bytes() {
            b"tab" | b"\\t" => Ok(Self::TAB),
            [byte] if !byte.is_ascii_alphanumeric() && !matches!(byte, b'"' | b'\r' | b'\n') => Ok(Self(*byte)),
            _ => Err("is not one character of ASCII that is no letter, digit, quote or end of a line; `tab` is one"),
        }
    }
}

/// Which column of a table plays which role, where it is not the one of the same name: `external_id=ISBN,props.year:int=Jahr`.
#[derive(Debug, Clone, Default)]
pub struct Columns(pub(super) Vec<(Place, String)>);

impl FromStr for Columns {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let pair = |pair: &str| {
            let (role, column) = pair.split_once('=').ok_or_else(|| format!("`{pair}` is not of the form ROLE=COLUMN"))?;
            let known = ROLES.into_iter().find(|known| *known == role).map(Place::Role);
            let place = known.map_or_else(|| Place::named(role), |known| Ok(Some(known)))?;
            let roles = || format!("the roles are {}, props.NAME:TYPE and metadata.NAME:TYPE", ROLES.join(", "));
            Ok((place.ok_or_else(roles)?, column.trim().to_owned()))
        };
        text.split(',').map(pair).collect::<Result<_, _>>().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_column_says_where_its_fields_go_and_what_they_hold() {
        let props = |name: &str, kind| Ok(Some(Place::Props(name.into(), kind)));
        for (column, place) in [
            ("year", Ok(None)),
            ("year:int", Ok(None)),
            ("props.year", props("year", Type::Text)),
            ("props.year:int", props("year", Type::Int)),
            ("props.a.b:c:text", props("a.b:c", Type::Text)),
            ("metadata.source", Ok(Some(Place::Metadata("source".into(), Type::Text)))),
            ("metadata.tags:json", Ok(Some(Place::Metadata("tags".into(), Type::Json)))),
            ("props.", Err("the column `props.` names nothing".into())),
            ("props.:int", Err("the column `props.:int` names nothing".into())),
        ] {
            assert_eq!(Place::named(column), place, "{column}");
        }
        let date = Place::named("props.day:date").unwrap_err();
        assert_eq!(date, "the column `props.day:date` has no type `date`: the types are text, int, float, bool, json");
    }

    #[test]
    fn a_field_holds_what_its_column_says_or_is_refused() {
        for (kind, field, value) in [
            (Type::Text, " 1", json!(" 1")),
            (Type::Int, " -9223372036854775808", json!(i64::MIN)),
            (Type::Float, "1e3", json!(1000.0)),
            (Type::Float, "-0.5", json!(-0.5)),
            (Type::Bool, "TRUE", json!(true)),
            (Type::Bool, "false", json!(false)),
            (Type::Json, "[1, {\"a\": null}]", json!([1, { "a": null }])),
        ] {
            assert_eq!(kind.read(field.to_owned()), Ok(value), "{field}");
        }
        for (kind, field, why) in [
            (Type::Int, "1.5", "`1.5` is no whole number of 64 bits"),
            (Type::Int, "9223372036854775808", "`9223372036854775808` is no whole number of 64 bits"),
            (Type::Float, "1,5", "`1,5` is no number"),
            (Type::Float, "inf", "`inf` is no number"),
            (Type::Float, "1e999", "`1e999` is no number"),
            (Type::Bool, "yes", "`yes` is neither `true` nor `false`"),
            (Type::Json, "{a: 1}", "`{a: 1}` is not JSON"),
            (Type::Json, r#"{"a":1,"a":2}"#, r#"`{"a":1,"a":2}`/a: the member is there twice"#),
        ] {
            let reason = kind.read(field.to_owned()).unwrap_err();
            assert!(reason.starts_with(why), "{field}: {reason}");
        }
    }

    #[test]
    fn columns_are_set_apart_by_one_character() {
        for (text, byte) in [(",", b','), (";", b';'), ("|", b'|'), ("\t", b'\t'), ("\\t", b'\t'), ("tab", b'\t'), ("\u{1}", 1)] {
            assert_eq!(text.parse(), Ok(Delimiter(byte)), "{text:?}");
        }
        for text in ["", "a", "7", "\"", "\n", "\r", ",,", "¦", "\\n", "TAB"] {
            assert!(text.parse::<Delimiter>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn roles_are_given_to_columns_of_other_names() {
        let columns: Columns = "external_id=ISBN,props.year:int=Jahr".parse().unwrap();
        let expected = [(Place::Role("external_id"), "ISBN".into()), (Place::Props("year".into(), Type::Int), "Jahr".into())];
        assert_eq!(columns.0, expected);
        assert!("name=x".parse::<Columns>().unwrap_err().starts_with("the roles are"));
        assert!("text".parse::<Columns>().unwrap_err().ends_with("ROLE=COLUMN"));
        assert!("props.year:date=x".parse::<Columns>().unwrap_err().contains("the types are"));
    }
}
