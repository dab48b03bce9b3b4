//! Pages and the cursors that lead from one to the next.

use std::hash::{Hash, Hasher};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::TenantId;

/// How many items a page may hold: 1 to 1,000, 100 unless asked otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageSize(u16);

impl PageSize {
    /// The largest page.
    pub const MAX: u16 = 1_000;

    /// Reads a wanted size; `None` is outside 1 to 1,000.
    pub fn new(limit: i64) -> Option<Self> {
        u16::try_from(limit).ok().filter(|n| (1..=Self::MAX).contains(n)).map(Self)
    }

    /// The size.
    pub const fn get(self) -> usize {
        self.0 as usize
    }

    /// The number of rows to ask the database for: one more than the page, to know whether another follows.
    pub const fn probe(self) -> i64 {
        self.0 as i64 + 1
    }
}

impl Default for PageSize {
    fn default() -> Self {
        Self(100)
    }
}

/// A list, as cursors know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List {
    /// Which one, and in which order. Without NUL.
    pub name: &'static str,
    /// Of whose rows, as the credential says.
    pub tenant: TenantId,
    /// Of what: the thing that the path names, if it names one, and what was asked of it ([`List::asking`]).
    pub of: Option<Uuid>,
}

/// Where the next page begins: after the item of this id. Opaque to clients, bound to the list that gave it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor(Uuid);

/// A cursor that this list did not give.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the cursor is not one that this list gave in this order and with these filters: begin without one")]
pub struct InvalidCursor;

impl Cursor {
    /// The cursor after `id`.
    pub const fn after(id: Uuid) -> Self {
        Self(id)
    }

    /// The id to start after.
    pub const fn id(self) -> Uuid {
        self.0
    }

    /// The text that clients carry.
    pub fn encode(self, list: &List) -> String {
        let mut bytes = self.0.as_bytes().to_vec();
        bytes.extend(list.mark(self.0));
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads what a client brought back to a list.
    ///
    /// # Errors
    /// [`InvalidCursor`] for one that is mangled, or that another list, another tenant's, one in another order or with other filters gave.
    pub fn decode(list: &List, text: &str) -> Result<Self, InvalidCursor> {
        let mut bytes = [0; 24];
        let length = URL_SAFE_NO_PAD.decode_slice(text, &mut bytes).map_err(|_| InvalidCursor)?;
        let (id, mark) = bytes.split_first_chunk::<16>().filter(|_| length == 24).ok_or(InvalidCursor)?;
        let id = Uuid::from_bytes(*id);
        if list.mark(id) == mark { Ok(Self(id)) } else { Err(InvalidCursor) }
    }
}

impl List {
    /// The same list as it answers a `question`: filters, an order, everything that decides what comes and in which order, and not how much of it.
    /// A cursor leads on in the answer that it came from. With another question the list would go on behind a place that means nothing in it, and
    /// what stands before would be missing without a word.
    #[must_use]
    pub fn asking(self, question: &impl Hash) -> Self {
        let mut asked = Asked(Sha256::new());
        (self.of, question).hash(&mut asked);
        Self { of: Some(Uuid::from_bytes(asked.mark())), ..self }
    }

    /// What a cursor of this list that stands after `id` is known by. No guard, since a cursor gives no right and row-level security holds
    /// whatever it says: whoever reads this can make one. It catches what was mangled or brought to another list.
    fn mark(&self, id: Uuid) -> [u8; 8] {
        let mut hash = Sha256::new();
        for part in [
            self.name.as_bytes(),
            &[0],
            self.tenant.as_str().as_bytes(),
            &[0],
            self.of.unwrap_or_default().as_bytes(),
            id.as_bytes(),
        ] {
            hash.update(part);
        }
        let digest: [u8; 32] = hash.finalize().into();
        digest.first_chunk().copied().unwrap_or_default()
    }
}

/// What was asked, as it is taken in: the same on every server.
struct Asked(Sha256);

impl Asked {
    fn mark<const N: usize>(&self) -> [u8; N] {
        let digest: [u8; 32] = self.0.clone().finalize().into();
        digest.first_chunk().copied().unwrap_or([0; N])
    }
}

impl Hasher for Asked {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        u64::from_be_bytes(self.mark())
    }
}

