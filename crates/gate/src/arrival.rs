//! What is known of a request before anything was checked, and where it really came from.

use std::net::IpAddr;

use http::{HeaderMap, Uri};
use wardgraph_kernel::RequestId;

/// A request's head, as the gate sees it. The body has not been read.
#[derive(Debug, Clone, Copy)]
pub struct Arrival<'a> {
    /// What is asked for: path and query.
    pub target: &'a Uri,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// The address of the connection's other end.
    pub peer: IpAddr,
    /// The id that this server gave the request.
    pub request_id: RequestId,
}

/// Which proxies are believed about where a request came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proxies {
    /// How many proxies of the operator's own stand before this server; 0 believes nobody.
    pub count: usize,
    /// The header in which each proxy appends the address that it saw.
    pub header: String,
}

impl Default for Proxies {
    fn default() -> Self {
        Self { count: 0, header: "x-forwarded-for".into() }
    }
}

impl Proxies {
    /// The client's address: the connection's, or the entry that the outermost trusted proxy added. Never simply the leftmost, which the
    /// client writes itself. Too few entries, or one that is no address: the connection's.
    pub fn client(&self, arrival: &Arrival<'_>) -> IpAddr {
        let Some(back) = self.count.checked_sub(1) else { return canonical(arrival.peer) };
        let entries = arrival.headers.get_all(self.header.as_str()).iter();
        // Split as bytes: one odd byte that a client wrote must not hide what the proxy appended.
        let entries: Vec<&[u8]> = entries.flat_map(|value| value.as_bytes().split(|byte| *byte == b',')).collect();
        let claimed = entries.iter().rev().nth(back).and_then(|entry| str::from_utf8(entry).ok()?.trim().parse().ok());
        canonical(claimed.unwrap_or(arrival.peer))
    }
}

const fn canonical(ip: IpAddr) -> IpAddr {
    ip.to_canonical()
}

#[cfg(test)]
mod tests {
    use super::*;
    use wardgraph_kernel::{SeededChance, Timestamp};

    fn check(count: usize, header: &[&str], expected: &str) {
        let mut headers = HeaderMap::new();
        for value in header {
            headers.append("x-forwarded-for", value.parse().unwrap());
        }
        let request_id = RequestId::new(Timestamp::UNIX_EPOCH, &SeededChance::new(1));
        let target = Uri::from_static("/");
        let arrival = Arrival { target: &target, headers: &headers, peer: "10.0.0.9".parse().unwrap(), request_id };
        let proxies = Proxies { count, ..Proxies::default() };
        assert_eq!(proxies.client(&arrival), expected.parse::<IpAddr>().unwrap(), "{count} {header:?}");
    }

    #[test]
    fn only_the_nearest_trusted_proxy_is_believed() {
        check(0, &["1.2.3.4"], "10.0.0.9");
        check(1, &["6.6.6.6, 1.2.3.4"], "1.2.3.4");
        check(1, &["6.6.6.6", "1.2.3.4"], "1.2.3.4");
        check(2, &["6.6.6.6, 1.2.3.4, 172.16.0.1"], "1.2.3.4");
        check(2, &["1.2.3.4"], "10.0.0.9");
        check(1, &["nonsense"], "10.0.0.9");
        check(1, &[], "10.0.0.9");
    }
}
