//! A tenant that a body names.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use wardgraph_kernel::TenantId;

/// A body may name a tenant, as Active Graph KG's did. It is never used: rows get the credential's tenant, and another name is audited.
///
/// Whatever else stands there is passed over without being kept.
#[derive(Debug, Clone, Default)]
pub enum NamedTenant {
    /// No tenant is named, or null.
    #[default]
    Absent,
    /// This one.
    Tenant(TenantId),
    /// Something that is no tenant's name.
    Other,
}

impl NamedTenant {
    /// Whether the body names another tenant than the credential's.
    pub fn contradicts(&self, tenant: &TenantId) -> bool {
        match self {
            Self::Absent => false,
            Self::Tenant(named) => named != tenant,
            Self::Other => true,
        }
    }

    /// The name, if it is one.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Tenant(named) => Some(named.as_str()),
            Self::Absent | Self::Other => None,
        }
    }
}

impl<'de> Deserialize<'de> for NamedTenant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Anything)
    }
}

struct Anything;

impl<'de> Visitor<'de> for Anything {
    type Value = NamedTenant;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_unit<E>(self) -> Result<NamedTenant, E> {
        Ok(NamedTenant::Absent)
    }

    fn visit_str<E>(self, text: &str) -> Result<NamedTenant, E> {
        Ok(TenantId::parse(text).map_or(NamedTenant::Other, NamedTenant::Tenant))
    }

    fn visit_bool<E>(self, _: bool) -> Result<NamedTenant, E> {
        Ok(NamedTenant::Other)
    }

    fn visit_i64<E>(self, _: i64) -> Result<NamedTenant, E> {
        Ok(NamedTenant::Other)
    }

    fn visit_u64<E>(self, _: u64) -> Result<NamedTenant, E> {
        Ok(NamedTenant::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<NamedTenant, E> {
        Ok(NamedTenant::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<NamedTenant, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(NamedTenant::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<NamedTenant, A::Error> {
        while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(NamedTenant::Other)
    }
}

impl JsonSchema for NamedTenant {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "NamedTenant".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "description": "Ignored: the credential says whose the row is." })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str, contradicts: bool) {
        let named: NamedTenant = serde_json::from_str(json).unwrap();
        assert_eq!(named.contradicts(&TenantId::parse("acme").unwrap()), contradicts, "{json}");
    }

    #[test]
    fn whatever_is_named_is_passed_over() {
        check("null", false);
        check(r#""acme""#, false);
        check(r#""other""#, true);
        for odd in ["1", "-1", "1.5", "true", r#"["acme"]"#, r#"{"a": [{"b": null}]}"#, r#""\u0000""#, r#""""#] {
            check(odd, true);
        }
    }
}
