//! What can serve an endpoint: a plain async function from (pass, input) to answer, and nothing else.

use wardgraph_api::Problem;
use wardgraph_kernel::Endpoint;

use crate::{Entry, Finish};

/// A handler of endpoint `E`. Implemented for every function of the right shape: the pass of `E`'s kind for `E` itself, `E`'s input, and
/// the answer that `E`'s mode demands. A function of another shape does not mount, and rustc shows both.
pub trait Handler<E: Endpoint<Entry: Entry, Mode: Finish>>: Clone + Send + Sync + 'static {
    /// Serves one request.
    fn serve(
        &self,
        pass: <E::Entry as Entry>::Pass<E>,
        input: E::Input,
    ) -> impl Future<Output = Result<E::Output, Problem>> + Send;
}

impl<E, H, F, X> Handler<E> for H
where
    E: Endpoint<Entry: Entry, Mode: Finish>,
    H: Fn(<E::Entry as Entry>::Pass<E>, E::Input) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Result<<E::Entry as Entry>::Answer<E>, X>> + Send,
    X: Into<Problem> + Send,
{
    async fn serve(&self, pass: <E::Entry as Entry>::Pass<E>, input: E::Input) -> Result<E::Output, Problem> {
        E::Entry::open::<E>(self(pass, input).await.map_err(Into::into)?)
    }
}
