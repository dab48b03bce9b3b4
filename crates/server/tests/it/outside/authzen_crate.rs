//! The `openidauthzen` crate, as a program that has this server decide: it looks for where to ask, and asks all that there is.

use std::{collections::BTreeSet, time::Duration};

use openidauthzen::{
    client::AuthZenClient,
    error::Error,
    evaluation::{EvaluationItem, EvaluationRequest, EvaluationSemantic, EvaluationsOptions, EvaluationsRequest},
    http::{HttpClient, HttpResponse, Method},
    model::{Action, Resource, Subject},
    search::{ActionSearchRequest, Page, ResourceSearchRequest, SubjectSearchRequest},
};
use serde_json::json;
use wardgraph_testkit::{App, OWN_ISS, Person};

/// Asks the server under test what the crate asks of its decision point.
struct Here(wardgraph_testkit::Caller);

#[async_trait::async_trait]
impl HttpClient for Here {
    async fn request(
        &self,
        method: Method,
        url: &str,
        headers: &[(&str, &str)],
        body: Option<Vec<u8>>,
    ) -> Result<HttpResponse, Error> {
        let path = url.strip_prefix(OWN_ISS).expect("nobody else is asked");
        let mut request = match method {
            Method::Get => self.0.request("GET", path),
            _ => self.0.request("POST", path).header("content-type", "application/json"),
        };
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.body(body);
        }
        let answer = request.send().await.map_err(|error| Error::Http(Box::new(error)))?;
        let text = |value: &http::HeaderValue| value.to_str().unwrap().to_owned();
        let told = answer.headers().iter().map(|(name, value)| (name.to_string(), text(value))).collect();
        Ok(HttpResponse { status: answer.status().as_u16(), headers: told, body: answer.bytes().await.unwrap().to_vec() })
    }
}

fn subject(id: Option<&str>) -> Subject {
    Subject { subject_type: "user".into(), id: id.map(str::to_owned), properties: None }
}

fn action(name: &str) -> Action {
    Action { name: name.into(), properties: None }
}

fn resource(kind: &str, id: Option<&str>) -> Resource {
    Resource { resource_type: kind.into(), id: id.map(str::to_owned), properties: Some(json!({ "owner": "anybody" })) }
}

fn part(of: u32, token: Option<String>) -> Option<Page> {
    Some(Page { token, limit: Some(of), properties: None })
}

/// A decision point, its client and the client's credential, and two members.
async fn scene() -> (App, AuthZenClient<Here>, String, Person, Person) {
    let app = App::start().await;
    let owner = app.person("ada@example.com").await;
    let analyst = app.person("ana@example.com").await;
    owner.takes_in(&app, &analyst, "analyst").await;
    app.role(&owner, "ops", &["nodes:write:production-*"], &[], &[]).await;
    app.granted(&owner, &analyst.id, "ops").await;
    let key = json!({ "name": "pdp", "scopes": ["authz:read", "nodes:read"] });
    let key = owner.caller.post("/api/v1/users/me/api-keys", &key).await.created();
    let key = key["key"].as_str().unwrap().to_owned();
    let client = AuthZenClient::new(Here(app.stranger()), Duration::from_secs(60));
    (app, client, key, owner, analyst)
}

