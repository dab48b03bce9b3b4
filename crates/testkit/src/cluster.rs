//! The one Postgres of a test run, and databases cloned from a migrated template.

use std::{
    path::PathBuf,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};

use crate::first_keys::first_keys;
use tokio_postgres::Client;
use wardgraph_kernel::Secret;
use wardgraph_store::{
    Login, Logins, Role,
    embedded::{EmbeddedOptions, EmbeddedPostgres},
    migrate::{MigrateOptions, migrate},
};

const TEMPLATE: &str = "wardgraph_template";

/// The one Postgres of a test run. It stops with the test process, whatever way that ends (the embedded Postgres's watchdog).
#[derive(Debug)]
pub struct Cluster {
    superuser: Login,
    next: AtomicU32,
    template: tokio::sync::Mutex<()>,
}

/// A test's own database.
#[derive(Debug, Clone)]
pub struct Database {
    /// The superuser's login to it: for looking behind the scenes.
    pub superuser: Login,
    /// How each role logs in.
    pub logins: Logins,
    watcher: Arc<tokio::sync::Mutex<Option<Arc<Client>>>>,
    servers: Arc<AtomicU32>,
}

/// Where Postgres's binaries are: what `scripts/fetch.py` brought.
pub(crate) fn binaries() -> PathBuf {
    repository().join(".cache/postgres/current")
}

pub(crate) fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the repository is where it was built")
}

impl Cluster {
    /// The run's Postgres, started at the first asking on a thread of its own: tests' runtimes come and go.
    pub fn get() -> &'static Self {
        static CLUSTER: OnceLock<Cluster> = OnceLock::new();
        CLUSTER.get_or_init(|| {
            let (started, starts) = std::sync::mpsc::channel();
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
                runtime.block_on(async {
                    let postgres = EmbeddedPostgres::start(options())
                        .await
                        .expect("Postgres starts; `python3 scripts/fetch.py` brings its binaries");
                    let superuser = wardgraph_server::wire::embedded_login(&postgres);
                    prepare(&superuser).await;
                    started.send(superuser).unwrap();
                    std::future::pending::<()>().await;
                });
            });
            Self {
                superuser: starts.recv().expect("Postgres started"),
                next: AtomicU32::new(0),
                template: tokio::sync::Mutex::new(()),
            }
        })
    }

    /// A fresh database of this version's schema, nobody else's.
    pub async fn database(&self) -> Database {
        let name = self.name();
        // A template may not be connected to while it is copied, and Postgres refuses two copies at once only under load: one at a time.
        let _one = self.template.lock().await;
        let client = connect(&self.superuser).await;
        client.batch_execute(&format!("create database {name} template {TEMPLATE}")).await.unwrap();
        Database::called(&self.superuser, &name)
    }

    /// A database without anything in it, for tests of migrations.
    pub async fn empty_database(&self) -> Database {
        let name = self.name();
        connect(&self.superuser).await.batch_execute(&format!("create database {name}")).await.unwrap();
        Database::called(&self.superuser, &name)
    }

    fn name(&self) -> String {
        format!("test_{}", self.next.fetch_add(1, Ordering::SeqCst))
    }
}

impl Database {
    fn called(superuser: &Login, name: &str) -> Self {
        let mut superuser = superuser.clone();
        superuser.dbname(name);
        let login = |role: &Role| {
            let mut login = superuser.clone();
            login.user(role.name()).password(password(*role).expose());
            (*role, login)
        };
        Self::of(superuser.clone(), Role::ALL.iter().map(login).collect())
    }

    /// The database that one logs in to like this.
    pub fn of(superuser: Login, logins: Logins) -> Self {
        Self { superuser, logins, watcher: Arc::default(), servers: Arc::default() }
    }

    /// What the next server over it draws its chance from: no two of them make the same ids.
    pub(crate) fn seed(&self) -> u64 {
        7 + u64::from(self.servers.fetch_add(1, Ordering::SeqCst))
    }

    /// A connection as the superuser: sees everything, row-level security or not.
    pub async fn behind_the_scenes(&self) -> Client {
        connect(&self.superuser).await
    }

    /// The same, one for the whole test: for what is looked up again and again. Nobody leaves a transaction open in it.
    pub async fn watcher(&self) -> Arc<Client> {
        let mut kept = self.watcher.lock().await;
        match kept.as_ref().filter(|client| !client.is_closed()) {
            Some(client) => client.clone(),
            None => kept.insert(Arc::new(self.behind_the_scenes().await)).clone(),
        }
    }

    /// A connection as `role`, outside of any pool.
    pub async fn connect_as(&self, role: Role) -> Client {
        connect(self.logins.get(&role).unwrap()).await
    }

    /// What brings this database to the current schema.
    pub fn migration(&self) -> MigrateOptions {
        let passwords = Role::ALL.iter().map(|role| (*role, password(*role))).collect();
        MigrateOptions {
            maintenance: Some(self.superuser.clone()),
            logins: self.logins.clone(),
            passwords,
            reset_passwords: false,
        }
    }
}

async fn connect(login: &Login) -> Client {
    login.connect().await.unwrap()
}

/// Roles belong to the cluster: one password each for all databases of the run.
fn password(role: Role) -> Secret {
    Secret::new(format!("{}-of-this-test-run", role.word()))
}

async fn prepare(superuser: &Login) {
    connect(superuser).await.batch_execute(&format!("create database {TEMPLATE}")).await.unwrap();
    let template = Database::called(superuser, TEMPLATE);
    migrate(&template.migration()).await.unwrap();
    // The server's first keys are those of every test: their making is nothing that a test asks about.
    first_keys(&template).await;
    template
        .behind_the_scenes()
        .await
        .batch_execute("delete from wardgraph.events; delete from wardgraph.changes")
        .await
        .unwrap();
}

fn options() -> EmbeddedOptions {
    let ours = std::env::temp_dir().join("wardgraph-test-runs");
    // Leftovers of runs that have ended: their process is gone. Each has hundreds of databases, and no test waits until they are removed.
    let leftovers = std::fs::read_dir(&ours).into_iter().flatten().flatten().collect::<Vec<_>>();
    std::thread::spawn(move || {
        for entry in leftovers {
            let alive = PathBuf::from("/proc").join(entry.file_name()).exists();
            if !alive {
                let _ = std::fs::remove_dir_all(entry.path());
            }
        }
    });
    // Vacuum would go round hundreds of databases, each of which lives for seconds.
    let settings = [("max_connections", "300"), ("shared_buffers", "128MB"), ("autovacuum", "off")];
    let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    EmbeddedOptions { data_dir: ours.join(std::process::id().to_string()), binaries: binaries(), durable: false, settings }
}
