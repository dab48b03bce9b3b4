//! From a line of JSON to what it means.

use serde::Deserialize;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use wardgraph_api::{
    FieldError, json,
    validate::{Faults, Validate},
    wire::node::NewNode,
};
use wardgraph_kernel::Timestamp;

use super::record::{EdgeItem, End, Item, NodeItem, id_of};

/// What a server says of a node or an edge besides what makes it: its own, which it makes anew.
pub(super) const SERVERS: [&str; 6] = ["type", "id", "tenant_id", "version", "embedding_status", CHANGED];
/// When a node was last changed, where it is: an import changes it here, now, and whoever asks what changed since finds it by that.
pub(super) const CHANGED: &str = "updated_at";

/// Names a node that has no external id, the same for the same line of the same source.
#[derive(Debug, Clone)]
pub(super) struct Namer(pub(super) String);

impl Namer {
    /// The name of the node on this line.
    pub(super) fn name(&self, line: u64, raw: &[u8]) -> String {
        let mut hash = Sha256::new();
        hash.update(self.0.as_bytes());
        hash.update([0]);
        hash.update(line.to_be_bytes());
        hash.update(raw);
        let digest = format!("{:x}", hash.finalize());
        format!("import-{}", digest.get(..32).unwrap_or(&digest))
    }
}

/// Reads one line, without its end.
pub(super) fn line(raw: &[u8], number: u64, namer: &Namer) -> Result<Item, String> {
    let text = std::str::from_utf8(raw).map_err(|error| format!("is not UTF-8 from byte {} on", error.valid_up_to() + 1))?;
    let value: Value = serde_json::from_str(text).map_err(|error| format!("is not JSON: {}", within_line(&error.to_string())))?;
    let Value::Object(members) = value else {
        return Err("is no JSON object".into());
    };
    json::check(raw, &[]).map_err(|fault| format!("{}: {}", fault.pointer, fault.detail))?;
    match members.get("type").map(Value::as_str) {
        Some(Some("node")) => node(members, || namer.name(number, raw)).map(Item::Node),
        Some(Some("edge")) => edge(members).map(Item::Edge),
        Some(_) => Err("`type` is neither `node` nor `edge`".into()),
        None if members.contains_key("classes") => node(members, || namer.name(number, raw)).map(Item::Node),
        None if members.contains_key("rel") => edge(members).map(Item::Edge),
        None => Err("is neither a node, which has `classes`, nor an edge, which has `rel`".into()),
    }
}

/// A node from its members. Where it has no external id it is named by the id that it had, or by `name`.
pub(super) fn node(mut members: Map<String, Value>, name: impl FnOnce() -> String) -> Result<NodeItem, String> {
    let created_at = time(&mut members)?;
    let id = members.get("id").and_then(Value::as_str).and_then(id_of);
    for member in SERVERS {
        members.remove(member);
    }
    let new = NewNode::deserialize(&members).map_err(|error| error.to_string())?;
    faults(&new)?;
    let (external_id, id) = match (new.external_id(), id) {
        (Some(external_id), _) => (external_id.into_text(), None),
        (None, Some(id)) => (id.to_string(), Some(id)),
        (None, None) => (name(), None),
    };
    Ok(NodeItem { external_id, id, created_at, members })
}

/// Takes out when it was created.
fn time(members: &mut Map<String, Value>) -> Result<Option<Timestamp>, String> {
    match members.remove("created_at") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => instant(&text).map(Some),
        Some(_) => Err("`created_at` is no text".into()),
    }
}

/// A time of creation.
pub(super) fn instant(text: &str) -> Result<Timestamp, String> {
    text.parse().map_err(|_| format!("`created_at` is no time as RFC 3339 has it: `{text}`"))
}