#[tokio::test]
async fn the_openidauthzen_crate_finds_where_to_ask_and_is_answered() {
    let (_app, client, key, owner, analyst) = scene().await;
    let published = client.discover(OWN_ISS).await.unwrap();
    assert_eq!(published.policy_decision_point, OWN_ISS);
    assert!(published.access_evaluations_endpoint.is_some() && published.search_action_endpoint.is_some());
    let asked = |who: &str, id: &str| EvaluationRequest {
        subject: subject(Some(who)),
        action: action("write"),
        resource: resource("nodes", Some(id)),
        context: Some(json!({ "time": "2026-01-01T00:00:00Z" }).as_object().unwrap().clone()),
    };
    for (who, id, expected) in [(&owner, "staging-1", true), (&analyst, "staging-1", false), (&analyst, "production-1", true)] {
        let answer = client.evaluate(OWN_ISS, &key, &asked(&who.id, id)).await.unwrap();
        assert_eq!(answer.decision, expected, "{id}");
        assert_eq!(answer.context.is_some(), !expected, "{id}");
    }
    assert!(!client.evaluate(OWN_ISS, &key, &asked("nobody", "production-1")).await.unwrap().decision);
    match client.evaluate(OWN_ISS, "nobody's", &asked(&owner.id, "a")).await {
        Err(Error::HttpStatus { status: 401, .. }) => {}
        other => panic!("{other:?}"),
    }
    let all = |semantic| EvaluationsRequest {
        subject: Some(subject(Some(&analyst.id))),
        action: Some(action("write")),
        resource: None,
        context: None,
        evaluations: ["production-1", "staging-1", "production-2"]
            .map(|id| EvaluationItem { subject: None, action: None, resource: Some(resource("nodes", Some(id))), context: None })
            .into(),
        options: Some(EvaluationsOptions { evaluations_semantic: Some(semantic), extra: None }),
    };
    for (semantic, expected) in [
        (EvaluationSemantic::ExecuteAll, &[true, false, true][..]),
        (EvaluationSemantic::DenyOnFirstDeny, &[true, false]),
        (EvaluationSemantic::PermitOnFirstPermit, &[true]),
    ] {
        let answer = client.evaluate_batch(OWN_ISS, &key, &all(semantic)).await.unwrap();
        let decisions: Vec<_> = answer.evaluations.iter().map(|one| one.decision).collect();
        assert_eq!((answer.decision, &*decisions), (None, expected));
    }
}

#[tokio::test]
async fn the_openidauthzen_crate_searches_part_by_part() {
    let (_app, client, key, owner, analyst) = scene().await;
    client.discover(OWN_ISS).await.unwrap();
    let (mut found, mut token) = (BTreeSet::new(), None);
    loop {
        let (subject, page) = (subject(None), part(1, token.take()));
        let asked = SubjectSearchRequest {
            subject,
            action: action("write"),
            resource: resource("nodes", Some("production-1")),
            context: None,
            page,
        };
        let answer = client.search_subjects(OWN_ISS, &key, &asked).await.unwrap();
        found.extend(answer.results.into_iter().filter_map(|one| one.id));
        match answer.page.and_then(|page| page.next_token).filter(|token| !token.is_empty()) {
            Some(next) => token = Some(next),
            None => break,
        }
    }
    assert_eq!(found, BTreeSet::from([owner.id.clone(), analyst.id.clone()]));
    let asked = |who: &Person| ActionSearchRequest {
        subject: subject(Some(&who.id)),
        resource: resource("nodes", Some("staging-1")),
        context: None,
        page: None,
    };
    let actions = async |who: &Person| {
        let answer = client.search_actions(OWN_ISS, &key, &asked(who)).await.unwrap();
        answer.results.into_iter().map(|one| one.name).collect::<BTreeSet<_>>()
    };
    let (may, may_less) = (actions(&owner).await, actions(&analyst).await);
    assert!(may.contains("write") && may_less.contains("read") && !may_less.contains("write"), "{may:?} {may_less:?}");
    let node = owner.caller.create_node("one").await.created()["id"].as_str().unwrap().to_owned();
    let search = |name| ResourceSearchRequest {
        subject: subject(Some(&analyst.id)),
        action: action(name),
        resource: resource("nodes", None),
        context: None,
        page: part(10, None),
    };
    let ids = async |name| {
        let answer = client.search_resources(OWN_ISS, &key, &search(name)).await.unwrap();
        answer.results.into_iter().filter_map(|one| one.id).collect::<Vec<_>>()
    };
    assert_eq!((ids("read").await, ids("write").await), (vec![node], Vec::new()));
}
