//! What came of a token ends with it, on every server within a second, whatever takes it back.

use serde_json::json;
use wardgraph_testkit::{App, Person, Reply, Window};

use super::{
    exchange::{ACCESS, exchange, front, own, sent, server, text},
    kit::{Site, claims, post, somebody},
};

/// A person's client, the server of an API that it calls, and what that made of what it was sent.
struct Scene {
    app: App,
    ada: Person,
    window: Window,
    client: Site,
    api: Site,
    sent: String,
    exchanged: String,
    further: String,
}

async fn scene() -> Scene {
    let app = App::start().await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let (client, api) = (front(&app, &ada.caller.tenant).await, server(&app, &ada.caller.tenant, json!({})).await);
    let sent = sent(&app, &client, &window).await;
    let exchanged = text(&exchange(&app, &api, &sent, &[]).await.ok());
    let further = text(&exchange(&app, &api, &exchanged, &[("scope", "nodes:read")]).await.ok());
    for token in [&exchanged, &further] {
        assert_eq!(app.bearer(token).get("/nodes").await.status, 200);
    }
    Scene { app, ada, window, client, api, sent, exchanged, further }
}

impl Scene {
    /// Nothing of it is believed any more, and nothing comes of it.
    async fn is_over(&self, why: &str) {
        self.app.hear().await;
        for token in [&self.exchanged, &self.further] {
            assert_eq!(self.app.bearer(token).get("/nodes").await.status, 401, "{why}");
            assert_eq!(exchange(&self.app, &self.api, token, &[]).await.refused(400), "invalid_request", "{why}");
        }
        assert_eq!(exchange(&self.app, &self.api, &self.sent, &[]).await.refused(400), "invalid_request", "{why}");
    }

    async fn give_back(&self, site: &Site, token: &str) {
        let fields = [("token", token), ("client_id", &site.id), ("client_secret", site.secret.unwrap())];
        let fields: Vec<_> = fields.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        post(&self.app, "/oauth2/revoke", &fields).await.ok();
    }
}

#[tokio::test]
async fn what_came_of_a_token_ends_with_it() {
    let scene = scene().await;
    scene.give_back(&scene.client, &scene.sent).await;
    scene.is_over("its first client gave it back").await;
}

#[tokio::test]
async fn what_came_of_a_token_ends_in_the_middle() {
    let scene = scene().await;
    scene.give_back(&scene.api, &scene.exchanged).await;
    scene.app.hear().await;
    assert_eq!(scene.app.bearer(&scene.further).get("/nodes").await.status, 401);
    exchange(&scene.app, &scene.api, &scene.sent, &[]).await.ok();
}

#[tokio::test]
async fn what_came_of_a_token_ends_with_its_session() {
    let first = scene().await;
    first.window.get("/account").await;
    first.window.send("/sign-out", &[]).await;
    first.is_over("its person signed out").await;

    let second = scene().await;
    let list = second.ada.caller.get("/api/v1/users/me/consents").await.ok();
    let path = format!("/api/v1/users/me/consents/{}", list["consents"][0]["id"].as_str().unwrap());
    assert_eq!(second.ada.caller.delete(&path).await.status, 204);
    second.is_over("its person took back what they agreed to").await;
}

#[tokio::test]
async fn what_came_of_a_token_ends_with_its_person_and_its_clients() {
    for what in ["the account", "the client that got it first", "the client that exchanged it"] {
        let scene = scene().await;
        let reply = match what {
            "the account" => {
                let operator = scene.app.person("operator@example.com").await.made_administrator(&scene.app).await;
                Reply::of(operator.caller.request("POST", &format!("/api/v1/users/{}/disable", scene.ada.id))).await
            }
            "the client that got it first" => scene.ada.caller.delete(&format!("/api/v1/clients/{}", scene.client.id)).await,
            _ => scene.ada.caller.delete(&format!("/api/v1/clients/{}", scene.api.id)).await,
        };
        assert!(reply.status.is_success(), "{what}: {}", reply.text);
        scene.app.hear().await;
        for token in [&scene.exchanged, &scene.further] {
            assert_eq!(scene.app.bearer(token).get("/nodes").await.status, 401, "{what}");
        }
    }
}

#[tokio::test]
async fn what_somebody_acts_by_ends_it_too() {
    let scene = scene().await;
    let actor = own(&scene.app, &scene.api, &[]).await;
    let acting = [("actor_token", actor.as_str()), ("actor_token_type", ACCESS)];
    let token = text(&exchange(&scene.app, &scene.api, &scene.sent, &acting).await.ok());
    assert!(claims(&json!(token))["act"].is_object());
    assert_eq!(scene.app.bearer(&token).get("/nodes").await.status, 200);
    scene.give_back(&scene.api, &actor).await;
    scene.app.hear().await;
    assert_eq!(scene.app.bearer(&token).get("/nodes").await.status, 401);
    assert_eq!(exchange(&scene.app, &scene.api, &scene.sent, &acting).await.refused(400), "invalid_request");
}
