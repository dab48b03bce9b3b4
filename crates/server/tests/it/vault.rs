//! Secrets in their rows: what a tenant, another role, a dump, a lost transaction and a change of the master key can do to them.

use std::{process::Command, sync::Arc};

use tokio_postgres::config::Host;
use wardgraph_kernel::{Identity, Read, Secret, TenantId, Write};
use wardgraph_store::{Plan, Role, Scope, Store};
use wardgraph_testkit::{App, AppOptions, Cluster, Database, MASTER_KEY};
use wardgraph_tokens::Algorithm;
use wardgraph_vault::{Field, FileSource, FixedSource, MasterKey, Vault, VaultError};

use crate::{
    binary::{Server, run},
    layers::repository,
};

const FIELD: Field<'static> = Field { table: "totp", column: "secret", row: "7" };

fn tenant(name: &str) -> Scope {
    Scope::Tenant(TenantId::parse(name).unwrap())
}

/// Seals in a transaction of its own.
async fn seal(vault: &Vault, store: &Store, scope: Scope, secret: &[u8]) -> Result<Vec<u8>, VaultError> {
    let mut unit = store.unit::<Write>(Role::App, scope, Plan::Generic)?;
    let sealed = vault.seal(&mut unit.tx::<Write>(), FIELD, secret).await?;
    unit.commit(&[]).await?;
    Ok(sealed)
}

async fn open(vault: &Vault, store: &Store, scope: Scope, field: Field<'_>, sealed: &[u8]) -> Result<Vec<u8>, VaultError> {
    let mut unit = store.unit::<Read>(Role::App, scope, Plan::Generic)?;
    Ok(vault.open(&mut unit.tx::<Read>(), field, sealed).await?.to_vec())
}

async fn of(keys: &[&Secret]) -> Vault {
    Vault::open_with(Arc::new(FixedSource::new(keys.iter().copied()).unwrap())).await.unwrap()
}

/// How many data keys each master key wraps: its name, and how many.
async fn wrapped(database: &Database) -> Vec<(String, i64)> {
    let client = database.behind_the_scenes().await;
    let question = "select master_key_id, count(*) from wardgraph.data_keys group by 1 order by 1";
    client.query(question, &[]).await.unwrap().iter().map(|row| (row.get(0), row.get(1))).collect()
}

#[tokio::test]
async fn a_tenants_secret_opens_in_its_place_alone() {
    let app = App::start().await;
    let sealed = seal(&app.vault, &app.store, tenant("a"), b"a secret").await.unwrap();
    seal(&app.vault, &app.store, tenant("b"), b"another").await.unwrap();
    // A vault that remembers nothing reads the key from its row.
    for vault in [&app.vault, &of(&[&Secret::new(MASTER_KEY)]).await] {
        assert_eq!(open(vault, &app.store, tenant("a"), FIELD, &sealed).await.unwrap(), b"a secret");
        for other in ["b", "c"] {
            let refused = open(vault, &app.store, tenant(other), FIELD, &sealed).await;
            assert!(matches!(refused, Err(VaultError::NoDataKey)), "{other}: {refused:?}");
        }
        for field in [Field { row: "8", ..FIELD }, Field { column: "name", ..FIELD }, Field { table: "users", ..FIELD }] {
            let refused = open(vault, &app.store, tenant("a"), field, &sealed).await;
            assert!(matches!(refused, Err(VaultError::Sealed)), "{field:?}: {refused:?}");
        }
        let refused = open(vault, &app.store, tenant("a"), FIELD, b"never sealed").await;
        assert!(matches!(refused, Err(VaultError::Form)), "{refused:?}");
    }
}

#[tokio::test]
async fn a_ceremony_seals_for_the_system() {
    let app = App::start().await;
    let mut unit = app.store.unit::<Identity>(Role::Identity, Scope::System, Plan::Generic).unwrap();
    let sealed = app.vault.seal(&mut unit.tx::<Identity>(), FIELD, b"a secret").await.unwrap();
    unit.commit(&[]).await.unwrap();
    let mut unit = app.store.unit::<Identity>(Role::Identity, Scope::System, Plan::Generic).unwrap();
    assert_eq!(&**app.vault.open(&mut unit.tx::<Identity>(), FIELD, &sealed).await.unwrap(), b"a secret");
    let refused = open(&app.vault, &app.store, tenant("a"), FIELD, &sealed).await;
    assert!(matches!(refused, Err(VaultError::NoDataKey)), "{refused:?}");
}

