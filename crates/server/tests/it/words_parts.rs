//! Search by words, for those that Postgres hides: the parts of what it takes for a path, a host or a number of its own, and words written otherwise.

use serde_json::json;
use wardgraph_testkit::App;

use crate::words_beside::{found, node, ranked, titled};

#[tokio::test]
async fn the_parts_of_a_word_with_slashes_or_points_are_found_and_so_is_a_word_that_is_written_otherwise() {
    let app = App::start().await;
    let (owner, neighbour) = (app.owner("tenant-a"), app.owner("tenant-b"));
    let cases: [(&str, &[&str]); 18] = [
        ("client/server design", &["client", "servers", "client/server", "client server", "design"]),
        ("TCP/IP stack", &["tcp", "IP", "tcp/ip"]),
        ("season 1984/85", &["1984", "85", "1984/85"]),
        ("on 23/11/2026", &["2026", "23", "11"]),
        ("on 24.12.2027", &["2027", "24.12.2027"]),
        ("years 1991-92", &["1991", "92", "1991-92"]),
        ("teacher/student/parent", &["teachers", "student", "parent"]),
        ("word.Another sentence", &["word", "another", "sentence"]),
        ("v2.0/beta", &["beta", "v2", "v2.0/beta"]),
        ("input/output", &["input output", "input/output", "output"]),
        ("<p>Huts</p><p>lakes/rivers</p>", &["hut", "lake", "river"]),
        ("write to ada@engines.net", &["ada@engines.net", "ada", "engine"]),
        ("cafe\u{301} terrace", &["caf\u{e9}", "cafe\u{301}"]),
        ("na\u{ef}ve view", &["na\u{ef}ve", "nai\u{308}ve"]),
        ("co\u{ad}operate", &["cooperates", "co\u{ad}operate", "coop\u{ad}erate"]),
        ("data\u{200b}base", &["database", "data\u{200b}base"]),
        ("zebra", &["ze\u{ad}bra"]),
        ("giraffe", &["giraffe/okapi", "okapi.Giraffe"]),
    ];
    let mut ids = Vec::new();
    for (text, _) in cases {
        ids.push(node(&owner, json!({ "text": text }), json!({})).await);
    }
    for ((text, queries), id) in cases.into_iter().zip(&ids) {
        for words in queries {
            assert_eq!(found(&owner, words).await, [id.as_str()], "{words:?} in {text:?}");
            assert_eq!(found(&neighbour, words).await, [""; 0], "{words:?} in {text:?}");
            let both = owner.post("/search", &json!({ "query": words, "explain": true })).await.ok();
            let result = &both["results"][0];
            assert_eq!((&result["id"], &result["explanation"]["words_place"]), (&json!(id), &json!(1)), "{words:?}: {both}");
        }
    }
    // A tag is no word here either.
    assert_eq!(found(&owner, "p").await, [""; 0]);
}

#[tokio::test]
async fn what_was_found_whole_is_found_whole_and_a_number_with_a_point_is_one() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    for (text, queries) in [
        ("the snow_line", ["snow_line", "snow"]),
        ("a well-built hut", ["well-built", "built"]),
        ("at ridge@valley", ["ridge@valley", "valley"]),
        ("see http://maps.example.org/atlas/page.html", ["http://maps.example.org/atlas/page.html", "maps.example.org"]),
        ("kept in /etc/hosts.conf", ["/etc/hosts.conf", "hosts.conf"]),
    ] {
        let id = node(&owner, json!({ "text": text }), json!({})).await;
        for words in queries {
            assert_eq!(found(&owner, words).await, [id.as_str()], "{words} in {text}");
        }
    }
    let part = node(&owner, json!({ "text": "read the readme first" }), json!({})).await;
    let whole = node(&owner, json!({ "text": "read the readme.txt first" }), json!({})).await;
    assert_eq!(found(&owner, "readme.txt").await, [whole, part]);
    node(&owner, json!({ "text": "about 3.14 of it" }), json!({ "price": 19.75, "west": -73.98 })).await;
    for (words, count) in [("3.14", 1), ("19.75", 1), ("14", 0), ("75", 0), ("98", 0)] {
        assert_eq!(found(&owner, words).await.len(), count, "{words}");
    }
}

#[tokio::test]
async fn hidden_words_weigh_by_where_they_stand_and_take_nothing_from_others() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let in_metadata = titled(&owner, "Building", "walls of stone", "castle/keep").await;
    let in_text = titled(&owner, "Building", "castle/keep of stone", "masonry").await;
    let in_title = titled(&owner, "Castle/keep", "walls of stone", "masonry").await;
    assert_eq!(found(&owner, "castle").await, [in_title, in_text, in_metadata]);

    // A word that the text shows weighs what it does in one that hides none and is as long.
    let other = app.owner("tenant-b");
    node(&owner, json!({ "text": "mountains, lakes/rivers and valleys" }), json!({})).await;
    node(&other, json!({ "text": "mountains, waters and valleys" }), json!({})).await;
    for words in ["valleys", "mountains"] {
        let ranks = async |caller| ranked(caller, words).await.into_iter().map(|(_, rank)| rank).collect::<Vec<_>>();
        assert_eq!(ranks(&owner).await, ranks(&other).await, "{words}");
        assert_eq!(ranks(&owner).await.len(), 1, "{words}");
    }
}

#[tokio::test]
async fn hidden_words_are_those_of_the_text_that_is_there() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let id = node(&owner, json!({ "text": "client/server" }), json!({})).await;
    let (path, only) = (format!("/nodes/{id}"), [id.as_str()]);
    for (text, gone, there) in [
        (json!("input/output"), "server", "output"),
        (json!("plain"), "output", "plain"),
        (json!("cafe\u{301}"), "plain", "caf\u{e9}"),
    ] {
        assert_eq!(found(&owner, gone).await, only, "{text}");
        owner.patch(&path, &json!({ "props": { "text": text } })).await.ok();
        assert_eq!((found(&owner, gone).await, found(&owner, there).await), (vec![], vec![id.clone()]), "{text}");
    }
    owner.patch(&path, &json!({ "props": { "text": null } })).await.ok();
    assert_eq!(found(&owner, "caf\u{e9}").await, [""; 0]);
    owner.post(&format!("{path}/restore"), &json!({ "version": 1 })).await.ok();
    assert_eq!(found(&owner, "server").await, only);
    assert_eq!(owner.delete(&path).await.status, 204);
    assert_eq!(found(&owner, "server").await, [""; 0]);
    owner.post(&format!("{path}/restore"), &json!({})).await.ok();
    assert_eq!(found(&owner, "server").await, only);
}

#[tokio::test]
async fn hidden_words_are_cut_and_refuse_nothing() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let pairs = |many: usize| (0..many).map(|n| format!("a{n}/b{n}")).collect::<Vec<_>>().join(" ");
    let metadata = json!({ "of": pairs(2_000).replace('a', "c").replace('b', "d") });
    let id = node(&owner, json!({ "title": pairs(300).replace('a', "e"), "text": pairs(15_000) }), metadata).await;
    for (words, count) in [("b1", 1), ("d1", 1), ("e1", 1), ("b9000", 0), ("a9000/b9000", 1)] {
        assert_eq!(found(&owner, words).await.len(), count, "{words}");
    }
    // Long words without an end, of what hides words: read once.
    for text in ["a/".repeat(100_000), "a1".repeat(100_000), "e\u{301}".repeat(60_000), "<a ".repeat(66_000) + "x/y"] {
        node(&owner, json!({ "text": text }), json!({})).await;
    }
    assert_eq!(found(&owner, &"b1/".repeat(600)).await, [id]);
}
