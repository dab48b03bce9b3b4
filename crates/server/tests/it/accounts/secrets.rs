//! What the database tells whoever reads all of it, and what its roles may see.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::json;
use wardgraph_store::Role;
use wardgraph_testkit::{App, PASSWORD, Person, octets};

use super::refresh;

/// Every row of every table, as text.
pub(super) async fn dump(app: &App) -> String {
    let client = app.database.behind_the_scenes().await;
    let tables = "select c.relname from pg_class c where c.relnamespace = 'wardgraph'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition";
    let mut dump = String::new();
    for row in client.query(tables, &[]).await.unwrap() {
        let table: String = row.get(0);
        for row in client.query(&format!("select t::text from wardgraph.{table} t"), &[]).await.unwrap() {
            dump.push_str(&row.get::<_, String>(0));
            dump.push('\n');
        }
    }
    dump
}

#[tokio::test]
async fn a_dump_of_the_database_holds_nothing_that_opens_anything() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let next = refresh(&app, &ada.refresh_token, "app").await.ok();
    let key = ada.caller.post("/api/v1/users/me/api-keys", &json!({ "name": "k", "scopes": ["nodes:read"] })).await.created();
    app.stranger().post("/api/v1/auth/password-reset", &json!({ "email": "ada@example.com" })).await;
    // Second factors: one that is being added, one that counts, a sign-in that waits for it, and one that it ended.
    let adding = ada.caller.post("/api/v1/auth/mfa/enable", &json!({ "method": "totp" })).await.created();
    let phone = ada.adds_an_app(&app).await;
    let waiting = Person::signing_in(&app, "ada@example.com").await;
    let ended = Person::signing_in(&app, "ada@example.com").await;
    let shown = json!({ "mfa_token": ended["mfa_token"], "code": phone.code(&app, 1) });
    let with_two = app.stranger().post("/api/v1/auth/mfa/verify", &shown).await.ok();
    // An invitation that waits, and links by which the server gets an administrator.
    let invited = json!({ "email": "joan@example.com", "role": "analyst" });
    ada.caller.post("/api/v1/invitations", &invited).await.created();
    let setup = app.setup_token(true).await.unwrap();
    let before = dump(&app).await;
    app.mail_everything().await;
    let (verify, reset) =
        (app.mails.token("ada@example.com", "verify-email"), app.mails.token("ada@example.com", "reset-password"));
    let changed = json!({ "current_password": PASSWORD, "new_password": "marble-tunnel-ferry-quilt" });
    assert_eq!(ada.caller.post("/api/v1/users/me/change-password", &changed).await.status, 204);
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let key = text(&key["key"]);
    let mut secrets = vec![
        PASSWORD.to_owned(),
        "marble-tunnel-ferry-quilt".into(),
        ada.refresh_token.clone(),
        text(&next["refresh_token"]),
        ada.caller.token.clone().unwrap(),
        text(&next["access_token"]),
        key.clone(),
        // The secret part alone, without what everyone may know of it.
        key[36..100].to_owned(),
        verify.clone(),
        reset.clone(),
    ];
    secrets.extend([&adding["mfa_token"], &waiting["mfa_token"], &ended["mfa_token"], &with_two["access_token"]].map(text));
    secrets.extend(phone.enabled["recovery_codes"].as_array().unwrap().iter().map(text));
    let invitation = app.mails.token("joan@example.com", "invitation");
    secrets.extend([invitation.clone(), setup.clone()]);
    // Octets are shown in hexadecimal.
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    secrets.push(hex(&URL_SAFE_NO_PAD.decode(&setup[4..]).unwrap()[16..]));
    for token in [&verify, &reset, &invitation] {
        secrets.push(hex(&URL_SAFE_NO_PAD.decode(token).unwrap()[16..]));
    }
    for token in [&ada.refresh_token, &text(&next["refresh_token"])] {
        secrets.push(hex(&URL_SAFE_NO_PAD.decode(&token[4..]).unwrap()[20..]));
    }
    secrets.push(hex(&URL_SAFE_NO_PAD.decode(&text(&with_two["refresh_token"])[4..]).unwrap()[20..]));
    for token in [&adding, &waiting, &ended].map(|begun| text(&begun["mfa_token"])) {
        secrets.push(hex(&URL_SAFE_NO_PAD.decode(&token[4..]).unwrap()[16..]));
    }
    for base32 in [text(&adding["secret"]), phone.secret.clone()] {
        secrets.push(hex(&octets(&base32)));
        secrets.push(base32);
    }
    for code in phone.enabled["recovery_codes"].as_array().unwrap() {
        secrets.push(text(code).replace('-', ""));
    }
    let everything = before + &dump(&app).await;
    assert!(everything.contains("ada@example.com") && everything.contains(&ada.session), "the dump is one");
    for secret in secrets {
        assert!(!everything.contains(&secret), "{secret}");
    }
}

