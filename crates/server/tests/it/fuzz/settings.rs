//! Configuration: a bad file or variable is refused in words, and no word is a secret.

use std::{collections::BTreeMap, fs};

use proptest::{collection::vec, prelude::*, sample::select};
use wardgraph_server::config::{Config, KEYS, Kind, Settings};

use super::{
    fuzz,
    mangle::{corpus, mangled},
};

const CANARY: &str = "canary-5dca1e-canary-5dca1e-canary-5dca1e";
const WORDS: &[&str] = &[
    "[jwt]",
    "[http]",
    "[[http]]",
    "[database]",
    "=",
    "\"",
    "'''",
    "\"\"\"",
    "\n",
    "#",
    "{",
    "}",
    "true",
    "false",
    "-1",
    "0",
    "18446744073709551616",
    "1e400",
    "nan",
    "1979-05-27",
    "[1, 2]",
    "0x10",
    "secret_key = ",
    "listen = \"0.0.0.0:80\"",
    "enabled = false",
    "\\u0000",
    "\u{202e}",
    "canary-5dca1e",
];

/// Values that a setting may be given, whatever its kind.
fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "-?[0-9]{1,22}",
        select(vec![
            "true",
            "off",
            "127.0.0.1:0",
            "0.0.0.0:80",
            "[::]:1",
            "HS256",
            "none",
            "RS256",
            "postgres://u:p@h/d",
            "https://h/v1",
            "openai",
            "minilm"
        ])
        .prop_map(str::to_owned),
        Just(CANARY.to_owned()),
        Just(format!("-----BEGIN PUBLIC KEY-----\\n{CANARY}\\n-----END PUBLIC KEY-----")),
    ]
}

/// Variables of the environment: settings by all their names, and others like them.
fn environment() -> impl Strategy<Value = BTreeMap<String, String>> {
    let names: Vec<String> = KEYS
        .iter()
        .flat_map(|key| std::iter::once(key.variable()).chain(key.aliases.iter().map(|alias| (*alias).to_owned())))
        .collect();
    let name = prop_oneof![20 => select(names), 1 => "WARDGRAPH_[A-Z_]{1,12}", 1 => any::<String>()];
    vec((name, value()), 0..6).prop_map(BTreeMap::from_iter)
}

#[test]
fn configuration_is_understood_or_refused_in_words_that_tell_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wardgraph.toml");
    let secrets: Vec<String> =
        KEYS.iter().filter(|key| key.kind == Kind::Secret).map(wardgraph_server::config::Key::variable).collect();
    let strategy = (mangled(corpus("settings"), WORDS), environment());
    let mut read = 0;
    fuzz("tests/corpus/found/settings.txt", &strategy, |(file, mut environment)| {
        fs::write(&path, &file).unwrap();
        // One secret is always there.
        environment.entry(secrets[file.len() % secrets.len()].clone()).or_insert_with(|| CANARY.to_owned());
        let said = match Settings::read(Some(&path), &environment) {
            Err(error) => error.to_string(),
            Ok(settings) => {
                read += 1;
                let shown: String = settings
                    .all()
                    .filter(|setting| setting.key.kind == Kind::Secret)
                    .map(|setting| setting.shown().to_owned())
                    .collect();
                prop_assert!(!shown.contains(CANARY), "{shown}");
                match Config::of(&settings) {
                    Err(error) => error.to_string(),
                    Ok(config) => {
                        prop_assert!(config.http.max_request_bytes > 0);
                        format!("{config:?}")
                    }
                }
            }
        };
        // A value that stands elsewhere too, where it is no secret, may be told from there.
        let open = |secret: &str| environment.iter().any(|(name, value)| !secrets.contains(name) && value.contains(secret));
        let mut hidden =
            secrets.iter().filter_map(|name| environment.get(name)).filter(|secret| secret.len() > 20 && !open(secret));
        prop_assert!(!hidden.any(|secret| said.contains(secret.as_str())), "{said}");
        Ok(())
    });
    assert!(read > 20, "{read}: what was tried is too far from a configuration");
}