/// One page of a list.
#[derive(Debug, Clone)]
pub struct Page<T> {
    /// The items, in the list's order.
    pub items: Vec<T>,
    /// Where the next page begins; `None` on the last one.
    pub next: Option<Cursor>,
}

impl<T> Page<T> {
    /// Cuts what a query for [`PageSize::probe`] rows brought.
    pub fn cut(mut items: Vec<T>, size: PageSize, id: impl Fn(&T) -> Uuid) -> Self {
        let more = items.len() > size.get();
        items.truncate(size.get());
        let next = items.last().filter(|_| more).map(|last| Cursor::after(id(last)));
        Self { items, next }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_to_its_own_list_only() {
        let list = |name, tenant, of: u128| List {
            name,
            tenant: TenantId::parse(tenant).unwrap(),
            of: (of > 0).then(|| Uuid::from_u128(of)),
        };
        let (cursor, own) = (Cursor::after(Uuid::from_u128(7)), list("nodes", "acme", 0));
        let text = cursor.encode(&own);
        assert_eq!((Cursor::decode(&own, &text), text.len()), (Ok(cursor), 32));
        for other in [list("events", "acme", 0), list("nodes", "acm", 0), list("nodes", "acme", 1), list("nodesa", "cme", 0)] {
            assert_eq!(Cursor::decode(&other, &text), Err(InvalidCursor), "{other:?}");
        }
        for bad in
            ["", "x", "AAAA", &format!("{text}A"), &format!("{text}="), &format!("A{text}"), &"A".repeat(10_000), "\0", "é"]
        {
            assert_eq!(Cursor::decode(&own, bad), Err(InvalidCursor), "{bad:?}");
        }
        // Cut anywhere, and with any one character changed into any other.
        for (at, was) in text.char_indices() {
            let (before, after) = (text.get(..at).unwrap(), text.get(at + 1..).unwrap());
            assert_eq!(Cursor::decode(&own, before), Err(InvalidCursor), "cut at {at}");
            for other in ('!'..='~').filter(|other| *other != was) {
                let changed = format!("{before}{other}{after}");
                assert_eq!(Cursor::decode(&own, &changed), Err(InvalidCursor), "{changed}");
            }
        }
    }

    #[test]
    fn a_cursor_leads_on_in_the_answer_to_its_own_question_only() {
        let list =
            |of: Option<u128>| List { name: "nodes", tenant: TenantId::parse("acme").unwrap(), of: of.map(Uuid::from_u128) };
        let lists = [
            list(None),
            list(None).asking(&()),
            list(None).asking(&None::<&str>),
            list(None).asking(&Some("")),
            list(None).asking(&Some("a")),
            list(None).asking(&("a", "b")),
            list(None).asking(&("ab", "")),
            list(None).asking(&("a", "b")).asking(&true),
            list(Some(1)),
            list(Some(1)).asking(&Some("a")),
            list(Some(2)).asking(&Some("a")),
        ];
        for (given, own) in lists.iter().enumerate() {
            let text = Cursor::after(Uuid::from_u128(7)).encode(own);
            for (asked, other) in lists.iter().enumerate() {
                assert_eq!(Cursor::decode(other, &text).is_ok(), given == asked, "of {own:?} at {other:?}");
            }
        }
        assert_eq!(list(None).asking(&Some("a")), list(None).asking(&Some("a".to_owned())));
    }

    #[test]
    fn a_page_knows_whether_another_follows() {
        let size = PageSize::new(2).unwrap();
        let ids: Vec<_> = (1..=3).map(Uuid::from_u128).collect();
        let page = Page::cut(ids.clone(), size, |id| *id);
        assert_eq!((page.items.len(), page.next), (2, Some(Cursor::after(ids[1]))));
        assert_eq!(Page::cut(ids[..2].to_vec(), size, |id| *id).next, None);
        assert_eq!([PageSize::new(0), PageSize::new(-1), PageSize::new(1_001)], [None; 3]);
    }
}