#[tokio::test]
async fn nobody_sees_anothers_account_whatever_the_statement_says() {
    let app = App::start().await;
    let (ada, bob) = (app.person("ada@example.com").await, app.person("bob@example.com").await);
    for person in [&ada, &bob] {
        person.caller.post("/api/v1/users/me/api-keys", &json!({ "name": "k", "scopes": ["nodes:read"] })).await.created();
        person.adds_an_app(&app).await;
    }
    let client = app.database.connect_as(Role::App).await;
    let count = async |sql: &str| -> i64 { client.query_one(sql, &[]).await.unwrap().get(0) };
    let tables = ["users", "passwords", "memberships", "sessions", "api_keys", "factors"];
    for table in tables {
        assert_eq!(count(&format!("select count(user_id) from wardgraph.{table}")).await, 0, "{table} of nobody");
    }
    client
        .execute(
            "select set_config('app.current_user_id', $1, false), set_config('app.current_tenant_id', $2, false)",
            &[&ada.id, &ada.caller.tenant],
        )
        .await
        .unwrap();
    for table in tables {
        assert_eq!(count(&format!("select count(user_id) from wardgraph.{table}")).await, 1, "{table} of one");
    }
    assert_eq!(client.execute("update wardgraph.users set name = 'x' where email = 'bob@example.com'", &[]).await.unwrap(), 0);
    assert_eq!(client.execute("update wardgraph.sessions set ended_at = now()", &[]).await.unwrap(), 1);
    for denied in [
        "select family_key from wardgraph.sessions",
        "select verifier from wardgraph.sessions",
        "select sealed from wardgraph.identity_secrets",
        "select secret from wardgraph.factors",
        "select used_step from wardgraph.factors",
        "update wardgraph.factors set secret = ''",
        "insert into wardgraph.factors (factor_id, user_id, kind, name, created_at) values (gen_random_uuid(), gen_random_uuid(), 'totp', '', now())",
        "select verifier from wardgraph.recovery_codes",
        "update wardgraph.recovery_codes set used_at = null",
        "select 1 from wardgraph.challenges",
        "update wardgraph.sessions set amr = '{mfa}'",
        "update wardgraph.organizations set tier = 'enterprise'",
        "select 1 from wardgraph.links",
        "select 1 from wardgraph.attempts",
        "select 1 from wardgraph.mail",
        "update wardgraph.users set email = 'x'",
        "insert into wardgraph.memberships select * from wardgraph.memberships",
        "update wardgraph.api_keys set scopes = '{}'",
        "insert into wardgraph.mail (mail_id, kind, recipient, name, created_at, due_at) values (gen_random_uuid(), 'changed', 'bob@example.com', '', now(), now())",
    ] {
        let error = client.execute(denied, &[]).await.expect_err(denied);
        assert_eq!(error.code().unwrap().code(), "42501", "{denied}");
    }
    // Before anyone is known there are accounts, and no tenant's rows.
    let identity = app.database.connect_as(Role::Identity).await;
    for denied in [
        "select 1 from wardgraph.nodes",
        "select 1 from wardgraph.events",
        "delete from wardgraph.users",
        "select 1 from wardgraph.identity_secrets",
    ] {
        assert_eq!(identity.execute(denied, &[]).await.expect_err(denied).code().unwrap().code(), "42501", "{denied}");
    }
}