fn edge(mut members: Map<String, Value>) -> Result<EdgeItem, String> {
    let created_at = time(&mut members)?;
    let mut text = |name: &str| match members.remove(name) {
        Some(Value::String(text)) => Ok(Some(text)),
        Some(Value::Null) | None => Ok(None),
        Some(_) => Err(format!("`{name}` is no text")),
    };
    let rel = text("rel")?.ok_or("`rel` is missing")?;
    let mut end = |either: &str, external: &str| match (text(either)?, text(external)?) {
        (Some(_), Some(_)) => Err(format!("has both `{either}` and `{external}`")),
        (Some(id), None) => Ok(End::of(id)),
        (None, Some(id)) => Ok(End::External(id)),
        (None, None) => Err(format!("has neither `{either}` nor `{external}`")),
    };
    let (src, dst) = (end("src", "src_external_id")?, end("dst", "dst_external_id")?);
    let props = match members.remove("props") {
        Some(Value::Object(props)) => props,
        Some(Value::Null) | None => Map::new(),
        Some(_) => return Err("`props` is no object".into()),
    };
    if let Some(unknown) = members.keys().find(|name| !SERVERS.contains(&name.as_str())) {
        return Err(format!("unknown field `{unknown}`"));
    }
    checked(EdgeItem { src, rel, dst, props, created_at })
}

/// An edge that the server's rules have nothing against.
pub(super) fn checked(edge: EdgeItem) -> Result<EdgeItem, String> {
    faults(&edge).map(|()| edge)
}

fn faults(value: &impl Validate) -> Result<(), String> {
    let found = Faults::of(value);
    if found.is_empty() { Ok(()) } else { Err(told(&found, "")) }
}

/// What is wrong with an item, field by field, without the place of the item in its batch.
pub(super) fn told(errors: &[FieldError], place: &str) -> String {
    let told =
        errors.iter().map(|error| format!("{}: {}", error.field.strip_prefix(place).unwrap_or(&error.field), error.detail));
    told.collect::<Vec<_>>().join("; ")
}

