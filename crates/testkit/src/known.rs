//! What calls of endpoints can be made of: one thing of each kind, fresh, and the person as whom is called.

use serde_json::json;
use wardgraph_api::describe::Known;
use wardgraph_kernel::{EdgeId, NodeId, SharedNodeId};

use crate::{App, Caller, OAuthClient, Person, Reply, Window};

impl App {
    /// Things that exist: in `owner`'s tenant two nodes and an edge; a shared node, without words that a search could find; and a person's
    /// account, fresh, with a key and sessions. From now on `owner` calls endpoints that are about a person's account as this person.
    pub async fn known(&self, owner: &Caller) -> Known {
        let (node, other, edge, shared) = self.made(owner).await;
        let administrator = Person::administrator(self, &self.nobodys_address()).await;
        owner.becomes(&administrator.caller);
        let client = OAuthClient::known(self, &administrator).await;
        let oauth = self.agreement_of(&administrator).await;
        let (account, recovery_code) = administrator.known(self).await;
        let (role, grant) = administrator.known_roles(self, account.member).await;
        // What was signed in before the account had a second factor is out.
        let window = Window::open(self);
        window.sign_in_with(&administrator.email, &recovery_code).await;
        owner.looks_through(&window);
        let looked_at = administrator.known_review(&account).await;
        Known { node, other, edge, shared, account, client, oauth, looked_at, role, grant }
    }

    /// The same things, but for nodes and edges: these are made anew, in `owner`'s tenant.
    pub async fn data(&self, owner: &Caller, known: &Known) -> Known {
        let (node, other, edge, shared) = self.made(owner).await;
        Known { node, other, edge, shared, ..known.clone() }
    }

    /// Two nodes, an edge between them, and a shared node.
    async fn made(&self, owner: &Caller) -> (NodeId, NodeId, EdgeId, SharedNodeId) {
        let node = |reply: Reply| -> NodeId { serde_json::from_value(reply.created()["id"].clone()).unwrap() };
        let (first, second) = (owner.create_node("the first known node").await, owner.create_node("the second known node").await);
        let (node, other) = (node(first), node(second));
        let edge = owner.post("/edges", &json!({ "src": node, "rel": "KNOWS", "dst": other })).await.created();
        let edge = serde_json::from_value(edge["id"].clone()).unwrap();
        let shared = owner.post("/api/v1/shared/nodes", &json!({ "classes": ["Shared"], "props": {} })).await.created();
        (node, other, edge, serde_json::from_value(shared["id"].clone()).unwrap())
    }

    /// A fresh person, as whom `owner` calls endpoints that are about a person's account from now on.
    pub async fn person_of(&self, owner: &Caller) -> Person {
        let person = self.person(&self.nobodys_address()).await;
        let window = Window::open(self);
        window.sign_in(&person.email).await;
        owner.becomes(&person.caller);
        owner.looks_through(&window);
        person
    }

    /// An address that nobody has yet.
    fn nobodys_address(&self) -> String {
        format!("person-{}@example.com", self.people.fetch_add(1, std::sync::atomic::Ordering::SeqCst))
    }
}
