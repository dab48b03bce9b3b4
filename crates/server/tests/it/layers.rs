//! The rooms' borders (design, section 3): who may import whom, what every crate inherits, how long a file may be.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

/// What each room may import of the others. Closed: a new room, or a new import, is decided here.
const ROOMS: &[(&str, &[&str])] = &[
    ("kernel", &[]),
    ("shares", &[]),
    ("api", &["kernel"]),
    ("egress", &["kernel", "shares"]),
    ("store", &["kernel", "shares"]),
    ("vault", &["kernel", "egress", "store"]),
    ("tokens", &["kernel", "shares", "egress", "store", "vault"]),
    ("access", &["kernel", "shares"]),
    ("limits", &["kernel"]),
    ("embed", &["kernel", "shares", "egress"]),
    ("audit", &["kernel", "store"]),
    ("graph", &["kernel", "store", "embed"]),
    ("identity", &["kernel", "egress", "store", "vault"]),
    ("oauth", &["kernel", "egress", "store", "vault", "tokens", "identity"]),
    ("organizations", &["kernel", "store", "access", "identity"]),
    (
        "gate",
        &[
            "kernel",
            "shares",
            "api",
            "store",
            "vault",
            "audit",
            "tokens",
            "limits",
            "access",
            "identity",
            "oauth",
            "organizations",
        ],
    ),
    (
        "http",
        &[
            "kernel",
            "shares",
            "api",
            "vault",
            "tokens",
            "audit",
            "embed",
            "graph",
            "limits",
            "access",
            "identity",
            "oauth",
            "organizations",
            "gate",
        ],
    ),
    ("worker", &["kernel", "egress", "vault", "tokens", "audit", "embed", "graph", "identity", "oauth", "organizations", "gate"]),
    (
        "server",
        &[
            "kernel",
            "api",
            "egress",
            "store",
            "vault",
            "audit",
            "tokens",
            "limits",
            "embed",
            "graph",
            "access",
            "identity",
            "oauth",
            "organizations",
            "gate",
            "http",
            "worker",
        ],
    ),
    (
        "testkit",
        &[
            "kernel",
            "api",
            "egress",
            "store",
            "vault",
            "audit",
            "tokens",
            "limits",
            "embed",
            "graph",
            "access",
            "identity",
            "oauth",
            "organizations",
            "gate",
            "http",
            "worker",
            "server",
        ],
    ),
];

/// Who may speak to Postgres by itself: the store, and the logins of the demo's attacks and of tests, which go around it on purpose.
const POSTGRES: &[&str] = &["store", "server", "testkit"];

/// A file that has outgrown one reading.
const MOST_LINES: usize = 500;

pub(crate) fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

#[test]
fn imports_go_one_way() {
    let allowed: BTreeMap<&str, &[&str]> = ROOMS.iter().copied().collect();
    for package in packages() {
        let room = room(&package["name"]).unwrap();
        let may = allowed.get(room).unwrap_or_else(|| panic!("`{room}` is a new room: say in ROOMS what it may import"));
        for dependency in package["dependencies"].as_array().unwrap() {
            let Some(imported) = self::room(&dependency["name"]) else { continue };
            // Tests may stand on the test kit, and on nothing else that the room itself may not know.
            let for_tests = dependency["kind"] == "dev" && imported == "testkit";
            assert!(may.contains(&imported) || for_tests, "`{room}` imports `{imported}`");
        }
    }
}

#[test]
fn the_rooms_form_no_circle() {
    let mut known = BTreeSet::new();
    for (room, imports) in ROOMS {
        assert!(imports.iter().all(|import| known.contains(import)), "`{room}` stands before something that it imports");
        known.insert(room);
    }
}

#[test]
fn only_the_store_speaks_to_postgres() {
    for package in packages() {
        let room = room(&package["name"]).unwrap();
        let speaks = package["dependencies"].as_array().unwrap().iter().any(|d| d["name"].as_str().unwrap().contains("postgres"));
        assert!(!speaks || POSTGRES.contains(&room), "`{room}` goes around the store");
    }
}

/// Who speaks HTTP to others: egress, and whoever is a client of this server (its commands, and tests).
#[test]
fn only_egress_asks_others() {
    for package in packages() {
        let room = room(&package["name"]).unwrap();
        let uses = |name: &str| package["dependencies"].as_array().unwrap().iter().any(|d| d["name"] == name);
        assert!(!uses("reqwest") || ["server", "testkit"].contains(&room), "`{room}` goes around egress");
        assert!(
            !["hyper-rustls", "hickory-resolver"].iter().any(|name| uses(name)) || room == "egress",
            "`{room}` goes around egress"
        );
    }
    for file in sources(&repository().join("crates/server/src")) {
        let speaks = fs::read_to_string(&file).unwrap().contains("reqwest");
        let commands = file.ends_with("client.rs") || file.components().any(|part| part.as_os_str() == "transfer");
        assert!(!speaks || commands, "{} goes around egress", file.display());
    }
}

#[test]
fn the_servers_login_around_the_store_is_the_demos_alone() {
    for file in sources(&repository().join("crates/server/src")) {
        let around = fs::read_to_string(&file).unwrap().contains("tokio_postgres");
        let demo = file.components().any(|part| part.as_os_str() == "demo");
        assert!(!around || demo, "{} goes around the store", file.display());
    }
}

#[test]
fn every_crate_inherits_the_lints_of_the_workspace() {
    for package in packages() {
        let manifest: toml::Table = fs::read_to_string(package["manifest_path"].as_str().unwrap()).unwrap().parse().unwrap();
        let inherits = manifest.get("lints").and_then(|lints| lints.get("workspace")).and_then(toml::Value::as_bool);
        assert_eq!(inherits, Some(true), "{}", package["name"]);
    }
}

#[test]
fn no_file_is_longer_than_one_reading() {
    let files = sources(&repository().join("crates"));
    assert!(files.len() > 100, "the sources were not found");
    for file in files {
        let lines = fs::read_to_string(&file).unwrap().lines().count();
        assert!(lines <= MOST_LINES, "{} has {lines} lines", file.display());
    }
}

fn packages() -> Vec<Value> {
    let cargo = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(repository())
        .output()
        .unwrap();
    assert!(cargo.status.success(), "{}", String::from_utf8_lossy(&cargo.stderr));
    let metadata: Value = serde_json::from_slice(&cargo.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap().clone();
    assert!(packages.len() >= ROOMS.len(), "{} packages", packages.len());
    packages
}

/// The room of a package's name; `None` for what is not ours.
fn room(package: &Value) -> Option<&str> {
    package.as_str().unwrap().strip_prefix("wardgraph-")
}

pub(crate) fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let inside = |path: PathBuf| match path.is_dir() {
        true => sources(&path),
        false => vec![path],
    };
    entries.flat_map(inside).filter(|path| path.extension().is_some_and(|end| end == "rs")).collect()
}
