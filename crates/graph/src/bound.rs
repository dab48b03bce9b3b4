//! Bounds on how much one answer carries, whatever rows weigh.

use uuid::Uuid;
use wardgraph_kernel::{Cursor, Page, PageSize};
use wardgraph_store::{Row, StoreError};

/// How many octets of props and the like an answer carries before it ends; the row that reaches it is the last.
pub(crate) const ANSWER_BYTES: i64 = 16 << 20;

/// How many rows one request looks at for those that a filter lets pass. What is behind them is for the next page.
pub(crate) const LOOKED_AT: i64 = 10_000;

/// Whether a row is so light that others may wait while it is read: 64 KiB of props and the like, whatever else there may be.
macro_rules! is_light {
    () => {
        "size_bytes <= 65536"
    };
}
pub(crate) use is_light;

/// Opens a sub-select whose rows know how many octets stand `before` them, and how many rows were `there`.
macro_rules! bounded {
    ($table:literal, $id:literal) => {
        concat!(
            ", there from (select *, sum(size_bytes) over (order by ",
            $id,
            ") - size_bytes as before, count(*) over () as there from (select * from ",
            $table
        )
    };
}
pub(crate) use bounded;

/// A page of what a bounded query brought, whose last column is `there`: a page that the bound ended early leads on like any other.
pub(crate) fn cut<T>(
    rows: &[Row],
    size: PageSize,
    read: impl Fn(&Row) -> Result<T, StoreError>,
    id: impl Fn(&T) -> Uuid,
) -> Result<Page<T>, StoreError> {
    let there: i64 = rows.first().map_or(Ok(0), Row::try_last)?;
    let items = rows.iter().take(size.get()).map(read).collect::<Result<Vec<_>, _>>()?;
    let more = usize::try_from(there).unwrap_or(usize::MAX) > items.len();
    let next = items.last().filter(|_| more).map(|last| Cursor::after(id(last)));
    Ok(Page { items, next })
}

/// The same of a query that looked at so many rows and no more: its column `looked_to` has the last of them, if others follow, and where none
/// passed there is one row with nothing `there`.
pub(crate) fn cut_looked<T>(
    rows: &[Row],
    looked_to: usize,
    size: PageSize,
    read: impl Fn(&Row) -> Result<T, StoreError>,
    id: impl Fn(&T) -> Uuid,
) -> Result<Page<T>, StoreError> {
    let Some(first) = rows.first() else { return Ok(Page { items: Vec::new(), next: None }) };
    let further = first.try_get::<Option<Uuid>>(looked_to)?.map(Cursor::after);
    if first.try_last::<Option<i64>>()?.unwrap_or(0) == 0 {
        return Ok(Page { items: Vec::new(), next: further });
    }
    let page = cut(rows, size, read, id)?;
    Ok(Page { next: page.next.or(further), ..page })
}
