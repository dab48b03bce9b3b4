//! What the limiter answers.

use std::time::Duration;

use wardgraph_kernel::LimitClass;

use crate::{
    Policy,
    bucket::{Bucket, Nanos},
};

/// What came of a charge, with all that the `RateLimit`, `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers),
/// `X-RateLimit-*` and `Retry-After` headers say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    /// The class that was charged; its word names the policy in headers.
    pub class: LimitClass,
    /// Whether the call may go on.
    pub admitted: bool,
    /// The bucket's size and pace; `None` where nothing is counted, and no header is due.
    pub policy: Option<Policy>,
    /// How many whole tokens are left: `r` of `RateLimit`.
    pub remaining: u32,
    /// How long until the bucket is full: `t` of `RateLimit`, once rounded up to seconds.
    pub reset: Duration,
    /// How long to wait before the same charge is admitted; `None` when it was admitted, or when no waiting helps because
    /// it asks more than the burst (see [`crate::Limiter::check_batch`]).
    pub retry_after: Option<Duration>,
}

/// A batch that no waiting makes fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the batch has {amount} items, and at most {burst} are taken at once")]
pub struct BatchTooLarge {
    /// How many items the batch has.
    pub amount: u32,
    /// How many a full bucket holds.
    pub burst: u32,
}

impl Decision {
    pub(crate) const fn unlimited(class: LimitClass) -> Self {
        Self { class, admitted: true, policy: None, remaining: u32::MAX, reset: Duration::ZERO, retry_after: None }
    }

    pub(crate) fn new(class: LimitClass, policy: Policy, bucket: Bucket, verdict: Verdict, now: Nanos) -> Self {
        Self {
            class,
            admitted: matches!(verdict, Verdict::Admitted),
            policy: Some(policy),
            remaining: bucket.remaining(policy, now),
            reset: bucket.full_at().since(now).duration(),
            retry_after: match verdict {
                Verdict::Admitted | Verdict::Never => None,
                Verdict::Wait(wait) => Some(wait.duration()),
            },
        }
    }
}

/// What the arithmetic says of one charge.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Verdict {
    Admitted,
    Wait(Nanos),
    Never,
}

impl From<Nanos> for Verdict {
    fn from(wait: Nanos) -> Self {
        if wait == Nanos(0) { Self::Admitted } else { Self::Wait(wait) }
    }
}
