//! `wardgraph org review` and `wardgraph org unused`.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::Beside;

const DUE: &str = "2099-01-01T00:00:00Z";

impl Beside {
    /// A review that is to be done some day, begun in this person's name.
    fn review(&self, by: &str) -> String {
        let (org, begin) = (self.org(), ["--name", "first", "--due-at", DUE, "--on-due", "keep", "--by", by]);
        let begun = self.json(&[&["org", "review", "begin", org][..], &begin].concat());
        begun["id"].as_str().unwrap().to_owned()
    }

    fn decide(&self, review: &str, item: &str, word: &str, by: &str) -> Vec<String> {
        let of = ["org", "review", "decide", self.org(), review, item, word, "--reason", "looked at it", "--by", by];
        of.map(str::to_owned).to_vec()
    }
}

fn plain(owned: &[String]) -> Vec<&str> {
    owned.iter().map(String::as_str).collect()
}

#[tokio::test]
async fn a_review_is_begun_decided_closed_and_handed_out() {
    let beside = Beside::begin().await;
    let (org, app, ada) = (beside.org(), &beside.app, &beside.ada);
    let bob = beside.joined("bob@example.com", "owner").await;
    let ana = beside.joined("ana@example.com", "analyst").await;
    app.granted(ada, &ana.id, "developer").await;
    app.hear().await;
    ana.caller.create_node("while she may").await.created();

    let review = beside.review(&ada.id);
    let begun = &beside.events(org, "review.begun").await[0];
    assert_eq!((&begun["by"], &begun["payload"]["after"]["begun_by"]), (&json!("org review begin"), &json!(ada.id)));
    assert_eq!(beside.json(&["org", "review", "list", org])["reviews"][0]["id"], json!(review));
    assert!(beside.told(&["org", "review", "list", org]).contains(&review));
    let items = beside.json(&["org", "review", "items", org, &review]);
    assert_eq!((&items["count"], &beside.json(&["org", "review", "show", org, &review])["undecided"]), (&json!(4), &json!(4)));
    let of = |kind: &str, holder: &str| {
        let one = items["items"].as_array().unwrap().iter().find(|one| one["kind"] == kind && one["holder"]["id"] == holder);
        one.unwrap()["id"].as_str().unwrap().to_owned()
    };
    let (grant, own) = (of("grant", &ana.id), of("membership", &ada.id));
    for (item, by, why) in [
        (&own, &ada.id, "what they hold themselves"),
        (&grant, &ana.id, "no role that allows `reviews:write`"),
        (&review, &ada.id, "no such item"),
    ] {
        let told = beside.refused(&plain(&beside.decide(&review, item, "revoke", by)));
        assert!(told.contains(why), "{told}");
    }
    let gone = beside.json(&plain(&beside.decide(&review, &grant, "revoke", &bob.id)));
    assert_eq!((&gone["outcome"], &gone["decided_by"]), (&json!("revoked"), &json!(bob.id)));
    let decided = &beside.events(org, "review.decided").await[0]["payload"];
    assert_eq!((&decided["before"]["decision"], &decided["after"]["decision"]), (&Value::Null, &json!("revoke")));
    assert_eq!(beside.json(&["role", "grants", "--organization", org])["count"], 0);
    app.hear().await;
    ana.caller.create_node("no more").await.problem(403);
    assert_eq!(beside.json(&plain(&beside.decide(&review, &own, "keep", &bob.id)))["outcome"], "kept");
    assert_eq!(beside.json(&["org", "review", "items", org, &review, "--undecided"])["count"], 2);

    let closed = beside.json(&["org", "review", "close", org, &review, "--by", &ada.id]);
    assert_eq!((&closed["closed_by"], &closed["undecided"]), (&json!(ada.id), &json!(2)));
    assert_eq!(beside.events(org, "review.closed").await[0]["subject"], json!(review));
    assert!(beside.refused(&plain(&beside.decide(&review, &own, "keep", &bob.id))).contains("is closed"));
    assert!(beside.refused(&["org", "review", "close", org, &review, "--by", &ada.id]).contains("is closed"));

    let evidence = beside.told(&["org", "review", "export", org, &review]);
    let (before, last) = evidence.trim_end().rsplit_once('\n').unwrap();
    let sha256 = format!("{:x}", Sha256::digest(format!("{before}\n")));
    assert_eq!(serde_json::from_str::<Value>(last).unwrap(), json!({ "lines": 5, "sha256": sha256 }));
    assert_eq!(beside.events(org, "review.exported").await[0]["payload"], json!({ "sha256": sha256, "items": 4 }));
    let table = beside.told(&["org", "review", "export", org, &review, "--csv"]);
    assert!(table.starts_with("\"item_id\"") && table.lines().count() == 6, "{table}");
}

