//! The types on the wire, one file a thing.

pub mod edge;
pub mod event;
pub mod node;
pub mod search;
pub mod system;

use schemars::JsonSchema;
use serde::Deserialize;

/// A body may name a tenant, as Active Graph KG's did. It is never used: rows get the credential's tenant, and another name is audited.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct NamedTenant(pub Option<serde_json::Value>);

impl NamedTenant {
    /// Whether the body names another tenant than the credential's.
    pub fn contradicts(&self, tenant: &str) -> bool {
        self.0.as_ref().is_some_and(|named| !named.is_null() && named.as_str() != Some(tenant))
    }
}
