//! What is tried on another organization is 404 and on record: in the log of whoever tries it, and not in the other one's.

use serde_json::{Value, json};
use wardgraph_testkit::{App, Person, Reply};

use super::{act, delete, joins, organization};

/// What somebody names who tries something elsewhere: an organization, one of its members, and what belongs to it.
struct Named<'a> {
    organization: &'a str,
    member: &'a str,
    token: &'a str,
    elevation: &'a str,
}

impl Named<'_> {
    /// Everything that can be tried on them, which is not there for who tries; and what each answer says.
    async fn tried_by(&self, by: &Person) -> Vec<Value> {
        let (caller, path) = (&by.caller, format!("/api/v1/organizations/{}", self.organization));
        let place = format!("{path}/members/{}", self.member);
        let replies: [Reply; 10] = [
            caller.patch(&path, &json!({ "name": "Mine" })).await,
            caller.patch(&path, &json!({ "requires_mfa": true, "allowed_networks": ["192.0.2.0/24"] })).await,
            caller.post(&format!("{path}/transfer"), &json!({ "user_id": self.member })).await,
            delete(caller, &path, &json!({ "confirm": self.organization })).await,
            act(caller, &format!("{path}/restore")).await,
            caller.patch(&place, &json!({ "role": "analyst" })).await,
            caller.delete(&place).await,
            act(caller, &format!("{path}/leave")).await,
            caller.delete(&format!("/api/v1/initial-tokens/{}", self.token)).await,
            caller.delete(&format!("/api/v1/elevations/{}", self.elevation)).await,
        ];
        replies.into_iter().map(|reply| reply.problem(404)["detail"].clone()).collect()
    }

    /// What the log has of them then, sorted.
    fn refused(&self, by: &Person) -> Vec<String> {
        let mut all = [
            ("organization.updated", self.organization),
            ("organization.updated", self.organization),
            ("organization.owner_changed", self.organization),
            ("organization.deleted", self.organization),
            ("organization.restored", self.organization),
            ("member.role_changed", self.member),
            ("member.removed", self.member),
            ("member.left", &*by.id),
            ("initial_token.withdrawn", self.token),
            ("elevation.ended", self.elevation),
        ]
        .map(|(event, subject)| format!("{event} {subject} {}", json!({ "status": 404 })));
        all.sort();
        all.into()
    }
}

/// The log of an organization, whole.
async fn log(app: &App, organization: &str) -> Vec<Value> {
    let sql = "select to_jsonb(e) - 'xact' from wardgraph.events e where tenant_id = $1";
    let rows = app.database.behind_the_scenes().await.query(sql, &[&organization]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

#[tokio::test]
async fn what_is_tried_on_another_organization_is_on_record_and_tells_nothing_of_it() {
    let app = App::start().await;
    let (ada, bob) = (app.person("ada@example.com").await, app.person("bob@example.com").await);
    let member = joins(&app, &bob, "member@example.com", "developer").await;
    let root = app.person("root@example.com").await;
    let sql = "update wardgraph.users set global_role = 'super_admin' where user_id = $1::text::uuid";
    app.database.behind_the_scenes().await.execute(sql, &[&root.id]).await.unwrap();
    let root = Person::again(&app, "root@example.com").await;
    let reason = json!({ "reason": "ticket 4711" });
    let elevation = root.caller.post(&format!("{}/elevate", organization(&bob)), &reason).await.created();
    let token = bob.caller.post("/api/v1/initial-tokens", &json!({})).await.created();
    let theirs = Named {
        organization: &bob.caller.tenant,
        member: &member.id,
        token: token["id"].as_str().unwrap(),
        elevation: elevation["id"].as_str().unwrap(),
    };
    let nobodys = Named {
        organization: "org_nobody",
        member: "01900000-0000-7000-8000-00000000000a",
        token: "01900000-0000-7000-8000-00000000000b",
        elevation: "01900000-0000-7000-8000-00000000000c",
    };
    let (before, known) = (log(&app, &bob.caller.tenant).await, log(&app, &ada.caller.tenant).await);
    let (there, nowhere) = (theirs.tried_by(&ada).await, nobodys.tried_by(&ada).await);
    assert_eq!(there, nowhere, "whether it is there is told to nobody");
    assert_eq!(log(&app, &bob.caller.tenant).await.len(), before.len(), "nobody writes in another organization's log");

    let told: Vec<Value> = log(&app, &ada.caller.tenant).await.into_iter().filter(|event| !known.contains(event)).collect();
    assert!(told.iter().all(|event| event["outcome"] == "refused" && event["actor_id"] == json!(ada.id)), "{told:?}");
    let (requests, tried): (Vec<&Value>, Vec<&Value>) = told.iter().partition(|event| event["type"] == "request.refused");
    assert_eq!(requests.len(), there.len() + nowhere.len());
    let word = |event: &&Value| {
        let [kind, subject] = ["type", "subject"].map(|name| event[name].as_str().unwrap_or("nothing"));
        format!("{kind} {subject} {}", event["payload"])
    };
    let mut tried: Vec<String> = tried.iter().map(word).collect();
    tried.sort();
    let mut expected = [theirs.refused(&ada), nobodys.refused(&ada)].concat();
    expected.sort();
    assert_eq!(tried, expected);
    // What she did not name herself is not told to her.
    let told = json!(told).to_string();
    for unsaid in [&*root.id, &*bob.id, "ticket 4711", "bob@example.com", "member@example.com"] {
        assert!(!told.contains(unsaid), "{unsaid}");
    }
}
