//! A vector as pgvector takes it.

use bytes::BytesMut;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

/// A parameter of pgvector's type `vector`, in its binary form: the number of components, an unused word, the components.
/// A cast from `real[]` would be evaluated again for each row wherever a plan is generic.
#[derive(Debug, Clone)]
pub struct Vector(pub Vec<f32>);

impl ToSql for Vector {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        out.extend_from_slice(&u16::try_from(self.0.len())?.to_be_bytes());
        out.extend_from_slice(&0_u16.to_be_bytes());
        for component in &self.0 {
            out.extend_from_slice(&component.to_be_bytes());
        }
        Ok(IsNull::No)
    }

    fn accepts(ty: &Type) -> bool {
        ty.name() == "vector"
    }

    to_sql_checked!();
}
