//! Bounds on how much one answer carries, whatever rows weigh.

use uuid::Uuid;
use wardgraph_kernel::{Cursor, Page, PageSize};
use wardgraph_store::{Row, StoreError};

/// How many octets of props and the like an answer carries before it ends; the row that reaches it is the last.
pub(crate) const ANSWER_BYTES: i64 = 16 << 20;

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
