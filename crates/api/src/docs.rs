//! The API page: the endpoint table for people. Plain HTML without scripts, so that the strictest content policy holds.

use std::{fmt::Write, sync::LazyLock};

use wardgraph_kernel::{Access, Field};

use crate::table::{Row, rows};

/// The page as it is served.
pub fn docs_page() -> &'static str {
    static PAGE: LazyLock<String> = LazyLock::new(page);
    &PAGE
}

fn page() -> String {
    let mut body = String::new();
    for row in rows() {
        section(&mut body, row);
    }
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><title>Wardgraph API</title>\
         <style>{STYLE}</style></head><body><h1>Wardgraph API</h1><p>Version {}. The same as <a href=\"/openapi.json\">OpenAPI 3.1</a>. \
         Send <code>Authorization: Bearer TOKEN</code>; errors are problem documents (RFC 9457).</p>{body}</body></html>",
        env!("CARGO_PKG_VERSION")
    )
}

/// `docs/endpoints.md`: the endpoint table, one row an endpoint.
pub fn endpoints_document() -> String {
    let mut out = String::from(
        "# Endpoints\n\nGenerated from the endpoint table (`crates/api/src/table/`); a test keeps it fresh. Access is who may enter (`fresh sign-in`: with a session whose \
         sign-in is at most `accounts.fresh_minutes` ago), permission what is asked, and after it which field wants another one besides, limit the class \
         that is charged, event what a change leaves in the audit log for each subject, body the largest one in bytes.\n\n\
         | method | path | access | permission | limit | event | body | what it does |\n|---|---|---|---|---|---|---|---|\n",
    );
    for Row { spec, .. } in rows() {
        let mut permission = match spec.access {
            Access::Permission(permission) => format!("`{permission}`"),
            Access::Own(_) | Access::Credential(_) | Access::Public(_) | Access::Signed(_) => String::new(),
        };
        for Field { path, permission: wanted } in spec.fields {
            let _ = write!(permission, "; `{path}`: `{wanted}`");
        }
        let why = match spec.access {
            Access::Own(why) | Access::Credential(why) | Access::Public(why) => format!(": {why}"),
            Access::Permission(_) | Access::Signed(_) => String::new(),
        };
        let fresh = spec.fresh.map(|why| format!("; fresh sign-in: {why}")).unwrap_or_default();
        let event = spec.event.map(|event| format!("`{}`", event.word())).unwrap_or_default();
        let doc = spec.doc.lines().map(str::trim).collect::<Vec<_>>().join(" ");
        // Writing to a String cannot fail.
        let _ = writeln!(
            out,
            "| {} | `{}` | {}{why}{fresh} | {permission} | {} | {event} | {} | {} |",
            spec.method.word(),
            spec.path,
            spec.access.word(),
            spec.limit.word(),
            spec.body_bytes,
            doc.trim(),
        );
    }
    out
}

fn section(out: &mut String, row: &Row) {
    let spec = row.spec;
    let shape = (row.shape)();
    let access = match spec.access {
        Access::Permission(permission) => format!("needs <code>{permission}</code>"),
        Access::Own(why) | Access::Credential(why) | Access::Public(why) => format!("{}: {}", spec.access.word(), escape(why)),
        Access::Signed(_) => "a verified signature".into(),
    };
    let field = |Field { path, permission }: &Field| format!(" · <code>{path}</code> needs <code>{permission}</code>");
    let fields: String = spec.fields.iter().map(field).collect();
    let fresh = spec.fresh.map(|why| format!(" · fresh sign-in: {}", escape(why))).unwrap_or_default();
    let event = spec.event.map(|event| format!(" · leaves <code>{}</code>", event.word())).unwrap_or_default();
    // Writing to a String cannot fail.
    let _ = write!(
        out,
        "<section id=\"{id}\"><h2><span class=\"{method}\">{method}</span> <code>{path}</code></h2><p>{doc}</p><p class=\"meta\">{access}{fields}{fresh} · limit <code>{limit}</code>{event} · answers {status}</p></section>",
        id = spec.id,
        method = spec.method.word(),
        path = escape(spec.path),
        doc = escape(spec.doc.trim()),
        limit = spec.limit.word(),
        status = shape.status,
    );
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem;color:#1a1a24;background:#fff}\
h2{font-size:1.05rem;margin:1.6rem 0 .2rem}section{border-top:1px solid #e3e3ea}code{font:0.92em ui-monospace,monospace}\
.meta{color:#5b5b6b;font-size:.88rem}h2 span{display:inline-block;min-width:4.2rem;font:700 .78rem ui-monospace,monospace}\
.GET{color:#0a6b3d}.POST{color:#1d4fb8}.DELETE{color:#b3261e}p{margin:.3rem 0}";