#[tokio::test]
async fn a_row_that_is_moved_to_another_tenant_opens_nothing_there() {
    let app = App::start().await;
    let sealed = seal(&app.vault, &app.store, tenant("a"), b"a secret").await.unwrap();
    // Whoever can write to the database as its owner takes the key along with the value.
    let client = app.database.behind_the_scenes().await;
    client.batch_execute("update wardgraph.data_keys set tenant_id = 'b' where tenant_id = 'a'").await.unwrap();
    let fresh = of(&[&Secret::new(MASTER_KEY)]).await;
    let refused = open(&fresh, &app.store, tenant("b"), FIELD, &sealed).await;
    assert!(matches!(refused, Err(VaultError::Wrapped)), "{refused:?}");
}

#[tokio::test]
async fn a_data_key_of_a_lost_transaction_seals_nothing_more() {
    let app = App::start().await;
    let mut lost = app.store.unit::<Write>(Role::App, tenant("a"), Plan::Generic).unwrap();
    for secret in [b"one", b"two"] {
        app.vault.seal(&mut lost.tx::<Write>(), FIELD, secret).await.unwrap();
    }
    drop(lost);
    let sealed = seal(&app.vault, &app.store, tenant("a"), b"three").await.unwrap();
    let fresh = of(&[&Secret::new(MASTER_KEY)]).await;
    assert_eq!(open(&fresh, &app.store, tenant("a"), FIELD, &sealed).await.unwrap(), b"three");
}

#[tokio::test]
async fn the_tables_of_keys_are_closed_to_other_tenants_and_other_roles() {
    let app = App::start().await;
    seal(&app.vault, &app.store, tenant("a"), b"a secret").await.unwrap();
    for (role, scope, table, expected) in [
        (Role::App, "a", "data_keys", Some(1)),
        (Role::App, "b", "data_keys", Some(0)),
        (Role::App, "", "data_keys", Some(0)),
        (Role::App, "*", "data_keys", Some(0)),
        (Role::Identity, "a", "data_keys", Some(1)),
        (Role::Identity, "_system", "data_keys", Some(1)),
        (Role::Admin, "a", "data_keys", None),
        (Role::App, "_system", "signing_keys", None),
        (Role::Identity, "_system", "signing_keys", None),
        (Role::Admin, "_system", "signing_keys", None),
        (Role::App, "a", "changes", None),
        (Role::Identity, "_system", "changes", None),
        (Role::Admin, "_system", "master_keys", None),
        (Role::Owner, "a", "data_keys", Some(0)),
        (Role::Owner, "_system", "signing_keys", Some(0)),
    ] {
        let client = app.database.connect_as(role).await;
        client.execute("select set_config('app.current_tenant_id', $1, false)", &[&scope]).await.unwrap();
        // Whoever erases a tenant may see that it has keys, and none of them.
        let column = if table == "data_keys" { "wrapped" } else { "1" };
        let rows = client.query(&format!("select {column} from wardgraph.{table}"), &[]).await.map(|rows| rows.len()).ok();
        assert_eq!(rows, expected, "{role:?} in `{scope}` reads {table}");
    }
    let app_role = app.database.connect_as(Role::App).await;
    app_role.batch_execute("set app.current_tenant_id = 'b'").await.unwrap();
    for statement in [
        "insert into wardgraph.data_keys (tenant_id, data_key_id, master_key_id, wrapped) values ('a', gen_random_uuid(), 'm', '')",
        "insert into wardgraph.changes (tenant_id, kind, subject, until) values ('a', 'session_ended', 's', now())",
        "update wardgraph.data_keys set wrapped = ''",
        "delete from wardgraph.data_keys",
    ] {
        assert!(app_role.batch_execute(statement).await.is_err(), "{statement}");
    }
}

