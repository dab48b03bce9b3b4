//! Paths that name more than one thing.

use serde_json::Value;

use crate::{
    Within,
    describe::{IdKind, Input, Known, PathId, Shape},
};

impl Shape {
    /// A path of the table, with known ids where it wants some.
    pub fn place(&self, path: &str, known: &Known) -> String {
        let place = self.path.map_or_else(|| path.to_owned(), |kind| path.replace("{id}", &kind.of(known)));
        let parts = place.split_once('{').and_then(|(before, rest)| Some((before, rest.split_once('}')?.1)));
        match (self.within, parts) {
            (Some(kind), Some((before, after))) => format!("{before}{}{after}", kind.of(known)),
            _ => place,
        }
    }
}

impl IdKind {
    /// Whether ids of this kind are UUIDs.
    pub const fn is_uuid(self) -> bool {
        !matches!(self, Self::Client | Self::Registered | Self::Organization | Self::Role | Self::Version)
    }
}

impl<T: PathId> Input for Within<T> {
    fn describe(shape: &mut Shape) {
        shape.within = Some(T::KIND);
    }
    fn sample(_: &Known) -> Option<Value> {
        None
    }
}