/// Every text is one line to its parser.
fn within_line(error: &str) -> String {
    error.replace("at line 1 column", "at column")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Item, String> {
        line(text.as_bytes(), 7, &Namer("nodes.jsonl".into()))
    }

    fn reason(text: &str) -> String {
        read(text).unwrap_err()
    }

    fn as_node(text: &str) -> Value {
        match read(text).unwrap() {
            Item::Node(node) => serde_json::from_str(&node.json(true)).unwrap(),
            Item::Edge(edge) => panic!("{edge:?}"),
        }
    }

    fn as_edge(text: &str) -> EdgeItem {
        match read(text).unwrap() {
            Item::Edge(edge) => edge,
            Item::Node(node) => panic!("{node:?}"),
        }
    }

    #[test]
    fn a_node_goes_as_it_stands_without_what_the_server_makes() {
        let node = as_node(
            r#"{"type":"node","id":"x","tenant_id":"other","version":3,"updated_at":"then","classes":["A"],"props":{"n":1},"external_id":"e","metadata":{"m":[]}}"#,
        );
        assert_eq!(node, serde_json::json!({"classes": ["A"], "props": {"n": 1}, "external_id": "e", "metadata": {"m": []}}));
    }

    #[test]
    fn a_node_without_an_external_id_is_named_after_its_line() {
        let name = |text: &str, number, source: &str| match line(text.as_bytes(), number, &Namer(source.into())).unwrap() {
            Item::Node(node) => node.external_id,
            Item::Edge(edge) => panic!("{edge:?}"),
        };
        let (text, other) = (r#"{"classes":["A"],"props":{}}"#, r#"{"classes":["B"],"props":{}}"#);
        let first = name(text, 1, "a");
        assert_eq!(first, name(text, 1, "a"));
        assert_eq!(first.len(), 39);
        assert!([name(text, 2, "a"), name(text, 1, "b"), name(other, 1, "a")].iter().all(|name| *name != first));
        assert_eq!(name(r#"{"classes":["A"],"props":{"external_id":"p"}}"#, 1, "a"), "p");
    }

    #[test]
    fn a_node_without_an_external_id_is_named_by_the_id_that_it_had() {
        let id = "01900000-0000-7000-8000-0000000000ed";
        let item = |text: &str| match read(text).unwrap() {
            Item::Node(node) => node,
            Item::Edge(edge) => panic!("{edge:?}"),
        };
        let node = item(&format!(r#"{{"id":"{}","classes":["A"],"props":{{}}}}"#, id.to_uppercase()));
        assert_eq!((node.external_id.as_str(), node.id), (id, id_of(id)));
        assert_eq!(node.replacement(), r#"{"classes":["A"],"props":{}}"#, "where it is there it keeps having none");
        let named = item(&format!(r#"{{"id":"{id}","classes":["A"],"props":{{}},"external_id":"e"}}"#));
        assert_eq!((named.external_id.as_str(), named.id), ("e", None));
        assert!(item(r#"{"id":"7","classes":["A"],"props":{}}"#).external_id.starts_with("import-"), "no id of ours");
    }

    #[test]
    fn a_time_goes_with_what_it_is_of_if_it_may() {
        let line = r#"{"classes":["A"],"props":{},"external_id":"e","created_at":"2020-01-02T03:04:05Z"}"#;
        assert_eq!(as_node(line)["created_at"], "2020-01-02T03:04:05Z");
        let Item::Node(node) = read(line).unwrap() else { panic!() };
        assert_eq!(node.json(false), r#"{"classes":["A"],"external_id":"e","props":{}}"#);
        let edge = as_edge(r#"{"rel":"R","src":"a","dst":"b","created_at":"2020-01-02T03:04:05+01:00"}"#);
        assert_eq!(edge.created_at, Some("2020-01-02T02:04:05Z".parse().unwrap()));
    }

    #[test]
    fn an_edge_names_its_ends_by_id_or_by_external_id() {
        let id = "01900000-0000-7000-8000-0000000000ed";
        let edge = as_edge(&format!(r#"{{"src":"{id}","rel":"R","dst":"other"}}"#));
        assert_eq!(edge.src, End::Id(id.parse::<uuid::Uuid>().unwrap().into()));
        assert_eq!(edge.dst, End::External("other".into()));
        let edge =
            as_edge(&format!(r#"{{"type":"edge","src_external_id":"{id}","rel":"R","dst_external_id":"o","props":{{"a":1}}}}"#));
        assert_eq!((edge.src, edge.props.len()), (End::External(id.into()), 1));
        assert_eq!(End::of(id.replace('-', "")), End::External(id.replace('-', "")));
    }

    #[test]
    fn a_line_that_means_nothing_says_why() {
        for (text, why) in [
            ("{", "is not JSON: EOF while parsing an object at column 1"),
            ("[]", "is no JSON object"),
            ("{}", "is neither a node, which has `classes`, nor an edge, which has `rel`"),
            (r#"{"type":"triple"}"#, "`type` is neither `node` nor `edge`"),
            (r#"{"classes":["A"]}"#, "missing field `props`"),
            (r#"{"classes":["A"],"props":{},"prosp":{}}"#, "unknown field `prosp`, expected one of"),
            (r#"{"classes":["A"],"props":{"a":{"b":1,"b":2}}}"#, "/props/a/b: the member is there twice"),
            (r#"{"classes":["A"],"props":{"n":12345678901234567890123}}"#, "/props/n: a number is kept as"),
            (r#"{"classes":[],"props":{}}"#, "/classes: must have 1 to 10 entries"),
            (
                r#"{"classes":["A"],"props":{},"metadata":{"a<b":1}}"#,
                "/metadata: has a key with a `<` that begins a tag which no `>` ends: `a\\u003cb`",
            ),
            (r#"{"rel":"R<s","src":"a","dst":"b"}"#, "/rel: must not contain a `<` that begins a tag"),
            (r#"{"classes":["A"],"props":{},"external_id":""}"#, "/external_id: must have 1 to 255 characters"),
            (r#"{"classes":["A"],"props":{},"created_at":"then"}"#, "`created_at` is no time as RFC 3339 has it: `then`"),
            (r#"{"rel":"R","src":"a","dst":"b","created_at":7}"#, "`created_at` is no text"),
            (r#"{"rel":"R","src":"a"}"#, "has neither `dst` nor `dst_external_id`"),
            (r#"{"rel":"R","src":1,"dst":"b"}"#, "`src` is no text"),
            (r#"{"rel":"","src":"a","dst":"b"}"#, "/rel: must have 1 to 100 characters"),
            (r#"{"rel":"R","src":"a","src_external_id":"a","dst":"b"}"#, "has both `src` and `src_external_id`"),
            (r#"{"rel":"R","src":"a","dst":"b","props":[]}"#, "`props` is no object"),
            (r#"{"rel":"R","src":"a","dst":"b","porps":{}}"#, "unknown field `porps`"),
        ] {
            let reason = reason(text);
            assert!(reason.starts_with(why), "{text}: {reason}");
        }
        let not_text = line(b"{\"classes\": \"\xff\"}", 1, &Namer(String::new())).unwrap_err();
        assert_eq!(not_text, "is not UTF-8 from byte 14 on");
    }
}
