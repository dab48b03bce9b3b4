//! The wire: what stands between a socket and a request. Everything here is bounded, and what could be read in two ways is refused.

pub(crate) mod body;
mod chunks;
mod crowd;
mod framing;
mod guard;
mod head;
mod heap;
pub(crate) mod held;
mod http1;
mod http2;
mod last_word;
mod listen;
mod patient;
mod streams;
mod tls;

pub use listen::{ServeLimits, serve};
pub use tls::{ClientAuthorities, Tls, TlsError, TlsFiles};
