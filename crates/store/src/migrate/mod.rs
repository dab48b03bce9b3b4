//! Bringing a database to the schema of this version: roles, extension, schema, then the migrations in order.
//!
//! Safe when several servers start at once (one advisory lock), and when several databases of one cluster are prepared at once
//! (roles belong to the cluster, so that creating one may lose a race).

mod ledger;
mod roles;

use tokio_postgres::Client;
use wardgraph_kernel::Secret;

use crate::{Login, Logins, Role, StoreError};

/// How long a migration waits for a table that somebody else holds. What it does with the table may take as long as the table is large: one that
/// was given up would begin anew at every start.
const LOCK_TIMEOUT: &str = "10min";

/// The key of the advisory lock that migrations hold: `wardgrph` in ASCII.
const LOCK: i64 = 0x7761_7264_6772_7068;

/// How to come by a database that is ready.
#[derive(Debug)]
pub struct MigrateOptions {
    /// A login that may create roles and schemas. Without it the roles must exist already, and only migrations run.
    pub maintenance: Option<Login>,
    /// How each role logs in, the owner included.
    pub logins: Logins,
    /// The passwords to give to roles that do not exist yet.
    pub passwords: Vec<(Role, Secret)>,
    /// Whether roles that exist get the passwords too: for a data folder that has lost them.
    pub reset_passwords: bool,
}

/// Brings the database to this version. Returns the names of the migrations that ran.
pub async fn migrate(options: &MigrateOptions) -> Result<Vec<&'static str>, StoreError> {
    let owner_login = options.logins.get(&Role::Owner).ok_or_else(|| StoreError::Unsafe("the owner has no login".into()))?;
    if let Some(maintenance) = &options.maintenance {
        let client = connect(maintenance).await?;
        lock(&client).await?;
        roles::prepare(&client, options).await?;
        let applied = match ledger::apply(&mut connect(owner_login).await?).await {
            Ok(applied) => roles::mark_leakproof(&client).await.map(|()| applied),
            Err(error) => Err(error),
        };
        client.batch_execute("select pg_advisory_unlock_all()").await?;
        return applied;
    }
    let mut owner = connect(owner_login).await?;
    lock(&owner).await?;
    ledger::apply(&mut owner).await
}

async fn connect(login: &Login) -> Result<Client, StoreError> {
    let mut login = login.clone();
    let config = login.config_mut();
    config.options(format!("-c search_path=wardgraph,public -c statement_timeout=0 -c lock_timeout={LOCK_TIMEOUT}"));
    config.application_name("wardgraph_migrate");
    login.connect().await
}

/// Waits until no other server migrates, however long that takes it.
async fn lock(client: &Client) -> Result<(), StoreError> {
    client.batch_execute("set lock_timeout = 0").await?;
    client.execute("select pg_advisory_lock($1)", &[&LOCK]).await?;
    client.batch_execute(&format!("set lock_timeout = '{LOCK_TIMEOUT}'")).await?;
    Ok(())
}