/// What `pg_dump` writes of the whole database.
fn dump(database: &Database) -> String {
    let login = database.superuser.config();
    let Some(Host::Unix(socket)) = login.get_hosts().first() else { panic!("the tests' Postgres has a socket") };
    let output = Command::new(repository().join(".cache/postgres/current/bin/pg_dump"))
        .env("PGPASSWORD", String::from_utf8_lossy(login.get_password().unwrap()).as_ref())
        .args(["-h", socket.to_str().unwrap(), "-U", login.get_user().unwrap(), login.get_dbname().unwrap()])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn a_dump_holds_no_key_in_the_clear() {
    use base64::{Engine, engine::general_purpose::STANDARD};
    let algorithms = vec![Algorithm::ES256, Algorithm::EdDSA, Algorithm::RS256];
    let app = App::with(AppOptions { algorithms, ..AppOptions::default() }).await;
    seal(&app.vault, &app.store, tenant("a"), b"a secret that nobody may see").await.unwrap();
    let dump = dump(&app.database);
    let rows =
        app.database.behind_the_scenes().await.query("select key_id, sealed from wardgraph.signing_keys", &[]).await.unwrap();
    assert_eq!(rows.len(), 3);
    let mut secrets = vec![STANDARD.decode(MASTER_KEY).unwrap(), b"a secret that nobody may see".to_vec()];
    for row in rows {
        let (id, sealed): (String, Vec<u8>) = (row.get(0), row.get(1));
        assert!(dump.contains(&id), "the dump has the row of each key");
        let mut unit = app.store.unit::<Read>(Role::Worker, Scope::System, Plan::Generic).unwrap();
        let field = Field { table: "signing_keys", column: "sealed", row: &id };
        let pkcs8 = app.vault.open(&mut unit.tx::<Read>(), field, &sealed).await.unwrap();
        // The public half stands in the dump by right: it is what the private one begins or ends with.
        let private = pkcs8.windows(16).skip(36).take(12).map(<[u8]>::to_vec);
        secrets.extend(private);
        secrets.push(pkcs8.to_vec());
    }
    for secret in secrets {
        let hex: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(!dump.contains(&hex) && !dump.contains(&STANDARD.encode(&secret)), "a secret of {} bytes", secret.len());
    }
}

#[tokio::test]
async fn a_master_key_is_changed_while_servers_seal_and_open() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("master.keys");
    std::fs::write(&path, MASTER_KEY).unwrap();
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let source = || Arc::new(FileSource::new(path.clone()));
    let options = || AppOptions { masters: Some(source()), ..AppOptions::default() };
    let database = Cluster::get().database().await;
    let (one, two) = (App::over(database.clone(), options()).await, App::over(database.clone(), options()).await);
    let mut sealed = Vec::new();
    for name in ["a", "b", "c"] {
        sealed.push((name, seal(&two.vault, &two.store, tenant(name), name.as_bytes()).await.unwrap()));
    }
    let old = one.vault.masters()[0].id().to_string();

    let (vault, store) = (two.vault.clone(), two.store.clone());
    let (stop, mut stopped) = tokio::sync::oneshot::channel();
    let busy = tokio::spawn(async move {
        let mut made = Vec::new();
        for turn in 0.. {
            let scope = format!("t{turn}");
            let value = seal(&vault, &store, tenant(&scope), scope.as_bytes()).await.unwrap();
            assert_eq!(open(&vault, &store, tenant(&scope), FIELD, &value).await.unwrap(), scope.as_bytes());
            made.push((scope, value));
            if turn >= 5 && stopped.try_recv().is_ok() {
                break;
            }
        }
        made
    });
    let change = one.keys.rotate_master().await.unwrap().unwrap();
    // Two, `_system` and the system's: whatever came between is wrapped with one or the other.
    assert!(change.master != old && change.rewrapped >= 4, "{change:?}");
    stop.send(()).unwrap();
    let made = busy.await.unwrap();
    // What was wrapped with the old one in the last moment is wrapped anew in the keeper's next turn.
    one.keys.turn().await.unwrap();

    assert_eq!(wrapped(&database).await, [(change.master.clone(), i64::try_from(made.len() + 4).unwrap())]);
    // Only the new one is known here.
    let text = std::fs::read_to_string(&path).unwrap();
    let new = Secret::new(text.lines().next().unwrap());
    assert_eq!(MasterKey::read(&new).unwrap().id().as_str(), change.master);
    let fresh = of(&[&new]).await;
    for (name, value) in sealed.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).chain(made) {
        assert_eq!(open(&fresh, &one.store, tenant(&name), FIELD, &value).await.unwrap(), name.as_bytes());
    }
    two.user("org_a", "u", &["nodes:read"]).get("/api/v1/whoami").await.ok();
}

