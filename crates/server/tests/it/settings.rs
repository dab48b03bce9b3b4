//! Configuration: every name of every setting, which source wins, and what is said of a bad one.

use std::{
    collections::BTreeMap,
    fs,
    net::TcpListener,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use tempfile::TempDir;
use wardgraph_server::Home;
use wardgraph_server::config::{Config, ConfigError, EmbeddingConfig, KEYS, Key, KeySettings, Kind, Setting, Settings, Source};
use wardgraph_store::Role;
use wardgraph_tokens::Algorithm;

use crate::binary::{Server, run};
use crate::layers::repository;

const SECRET: &str = "dev-secret-key-min-32-chars-long-for-testing";
pub(crate) const CANARY: &str = "canary-5dca1e-canary-5dca1e-canary-5dca1e";

fn settings(environment: &[(&str, &str)]) -> Result<Settings, ConfigError> {
    Settings::read(None, &environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
}

pub(crate) fn config(environment: &[(&str, &str)]) -> Result<Config, ConfigError> {
    Config::of(&settings(environment)?)
}

fn refusal(environment: &[(&str, &str)]) -> String {
    config(environment).map(|_| ()).unwrap_err().to_string()
}

fn setting(settings: &Settings, name: &str) -> Setting {
    settings.all().find(|setting| setting.key.name == name).unwrap().clone()
}

/// A good value that is not the default.
fn other(key: &Key) -> String {
    match (key.name, key.kind) {
        ("jwt.algorithm", _) => "HS256".into(),
        ("public_url", _) => "https://graph.example.com".into(),
        ("passkeys.domain", _) => "example.com".into(),
        ("passkeys.origins", _) => "https://app.graph.example.com".into(),
        ("tokens.algorithms", _) => "EdDSA".into(),
        ("accounts.registration", _) => "closed".into(),
        ("accounts.second_factor", _) => "required".into(),
        ("oauth.registration", _) => "open".into(),
        ("oauth.registered_scopes", _) => "nodes:read".into(),
        ("mail.smtp_host", _) => "other.example.com".into(),
        ("mail.smtp_tls", _) => "implicit".into(),
        ("mail.from", _) => "Somebody <somebody@example.com>".into(),
        (name, Kind::Secret) if name.starts_with("vault.") => STANDARD.encode(&CANARY[..32]),
        ("embedding.model", _) => "wordllama".into(),
        ("embedding.base_url", _) => "https://models.internal/v1".into(),
        ("embedding.deadline_ms", _) => "119999".into(),
        ("http.cors_origins", _) => "https://other.example".into(),
        ("log.format", _) => "json".into(),
        ("log.filter", _) => "debug".into(),
        (name, Kind::Secret) if name.starts_with("database.") => format!("postgres://{CANARY}@localhost/database"),
        (_, Kind::Text) => "other".into(),
        (_, Kind::Secret) => CANARY.into(),
        (_, Kind::Bool) => if key.default == "true" { "false" } else { "true" }.into(),
        (_, Kind::Number(least, most)) => if key.default == least.to_string() { most } else { least }.to_string(),
        (_, Kind::Listen) => "127.0.0.1:9".into(),
        (_, Kind::Path) => "/some/where".into(),
    }
}

fn file(folder: &TempDir, text: &str) -> PathBuf {
    let path = folder.path().join("wardgraph.toml");
    fs::write(&path, text).unwrap();
    path
}

/// A setting as a TOML file has it.
fn toml_of(key: &Key, value: &str) -> String {
    let value = match key.kind {
        Kind::Bool | Kind::Number(..) => value.to_owned(),
        Kind::Text | Kind::Secret | Kind::Listen | Kind::Path => format!("{value:?}"),
    };
    match key.name.split_once('.') {
        Some((section, name)) => format!("[{section}]\n{name} = {value}\n"),
        None => format!("{} = {value}\n", key.name),
    }
}

#[test]
fn every_setting_is_read_by_every_one_of_its_names() {
    let folder = TempDir::new().unwrap();
    for key in KEYS {
        let value = other(key);
        let shown = if key.kind == Kind::Secret { "(secret)" } else { &value };
        let from = |settings: &Settings| {
            let setting = setting(settings, key.name);
            (setting.shown().to_owned(), setting.source)
        };
        let variable = key.variable();
        for name in std::iter::once(variable.as_str()).chain(key.aliases.iter().copied()) {
            let read = settings(&[(name, &value)]).unwrap();
            assert_eq!(from(&read), (shown.to_owned(), Source::Variable(name.to_owned())), "{name}");
            assert!(!format!("{read:?}").contains(CANARY), "{name}");
            if key.kind == Kind::Secret {
                let secret = folder.path().join("secret");
                fs::write(&secret, format!("{value}\r\n")).unwrap();
                let name = format!("{name}_FILE");
                let read = settings(&[(&name, secret.to_str().unwrap())]).unwrap();
                assert_eq!(from(&read), (shown.to_owned(), Source::Variable(name)));
            }
        }
        let path = file(&folder, &toml_of(key, &value));
        assert_eq!(
            from(&Settings::read(Some(&path), &BTreeMap::new()).unwrap()),
            (shown.to_owned(), Source::File),
            "{}",
            key.name
        );
    }
}

#[test]
fn no_setting_is_without_effect() {
    let mut base = BTreeMap::from([
        ("http.trust_proxy", "true"),
        ("http.cors_origins", "https://app.example"),
        ("tls.certificate_file", "/certificate.pem"),
        ("tls.key_file", "/key.pem"),
        ("tls.client_ca_file", "/clients.pem"),
        ("jwt.secret_key", SECRET),
        ("jwt.algorithm", "HS256"),
        ("vault.master_key", wardgraph_testkit::MASTER_KEY),
        ("passkeys.domain", "graph.example.com"),
        ("passkeys.origins", "https://graph.example.com"),
        ("mail.smtp_host", "mail.example.com"),
        ("mail.smtp_user", "wardgraph"),
        ("mail.smtp_password", "a password"),
    ]);
    let service = BTreeMap::from([
        ("embedding.model", "openai"),
        ("embedding.base_url", "http://localhost:1/v1"),
        ("embedding.service_model", "some"),
        ("embedding.dimension", "8"),
    ]);
    let shown = |base: &BTreeMap<&'static str, &str>, changed: Option<(&Key, &str)>| {
        let mut values = base.clone();
        values.extend(changed.map(|(key, value)| (key.name, value)));
        let variable = |name: &str| KEYS.iter().find(|key| key.name == name).unwrap().variable();
        let environment = values.into_iter().map(|(name, value)| (variable(name), value.to_owned())).collect();
        format!("{:?}", Config::of(&Settings::read(None, &environment).unwrap()).unwrap())
    };
    let usual = shown(&base, None);
    let local_base = base.clone();
    base.extend(service);
    let with_service = shown(&base, None);
    for key in KEYS {
        let changed = match key.name {
            // These change nothing by themselves; the tests below hold what they do.
            "http.plain_beyond_loopback"
            | "embedding.plain_beyond_loopback"
            | "embedding.api_key"
            | "mail.smtp_password"
            | "jwt.algorithm"
            | "jwt.secret_key"
            | "jwt.public_key" => continue,
            name if name.starts_with("database.") && name.ends_with("_url") => continue,
            name if name.starts_with("aws.") => continue,
            "jwt.enabled" | "http.trust_proxy" => "false".to_owned(),
            _ => other(key),
        };
        let local = key.name == "embedding.threads";
        let (base, usual) = if local { (&local_base, &usual) } else { (&base, &with_service) };
        assert_ne!(shown(base, Some((key, &changed))), *usual, "{} = {changed} changes nothing", key.name);
    }
}

#[test]
fn the_environment_beats_the_file_and_the_file_the_default() {
    let folder = TempDir::new().unwrap();
    let path = file(&folder, "[jwt]\naudience = \"file\"\nissuer = \"file\"\n[http]\nmax_request_bytes = 2048\n");
    let environment =
        [("WARDGRAPH_JWT__AUDIENCE", "own"), ("JWT_AUDIENCE", "alias"), ("JWT_ISSUER", "alias"), ("WARDGRAPH_JWT__ISSUER", "")];
    let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let mut read = Settings::read(Some(&path), &environment).unwrap();
    let shown = |read: &Settings, name| setting(read, name).shown().to_owned();
    assert_eq!(shown(&read, "jwt.audience"), "own");
    assert_eq!(shown(&read, "jwt.issuer"), "alias");
    assert_eq!(shown(&read, "http.max_request_bytes"), "2048");
    assert_eq!(shown(&read, "http.listen"), "127.0.0.1:8080");
    read.set("http.listen", "127.0.0.1:1".into(), "--listen");
    assert_eq!(
        (shown(&read, "http.listen"), setting(&read, "http.listen").source),
        ("127.0.0.1:1".into(), Source::Flag("--listen"))
    );
    // Among other systems' names the first of the list wins; a variable beats its own file.
    let listed = [
        ("ACTIVEKG_DSN", "postgres://localhost/c"),
        ("ACTIVEKG_MIGRATE_DSN", "postgres://localhost/b"),
        ("DATABASE_URL", "postgres://localhost/a"),
    ];
    assert_eq!(config(&listed).unwrap().database.url.unwrap().expose(), "postgres://localhost/a");
    assert_eq!(config(&listed[..2]).unwrap().database.url.unwrap().expose(), "postgres://localhost/b");
    let both = [("DATABASE_URL", "postgres://localhost/a"), ("DATABASE_URL_FILE", "/not/there")];
    assert_eq!(config(&both).unwrap().database.url.unwrap().expose(), "postgres://localhost/a");
}

#[test]
fn the_seeds_own_names_configure_its_issuer() {
    let read = config(&[
        ("JWT_ENABLED", "true"),
        ("JWT_SECRET_KEY", SECRET),
        ("JWT_ALGORITHM", "HS256"),
        ("JWT_AUDIENCE", "activekg"),
        ("JWT_ISSUER", "https://staging-auth.yourcompany.com"),
        ("JWT_LEEWAY_SECONDS", "30"),
        ("RATE_LIMIT_ENABLED", "true"),
        ("TRUST_PROXY", "false"),
        ("REAL_IP_HEADER", "X-Forwarded-For"),
    ])
    .unwrap();
    let issuer = read.issuer.unwrap();
    let KeySettings::Fixed { algorithm, key } = &issuer.keys else { panic!("{issuer:?}") };
    assert_eq!((*algorithm, key.expose(), issuer.leeway.as_secs()), (Algorithm::HS256, SECRET, 30));
    assert_eq!((issuer.issuer.as_deref(), read.audience.as_str()), (Some("https://staging-auth.yourcompany.com"), "activekg"));
    assert!(!read.limits.is_disabled() && read.http.proxies.count == 0);
}

#[test]
fn a_setting_that_is_none_is_refused_by_name() {
    for name in
        ["WARDGRAPH_HTTP__LISTN", "WARDGRAPH_LISTEN", "WARDGRAPH_JWT_ENABLED", "WARDGRAPH_HTTP__LISTEN_FILE", "WARDGRAPH_"]
    {
        let told = settings(&[(name, "x")]).unwrap_err().to_string();
        assert!(told.contains(&format!("`{name}`")) && told.contains("wardgraph config"), "{told}");
    }
    // What is nobody's is nobody's business.
    settings(&[("JWT_ENABLEDD", "x"), ("HOME", "/root"), ("WARDGRAPH_DATA_DIR", "/x"), ("WARDGRAPH_CONFIG", "/x")]).unwrap();
    let folder = TempDir::new().unwrap();
    for (text, name) in
        [("[http]\nlistn = 1", "http.listn"), ("listen = 1", "listen"), ("[x]\ny = 1", "x.y"), ("[http.listen]\nx = 1", "http")]
    {
        let read =
            Settings::read(Some(&file(&folder, text)), &BTreeMap::new()).and_then(|settings| Config::of(&settings).map(|_| ()));
        let told = read.unwrap_err().to_string();
        assert!(told.contains(&format!("`{name}")) && told.contains("the configuration file"), "{text}: {told}");
    }
    for (path, text) in [(folder.path().join("missing"), "cannot be read"), (file(&folder, "[http"), "cannot be read")] {
        let told = Settings::read(Some(&path), &BTreeMap::new()).unwrap_err().to_string();
        assert!(told.contains(text) && told.contains(path.to_str().unwrap()), "{told}");
    }
}

#[test]
fn a_bad_value_names_the_setting_its_source_and_what_it_takes() {
    for (variable, name, bad, words) in [
        ("WARDGRAPH_HTTP__LISTEN", "http.listen", "localhost", "an address and port like"),
        ("WARDGRAPH_HTTP__LISTEN", "http.listen", "127.0.0.1:99999", "an address and port like"),
        ("MAX_REQUEST_SIZE_BYTES", "http.max_request_bytes", "10MB", "a whole number from 1024 to"),
        ("MAX_REQUEST_SIZE_BYTES", "http.max_request_bytes", "1", "a whole number from 1024 to"),
        ("WARDGRAPH_DATABASE__CONNECTIONS", "database.connections", "-1", "a whole number from 6 to 1000"),
        ("WARDGRAPH_LIMITS__SEARCH_BURST", "limits.search_burst", "0", "a whole number from 1 to"),
        ("WARDGRAPH_LIMITS__SEARCH_SUSTAINED", "limits.search_sustained", "1e3", "a whole number from 1 to"),
        ("TRUST_PROXY", "http.trust_proxy", "maybe", "`true` or `false`"),
        ("RATE_LIMIT_ENABLED", "limits.enabled", "2", "`true` or `false`"),
        ("WARDGRAPH_WORKER__ENABLED", "worker.enabled", "ja", "`true` or `false`"),
        ("WARDGRAPH_HTTP__CORS_ORIGINS", "http.cors_origins", "https://a.example, *", "`*` is not an origin of the form"),
        ("WARDGRAPH_HTTP__CORS_ORIGINS", "http.cors_origins", "https://a.example/", "without a path"),
        ("WARDGRAPH_HTTP__MAX_CONNECTIONS_PER_NETWORK", "http.max_connections_per_network", "0", "a whole number from 1 to"),
        ("WARDGRAPH_LOG__FORMAT", "log.format", "xml", "`text` or `json`"),
        ("WARDGRAPH_LOG__FILTER", "log.filter", "a=b=c", "a filter like"),
        ("WARDGRAPH_EMBEDDING__MODEL", "embedding.model", "gpt", "`minilm`, `wordllama` or `openai`"),
        ("ACTIVEKG_DSN", "database.url", "not a login, canary", "a Postgres login like"),
        ("ACTIVEKG_DSN", "database.url", "postgres://u:canary@db.example.com/d", "sslmode=verify-full"),
        ("WARDGRAPH_DATABASE__APP_URL", "database.app_url", "postgres://u:canary@h/d?sslmode=prefer", "`sslmode=disable`"),
        ("DATABASE_URL", "database.url", "postgres://u:canary@h/d?sslmode=verify-ca", "verify-ca"),
        ("DATABASE_URL", "database.url", "postgres://u:canary@h/d?sslmode=require&sslrootcert=/not/there", "/not/there"),
    ] {
        let told = refusal(&[(variable, bad)]);
        assert!(told.contains(&format!("`{name}`")), "{told}");
        assert!(told.contains(&format!("the variable {variable}")), "{told}");
        assert!(told.contains(words), "{told}");
        assert!(!told.contains("canary"), "{told}");
    }
    let key = ("JWT_SECRET_KEY", SECRET);
    assert!(
        refusal(&[key, ("JWT_ENABLED", "perhaps")])
            .contains("`jwt.enabled` (from the variable JWT_ENABLED) is not `true` or `false`")
    );
    assert!(
        refusal(&[key, ("JWT_ALGORITHM", "none")]).contains("`jwt.algorithm` (from the variable JWT_ALGORITHM) is not HS256")
    );
    assert!(refusal(&[key, ("JWT_ALGORITHM", "HS256"), ("JWT_LEEWAY_SECONDS", "301")]).contains("`jwt.leeway_seconds`"));
    let missing = settings(&[("JWT_SECRET_KEY_FILE", "/not/there")]).unwrap_err().to_string();
    assert!(missing.contains("/not/there"), "{missing}");
}

#[test]
fn an_embedding_service_is_named_whole_and_safely_or_not_at_all() {
    let whole = [
        ("WARDGRAPH_EMBEDDING__MODEL", "openai"),
        ("WARDGRAPH_EMBEDDING__BASE_URL", "https://api.openai.com/v1"),
        ("WARDGRAPH_EMBEDDING__SERVICE_MODEL", "text-embedding-3-small"),
        ("WARDGRAPH_EMBEDDING__DIMENSION", "512"),
        ("WARDGRAPH_EMBEDDING__API_KEY", CANARY),
    ];
    let with = |changed: &[(&'static str, &'static str)]| {
        let mut environment = BTreeMap::from(whole);
        environment.extend(changed.iter().copied());
        config(&environment.into_iter().collect::<Vec<_>>())
    };
    let read = with(&[]).unwrap();
    assert!(!format!("{read:?}").contains(CANARY));
    let EmbeddingConfig::Remote(options) = read.embedding else { panic!("{read:?}") };
    assert_eq!((options.model.as_str(), options.dimension), ("text-embedding-3-small", 512));
    assert_eq!(options.key.unwrap().expose(), CANARY);
    for (name, value, words) in [
        ("WARDGRAPH_EMBEDDING__BASE_URL", "", "needs `embedding.base_url`"),
        ("WARDGRAPH_EMBEDDING__BASE_URL", "api.openai.com", "is no address like"),
        ("WARDGRAPH_EMBEDDING__BASE_URL", "https://canary:x@api.openai.com/v1", "must hold no user"),
        ("WARDGRAPH_EMBEDDING__BASE_URL", "http://api.openai.com/v1", "in the clear: use https"),
        ("WARDGRAPH_EMBEDDING__SERVICE_MODEL", "", "needs `embedding.service_model`"),
        ("WARDGRAPH_EMBEDDING__SERVICE_MODEL", "two words", "without spaces"),
        ("WARDGRAPH_EMBEDDING__SPACE", "in side", "a name of at most 64 letters"),
        ("WARDGRAPH_EMBEDDING__SPACE", "a:b", "a name of at most 64 letters"),
        ("WARDGRAPH_EMBEDDING__DIMENSION", "", "needs `embedding.dimension`"),
        ("WARDGRAPH_EMBEDDING__DIMENSION", "16001", "a whole number from 1 to 16000"),
        ("WARDGRAPH_EMBEDDING__DIMENSION", "0", "a whole number from 1 to 16000"),
        ("WARDGRAPH_EMBEDDING__DEADLINE_MS", "9999", "embedding.deadline_ms is shorter"),
        ("WARDGRAPH_EMBEDDING__API_KEY", "canary\r\nX-Other: 1", "without spaces"),
    ] {
        let told = with(&[(name, value)]).map(|_| ()).unwrap_err().to_string();
        assert!(told.contains(words) && !told.contains("canary"), "{name}={value}: {told}");
    }
    let plain = [("WARDGRAPH_EMBEDDING__BASE_URL", "http://models.internal/v1")];
    assert!(with(&plain).is_err());
    with(&[plain[0], ("WARDGRAPH_EMBEDDING__PLAIN_BEYOND_LOOPBACK", "true")]).unwrap();
    with(&[("WARDGRAPH_EMBEDDING__BASE_URL", "http://127.0.0.1:11434/v1"), ("WARDGRAPH_EMBEDDING__API_KEY", "")]).unwrap();
}

#[test]
fn an_issuer_without_a_fit_key_is_refused() {
    let told = |environment: &[(&str, &str)], words: &[&str]| {
        let told = refusal(environment);
        assert!(words.iter().all(|word| told.contains(word)), "{told}");
        assert!(!told.contains("canary"), "{told}");
    };
    let hs256 = ("JWT_ALGORITHM", "HS256");
    told(
        &[hs256, ("JWT_SECRET_KEY", "canary-of-31-bytes-0123456789ab")],
        &["`jwt.secret_key`", "JWT_SECRET_KEY", "31 bytes", "32"],
    );
    told(&[("JWT_SECRET_KEY", SECRET)], &["jwt.algorithm is RS256", "`jwt.public_key`"]);
    told(&[("JWT_ENABLED", "true")], &["`jwt.public_key`"]);
    told(&[("JWT_ENABLED", "true"), hs256], &["`jwt.secret_key`"]);
    told(&[("JWT_PUBLIC_KEY", "canary, no PEM")], &["`jwt.public_key`", "PEM"]);
    let pem = "-----BEGIN PUBLIC KEY-----\\ncanary\\n-----END PUBLIC KEY-----";
    told(&[hs256, ("JWT_SECRET_KEY", pem)], &["`jwt.secret_key`", "PEM"]);
    assert!(config(&[hs256, ("JWT_SECRET_KEY", &SECRET[..32])]).is_ok());
    // False wins over any key, and no key means no issuer.
    assert!(config(&[("JWT_ENABLED", "false"), ("JWT_SECRET_KEY", "short"), hs256]).unwrap().issuer.is_none());
    assert!(config(&[]).unwrap().issuer.is_none());
}

/// There: a secret and a key in a start script, which listened to everybody.
#[test]
fn fault_36_secrets_are_each_installations_own_and_nobody_else_is_listened_to() {
    let folders = [TempDir::new().unwrap(), TempDir::new().unwrap()];
    let secrets = folders.each_ref().map(|folder| {
        let home = Home::open(&folder.path().join("data")).unwrap();
        (home.local_key().unwrap().to_pem().expose().to_owned(), home.role_password(Role::App).unwrap().expose().to_owned())
    });
    assert!(secrets[0].0 != secrets[1].0 && secrets[0].1 != secrets[1].1);
    for kept in walk(folders[0].path()) {
        assert_eq!(fs::metadata(&kept).unwrap().permissions().mode() & 0o077, 0, "{} is open to others", kept.display());
    }
    assert!(config(&[]).unwrap().http.listen.ip().is_loopback());
    let scripts = walk(&repository().join("scripts"));
    assert!(scripts.len() > 2);
    for script in scripts.into_iter().chain([repository().join("Makefile")]) {
        let text = fs::read(&script).unwrap();
        let holds = |word: &str| text.windows(word.len()).any(|bytes| bytes == word.as_bytes());
        for word in ["0.0.0.0", "SECRET_KEY=", "PRIVATE KEY-----", "PLAIN_BEYOND_LOOPBACK=true"] {
            assert!(!holds(word), "{} holds {word}", script.display());
        }
    }
}

fn walk(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}

#[test]
fn nothing_listens_to_other_machines_by_accident() {
    for open in ["0.0.0.0:8080", "[::]:8080", "192.168.0.7:80"] {
        let told = refusal(&[("WARDGRAPH_HTTP__LISTEN", open)]);
        assert!(told.contains("http.listen") && told.contains("http.plain_beyond_loopback = true"), "{told}");
        let allowed = [("WARDGRAPH_HTTP__LISTEN", open), ("WARDGRAPH_HTTP__PLAIN_BEYOND_LOOPBACK", "true")];
        assert!(config(&allowed).is_ok(), "{open}");
        let uncounted = [allowed[0], allowed[1], ("RATE_LIMIT_ENABLED", "false")];
        let told = refusal(&uncounted);
        assert!(told.contains("limits.enabled = false") && told.contains("loopback"), "{told}");
    }
    for loopback in ["127.0.0.1:1", "127.9.9.9:1", "[::1]:1"] {
        assert!(config(&[("WARDGRAPH_HTTP__LISTEN", loopback), ("RATE_LIMIT_ENABLED", "false")]).unwrap().limits.is_disabled());
    }
}

#[test]
fn roles_made_by_hand_come_all_or_with_a_maintenance_login() {
    let told = refusal(&[("WARDGRAPH_DATABASE__APP_URL", "postgres://localhost/a")]);
    assert!(told.contains("database.owner_url") && told.contains("worker_url"), "{told}");
    let with =
        config(&[("WARDGRAPH_DATABASE__APP_URL", "postgres://localhost/a"), ("DATABASE_URL", "postgres://localhost/b")]).unwrap();
    assert_eq!(with.database.role_urls.len(), 1);
}

#[test]
fn the_config_command_shows_every_setting_and_no_secret() {
    let secrets: Vec<(String, String)> =
        KEYS.iter().filter(|key| key.kind == Kind::Secret).map(|key| (key.variable(), other(key))).collect();
    assert!(secrets.len() >= 8);
    for algorithm in ["HS256", "RS256", "nonsense"] {
        let mut environment: Vec<_> = secrets.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        environment.push(("JWT_ALGORITHM", algorithm));
        let output = run(&environment, &["config"]);
        let (told, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        for (_, secret) in &secrets {
            assert!(!told.contains(secret) && !errors.contains(secret), "{told}{errors}");
        }
        assert!(!told.contains(CANARY) && !errors.contains(CANARY), "{told}{errors}");
        assert_eq!(output.status.success(), algorithm == "HS256", "{algorithm}: {errors}");
        for key in KEYS {
            assert!(told.lines().any(|line| line.split_whitespace().next() == Some(key.name)), "{} is not shown", key.name);
        }
        assert_eq!(told.matches("(secret)").count(), secrets.len());
    }
}

#[test]
fn a_server_that_would_not_be_safe_does_not_start() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    let short = [("JWT_ENABLED", "true"), ("JWT_ALGORITHM", "HS256"), ("JWT_SECRET_KEY", "canary")];
    let open = [("RATE_LIMIT_ENABLED", "false"), ("WARDGRAPH_HTTP__PLAIN_BEYOND_LOOPBACK", "true")];
    type Case<'a> = (&'a [(&'a str, &'a str)], &'a str, &'a [&'a str]);
    let cases: [Case; 5] = [
        (&[], "0.0.0.0:0", &["http.listen = 0.0.0.0:0", "plain_beyond_loopback"]),
        (&open, "0.0.0.0:0", &["limits.enabled = false", "loopback"]),
        (&short, "127.0.0.1:0", &["`jwt.secret_key`", "6 bytes", "32"]),
        (&[], &taken, &["cannot listen on", &taken, "in use"]),
        (&[], "nonsense", &["`http.listen` (from the flag --listen)", "an address and port like"]),
    ];
    for (environment, listen, words) in cases {
        let output = run(environment, &["serve", "--listen", listen, "--data-dir", data.to_str().unwrap()]);
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && output.stdout.is_empty(), "{listen}: {told}");
        assert!(words.iter().all(|word| told.contains(word)), "{listen}: {told}");
        assert!(!told.contains("canary") && !told.contains("panicked"), "{told}");
    }
    assert!(!data.join("postgres").exists(), "a Postgres was made for a server that may not start");
}

#[tokio::test]
async fn without_an_outside_issuer_there_is_no_anonymous_access() {
    let off = [("JWT_ENABLED", "false"), ("JWT_SECRET_KEY", SECRET), ("JWT_ALGORITHM", "HS256")];
    let server = Server::start(&off);
    let outside = {
        let output = run(
            &off[1..],
            &["token", "mint", "--tenant", "t", "--scopes", "kg:read", "--data-dir", server.data().to_str().unwrap()],
        );
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    let http = reqwest::Client::new();
    let status = async |token: Option<&str>| {
        let request = http.get(format!("{}/nodes", server.base));
        let request = token.into_iter().fold(request, reqwest::RequestBuilder::bearer_auth);
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(status(None).await, 401);
    assert_eq!(status(Some(&outside)).await, 401, "an outside token is believed although JWT_ENABLED is false");
    assert_eq!(status(Some(&server.mint("t", "kg:read"))).await, 200);
}
