//! What came back: read within its bounds, and counted after it was inflated.

use std::{
    io::{self, Write},
    time::Duration,
};

use flate2::write::MultiGzDecoder;
use http::{
    HeaderMap, StatusCode,
    header::{CONTENT_ENCODING, CONTENT_LENGTH},
};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::time::{Instant, timeout, timeout_at};

use crate::EgressError;

/// An answer's head, and the body that is still to be read.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its header lines.
    pub headers: HeaderMap,
    body: Incoming,
    deadline: Instant,
    idle: Duration,
}

impl Answer {
    pub(crate) const fn new(status: StatusCode, headers: HeaderMap, body: Incoming, deadline: Instant, idle: Duration) -> Self {
        Self { status, headers, body, deadline, idle }
    }

    /// Reads the body, of `most` bytes at most once it is inflated. A body that is announced to be larger is not begun.
    ///
    /// # Errors
    /// [`EgressError::Large`], [`EgressError::Slow`], [`EgressError::Broken`] and [`EgressError::Encoding`], as they say.
    pub async fn body(self, most: usize) -> Result<Vec<u8>, EgressError> {
        let length = self.headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
        if length.is_some_and(|length| length > most) {
            return Err(EgressError::Large { most });
        }
        let sink = Sink::of(&self.headers, most)?;
        timeout_at(self.deadline, read(self.body, sink, self.idle)).await.map_err(|_| EgressError::Slow)?
    }
}

async fn read(mut body: Incoming, mut sink: Sink, idle: Duration) -> Result<Vec<u8>, EgressError> {
    while let Some(frame) = timeout(idle, body.frame()).await.map_err(|_| EgressError::Slow)? {
        // Trailers are nobody's here.
        if let Ok(chunk) = frame.map_err(|_| EgressError::Broken)?.into_data() {
            sink.take(&chunk)?;
        }
    }
    sink.finish()
}

/// Where chunks go. Inflating stops in the middle of a chunk when there is too much of it.
enum Sink {
    Plain(Bounded),
    Gzip(Box<MultiGzDecoder<Bounded>>),
}

impl Sink {
    fn of(headers: &HeaderMap, most: usize) -> Result<Self, EgressError> {
        let bounded = Bounded { bytes: Vec::new(), most, overflowed: false };
        let mut encodings = headers.get_all(CONTENT_ENCODING).iter();
        match (encodings.next().map(|encoding| encoding.as_bytes().to_ascii_lowercase()).as_deref(), encodings.next()) {
            (None | Some(b"identity" | b""), None) => Ok(Self::Plain(bounded)),
            (Some(b"gzip" | b"x-gzip"), None) => Ok(Self::Gzip(Box::new(MultiGzDecoder::new(bounded)))),
            _ => Err(EgressError::Encoding),
        }
    }

    fn take(&mut self, chunk: &[u8]) -> Result<(), EgressError> {
        match self {
            Self::Plain(bounded) => bounded.write_all(chunk).map_err(|_| EgressError::Large { most: bounded.most }),
            Self::Gzip(decoder) => decoder.write_all(chunk).map_err(|_| decoder.get_ref().fault()),
        }
    }

    fn finish(self) -> Result<Vec<u8>, EgressError> {
        match self {
            Self::Plain(bounded) => Ok(bounded.bytes),
            Self::Gzip(mut decoder) => {
                decoder.try_finish().map_err(|_| decoder.get_ref().fault())?;
                Ok(std::mem::take(&mut decoder.get_mut().bytes))
            }
        }
    }
}

/// Bytes up to a bound, beyond which writing fails.
struct Bounded {
    bytes: Vec<u8>,
    most: usize,
    overflowed: bool,
}

impl Bounded {
    const fn fault(&self) -> EgressError {
        if self.overflowed { EgressError::Large { most: self.most } } else { EgressError::Encoding }
    }
}

impl Write for Bounded {
    fn write(&mut self, chunk: &[u8]) -> io::Result<usize> {
        if chunk.len() > self.most - self.bytes.len() {
            self.overflowed = true;
            return Err(io::Error::other("larger than it may be"));
        }
        self.bytes.extend_from_slice(chunk);
        Ok(chunk.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
