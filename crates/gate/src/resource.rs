//! Which resource a request is about, as permissions name it.

use uuid::Uuid;
use wardgraph_access::{Name, On};
use wardgraph_kernel::Spec;

/// The name of the one resource that a request is about, if its endpoint says where it stands and it is a name.
///
/// What is no name asks for all that the permission is about, which allows nothing that the name would not. An id is written in one way, however the
/// request writes it: no other spelling slips past a rule that denies it.
#[derive(Debug)]
pub(crate) struct Resource(Option<String>);

impl Resource {
    pub(crate) fn of(spec: &Spec, path: &str) -> Self {
        let name = spec.names(path).and_then(|text| match Uuid::try_parse(text) {
            Ok(id) => Some(id.hyphenated().to_string()),
            Err(_) => Name::read(text).is_ok().then(|| text.to_owned()),
        });
        Self(name)
    }

    /// What a question about it asks.
    pub(crate) fn on(&self) -> On<'_> {
        self.0.as_deref().and_then(|text| Name::read(text).ok()).map_or(On::All, On::Named)
    }

    pub(crate) fn into_name(self) -> Option<String> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wardgraph_api::table::graph::{GetNode, ListNodes};
    use wardgraph_kernel::Endpoint;

    #[test]
    fn an_id_has_one_name_however_it_is_written() {
        let id = "0190a1b2-0000-7000-8000-0000000000ab";
        for text in [
            id,
            "0190A1B2-0000-7000-8000-0000000000AB",
            "0190a1b20000700080000000000000ab",
            "urn:uuid:0190a1b2-0000-7000-8000-0000000000ab",
        ] {
            let resource = Resource::of(&GetNode::SPEC, &format!("/nodes/{text}"));
            assert_eq!(resource.on(), On::Named(Name::read(id).unwrap()), "{text}");
        }
    }

    #[test]
    fn what_is_no_name_asks_for_all() {
        for text in ["%30190a1b2-0000-7000-8000-0000000000ab", "wgc_A", "https:%2F%2Fapp.example", "", "*", "${user_id}"] {
            assert_eq!(Resource::of(&GetNode::SPEC, &format!("/nodes/{text}")).on(), On::All, "{text}");
        }
        assert_eq!(Resource::of(&ListNodes::SPEC, "/nodes").on(), On::All);
    }
}
