//! What is said of this server's own keys and address, and where its master keys are.

use base64::{Engine, engine::general_purpose::STANDARD};
use wardgraph_server::config::MasterKeys;

use crate::settings::{CANARY, config};

#[test]
fn what_is_said_of_keys_and_the_public_address_is_checked() {
    let good = STANDARD.encode([7; 32]);
    for (name, value, told) in [
        ("WARDGRAPH_PUBLIC_URL", "graph.example.com", "public_url"),
        ("WARDGRAPH_PUBLIC_URL", "https://graph.example.com/", "public_url"),
        ("WARDGRAPH_PUBLIC_URL", "https://user@graph.example.com", "public_url"),
        ("WARDGRAPH_PUBLIC_URL", "https://graph.example.com?a", "public_url"),
        ("WARDGRAPH_PUBLIC_URL", "ftp://graph.example.com", "public_url"),
        ("WARDGRAPH_TOKENS__ALGORITHMS", "HS256", "tokens.algorithms"),
        ("WARDGRAPH_TOKENS__ALGORITHMS", "none", "tokens.algorithms"),
        ("WARDGRAPH_TOKENS__ALGORITHMS", ",", "tokens.algorithms"),
        ("WARDGRAPH_TOKENS__ACCESS_SECONDS", "3601", "tokens.access_seconds"),
        ("WARDGRAPH_VAULT__MASTER_KEY", "too-short", "vault.master_key"),
        ("WARDGRAPH_VAULT__PREVIOUS_MASTER_KEY", &good, "vault.master_key"),
    ] {
        let refused = config(&[(name, value)]).unwrap_err().to_string();
        assert!(
            refused.contains(told) && !refused.contains("too-short") && !refused.contains(&good),
            "{name}={value}: {refused}"
        );
    }
    let settled =
        config(&[("WARDGRAPH_PUBLIC_URL", "https://graph.example.com"), ("WARDGRAPH_VAULT__MASTER_KEY", &good)]).unwrap();
    assert_eq!(settled.own.public_url.as_deref(), Some("https://graph.example.com"));
    assert!(matches!(settled.master_keys, MasterKeys::Given(_)));
    assert!(matches!(config(&[]).unwrap().master_keys, MasterKeys::Folder));
}

#[test]
fn a_master_key_in_aws_needs_to_be_asked_for_in_the_open() {
    let base = [
        ("WARDGRAPH_VAULT__MASTER_KEY", "aws-secretsmanager://prod/wardgraph#master"),
        ("AWS_REGION", "eu-central-1"),
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", CANARY),
    ];
    let settled = config(&base).unwrap();
    let MasterKeys::Aws { access, id, field } = &settled.master_keys else { panic!("{settled:?}") };
    assert_eq!((id.as_str(), field.as_deref()), ("prod/wardgraph", Some("master")));
    assert_eq!(access.endpoint.as_str(), "https://secretsmanager.eu-central-1.amazonaws.com/");
    assert!(!format!("{settled:?}").contains(CANARY));
    for absent in 1..base.len() {
        let without: Vec<_> = base.iter().enumerate().filter(|(at, _)| *at != absent).map(|(_, pair)| *pair).collect();
        let refused = config(&without).unwrap_err().to_string();
        assert!(refused.contains("`aws.") && !refused.contains(CANARY), "{refused}");
    }
    for (name, value) in [
        ("WARDGRAPH_AWS__SECRETSMANAGER_URL", "http://secrets.internal"),
        ("WARDGRAPH_AWS__SECRETSMANAGER_URL", "secrets.internal"),
        ("WARDGRAPH_VAULT__PREVIOUS_MASTER_KEY", wardgraph_testkit::MASTER_KEY),
    ] {
        assert!(config(&[&base[..], &[(name, value)]].concat()).is_err(), "{name}={value}");
    }
    config(&[&base[..], &[("WARDGRAPH_AWS__SECRETSMANAGER_URL", "http://127.0.0.1:5000")]].concat()).unwrap();
}

#[test]
fn passkeys_are_bound_to_the_domain_of_the_public_address_unless_it_is_said() {
    let party = |environment: &[(&str, &str)], listen: &str| {
        let party = config(environment).unwrap().passkeys.party(listen.parse().unwrap());
        party.map(|party| party.id().to_owned())
    };
    let url = |url| ("WARDGRAPH_PUBLIC_URL", url);
    let (domain, origins) = (|text| ("WARDGRAPH_PASSKEYS__DOMAIN", text), |text| ("WARDGRAPH_PASSKEYS__ORIGINS", text));
    let here = "127.0.0.1:8080";
    assert_eq!(party(&[], here).as_deref(), Some("localhost"));
    assert_eq!(party(&[], "0.0.0.0:8080"), None);
    assert_eq!(party(&[url("https://graph.example.com:8443")], here).as_deref(), Some("graph.example.com"));
    assert_eq!(party(&[url("https://graph.example.com"), domain("example.com")], here).as_deref(), Some("example.com"));
    // What browsers give no passkeys to has none, and works otherwise.
    assert_eq!(party(&[url("https://192.0.2.1")], here), None);
    assert_eq!(party(&[url("http://graph.example.com")], here), None);
    for bad in [
        &[url("https://graph.example.com"), domain("example.org")] as &[_],
        &[url("https://graph.example.com"), origins("https://example.com")],
        &[url("https://graph.example.com"), origins("http://app.graph.example.com")],
        &[url("https://192.0.2.1"), origins("https://example.com")],
        &[domain("192.0.2.1"), origins("https://192.0.2.1")],
        &[domain("example.com")],
        &[origins("https://example.com")],
    ] {
        let told = config(bad).unwrap_err().to_string();
        assert!(told.contains("passkeys"), "{told}");
    }
}
