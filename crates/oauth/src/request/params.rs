//! The parameters of a request as they came.

use std::collections::BTreeMap;

/// How long a request may be, as a query.
pub const MOST_BYTES: usize = 8 << 10;
/// How many parameters it may have.
const MOST: usize = 64;

/// Parameters by name. One without a value is as one that was not sent (RFC 6749, section 3.1).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Params(BTreeMap<String, Vec<String>>);

impl Params {
    /// Those of a query or a form; `None` if there are too many.
    pub fn of(pairs: impl IntoIterator<Item = (String, String)>) -> Option<Self> {
        let mut params = BTreeMap::<String, Vec<String>>::new();
        let mut bytes = 0_usize;
        for (count, (name, value)) in pairs.into_iter().enumerate() {
            bytes = bytes.saturating_add(name.len()).saturating_add(value.len());
            if count >= MOST || bytes > MOST_BYTES {
                return None;
            }
            if !value.is_empty() {
                params.entry(name).or_default().push(value);
            }
        }
        Some(Self(params))
    }

    /// Those of a query's text, read as browsers read it.
    pub fn read(query: &str) -> Option<Self> {
        Self::of(form_urlencoded::parse(query.as_bytes()).map(|(name, value)| (name.into_owned(), value.into_owned())))
    }

    /// The one value; `None` where there is none, or more than one.
    pub fn one(&self, name: &str) -> Option<&str> {
        match self.all(name) {
            [value] => Some(value),
            _ => None,
        }
    }

    /// Every value.
    pub fn all(&self, name: &str) -> &[String] {
        self.0.get(name).map(Vec::as_slice).unwrap_or_default()
    }

    /// Whether there is a value.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Whether a name has more than one value: `resource` may (RFC 8707, section 2), and is judged by itself.
    pub(super) fn has_twins(&self) -> bool {
        self.0.iter().any(|(name, values)| values.len() > 1 && name != "resource")
    }

    /// The same with one value for `name` alone.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.0.insert(name.to_owned(), vec![value.into()]);
        self
    }

    /// The same without `name`.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.0.remove(name);
        self
    }

    /// As a query.
    pub fn query(&self) -> String {
        let pairs = self.0.iter().flat_map(|(name, values)| values.iter().map(move |value| (name, value)));
        form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
    }
}
