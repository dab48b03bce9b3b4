//! Turns: what somebody else's change overtakes is undone, and done again.

use wardgraph_kernel::Write;

use crate::{StoreError, Tx};

/// How often what is overtaken is done at most.
pub(crate) const MOST_TURNS: usize = 4;

/// What says whether it would have gone otherwise a moment later.
pub trait Overtaken {
    /// Whether somebody else's change was in the way: whoever asks again sees what that made of it.
    fn is_overtaken(&self) -> bool;
}

impl Overtaken for StoreError {
    fn is_overtaken(&self) -> bool {
        matches!(self, Self::Conflict)
    }
}

impl<T, E: Overtaken> Overtaken for Result<T, E> {
    fn is_overtaken(&self) -> bool {
        self.as_ref().is_err_and(Overtaken::is_overtaken)
    }
}

/// Does `$work`, an expression with `?` and `await` that is all that a domain does in the transaction `$tx`, and gives its result. Where
/// somebody else's change overtakes it, everything is undone and done again, so that it sees what won: a few times at most, within the one transaction.
#[macro_export]
macro_rules! in_turns {
    ($tx:ident, |$turn:ident| $work:expr) => {{
        let mut turns = $crate::Turns::default();
        loop {
            let $turn = turns.before();
            let done = async { $work }.await;
            if !turns.another($tx, $crate::Overtaken::is_overtaken(&done)).await? {
                break done;
            }
        }
    }};
    ($tx:ident, $work:expr) => {
        $crate::in_turns!($tx, |_turn| $work)
    };
}

/// How far `in_turns!` is.
#[derive(Debug, Default)]
pub struct Turns(usize);

impl Turns {
    /// How many there were.
    pub const fn before(&self) -> usize {
        self.0
    }

    /// Undoes everything where the turn was overtaken, if there is to be another.
    pub async fn another(&mut self, tx: &mut Tx<'_, Write>, was_overtaken: bool) -> Result<bool, StoreError> {
        self.0 += 1;
        let another = was_overtaken && self.0 < MOST_TURNS;
        if another {
            tx.undo().await?;
        }
        Ok(another)
    }
}
