//! OpenAPI 3.1, made from the endpoint table.

use std::sync::LazyLock;

use schemars::{SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};
use uuid::Uuid;
use wardgraph_kernel::{Access, ClientId, Rows, Spec};

use crate::{
    Problem,
    describe::{IdKind, Known, KnownAccount, KnownAgreement, KnownClient, KnownInvitations, KnownMfa, KnownReview, Shape},
    table::{Row, rows},
    wire::oauth::ErrorAnswer,
};

/// The document as it is served: of what programs call. Pages are for people, and their forms carry what only a page knows.
pub fn openapi() -> &'static str {
    static DOCUMENT: LazyLock<String> =
        LazyLock::new(|| serde_json::to_string_pretty(&document(|row| !row.spec.is_page())).unwrap_or_default());
    &DOCUMENT
}

/// The same of every endpoint, pages too: what tests make requests by.
pub fn every_endpoint() -> Value {
    document(|_| true)
}

/// The document of some endpoints. Deterministic: the same table gives the same text.
fn document(wanted: impl Fn(&Row) -> bool) -> Value {
    let mut generator =
        SchemaSettings::draft2020_12().with(|s| s.definitions_path = "/components/schemas".into()).into_generator();
    let mut paths = Map::new();
    for row in rows().filter(|row| wanted(row)) {
        let operation = operation(row, &mut generator);
        let path = paths.entry(row.spec.path).or_insert_with(|| json!({}));
        if let Some(path) = path.as_object_mut() {
            path.insert(row.spec.method.word().to_lowercase(), operation);
        }
    }
    generator.subschema_for::<Problem>();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Wardgraph",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Multi-tenant knowledge graphs and vector indices with their whole security layer.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "security": [{ "bearer": [] }],
        "paths": paths,
        "components": {
            "schemas": generator.take_definitions(true),
            "securitySchemes": {
                "bearer": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT" },
                "session": { "type": "apiKey", "in": "cookie", "name": "__Host-wg_session", "description": "The session of a browser: for pages alone" },
            },
        },
    })
}

fn operation(row: &Row, generator: &mut SchemaGenerator) -> Value {
    let spec = row.spec;
    let shape = (row.shape)();
    let doc = spec.doc.split_whitespace().collect::<Vec<_>>().join(" ");
    let (summary, rest) = doc.split_once(". ").unwrap_or((doc.trim_end_matches('.'), ""));
    let mut operation = json!({
        "operationId": spec.id,
        "summary": summary,
        "tags": [spec.path.trim_start_matches("/api/v1/").trim_start_matches('/').split('/').next().unwrap_or_default()],
        "x-access": spec.access.word(),
        "x-limit": spec.limit.word(),
        "parameters": parameters(spec, &shape, generator),
        "responses": responses(row, &shape, generator),
    });
    let Some(fields) = operation.as_object_mut() else { return operation };
    if !rest.is_empty() {
        fields.insert("description".into(), json!(doc));
    }
    match spec.access {
        Access::Permission(permission) => _ = fields.insert("x-permission".into(), json!(permission.word())),
        Access::Public(why) => {
            fields.insert("x-public".into(), json!(why));
            fields.insert("security".into(), json!([]));
        }
        Access::Credential(_) | Access::Signed(_) => _ = fields.insert("security".into(), json!([])),
        Access::Own(_) => {}
    }
    if spec.is_page() && !spec.access.admits_strangers() {
        fields.insert("security".into(), json!([{ "session": [] }]));
    }
    if spec.is_page() {
        fields.insert("x-by".into(), json!("browser"));
    }
    if spec.is_for_clients() {
        fields.insert("x-by".into(), json!("client"));
    }
    match spec.rows {
        Rows::Own => {}
        Rows::Shared => _ = fields.insert("x-rows".into(), json!("shared")),
        Rows::Account => _ = fields.insert("x-rows".into(), json!("account")),
        Rows::Subject => _ = fields.insert("x-rows".into(), json!("subject")),
        Rows::Organization => _ = fields.insert("x-rows".into(), json!("organization")),
        Rows::Members => _ = fields.insert("x-rows".into(), json!("members")),
        Rows::Accounts => _ = fields.insert("x-rows".into(), json!("accounts")),
        Rows::Directory => _ = fields.insert("x-rows".into(), json!("directory")),
    }
    if !spec.fields.is_empty() {
        let wanted: Map<String, Value> =
            spec.fields.iter().map(|field| (field.path.to_owned(), json!(field.permission.word()))).collect();
        fields.insert("x-fields".into(), wanted.into());
    }
    if let Some(why) = spec.fresh {
        fields.insert("x-fresh".into(), json!(why));
    }
    if let Some(event) = spec.event {
        fields.insert("x-event".into(), json!(event.word()));
    }
    if let Some(body) = shape.body {
        let media = if shape.form { "application/x-www-form-urlencoded" } else { "application/json" };
        let content = json!({ media: { "schema": body(generator), "example": (row.sample)(&placeholder()) } });
        fields.insert("requestBody".into(), json!({ "required": !shape.bodiless, "content": content }));
        fields.insert("x-body-bytes".into(), json!(spec.body_bytes));
    }
    operation
}

