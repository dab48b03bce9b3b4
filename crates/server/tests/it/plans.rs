//! What statements cost, in pages of the database that they touch: the same on a busy machine as on a quiet one.

use serde_json::Value;
use wardgraph_graph::search::Searches;
use wardgraph_store::{Role, Space};
use wardgraph_testkit::App;

/// How many pages of the database a statement touches as the runtime role, planned with its values and without.
pub(crate) async fn pages_touched(app: &App, name: &str, values: &str) -> [u64; 2] {
    pages_touched_by(app, Role::App, name, values).await
}

/// How many it touches as another role.
pub(crate) async fn pages_touched_by(app: &App, role: Role, name: &str, values: &str) -> [u64; 2] {
    let client = app.database.connect_as(role).await;
    let sql = wardgraph_server::wire::statements(app.routes.searches()).into_iter().find(|s| s.name == name).unwrap().sql;
    client.batch_execute("set search_path = wardgraph, public; set app.current_tenant_id = 'tenant-a'").await.unwrap();
    client.batch_execute(&format!("prepare asked as {sql}")).await.unwrap();
    let mut touched = [0; 2];
    for (place, mode) in ["force_custom_plan", "force_generic_plan"].into_iter().enumerate() {
        client.batch_execute(&format!("set plan_cache_mode = {mode}")).await.unwrap();
        let explained =
            client.simple_query(&format!("explain (analyze, buffers, format json) execute asked ({values})")).await.unwrap();
        let text: String = explained
            .iter()
            .filter_map(|message| match message {
                tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
                _ => None,
            })
            .collect();
        let plan = &serde_json::from_str::<Value>(&text).unwrap()[0]["Plan"];
        touched[place] = plan["Shared Hit Blocks"].as_u64().unwrap() + plan["Shared Read Blocks"].as_u64().unwrap();
    }
    touched
}

/// Statements with a condition that may be absent, by the beginning of their names, and why they may have it. A plan for all values takes it that
/// the condition is there and finds no index by it: what is to be found by an index has a text of its own, and a place to go on from is always given.
const MAY_BE_ABSENT: &[(&str, &str)] = &[
    ("audit.event.list_of_node", "asked of one node's events"),
    ("audit.event.list_of_request", "asked of one request's events"),
    ("graph.neighbours.", "asked of the edges that were looked at, as many as are looked at"),
    ("graph.node.filtered", "planned with its values"),
    ("graph.node.replace", "asked of the nodes that are named"),
    ("graph.node.shared", "planned with its values"),
    ("graph.search.hybrid.", "planned with its values"),
    ("graph.search.text.", "planned with its values"),
    ("graph.search.vector.", "planned with its values where there is a filter"),
    ("identity.account.confirm", "asked of one account"),
    ("identity.account.find", "asked of one account's memberships"),
    ("identity.challenge.stands", "asked of one account"),
    ("identity.setup.make", "asked of nothing: whether there is an administrator"),
    ("organizations.grants.list_of_client", "asked of what one client holds"),
    ("organizations.grants.list_of_user", "asked of what one member holds"),
    ("organizations.review.items", "asked of one review's items: no index knows what was decided"),
];

/// Whether a text has a condition that a value can make absent: `$n is null or`, `$n or`, `or $n is null`, `coalesce($n, column)`.
fn has_an_absent_condition(sql: &str) -> bool {
    let words: Vec<&str> = sql.split_whitespace().collect();
    words.iter().enumerate().any(|(place, word)| {
        let is_value = word.trim_start_matches('(').starts_with('$') && !word.ends_with(',');
        let last = place.checked_sub(1).and_then(|last| words.get(last)).copied().unwrap_or_default();
        let next: Vec<&str> = words.iter().skip(place + 1).take(4).copied().collect();
        let absent = match next.as_slice() {
            ["is", "null", "or", ..] | ["is", "not", "null", "or"] => true,
            ["or", ..] => word.starts_with('(') || ["where", "and", "or", "not"].contains(&last),
            ["is", ..] => last == "or",
            _ => false,
        };
        is_value && absent || word.contains("coalesce($")
    })
}

#[test]
fn a_condition_that_may_be_absent_has_a_reason() {
    for absent in [
        "a = $1 and ($2::uuid is null or b < $2)",
        "where $4::text is null or n.classes @> $4",
        "($1::jsonb->'props' is null or x)",
        "a = 1 or $3 is null",
        "where ($2 or a = 1)",
        "a = coalesce($2, a)",
    ] {
        assert!(has_an_absent_condition(absent), "nothing is seen of `{absent}`");
    }
    for there in
        ["(g.expires_at is null or g.expires_at > $2)", "a < $1 or b = $2", "select $1::text, $2 is null", "unnest($3) or b"]
    {
        assert!(!has_an_absent_condition(there), "{there}");
    }
    let searches = Searches::of(&Space::new("a-model", 768));
    let found: Vec<&str> = wardgraph_server::wire::statements(searches)
        .into_iter()
        .filter(|statement| has_an_absent_condition(statement.sql))
        .map(|statement| statement.name)
        .collect();
    let faults: Vec<_> = found.iter().filter(|name| !MAY_BE_ABSENT.iter().any(|(begins, _)| name.starts_with(begins))).collect();
    assert_eq!(faults, [&""; 0], "a text for each, or a value that is always there, or a plan with its values");
    for (begins, why) in MAY_BE_ABSENT {
        assert!(found.iter().any(|name| name.starts_with(begins)) && !why.is_empty(), "`{begins}` needs no reason any more");
    }
}
