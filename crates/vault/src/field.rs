//! Where a sealed value belongs.

/// Where a sealed value belongs, besides its tenant, which is the transaction's. It opens nowhere else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field<'a> {
    /// The table's name.
    pub table: &'static str,
    /// The column's name.
    pub column: &'static str,
    /// The row's key within its tenant: what never changes about it.
    pub row: &'a str,
}

impl Field<'_> {
    /// What is authenticated besides the value: the header of its sealed form, and its place. Each part stands behind its length, so that no two
    /// places are written alike.
    pub(crate) fn bound(&self, header: &[u8], tenant: &str) -> Vec<u8> {
        bound(
            b"wardgraph field",
            &[header, tenant.as_bytes(), self.table.as_bytes(), self.column.as_bytes(), self.row.as_bytes()],
        )
    }
}

/// Parts, each behind its length, after a word that says what they are for.
pub(crate) fn bound(purpose: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let mut bound = Vec::with_capacity(purpose.len() + parts.iter().map(|part| part.len() + 8).sum::<usize>());
    bound.extend_from_slice(purpose);
    for part in parts {
        bound.extend_from_slice(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        bound.extend_from_slice(part);
    }
    bound
}