fn parameters(spec: &Spec, shape: &Shape, generator: &mut SchemaGenerator) -> Vec<Value> {
    let named = |(name, kind): (&str, IdKind)| {
        let schema = match kind {
            IdKind::Version => json!({ "type": "integer", "format": "int32", "minimum": 1 }),
            kind if kind.is_uuid() => json!({ "type": "string", "format": "uuid" }),
            _ => json!({ "type": "string" }),
        };
        json!({ "name": name, "in": "path", "required": true, "schema": schema })
    };
    // What stands in the path between braces, in its order.
    let places = spec.path.split('{').skip(1).filter_map(|rest| rest.split_once('}').map(|(name, _)| name));
    let ids = places.zip(shape.path.into_iter().chain(shape.within)).map(named);
    let query = shape.query.map(|query| query(generator)).unwrap_or_default();
    // A query's schema is a reference to an object; its members are the parameters.
    let object = query
        .get("$ref")
        .and_then(Value::as_str)
        .and_then(|r| r.rsplit('/').next())
        .and_then(|name| generator.definitions().get(name));
    let members = object.and_then(|o| o.get("properties")).and_then(Value::as_object).cloned().unwrap_or_default();
    let reads_a_version = shape.reads_a_version(spec.method);
    let if_match = (shape.if_match || reads_a_version).then(|| {
        json!({
            "name": "If-Match", "in": "header", "required": false, "schema": { "type": "string" },
            "description": "The `ETag` of the version that is meant: another one is 412",
        })
    });
    let if_none_match = reads_a_version.then(|| {
        json!({
            "name": "If-None-Match", "in": "header", "required": false, "schema": { "type": "string" },
            "description": "The `ETag` of the version that is known: if it is in force still the answer is 304, without a body",
        })
    });
    let key = spec.answers_again().then(|| {
        json!({
            "name": "Idempotency-Key", "in": "header", "required": false, "schema": { "type": "string", "pattern": "^[!-~]{1,255}$" },
            "description": "Sent again within a day, the same request is answered again and not done again",
        })
    });
    ids.chain(if_match)
        .chain(if_none_match)
        .chain(key)
        .chain(
            members.into_iter().map(|(name, schema)| json!({ "name": name, "in": "query", "required": false, "schema": schema })),
        )
        .collect()
}

