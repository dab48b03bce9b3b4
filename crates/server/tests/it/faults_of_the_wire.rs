//! Faults that were found in Active Graph KG, of the kind that the wire is about; see `faults.rs`.

use std::collections::BTreeMap;

use wardgraph_server::{
    Home,
    config::{Config, KEYS, Kind, Settings},
};
use wardgraph_store::Role;

fn config(environment: &[(&str, &str)]) -> Result<Config, String> {
    let environment: BTreeMap<_, _> = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Settings::read(None, &environment).and_then(|settings| Config::of(&settings)).map_err(|error| error.to_string())
}

/// No secret is shipped, nothing is open to other machines by default, and what is open speaks TLS or says in words that it does not.
#[test]
fn fault_36_no_secret_is_shipped_and_nothing_listens_in_the_clear() {
    for key in KEYS.iter().filter(|key| key.kind == Kind::Secret) {
        assert_eq!(key.default, "", "{} has a default that everyone knows", key.name);
    }
    let usual = config(&[]).unwrap();
    assert!(usual.http.listen.ip().is_loopback() && usual.http.edge.cors.is_none());
    let open = ("WARDGRAPH_HTTP__LISTEN", "0.0.0.0:8080");
    let told = config(&[open]).map(|_| ()).unwrap_err();
    for word in [
        "tls.certificate_file",
        "tls.key_file",
        "http.plain_beyond_loopback = true",
        "WARDGRAPH_HTTP__PLAIN_BEYOND_LOOPBACK=true",
    ] {
        assert!(told.contains(word), "the mend `{word}` is not told: {told}");
    }
    let (certificate, key) = (("WARDGRAPH_TLS__CERTIFICATE_FILE", "/c.pem"), ("WARDGRAPH_TLS__KEY_FILE", "/k.pem"));
    assert!(config(&[open, certificate, key]).unwrap().http.tls.is_some());
    assert!(config(&[open, ("WARDGRAPH_HTTP__PLAIN_BEYOND_LOOPBACK", "true")]).unwrap().http.tls.is_none());
    // Half of what TLS needs is no TLS.
    for half in [&[open, certificate][..], &[open, key], &[("WARDGRAPH_TLS__CLIENT_CA_FILE", "/ca.pem")]] {
        assert!(config(half).map(|_| ()).unwrap_err().contains("needs both"), "{half:?}");
    }
    // What is generated is another at every place.
    let folders = [tempfile::TempDir::new().unwrap(), tempfile::TempDir::new().unwrap()];
    let made = folders.each_ref().map(|folder| {
        let home = Home::open(folder.path()).unwrap();
        (home.role_password(Role::App).unwrap().expose().to_owned(), home.local_key().unwrap().to_pem().expose().to_owned())
    });
    assert!(made[0].0 != made[1].0 && made[0].1 != made[1].1);
}
