//! File descriptors: a connection is one, and a server that has none left can accept nobody, not even to say so.

use rustix::process::{Resource, getrlimit, setrlimit};

/// What the server needs besides connections of clients: Postgres, files, pipes, and each of them twice to be safe.
const OTHERS: u64 = 512;

/// Raises the limit as far as this process may, and says how many of `wanted` connections there is room for.
pub(crate) fn for_connections(wanted: usize) -> usize {
    let mut limit = getrlimit(Resource::Nofile);
    let needed = wanted as u64 + OTHERS;
    if limit.current.is_some_and(|current| current < needed) {
        limit.current = limit.maximum.map_or(Some(needed), |maximum| Some(maximum.min(needed)));
        // Left as it was where it cannot be raised: then there are fewer connections.
        let _ = setrlimit(Resource::Nofile, limit);
    }
    let Some(current) = getrlimit(Resource::Nofile).current.filter(|current| *current < needed) else { return wanted };
    let room = usize::try_from(current.saturating_sub(OTHERS).max(current / 2)).unwrap_or(wanted).max(1);
    tracing::warn!(wanted, room, "fewer connections than http.max_connections says: raise the limit of open files (ulimit -n)");
    room
}
