//! What a request says besides its body is judged or refused, and never passed over: conditions of a change, and parameters.

use serde_json::json;
use wardgraph_api::table::{Row, rows};
use wardgraph_kernel::{Access, Method};
use wardgraph_testkit::{App, Reply};

use crate::hostile::{counted, place};

/// The endpoints that programs call with a permission. Pages and the OAuth server's endpoints have rules of their own.
fn asked() -> impl Iterator<Item = &'static Row> {
    rows().filter(|row| matches!(row.spec.access, Access::Permission(_)) && !row.spec.is_page() && !row.spec.is_for_clients())
}

#[tokio::test]
async fn no_change_is_made_under_a_condition_that_is_not_judged() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let known = app.known(&owner).await;
    let before = counted(&app, &owner.tenant).await;
    let mut refused = 0;
    for row in asked().filter(|row| row.spec.event.is_some() && row.spec.method != Method::GET) {
        let judged = (row.shape)().if_match;
        for name in ["if-match", "if-none-match", "if-unmodified-since"].into_iter().filter(|name| !judged || *name != "if-match")
        {
            let reply = Reply::of(owner.calling(row, &known).header(name, "\"1\"")).await;
            assert!(reply.status == 400 && reply.text.contains(name), "{} with {name}: {}", row.spec.id, reply.text);
            refused += 1;
        }
    }
    assert!(refused > 30, "{refused}");
    assert_eq!(counted(&app, &owner.tenant).await, before);
    // Whoever only reads is told what is there, as anywhere else.
    let read = owner.request("GET", &format!("/nodes/{}", known.node)).header("if-none-match", "\"1\"");
    Reply::of(read).await.ok();
}

#[tokio::test]
async fn parameters_are_refused_where_none_are_taken() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let known = app.known(&owner).await;
    let before = counted(&app, &owner.tenant).await;
    let mut refused = 0;
    for row in asked().filter(|row| (row.shape)().query.is_none()) {
        for query in ["on_conflict=update", "hard=false", "tenant_id=tenant-b", "=", "%00", "%ff=x"] {
            let mut request = owner.request(row.spec.method.word(), &format!("{}?{query}", place(row, &known)));
            if let Some(body) = (row.sample)(&known) {
                request = request.json(&body);
            }
            let reply = Reply::of(request).await;
            assert!(reply.status == 400, "{} ?{query}: {}", row.spec.id, reply.text);
            refused += 1;
        }
    }
    assert!(refused > 60, "{refused}");
    assert_eq!(counted(&app, &owner.tenant).await, before);
    // A question mark without anything behind it asks nothing.
    owner.get(&format!("/nodes/{}?", known.node)).await.ok();
    let problem = owner.patch(&format!("/nodes/{}?on_conflict=ignore", known.node), &json!({})).await.problem(400);
    assert_eq!(problem["errors"][0]["field"], "on_conflict");
}
