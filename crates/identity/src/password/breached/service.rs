//! A service that is told five digits of a hash, and answers with the rest of every hash that begins so.

use std::time::Duration;

use wardgraph_egress::{Address, Client, HeaderName, HeaderValue, Request};

use super::BreachedError;

/// How many digits are told.
const TOLD: usize = 5;
/// How long an answer may take: somebody waits for it.
const WITHIN: Duration = Duration::from_secs(3);
/// The largest answer: real ones have some 40 KB.
const MOST: usize = 1 << 20;

/// The service.
#[derive(Debug, Clone)]
pub struct RangeService {
    client: Client,
    base: Address,
}

impl RangeService {
    /// `base` is what the digits are put behind, like `https://api.pwnedpasswords.com/range/`.
    pub const fn new(client: Client, base: Address) -> Self {
        Self { client, base }
    }

    /// Whether a hash in capitals is known there.
    pub(super) async fn holds(&self, hash: &str) -> Result<bool, BreachedError> {
        let Some((told, rest)) = hash.split_at_checked(TOLD) else { return Ok(false) };
        let address = Address::parse(&format!("{}{told}", self.base.as_str())).map_err(wardgraph_egress::EgressError::from)?;
        let mut request = Request::get(address, WITHIN, WITHIN);
        // Answers of one length tell whoever watches the wire nothing of the digits.
        request.headers.insert(HeaderName::from_static("add-padding"), HeaderValue::from_static("true"));
        let answer = self.client.send(request).await?;
        if !answer.status.is_success() {
            return Err(BreachedError::Status(answer.status.as_u16()));
        }
        let body = answer.body(MOST).await?;
        Ok(String::from_utf8_lossy(&body).lines().any(|line| is(line, rest)))
    }
}

/// Whether a line `REST:COUNT` is of this hash. A count of 0 is padding.
fn is(line: &str, rest: &str) -> bool {
    let (found, count) = line.trim_end().split_once(':').unwrap_or((line, "1"));
    found.eq_ignore_ascii_case(rest) && !count.trim_start_matches('0').is_empty()
}
