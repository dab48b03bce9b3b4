//! Vectors on their way to pgvector, in its own binary form: a quarter of the text's size, and nothing to parse.

use std::error::Error;

use bytes::{BufMut, BytesMut};
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

/// The value of a parameter of type `vector`.
#[derive(Debug, Clone, Copy)]
pub struct Vector<'a>(pub &'a [f32]);

impl ToSql for Vector<'_> {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        // As pgvector's vector_recv reads it: the dimension, two bytes that are kept free, then the components.
        out.put_i16(i16::try_from(self.0.len())?);
        out.put_i16(0);
        for component in self.0 {
            out.put_f32(*component);
        }
        Ok(IsNull::No)
    }

    fn accepts(ty: &Type) -> bool {
        ty.name() == "vector"
    }

    to_sql_checked!();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vector_is_its_dimension_and_its_components() {
        let mut out = BytesMut::new();
        Vector(&[1.0, -2.0]).to_sql(&Type::BYTEA, &mut out).unwrap();
        assert_eq!(out.as_ref(), [0, 2, 0, 0, 0x3f, 0x80, 0, 0, 0xc0, 0, 0, 0]);
    }
}
