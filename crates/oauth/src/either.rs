//! What is written in one way for two database roles: that of a person who is signed in, and that of whoever acts before anyone is known, or runs the
//! server.

use wardgraph_kernel::{Identity, Write};
use wardgraph_store::{Params, Row, Statement, StoreError, Tx};

/// A transaction of either role.
pub trait Either: Send {
    /// Runs the one of two statements that is its role's: they say the same.
    fn either(
        &mut self,
        writing: &Statement<Write>,
        identity: &Statement<Identity>,
        params: Params<'_>,
    ) -> impl Future<Output = Result<Vec<Row>, StoreError>> + Send;
}

impl Either for Tx<'_, Write> {
    async fn either(
        &mut self,
        writing: &Statement<Write>,
        _: &Statement<Identity>,
        params: Params<'_>,
    ) -> Result<Vec<Row>, StoreError> {
        self.write(writing, params).await
    }
}

impl Either for Tx<'_, Identity> {
    async fn either(
        &mut self,
        _: &Statement<Write>,
        identity: &Statement<Identity>,
        params: Params<'_>,
    ) -> Result<Vec<Row>, StoreError> {
        self.run(identity, params).await
    }
}
