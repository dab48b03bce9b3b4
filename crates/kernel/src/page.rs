//! Pages and the cursors that lead from one to the next.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use uuid::Uuid;

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

/// Where the next page begins: after the item of this id. Opaque to clients, bound to the list it came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor(Uuid);

/// A cursor that this list did not give.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the cursor is not one that this list gave")]
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

    /// The text that clients carry; `list` names the list, so that a cursor of another list is refused.
    pub fn encode(self, list: &str) -> String {
        let mut bytes = self.0.as_bytes().to_vec();
        bytes.push(checksum(list, self.0.as_bytes()));
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads what a client brought back.
    pub fn decode(list: &str, text: &str) -> Result<Self, InvalidCursor> {
        let bytes: [u8; 17] = URL_SAFE_NO_PAD.decode(text).ok().and_then(|b| b.try_into().ok()).ok_or(InvalidCursor)?;
        let (id, [sum]) = bytes
            .split_first_chunk::<16>()
            .and_then(|(id, rest)| Some((id, <[u8; 1]>::try_from(rest).ok()?)))
            .ok_or(InvalidCursor)?;
        if sum == checksum(list, id) { Ok(Self(Uuid::from_bytes(*id))) } else { Err(InvalidCursor) }
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

/// Not a guard, since a cursor gives no right: it catches mangled cursors and those of other lists.
fn checksum(list: &str, id: &[u8]) -> u8 {
    list.bytes().chain(id.iter().copied()).fold(0x5a, |sum: u8, b| sum.rotate_left(3) ^ b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_to_its_own_list_only() {
        let cursor = Cursor::after(Uuid::from_u128(7));
        let text = cursor.encode("nodes");
        assert_eq!(Cursor::decode("nodes", &text), Ok(cursor));
        assert_eq!(Cursor::decode("events", &text), Err(InvalidCursor));
        for bad in ["", "x", "AAAA", text.get(1..).unwrap(), &format!("{text}A"), "\0", "é"] {
            assert_eq!(Cursor::decode("nodes", bad), Err(InvalidCursor), "{bad:?}");
        }
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
