//! Fields that want a permission of their own: whoever holds the endpoint's alone is let in, and has no use of the field.

use serde_json::{Value, json};
use wardgraph_api::{
    describe::Known,
    table::{Row, rows},
};
use wardgraph_kernel::{Access, Field, Permission};
use wardgraph_testkit::{App, Caller};

const THEN: &str = "2020-01-02T03:04:05Z";

/// What stands at a field's place, in the first item of each list.
fn at<'a>(value: &'a mut Value, path: &str) -> &'a mut Value {
    path.split('.').fold(value, |value, name| match name.strip_suffix("[]") {
        Some(list) => &mut value[list][0],
        None => &mut value[name],
    })
}

/// A request that gives a field, if it is one of requests.
pub(crate) fn giving(row: &Row, field: &Field, known: &Known) -> Option<Value> {
    let mut body = (row.sample)(known)?;
    *at(&mut body, field.path) = json!(THEN);
    Some(body)
}

#[tokio::test]
async fn a_field_is_for_those_who_hold_what_its_row_says() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let known = app.known(&owner).await;
    owner.post("/edges", &json!({ "src": known.node, "rel": "DERIVED_FROM", "dst": known.other })).await.created();
    let (mut given, mut shown) = (0, 0);
    for row in rows() {
        let Access::Permission(asked) = row.spec.access else {
            assert!(row.spec.fields.is_empty(), "{}: nobody is asked", row.spec.id);
            continue;
        };
        // An administrator holds both.
        for field in row.spec.fields.iter().filter(|_| asked != Permission::SharedWrite) {
            let told = format!("{}: {}", row.spec.id, field.path);
            let low = app.caller("tenant-a", &[asked.word()]);
            let high = app.caller("tenant-a", &[asked.word(), field.permission.word()]);
            if let Some(body) = giving(row, field, &known) {
                let send = async |caller: &Caller| caller.post(row.spec.path, &body).await;
                let refused = send(&low).await.problem(403);
                assert!(refused["detail"].as_str().unwrap().contains(field.permission.word()), "{told}: {refused}");
                let let_in = send(&high).await;
                assert!(let_in.status.is_success(), "{told}: {}", let_in.text);
                given += 1;
            } else {
                let mut answer = low.call(row, &known).await.ok();
                assert!(at(&mut answer, field.path).is_null(), "{told}: {answer}");
                let mut answer = high.call(row, &known).await.ok();
                assert!(at(&mut answer, field.path).is_object(), "{told}: {answer}");
                shown += 1;
            }
        }
    }
    assert_eq!((given, shown), (4, 2));
    let list = owner.get("/nodes?created_before=2021-01-01T00:00:00Z").await.ok();
    assert!(list["count"].as_u64().unwrap() > 0, "nothing was brought in: {list}");
}
