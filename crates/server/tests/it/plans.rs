//! What statements cost, in pages of the database that they touch: the same on a busy machine as on a quiet one.

use serde_json::Value;
use wardgraph_store::Role;
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
