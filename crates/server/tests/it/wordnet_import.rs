//! `wardgraph import wordnet`: by a minted token, within small limits, and beside other imports of the same folder.

use std::{fs, os::unix::fs::PermissionsExt};

use tempfile::TempDir;

use crate::{
    binary::{Server, command},
    import::Told,
    layers::repository,
};

/// The first synsets of each of WordNet's files, with what they point at where that is among them.
#[test]
fn the_beginning_of_wordnet_is_imported_by_a_minted_token_within_small_limits() {
    let folder = TempDir::new().unwrap();
    let dict = folder.path().join("dict");
    fs::create_dir(&dict).unwrap();
    for file in ["data.noun", "data.verb", "data.adj", "data.adv"] {
        let whole = fs::read_to_string(repository().join(".cache/wordnet/dict").join(file)).unwrap();
        let head: Vec<_> = whole.lines().take(80).collect();
        fs::write(dict.join(file), format!("{}\n", head.join("\n"))).unwrap();
    }
    // 204 nodes never fit: batches are halved until they do, and calls wait as long as they are told.
    let server = Server::start(&[
        ("WARDGRAPH_LIMITS__ITEMS_BURST", "100"),
        ("WARDGRAPH_LIMITS__ITEMS_SUSTAINED", "1000"),
        ("WARDGRAPH_LIMITS__NODE_WRITE_BURST", "3"),
        ("WARDGRAPH_LIMITS__NODE_WRITE_SUSTAINED", "50"),
    ]);
    let data = server.data();
    // The folder of WordNet's files is nobody's to write.
    fs::set_permissions(&dict, fs::Permissions::from_mode(0o555)).unwrap();
    let place = TempDir::new().unwrap();
    let import = |tenant: &str, more: &[&str]| {
        let base = ["import", "wordnet", "--dir", dict.to_str().unwrap(), "--tenant", tenant, "--url", &server.base];
        let mut import = command(&[]);
        import.args(base).args(["--data-dir", data.to_str().unwrap()]).args(more).current_dir(place.path());
        Told::of(&import.output().unwrap())
    };
    let left = |of: &std::path::Path| {
        let mut names: Vec<_> =
            fs::read_dir(of).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    let first = import("words", &[]);
    first.says(1, &["nodes: 204 created, 0 there already", "/dst_external_id: is no node of this tenant (`wn31-"]);
    let kept = left(place.path());
    assert!(kept.len() == 1 && kept[0].starts_with("wordnet-words-") && kept[0].ends_with(".rejects"), "{kept:?}");
    assert_eq!(left(&dict), ["data.adj", "data.adv", "data.noun", "data.verb"]);
    // One tenant's import that was cut off stands in no other's way.
    let checkpoint = place.path().join(kept[0].replace(".rejects", ".checkpoint"));
    fs::write(&checkpoint, "{}").unwrap();
    import("others", &[]).says(1, &["nodes: 204 created, 0 there already"]);
    fs::remove_file(place.path().join(&kept[0])).unwrap();
    import("words", &[]).says(2, &["is of another form", "--restart"]);
    fs::remove_file(checkpoint).unwrap();
    let again = import("words", &["--quiet"]);
    again.says(1, &["nodes: 0 created, 204 there already", "edges: 0 created"]);
    let rejected = |told: &Told| told.out.lines().find(|line| line.starts_with("rejected")).unwrap().to_owned();
    assert_eq!(rejected(&first), rejected(&again));
}
