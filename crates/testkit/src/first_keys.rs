//! What a server makes at its first start, made once for the template.

use std::{collections::BTreeMap, sync::Arc};

use wardgraph_gate::SystemParts;
use wardgraph_kernel::{ManualClock, SeededChance, Timestamp};
use wardgraph_store::{Role, Store, StoreOptions, Timeouts};
use wardgraph_tokens::Algorithm;
use wardgraph_vault::Vault;
use wardgraph_worker::KeyKeeper;

use crate::{
    Database, START,
    app::{embedder, test_masters},
    issuers::own_issuer,
};

/// Makes the keys that a server makes at its first start.
pub(crate) async fn first_keys(database: &Database) {
    let routes = wardgraph_server::wire::routes(&*embedder());
    let store = Store::new(&StoreOptions {
        logins: database.logins.clone(),
        connections: BTreeMap::from([(Role::Worker, 1)]),
        timeouts: Timeouts::default(),
        statements: wardgraph_server::wire::statements(routes.searches()),
    });
    let store = store.unwrap();
    let vault = Vault::open_with(test_masters()).await.unwrap();
    let issuer = own_issuer(vec![Algorithm::ES256], &vault);
    let clock = Arc::new(ManualClock::at(Timestamp::from_second(START).unwrap()));
    let parts = SystemParts { store: store.clone(), clock, chance: Arc::new(SeededChance::new(7)) };
    KeyKeeper::new(parts, vault, issuer).begin().await.unwrap();
    store.close();
}
