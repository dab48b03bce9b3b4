//! Passwords that were leaked elsewhere and are tried first, looked up by SHA-1 as in the lists of Have I Been Pwned: in a file of them, or of a
//! service that is told five digits of the hash and answers with all that begin so (k-anonymity, Pwned Passwords API v3).

mod file;
mod service;

use std::sync::Arc;

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use wardgraph_egress::EgressError;
use wardgraph_kernel::{Secret, hex};

use super::{HashPool, PoolError};

pub use file::HashFile;
pub use service::RangeService;

/// Where leaked passwords are looked up.
#[derive(Debug, Clone)]
pub enum Breached {
    /// A file.
    File(Arc<HashFile>),
    /// A service.
    Service(RangeService),
}

/// Why it is not known whether a password was leaked.
#[derive(Debug, thiserror::Error)]
pub enum BreachedError {
    /// The file could not be read.
    #[error("the list of breached passwords: {0}")]
    File(#[from] std::io::Error),
    /// The file is none of ordered hashes.
    #[error("the list of breached passwords has a line that does not begin with 40 hexadecimal digits")]
    NoList,
    /// The service could not be asked.
    #[error("the service of breached passwords: {0}")]
    Service(#[from] EgressError),
    /// The service answered something else.
    #[error("the service of breached passwords answered {0}")]
    Status(u16),
    /// Nobody had time to look.
    #[error(transparent)]
    Pool(#[from] PoolError),
}

impl Breached {
    /// Whether a password is among them. A file is read on a thread of `pool`.
    ///
    /// # Errors
    /// As [`BreachedError`] says: then it is not known.
    pub async fn holds(&self, password: &Secret, pool: &HashPool) -> Result<bool, BreachedError> {
        let hash = hash(password);
        match self {
            Self::File(file) => {
                let file = file.clone();
                pool.run(move |_| file.holds(&hash)).await?
            }
            Self::Service(service) => service.holds(&hash).await,
        }
    }
}

/// SHA-1 in the lists' spelling. It protects nothing here: it is how the lists are ordered.
fn hash(password: &Secret) -> String {
    hex(digest(&SHA1_FOR_LEGACY_USE_ONLY, password.expose().as_bytes()).as_ref()).to_ascii_uppercase()
}