#[tokio::test]
async fn nothing_is_reviewed_that_is_not_there() {
    let beside = Beside::begin().await;
    let (org, ada) = (beside.org(), &*beside.ada.id);
    let elsewhere = beside.app.person("elsewhere@example.com").await;
    let analyst = beside.joined("ana@example.com", "analyst").await;
    let review = beside.review(ada);
    let (theirs, nobody) = (&*elsewhere.caller.tenant, "00000000-0000-7000-8000-000000000000");
    beside.all_refused(&[
        (&["org", "review", "show", theirs, &review], "no such review"),
        (&["org", "review", "items", theirs, &review, "--json"], "no such review"),
        (&["org", "review", "export", theirs, &review], "no such review"),
        (&["org", "review", "show", org, nobody], "no such review"),
        (&["org", "review", "show", org, "that"], "is a UUID"),
        (&["org", "review", "list", "org_nobodys"], "no such organization"),
        (&["org", "review", "close", theirs, &review, "--by", &elsewhere.id], "no such review"),
        (&["org", "review", "close", org, &review, "--by", &elsewhere.id], "no member"),
        (&["org", "review", "close", org, &review], "--by"),
        (&["org", "unused", "org_nobodys"], "no such organization"),
        (&["org", "unused", org, "--days", "0"], "--days"),
    ]);
    let begin =
        |flags: &[&str]| beside.refused(&[&["org", "review", "begin", org, "--name", "x", "--due-at"][..], flags].concat());
    assert!(begin(&["2001-01-01T00:00:00Z", "--on-due", "keep", "--by", ada]).contains("due_at: is past"));
    assert!(begin(&[DUE, "--on-due", "drop", "--by", ada]).contains("revoke"));
    assert!(begin(&[DUE, "--on-due", "keep", "--by", &analyst.id]).contains("no role that allows"));
    assert!(begin(&[DUE, "--on-due", "keep", "--by", ada, "--reviewer", &elsewhere.id]).contains("no member"));
    let admin = beside.joined("admin@example.com", "admin").await;
    assert!(begin(&[DUE, "--on-due", "revoke", "--by", &admin.id]).contains("nobody gives or takes"));
    assert_eq!(beside.json(&["org", "review", "list", org])["count"], 1);
}

#[tokio::test]
async fn what_nobody_uses_is_listed() {
    let beside = Beside::begin().await;
    let ana = beside.joined("ana@example.com", "analyst").await;
    let org = beside.org();
    assert_eq!(beside.json(&["org", "unused", org])["count"], 0);
    let sql = "update wardgraph.memberships set created_at = now() - interval '100 days', last_used_at = null where user_id = $1::text::uuid";
    beside.app.database.behind_the_scenes().await.execute(sql, &[&ana.id]).await.unwrap();
    let listed = beside.json(&["org", "unused", org]);
    assert_eq!((&listed["count"], &listed["unused"][0]["holder"]["id"]), (&json!(1), &json!(ana.id)));
    assert!(beside.told(&["org", "unused", org]).contains("ana@example.com"));
    assert_eq!(beside.json(&["org", "unused", org, "--days", "101"])["count"], 0);
}
