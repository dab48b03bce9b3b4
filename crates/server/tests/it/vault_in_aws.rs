//! A master key in AWS Secrets Manager, as moto plays it: a server that is not ours, over HTTP.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use serde_json::json;
use wardgraph_egress::{Address, Egress, Names, Rules};
use wardgraph_kernel::{Secret, SystemClock};
use wardgraph_testkit::{App, AppOptions, MASTER_KEY, Person};
use wardgraph_vault::{AwsAccess, AwsSource, MasterKey, MasterSource, VaultError};

use crate::layers::repository;

/// moto, until the test ends.
struct Moto {
    base: String,
    child: Child,
}

impl Moto {
    fn start() -> Self {
        let mut child = Command::new("python3").arg(repository().join("scripts/moto.py")).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let base = lines.find_map(|line| Some(line.unwrap().split_once("Running on ")?.1.trim().to_owned()));
        // What it says later is read by nobody, and must not stop it.
        std::thread::spawn(move || lines.for_each(drop));
        Self { base: base.expect("moto starts; it is installed from PyPI at the first run"), child }
    }

    /// Asks moto as an administrator of the account would.
    async fn act(&self, action: &str, body: serde_json::Value) {
        let request = reqwest::Client::builder().no_proxy().build().unwrap().post(&self.base);
        let request = request
            .header("x-amz-target", format!("secretsmanager.{action}"))
            .header("content-type", "application/x-amz-json-1.1")
            .header("authorization", "AWS4-HMAC-SHA256 Credential=a/20260101/eu-central-1/secretsmanager/aws4_request, SignedHeaders=host, Signature=0");
        let reply = request.body(body.to_string()).send().await.unwrap();
        assert_eq!(reply.status(), 200, "{}", reply.text().await.unwrap());
    }

    fn source(&self, id: &str, field: Option<&str>) -> AwsSource {
        let access = AwsAccess {
            endpoint: Address::parse(&self.base).unwrap(),
            region: "eu-central-1".into(),
            key_id: "AKIDEXAMPLE".into(),
            secret: Secret::new("a-secret-access-key"),
            session: Some(Secret::new("a-session-token")),
        };
        let egress = Egress::new(Names::System, None).unwrap();
        let client = egress.client(Rules::operator([&access.endpoint], &[]), Duration::from_secs(3));
        AwsSource::new(access, client, Arc::new(SystemClock::start()), id.into(), field.map(str::to_owned))
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn ids(keys: &[MasterKey]) -> Vec<String> {
    keys.iter().map(|key| key.id().to_string()).collect()
}

fn id(text: &Secret) -> String {
    MasterKey::read(text).unwrap().id().to_string()
}

#[tokio::test]
async fn a_master_key_is_read_from_aws_with_the_one_before_it() {
    let moto = Moto::start();
    let (old, new) = (MasterKey::generate().unwrap(), MasterKey::generate().unwrap());
    let (plain, object) = (moto.source("prod/wardgraph", None), moto.source("prod/all", Some("master")));
    let refused = plain.read().await;
    assert!(matches!(&refused, Err(VaultError::Source(_, why)) if why.contains("no such secret")), "{refused:?}");

    moto.act("CreateSecret", json!({ "Name": "prod/wardgraph", "SecretString": old.expose() })).await;
    assert_eq!(ids(&plain.read().await.unwrap()), [id(&old)]);
    moto.act("PutSecretValue", json!({ "SecretId": "prod/wardgraph", "SecretString": new.expose() })).await;
    assert_eq!(ids(&plain.read().await.unwrap()), [id(&new), id(&old)]);
    // It is not the server's to write.
    assert!(plain.add().await.unwrap().is_none());

    let all = json!({ "master": new.expose(), "other": "thing" }).to_string();
    moto.act("CreateSecret", json!({ "Name": "prod/all", "SecretString": all })).await;
    assert_eq!(ids(&object.read().await.unwrap()), [id(&new)]);
    for (source, told) in [
        (moto.source("prod/all", None), "32 bytes"),
        (moto.source("prod/all", Some("absent")), "no such member"),
        (moto.source("prod/wardgraph", Some("master")), "no JSON object"),
    ] {
        let refused = source.read().await.unwrap_err().to_string();
        assert!(refused.contains(told) && !refused.contains(new.expose()), "{refused}");
    }
}

#[tokio::test]
async fn a_server_goes_over_to_the_master_key_that_was_put_into_aws_and_signs_people_in_meanwhile() {
    let moto = Moto::start();
    let new = MasterKey::generate().unwrap();
    // What the database was begun under.
    moto.act("CreateSecret", json!({ "Name": "prod/wardgraph", "SecretString": MASTER_KEY })).await;
    let source = || -> Arc<dyn MasterSource> { Arc::new(moto.source("prod/wardgraph", None)) };
    let app = App::with(AppOptions { masters: Some(source()), ..AppOptions::default() }).await;
    let ada = app.person("ada@example.com").await;
    let phone = ada.adds_an_app(&app).await;
    moto.act("PutSecretValue", json!({ "SecretId": "prod/wardgraph", "SecretString": new.expose() })).await;
    let change = app.keys.rotate_master().await.unwrap().unwrap();
    assert_eq!(change.master, id(&new));
    let client = app.database.behind_the_scenes().await;
    let wrapping = "select distinct master_key_id from wardgraph.data_keys";
    let wrapping: Vec<String> = client.query(wrapping, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
    assert_eq!(wrapping, [id(&new)]);
    // What was sealed before opens here, and on a server that starts now and knows of the old one by AWS alone.
    let later = App::over(app.database.clone(), AppOptions { masters: Some(source()), ..AppOptions::default() }).await;
    for (server, step) in [(&app, 1), (&later, 2)] {
        server.clock.advance(Duration::from_secs(30 * step));
        let asked = Person::signing_in(server, "ada@example.com").await;
        let shown = json!({ "mfa_token": asked["mfa_token"], "code": phone.code(server, 0) });
        server.stranger().post("/api/v1/auth/mfa/verify", &shown).await.ok();
    }
}

#[tokio::test]
async fn a_store_that_is_away_is_told_as_that() {
    let moto = Moto::start();
    let source = moto.source("prod/wardgraph", None);
    drop(moto);
    let refused = source.read().await;
    assert!(matches!(&refused, Err(VaultError::Source(what, _)) if what.contains("AWS")), "{refused:?}");
    assert!(!format!("{source:?}").contains("a-secret-access-key"));
}
