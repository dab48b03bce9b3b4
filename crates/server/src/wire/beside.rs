//! What commands need of a server that runs already: its database.

use std::{collections::BTreeMap, str::FromStr};

use wardgraph_store::{Login, Role, Store, StoreOptions};

use super::{StartError, logins};
use crate::{Home, config::Config};

/// How a role logs in to the database of a server that runs already; `None` if that cannot be known from here.
pub fn login_of(config: &Config, home: &Home, role: Role) -> Result<Option<Login>, StartError> {
    let base = match &config.database.url {
        Some(url) => Some(Login::from_str(url.expose())?),
        // Every role has its own.
        None if !config.database.role_urls.is_empty() => None,
        None => {
            let socket = home.folder().join("postgres/socket");
            if !socket.is_dir() {
                return Ok(None);
            }
            let mut login = Login::at_socket(socket);
            login.dbname("postgres");
            Some(login)
        }
    };
    Ok(logins(config, home, base.as_ref())?.0.remove(&role))
}

/// A store beside a server that runs already, for commands that look after its own keys and accounts; with a
/// connection of each of these roles.
///
/// # Errors
/// Where no database is known from here; and those of the configuration and of connecting.
pub fn store_beside(config: &Config, home: &Home, roles: &[Role]) -> Result<Store, StartError> {
    let mut logins = BTreeMap::new();
    for role in roles {
        let Some(login) = login_of(config, home, *role)? else {
            let folder = home.folder().display();
            return Err(format!(
                "there is no database yet in `{folder}`: start the server first, or name its folder with `--data-dir`"
            )
            .into());
        };
        logins.insert(*role, login);
    }
    let accounts = wardgraph_identity::STATEMENTS.iter().copied().flatten();
    let tokens = wardgraph_tokens::STATEMENTS.iter().copied().flatten();
    let clients = wardgraph_oauth::STATEMENTS.iter().copied().flatten();
    let clients = clients.chain(wardgraph_organizations::STATEMENTS.iter().copied().flatten());
    let statements = wardgraph_vault::STATEMENTS.iter().copied().flatten().chain(tokens).chain(clients);
    let changes = wardgraph_store::STATEMENTS.iter().copied().flatten().chain(wardgraph_audit::STATEMENTS);
    let options = StoreOptions {
        logins,
        connections: roles.iter().map(|role| (*role, 1)).collect(),
        timeouts: config.database.timeouts,
        statements: statements.chain(changes).chain(accounts).copied().collect(),
    };
    Ok(Store::new(&options)?)
}
