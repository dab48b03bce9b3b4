//! What is looked at in an organization: reviews of who may do what, and ways into its content.

use std::sync::Arc;

use serde_json::{Value, json};
use wardgraph_api::describe::{KnownAccount, KnownReview};
use wardgraph_gate::SystemParts;
use wardgraph_kernel::SystemChance;
use wardgraph_worker::ReviewKeeper;

use crate::{App, Person};

impl App {
    /// Has the worker close the reviews that are due.
    pub async fn close_due_reviews(&self) {
        let parts = SystemParts { store: self.store.clone(), clock: self.clock.clone(), chance: Arc::new(SystemChance) };
        let keeper = ReviewKeeper::new(parts);
        while keeper.turn().await.unwrap() > 0 {}
    }
}

impl Person {
    /// A review of the person's organization, something in it that is for the person to decide, and a way into that organization.
    pub(crate) async fn known_review(&self, account: &KnownAccount) -> KnownReview {
        let wanted = json!({ "name": "known", "due_at": "2030-01-01T00:00:00Z", "on_due": "keep" });
        let review = self.caller.post("/api/v1/reviews", &wanted).await.created()["id"].clone();
        let items = self.caller.get(&format!("/api/v1/reviews/{}/items", review.as_str().unwrap())).await.ok();
        let of_member = |item: &&Value| item["holder"]["id"] == json!(account.member);
        let item = items["items"].as_array().unwrap().iter().find(of_member).unwrap()["id"].clone();
        let path = format!("/api/v1/organizations/{}/elevate", self.caller.tenant);
        let elevation = self.caller.post(&path, &json!({ "reason": "known" })).await.created()["id"].clone();
        KnownReview {
            review: serde_json::from_value(review).unwrap(),
            item: serde_json::from_value(item).unwrap(),
            elevation: serde_json::from_value(elevation).unwrap(),
        }
    }
}
