//! Several issuers in the configuration: read by name, from file and environment, and refused with the name of what is wrong.

use std::{collections::BTreeMap, fs};

use wardgraph_server::config::{Config, ConfigError, FAMILIES, KeySettings, Kind, Settings, Source};
use wardgraph_tokens::{Algorithm, Others};

const SECRET: &str = "canary-0123456789abcdef0123456789abcdef";

fn settings(environment: &[(&str, &str)], file: Option<&str>) -> Result<Settings, ConfigError> {
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("wardgraph.toml");
    fs::write(&path, file.unwrap_or_default()).unwrap();
    let environment: BTreeMap<_, _> = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Settings::read(Some(&path), &environment)
}

fn config(file: &str) -> Result<Config, ConfigError> {
    Config::of(&settings(&[], Some(file))?)
}

#[test]
fn issuers_have_names_and_each_its_own_rules() {
    let file = r#"
        [issuer.main]
        issuer = "https://id.example.com"
        jwks_url = "https://id.example.com/keys"
        tenants = "acme, bolt"
        new_tenants_per_hour = 0
        ceiling = "nodes:read, search:read"
        audience = "one,two"
        [issuer.partner_2]
        issuer = "https://partner.example.com"
        tenants = "*"
    "#;
    let environment = [("WARDGRAPH_ISSUER__PARTNER_2__SECRET_KEY", SECRET), ("WARDGRAPH_ISSUER__MAIN__ALGORITHMS", "ES256")];
    let settings = settings(&environment, Some(file)).unwrap();
    assert!(!format!("{settings:?}").contains("canary"));
    let secret = settings.all().find(|setting| setting.name == "issuer.partner_2.secret_key").unwrap();
    assert_eq!(
        (secret.shown(), &secret.source),
        ("(secret)", &Source::Variable("WARDGRAPH_ISSUER__PARTNER_2__SECRET_KEY".into()))
    );
    let config = Config::of(&settings).unwrap();
    let [main, partner] = config.issuers.as_slice() else { panic!("{:?}", config.issuers) };
    let KeySettings::Published { address, algorithms, .. } = &main.keys else { panic!("{main:?}") };
    assert_eq!((address.as_str(), algorithms.as_slice()), ("https://id.example.com/keys", &[Algorithm::ES256][..]));
    assert_eq!(
        (main.audiences.as_slice(), main.tenants.listed.len(), main.tenants.others),
        (&["one".into(), "two".into()][..], 2, Others::Refused)
    );
    assert_eq!(format!("{:?}", main.ceiling), r#"{"nodes:read", "search:read"}"#);
    assert!(matches!(&partner.keys, KeySettings::Fixed { algorithm: Algorithm::HS256, .. }));
    assert_eq!((partner.audiences.as_slice(), partner.tenants.others), (&["activekg".into()][..], Others::Any));
}

#[test]
fn every_setting_of_a_family_is_read_from_file_and_environment() {
    for key in FAMILIES {
        let name = key.name.replace('*', "some");
        let value = match key.kind {
            Kind::Number(least, _) => least.to_string(),
            Kind::Bool => "true".into(),
            _ => "other".to_owned(),
        };
        let variable = format!("WARDGRAPH_{}", name.to_uppercase().replace('.', "__"));
        let shown = |settings: Settings| settings.all().find(|setting| setting.name == name).unwrap().source.clone();
        assert_eq!(shown(settings(&[(&variable, &value)], None).unwrap()), Source::Variable(variable.clone()));
        let (section, part) = name.rsplit_once('.').unwrap();
        assert_eq!(shown(settings(&[], Some(&format!("[{section}]\n{part} = {value:?}\n"))).unwrap()), Source::File);
    }
}

#[test]
fn what_is_wrong_with_an_issuer_is_told_with_its_name() {
    let base = "[issuer.main]\nissuer = \"https://a.test\"\n";
    let https = "jwks_url = \"https://a.test/keys\"\n";
    for (file, words) in [
        ("[issuer.main]\njwks_url = \"https://a.test/keys\"\n".to_owned(), ["issuer.main.issuer", "iss"]),
        (base.to_owned(), ["`main`", "exactly one of"]),
        (format!("{base}{https}secret_key = \"{SECRET}\"\n"), ["`main`", "exactly one of"]),
        (format!("{base}jwks_url = \"http://keys.internal/\"\n"), ["`main`", "plain HTTP"]),
        (format!("{base}jwks_url = \"https://canary:canary@a.test/\"\n"), ["`main`", "no user or password"]),
        (format!("{base}jwks_url = \"file:///etc/passwd\"\n"), ["`main`", "neither http nor https"]),
        (format!("{base}jwks_url = \"https://127.1/\"\n"), ["`main`", "unusual"]),
        (format!("{base}{https}algorithms = \"HS256\"\n"), ["`main`", "never HS256's"]),
        (format!("{base}{https}algorithms = \"none\"\n"), ["issuer.main.algorithms", "RS256"]),
        (format!("{base}{https}ceiling = \"nodes:red\"\n"), ["issuer.main.ceiling", "permissions"]),
        (format!("{base}{https}tenants = \"Not A Tenant\"\n"), ["issuer.main.tenants", "tenants"]),
        (format!("{base}{https}keys_stale_seconds = 1\n"), ["`main`", "keys_stale_seconds"]),
        (format!("{base}secret_key = \"short-canary\"\n"), ["issuer.main.secret_key", "32"]),
        (format!("{base}public_key = \"canary\"\nalgorithms = \"RS256\"\n"), ["issuer.main.public_key", "PEM"]),
        (format!("{base}public_key = \"canary\"\n"), ["`main`", "exactly one of RS256"]),
        (format!("{base}{https}issuers = \"x\"\n"), ["issuer.main.issuers", "no setting"]),
        ("[issuer.Main]\nissuer = \"x\"\n".to_owned(), ["issuer.Main", "no setting"]),
        ("[issuers.main]\nissuer = \"x\"\n".to_owned(), ["issuers.main", "no setting"]),
        ("[issuer]\nissuer = \"x\"\n".to_owned(), ["issuer.issuer", "no setting"]),
    ] {
        let told = config(&file).map(|_| ()).unwrap_err().to_string();
        assert!(words.iter().all(|word| told.contains(word)) && !told.contains("canary"), "{file}: {told}");
    }
    for loopback in ["http://127.0.0.1:8080/keys", "http://[::1]/keys", "http://localhost/keys"] {
        config(&format!("{base}jwks_url = \"{loopback}\"\n")).unwrap();
    }
    config(&format!("{base}jwks_url = \"http://keys.internal/\"\nplain_beyond_loopback = true\n")).unwrap();
    for bad in [
        "WARDGRAPH_ISSUER__MAIN__ISUER",
        "WARDGRAPH_ISSUER__MAIN",
        "WARDGRAPH_ISSUER__A__B__ISSUER",
        "WARDGRAPH_ISSUER____ISSUER",
    ] {
        assert!(matches!(settings(&[(bad, "x")], None), Err(ConfigError::Unknown { .. })), "{bad}");
    }
}