fn responses(row: &Row, shape: &Shape, generator: &mut SchemaGenerator) -> Value {
    let mut responses = Map::new();
    let mut success = json!({ "description": "Success" });
    if let Some(media) = shape.content_type {
        let schema = shape.answer.map_or_else(|| json!({}), |answer| answer(generator).into());
        success = json!({ "description": "Success", "content": { media: { "schema": schema } } });
        if let Some((signed, content)) = shape.signed.zip(success.pointer_mut("/content").and_then(Value::as_object_mut)) {
            content.insert(signed.to_owned(), json!({ "schema": { "type": "string" } }));
        }
    }
    if shape.etag
        && let Some(fields) = success.as_object_mut()
    {
        let etag = json!({ "description": "The version, as `If-Match` takes it, and of a node how far its embedding has come", "schema": { "type": "string" } });
        fields.insert("headers".into(), json!({ "ETag": etag }));
        if shape.reads_a_version(row.spec.method) {
            let known = json!({ "description": "It is of the version that `If-None-Match` says", "headers": { "ETag": etag } });
            responses.insert("304".into(), known);
        }
    }
    for status in std::iter::once(shape.status).chain(shape.other_status) {
        responses.insert(status.to_string(), success.clone());
    }
    let page = row.spec.is_page();
    let for_clients = row.spec.is_for_clients();
    let content = if page {
        json!({ "text/html": { "schema": {} } })
    } else if for_clients {
        json!({ "application/json": { "schema": generator.subschema_for::<ErrorAnswer>() } })
    } else {
        json!({ "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } })
    };
    let problem = |description: &str| json!({ "description": description, "content": content });
    let guarded = !row.spec.access.admits_strangers();
    let credential = matches!(row.spec.access, Access::Credential(_));
    let permission = matches!(row.spec.access, Access::Permission(_));
    let person = row.spec.asks_for_a_person();
    for (applies, status, description) in [
        (
            shape.path.is_some()
                || shape.query.is_some()
                || shape.body.is_some()
                || row.spec.body_bytes == 0
                || row.spec.answers_again()
                || !row.spec.passes_over_what_it_does_not_know(),
            "400",
            "The request cannot be read",
        ),
        (guarded && page && shape.status != 303, "303", "Nobody is signed in: to the page where one does"),
        ((guarded && !page) || credential, "401", "No valid credential"),
        (permission, "403", "The credential lacks the permission"),
        (page, "403", "The request comes from another site, or its form is not this browser's"),
        (
            page && permission,
            "403",
            "The person lacks the permission, or the request comes from another site, or its form is not this browser's",
        ),
        (person && !permission && !page, "403", "The credential is no session of a person who signed in here"),
        (
            person && permission && !page,
            "403",
            "The credential lacks the permission, or is no session of a person who signed in here",
        ),
        (
            row.spec.fresh.is_some() && !page,
            "401",
            "No valid credential, or the sign-in is too long ago (`error=\"insufficient_user_authentication\"`)",
        ),
        (shape.path.is_some(), "404", "No such thing in this tenant"),
        (row.spec.rows == Rows::Account && shape.path.is_none() && !page, "404", "The account has no such thing"),
        (row.spec.event.is_some() && !for_clients, "409", "It collides with what is there"),
        (shape.if_match || shape.reads_a_version(row.spec.method), "412", "It is of another version than `If-Match` says"),
        (row.spec.body_bytes > 0, "413", "The body is too large"),
        ((shape.body.is_some() || shape.query.is_some()) && !for_clients, "422", "The request is not valid"),
        (guarded || credential, "429", "Too many requests"),
        (true, "503", "Not available right now"),
    ] {
        if applies {
            responses.insert(status.into(), problem(description));
        }
    }
    responses.into()
}

fn placeholder() -> Known {
    let id = |n: u128| Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 + n);
    let account = KnownAccount {
        email: "ada@example.com".into(),
        password: "correct horse battery staple".into(),
        session: id(5).into(),
        refresh_token: "wgr_...".into(),
        verify_token: "...".into(),
        reset_token: "...".into(),
        disown_token: "...".into(),
        api_key: id(6).into(),
        mfa: KnownMfa {
            factor: id(7).into(),
            mfa_token: "wgm_...".into(),
            code: "492039".into(),
            enrolment_token: "wgm_...".into(),
        },
        member: id(8).into(),
        invitations: KnownInvitations {
            id: id(9).into(),
            to_somebody_new: "...".into(),
            to_the_account: "...".into(),
            setup: "wgi_...".into(),
            new_address: "joan@example.com".into(),
        },
    };
    let client = KnownClient {
        id: ClientId::placeholder(),
        secret: "wgcs_...".into(),
        access_token: "eyJ...".into(),
        registered: ClientId::placeholder(),
        registration_token: "wgrt_...".into(),
        initial_token: id(11).into(),
    };
    let oauth = KnownAgreement {
        client_id: client.id.to_string(),
        redirect_uri: "https://app.example/cb".into(),
        organization: "org_...".into(),
        consent: id(10).into(),
        id_token: "eyJ...".into(),
        user_code: "BCDF-GHJK".into(),
    };
    let looked_at = KnownReview { review: id(13).into(), item: id(14).into(), elevation: id(15).into() };
    Known {
        node: id(1).into(),
        other: id(2).into(),
        edge: id(3).into(),
        shared: id(4).into(),
        account,
        client,
        oauth,
        looked_at,
        role: "production-reader".into(),
        grant: id(12).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_an_operation_and_says_who_may_enter() {
        let document = document(|row| !row.spec.is_page());
        let mut operations = 0;
        for row in rows().filter(|row| !row.spec.is_page()) {
            let operation = &document["paths"][row.spec.path][row.spec.method.word().to_lowercase()];
            assert_eq!(operation["operationId"], row.spec.id);
            assert_eq!(operation["x-access"], row.spec.access.word());
            assert_eq!(operation["security"] == json!([]), row.spec.access.admits_strangers());
            operations += 1;
        }
        let paths = document["paths"].as_object().unwrap();
        assert_eq!(paths.values().map(|p| p.as_object().unwrap().len()).sum::<usize>(), operations);
    }

    #[test]
    fn ids_and_paths_are_unique() {
        let mut ids: Vec<_> = rows().map(|r| r.spec.id).collect();
        let mut places: Vec<_> = rows().map(|r| (r.spec.method.word(), r.spec.path)).collect();
        let count = ids.len();
        ids.sort_unstable();
        ids.dedup();
        places.sort_unstable();
        places.dedup();
        assert_eq!((ids.len(), places.len()), (count, count));
    }
}
