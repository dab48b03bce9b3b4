//! The commands that see to organizations, as the real binary over the database of a server that runs.

mod explained;
mod invited;
mod organizations;
mod pages;
mod reviews;
mod ways_in;

use std::process::Output;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_postgres::config::Host;
use wardgraph_store::Login;
use wardgraph_testkit::{App, PASSWORD, Person};

use crate::{binary::run, front::outside::to_now};

/// A server, its commands, and whoever owns an organization.
struct Beside {
    app: App,
    ada: Person,
    folder: TempDir,
    environment: Vec<(String, String)>,
}

impl Beside {
    async fn begin() -> Self {
        let app = App::start().await;
        // Commands go by the time of the machine.
        to_now(&app);
        let ada = app.person("ada@example.com").await;
        let environment = app.database.logins.iter().map(|(role, login)| {
            let name = format!("WARDGRAPH_DATABASE__{}_URL", role.word().to_uppercase());
            (name, url(login))
        });
        let environment = environment.collect();
        Self { app, ada, folder: TempDir::new().unwrap(), environment }
    }

    /// The organization that everything is done to.
    fn org(&self) -> &str {
        &self.ada.caller.tenant
    }

    /// Somebody who is a member of it, and works there.
    async fn joined(&self, email: &str, role: &str) -> Person {
        let member = self.app.person(email).await;
        self.ada.takes_in(&self.app, &member, role).await;
        let credentials = json!({ "email": email, "password": PASSWORD, "organization": self.org() });
        Person::of(&self.app, email, &self.app.stranger().post("/api/v1/auth/login", &credentials).await.ok())
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let data = self.folder.path().to_str().unwrap();
        let own = self.environment.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let environment: Vec<_> = own.chain([("WARDGRAPH_DATA_DIR", data)]).collect();
        run(&environment, arguments)
    }

    fn told(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.told(&[arguments, &["--json"]].concat())).unwrap()
    }

    /// What is said of something that was not done; nothing else is.
    fn refused(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(!output.status.success(), "{arguments:?}");
        assert_eq!(String::from_utf8_lossy(&output.stdout), "", "{arguments:?}");
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!told.contains("panicked"), "{told}");
        told
    }

    /// Each of these is refused with these words.
    fn all_refused(&self, cases: &[(&[&str], &str)]) {
        for (arguments, why) in cases {
            let told = self.refused(arguments);
            assert!(told.contains(why), "{arguments:?}: {told}");
        }
    }

    /// What a log tells of a type of events, the newest first: each of them was done by a command.
    async fn events(&self, log: &str, word: &str) -> Vec<Value> {
        let sql = "select jsonb_build_object('subject', e.subject, 'by', e.actor_id, 'payload', e.payload), e.actor_type
                   from wardgraph.events e where e.tenant_id = $1 and e.type = $2 and e.outcome = 'success' order by e.xact desc";
        let rows = self.app.database.behind_the_scenes().await.query(sql, &[&log, &word]).await.unwrap();
        let told = rows.iter().map(|row| {
            assert_eq!(row.get::<_, String>(1), "system", "{word}");
            row.get(0)
        });
        told.collect()
    }
}

/// A login as settings spell it.
fn url(login: &Login) -> String {
    let config = login.config();
    let [Host::Unix(folder)] = config.get_hosts() else { panic!("tests' Postgres is at a socket") };
    let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let (user, password) = (config.get_user().unwrap(), String::from_utf8_lossy(config.get_password().unwrap()));
    let port = config.get_ports().first().map(|port| format!(":{port}")).unwrap_or_default();
    let (host, database) = (encoded(folder.to_str().unwrap()), config.get_dbname().unwrap());
    format!("postgres://{}:{}@{host}{port}/{database}", encoded(user), encoded(&password))
}
