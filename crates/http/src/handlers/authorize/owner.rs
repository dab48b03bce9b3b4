//! Who answers for a client, as people are told.

use wardgraph_gate::{StoreError, Tx};
use wardgraph_identity::account;
use wardgraph_kernel::Identity;
use wardgraph_oauth::{
    Client,
    client::{Source, document},
};

use crate::pages::consent::Owner;

pub(in crate::handlers) async fn owner(tx: &mut Tx<'_, Identity>, client: &Client) -> Result<Owner, StoreError> {
    Ok(match &client.organization {
        Some(organization) => Owner::Organization(account::organization_name(tx, organization).await?.unwrap_or_default()),
        None if client.source == Source::Document => Owner::Host(document::host(client.id.as_str()).to_owned()),
        None => Owner::Nobody,
    })
}
