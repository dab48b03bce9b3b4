//! A tenant that grows by more than enters its index in good time has it built anew.

use tokio_postgres::Client;
use wardgraph_graph::search::Route;

use crate::tiers::{app, nearest, plant, vector};

async fn own_index(client: &Client) -> u32 {
    let sql = "select oid from pg_class where relkind = 'i' and relname like 'embeddings%' and relname like '%\\_own\\_%'";
    client.query_one(sql, &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn a_tenant_that_outgrows_its_index_has_it_built_anew() {
    let app = app(50, 200).await;
    let client = app.database.behind_the_scenes().await;
    plant(&client, "tenant-a", 8, 0..300).await;
    app.keeper.turn().await.unwrap();
    let first = own_index(&client).await;

    plant(&client, "tenant-a", 8, 300..400).await;
    app.keeper.turn().await.unwrap();
    assert_eq!(own_index(&client).await, first, "some enter the index that is there");

    plant(&client, "tenant-a", 8, 400..900).await;
    app.keeper.turn().await.unwrap();
    assert_ne!(own_index(&client).await, first, "many are built into a new one");
    let places = "select count(*) filter (where graph <> 2), count(*) from wardgraph.embeddings where tenant_id = 'tenant-a'";
    let row = client.query_one(places, &[]).await.unwrap();
    assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (0, 900));
    assert_eq!(app.routes.of("tenant-a"), Route::Own);
    let query = vector(3, 10_000);
    let answer = app.owner("tenant-a").post("/search", &serde_json::json!({ "vector": query, "top_k": 10 })).await.ok();
    let found: Vec<&str> = answer["results"].as_array().unwrap().iter().map(|result| result["id"].as_str().unwrap()).collect();
    let truth = nearest("tenant-a", 8, 900, &query, 10, false);
    let hits = truth.iter().filter(|id| found.contains(&id.as_str())).count();
    assert!(hits >= 9, "{hits} of 10");
    assert!(app.keeper.turn().await.unwrap() == 0, "it is where it belongs");
}