#[tokio::test]
async fn a_key_that_is_no_longer_current_wraps_nothing_more() {
    let app = App::start().await;
    let (old, new) = (Secret::new(MASTER_KEY), MasterKey::generate().unwrap());
    let behind = of(&[&old]).await;
    let both = of(&[&new, &old]).await;
    let mut unit = app.store.unit::<Write>(Role::Worker, Scope::System, Plan::Generic).unwrap();
    assert!(both.change_master(&mut unit.tx(), both.masters()[0].id()).await.unwrap());
    unit.commit(&[]).await.unwrap();

    let refused = seal(&behind, &app.store, tenant("a"), b"a secret").await;
    assert!(matches!(refused, Err(VaultError::NoMasterKey(_))), "{refused:?}");
    seal(&both, &app.store, tenant("a"), b"a secret").await.unwrap();
    let ids: Vec<_> = wrapped(&app.database).await;
    // The system's own is wrapped with the old one until it is wrapped anew.
    assert_eq!(ids.iter().map(|(_, count)| count).sum::<i64>(), 2, "{ids:?}");
    assert!(ids.contains(&(both.masters()[0].id().to_string(), 1)), "{ids:?}");
}

#[tokio::test]
async fn a_master_key_is_not_changed_while_data_keys_are_under_an_unknown_one() {
    let app = App::start().await;
    seal(&app.vault, &app.store, tenant("a"), b"a secret").await.unwrap();
    let stranger = of(&[&MasterKey::generate().unwrap()]).await;
    let mut unit = app.store.unit::<Write>(Role::Worker, Scope::System, Plan::Generic).unwrap();
    let refused = stranger.change_master(&mut unit.tx(), stranger.masters()[0].id()).await;
    let known = app.vault.masters()[0].id().to_string();
    assert!(matches!(&refused, Err(VaultError::NoMasterKey(id)) if *id == known), "{refused:?}");
}

#[tokio::test]
async fn a_server_without_the_databases_master_key_does_not_begin() {
    let app = App::start().await;
    let stranger = of(&[&MasterKey::generate().unwrap()]).await;
    let mut unit = app.store.unit::<Write>(Role::Worker, Scope::System, Plan::Generic).unwrap();
    let refused = stranger.begin(&mut unit.tx()).await;
    let known = app.vault.masters()[0].id().to_string();
    assert!(matches!(&refused, Err(VaultError::NoMasterKey(id)) if *id == known), "{refused:?}");
}

/// What `wardgraph key ...` prints beside a server that runs.
fn key(server: &Server, arguments: &[&str]) -> String {
    let data = server.data();
    let output = run(&[("WARDGRAPH_DATA_DIR", data.to_str().unwrap())], &[&["key"], arguments].concat());
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn the_keys_of_a_running_server_are_changed_by_a_command() {
    let server = Server::start(&[]);
    let published = async || -> Vec<String> {
        let answer = reqwest::get(format!("{}/.well-known/jwks.json", server.base)).await.unwrap();
        let body: serde_json::Value = answer.json().await.unwrap();
        body["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
    };
    let (shown, before) = (key(&server, &["show"]), published().await);
    assert!(shown.contains("wraps 1 data keys, the current one"), "{shown}");
    assert!(before.len() == 3 && before.iter().all(|id| shown.contains(id)), "{shown} {before:?}");

    let told = key(&server, &["rotate"]);
    assert!(told.contains("1 data keys were wrapped anew"), "{told}");
    let shown = key(&server, &["show"]);
    assert!(shown.contains("wraps 0 data keys\n") && shown.contains("wraps 1 data keys, the current one"), "{shown}");

    let told = key(&server, &["rotate", "--signing", "--revoke"]);
    assert_eq!(told.matches("was taken back").count(), 3, "{told}");
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    let after = published().await;
    assert!(after.len() == 3 && after.iter().all(|id| !before.contains(id)), "{before:?} {after:?}");
}
