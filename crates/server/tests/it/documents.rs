//! The generated documents are what the code generates. `UPDATE_DOCS=1` writes them anew.

use std::{collections::BTreeSet, fs};

use serde_json::Value;
use wardgraph_api::table::rows;
use wardgraph_kernel::{
    Access,
    metric::{self, Family},
};

use crate::layers::{repository, sources};

fn check(name: &str, generated: &str) {
    let path = repository().join("docs").join(name);
    let generated = format!("{}\n", generated.trim_end());
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, &generated).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    let differs = written.lines().zip(generated.lines()).position(|(written, generated)| written != generated);
    assert!(
        written == generated,
        "docs/{name} is stale (first at line {:?}): `make docs` writes it anew",
        differs.map(|n| n + 1)
    );
}

#[test]
fn the_openapi_document_is_the_tables() {
    check("openapi.json", wardgraph_api::openapi());
}

#[test]
fn the_endpoint_page_is_the_tables() {
    check("endpoints.md", &wardgraph_api::endpoints_document());
}

#[test]
fn the_configuration_page_is_the_lists() {
    check("configuration.md", &wardgraph_server::config::documentation());
}

#[test]
fn the_permission_page_is_what_decides() {
    check("permissions.md", &wardgraph_server::permissions::documentation().unwrap());
}

#[test]
fn the_permission_page_has_a_row_for_every_endpoint_that_asks_one() {
    let page = wardgraph_server::permissions::documentation().unwrap();
    let asking = rows().filter(|row| matches!(row.spec.access, Access::Permission(_)));
    for row in asking {
        let start = format!("| {} `{}` |", row.spec.method.word(), row.spec.path);
        let line = page.lines().find(|line| line.starts_with(&start)).unwrap_or_else(|| panic!("{start}"));
        assert_eq!(line.matches('|').count(), 13, "{line}");
    }
    let shared = page.lines().find(|line| line.starts_with("| POST `/api/v1/shared/nodes` |")).unwrap();
    assert_eq!(shared, "| POST `/api/v1/shared/nodes` | `shared:write` |  |  |  |  |  | ✓ |  |  |  |  |");
}

#[test]
fn the_endpoint_page_has_a_row_for_every_endpoint() {
    let page = wardgraph_api::endpoints_document();
    for row in rows() {
        let start = format!("| {} | `{}` | {}", row.spec.method.word(), row.spec.path, row.spec.access.word());
        let line = page.lines().find(|line| line.starts_with(&start)).unwrap_or_else(|| panic!("{start}"));
        assert_eq!(line.matches('|').count(), 9, "{line}");
        assert!(line.contains(&format!("| {} |", row.spec.body_bytes)), "{line}");
    }
}

fn openapi() -> Value {
    serde_json::from_str(wardgraph_api::openapi()).unwrap()
}

#[test]
fn every_reference_of_openapi_resolves() {
    let document = openapi();
    assert_eq!(document["openapi"], "3.1.0");
    let mut references = BTreeSet::new();
    collect(&document, &mut references);
    assert!(references.len() > 10, "{references:?}");
    for reference in references {
        let pointer = reference.strip_prefix('#').unwrap_or_else(|| panic!("{reference} leads outside"));
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

fn collect(value: &Value, references: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            references.extend(object.get("$ref").and_then(Value::as_str).map(str::to_owned));
            object.values().for_each(|value| collect(value, references));
        }
        Value::Array(items) => items.iter().for_each(|value| collect(value, references)),
        _ => {}
    }
}

#[test]
fn every_operation_of_openapi_is_complete() {
    let document = openapi();
    let schemes = document["components"]["securitySchemes"].as_object().unwrap();
    let mut ids = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        let wanted: BTreeSet<&str> =
            path.split('/').filter_map(|part| part.strip_prefix('{').and_then(|part| part.strip_suffix('}'))).collect();
        for (method, operation) in methods.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            assert!(ids.insert(id), "{id} twice");
            assert!(!operation["summary"].as_str().unwrap().is_empty(), "{id}");
            let parameters = operation["parameters"].as_array().unwrap();
            let of = |place: &str| parameters.iter().filter(|p| p["in"] == place).collect::<Vec<_>>();
            let declared: BTreeSet<&str> = of("path").iter().map(|p| p["name"].as_str().unwrap()).collect();
            assert_eq!(declared, wanted, "{id}");
            assert!(of("path").iter().all(|p| p["required"] == true), "{id}");
            assert!(parameters.iter().all(|p| p["schema"].is_object()), "{id}");
            assert_eq!(of("path").len() + of("query").len() + of("header").len(), parameters.len(), "{id}");
            let security = operation.get("security").unwrap_or(&document["security"]).as_array().unwrap();
            assert!(security.iter().flat_map(|s| s.as_object().unwrap().keys()).all(|name| schemes.contains_key(name)), "{id}");
            assert!(method != "get" || operation.get("requestBody").is_none(), "{id}: a GET takes no body");
            let responses = operation["responses"].as_object().unwrap();
            assert!(responses.keys().any(|status| status.starts_with('2') || status == "303"), "{id}");
            assert!(responses.values().all(|response| response["description"].is_string()), "{id}");
        }
    }
    let programs = rows().filter(|row| !row.spec.is_page());
    assert_eq!(ids, programs.map(|row| row.spec.id).collect());
}

#[test]
fn every_field_that_wants_a_permission_is_in_the_schema_and_on_the_pages() {
    let document = openapi();
    let (permissions, endpoints) = (wardgraph_server::permissions::documentation().unwrap(), wardgraph_api::endpoints_document());
    let mut seen = 0;
    for spec in rows().map(|row| row.spec) {
        let operation = &document["paths"][spec.path][spec.method.word().to_lowercase()];
        for field in spec.fields {
            let (path, wanted) = (field.path, field.permission.word());
            let segments: Vec<&str> = path.split('.').collect();
            let request = &operation["requestBody"]["content"]["application/json"]["schema"];
            let answer = &operation["responses"]["200"]["content"]["application/json"]["schema"];
            assert!(holds(&document, request, &segments) || holds(&document, answer, &segments), "{}: {path}", spec.id);
            assert_eq!(operation["x-fields"][path], wanted, "{}", spec.id);
            let line = format!("| {} `{}`: `{path}` | `{wanted}` |", spec.method.word(), spec.path);
            let line = permissions.lines().find(|found| found.starts_with(&line)).unwrap_or_else(|| panic!("{line}"));
            assert_eq!(line.matches('|').count(), 13, "{line}");
            assert!(endpoints.contains(&format!("; `{path}`: `{wanted}` |")), "{}", spec.id);
            seen += 1;
        }
        assert_eq!(operation.get("x-fields").is_some(), !spec.fields.is_empty(), "{}", spec.id);
    }
    assert_eq!(seen, 8);
}

/// Whether what a schema describes has something at this place.
fn holds(document: &Value, schema: &Value, path: &[&str]) -> bool {
    if let Some(reference) = schema["$ref"].as_str() {
        return holds(document, document.pointer(reference.trim_start_matches('#')).unwrap(), path);
    }
    let Some((name, rest)) = path.split_first() else { return schema.is_object() };
    match name.strip_suffix("[]") {
        Some(list) => holds(document, &schema["properties"][list]["items"], rest),
        None => holds(document, &schema["properties"][*name], rest),
    }
}

/// What may be sent and is no free form: every schema that a body or a query reaches has members, and those alone. What clients of the OAuth server send
/// besides is passed over, as its standards have it (RFC 7591, section 2), and so is what comes with a question of AuthZEN's.
#[test]
fn what_may_be_sent_is_closed_unless_it_is_free_form() {
    let document = openapi();
    let mut seen = BTreeSet::new();
    let paths = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .filter(|(path, _)| !path.starts_with("/oauth2/") && !path.starts_with("/access/v1/"));
    for operation in paths.flat_map(|(_, methods)| methods.as_object().unwrap().values()) {
        closed(&document, &operation["requestBody"]["content"]["application/json"]["schema"], &mut seen);
    }
    assert!(seen.len() >= 8, "{seen:?}");
}

fn closed<'a>(document: &'a Value, schema: &'a Value, seen: &mut BTreeSet<&'a str>) {
    match schema {
        Value::Object(object) => {
            if object.contains_key("properties") {
                assert_eq!(object.get("additionalProperties"), Some(&Value::Bool(false)), "{schema}");
            }
            if let Some(reference) = object.get("$ref").and_then(Value::as_str)
                && seen.insert(reference)
            {
                closed(document, document.pointer(reference.trim_start_matches('#')).unwrap(), seen);
            }
            object.values().for_each(|value| closed(document, value, seen));
        }
        Value::Array(items) => items.iter().for_each(|value| closed(document, value, seen)),
        _ => {}
    }
}

#[tokio::test]
async fn what_is_served_is_what_is_written() {
    let app = wardgraph_testkit::App::start().await;
    let served = app.stranger().get("/openapi.json").await;
    assert_eq!(served.headers["content-type"], "application/json");
    assert_eq!(served.ok(), openapi());
    let page = app.stranger().get("/docs").await;
    assert_eq!(page.headers["content-type"], "text/html; charset=utf-8");
    for row in rows() {
        assert!(page.text.contains(&format!("<code>{}</code>", row.spec.path)), "{}", row.spec.id);
    }
}

/// The guide's table is the list of metrics.
#[test]
fn the_guide_has_the_list_of_metrics() {
    let row = |family: &Family| {
        let labels: Vec<_> = family.labels.iter().map(|label| format!("`{label}`")).collect();
        format!("| `{}` | {} | {} | {} |", family.name, family.kind.word(), labels.join(", "), family.help())
    };
    let rows: Vec<_> = metric::ALL.iter().map(row).collect();
    let guide = fs::read_to_string(repository().join("docs/guide.md")).unwrap();
    let told: Vec<_> =
        guide.lines().filter(|line| ["| `wardgraph_", "| `process_"].iter().any(|begin| line.starts_with(begin))).collect();
    assert!(told == rows, "docs/guide.md, \"Health, metrics, logs\", has another table than:\n{}", rows.join("\n"));
}

/// What is counted is declared: a name that another place makes up has no meaning, and labels that nobody bounds.
#[test]
fn nothing_is_counted_but_what_is_declared() {
    let rooms = fs::read_dir(repository().join("crates")).unwrap().map(|room| room.unwrap().path().join("src"));
    let mut counting = Vec::new();
    for path in rooms.flat_map(|room| sources(&room)) {
        let code = fs::read_to_string(&path).unwrap();
        let counts = ["counter!(", "gauge!(", "histogram!("].iter().any(|call| code.contains(&format!("metrics::{call}")));
        if counts || code.contains("\"wardgraph_http_") {
            counting.push(path.strip_prefix(repository()).unwrap().display().to_string());
        }
    }
    counting.sort();
    // The last starts with 0 what is declared.
    assert_eq!(counting, ["crates/http/src/exposition.rs", "crates/kernel/src/metric.rs"]);
}
