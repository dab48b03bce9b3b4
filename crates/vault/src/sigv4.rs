//! Signature Version 4 of Amazon Web Services, as far as a `POST` of JSON to a service's root needs it.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>

use aws_lc_rs::{digest, hmac};
use jiff::{Timestamp, tz::TimeZone};
use wardgraph_kernel::{Secret, hex};

/// What is signed, besides the credentials.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Signed<'a> {
    pub(crate) region: &'a str,
    pub(crate) service: &'a str,
    /// `name:value` of each header that is signed, names in small letters and in their order.
    pub(crate) headers: &'a [(&'a str, &'a str)],
    pub(crate) body: &'a [u8],
    pub(crate) now: Timestamp,
}

/// The time as `x-amz-date` says it.
pub(crate) fn date(now: Timestamp) -> String {
    now.to_zoned(TimeZone::UTC).strftime("%Y%m%dT%H%M%SZ").to_string()
}

impl Signed<'_> {
    /// The value of `authorization`.
    pub(crate) fn authorization(&self, key_id: &str, secret: &Secret) -> String {
        let moment = date(self.now);
        let day = moment.split('T').next().unwrap_or_default();
        let scope = format!("{day}/{}/{}/aws4_request", self.region, self.service);
        let names = self.headers.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
        let lines = self.headers.iter().flat_map(|(name, value)| [name, ":", value.trim(), "\n"]).collect::<String>();
        let request = format!("POST\n/\n\n{lines}\n{names}\n{}", hex(sha256(self.body).as_ref()));
        let text = format!("AWS4-HMAC-SHA256\n{moment}\n{scope}\n{}", hex(sha256(request.as_bytes()).as_ref()));
        let first = Secret::new(format!("AWS4{}", secret.expose()));
        let mut key = mac(first.expose().as_bytes(), day.as_bytes());
        for part in [self.region, self.service, "aws4_request"] {
            key = mac(key.as_ref(), part.as_bytes());
        }
        let signature = hex(mac(key.as_ref(), text.as_bytes()).as_ref());
        format!("AWS4-HMAC-SHA256 Credential={key_id}/{scope}, SignedHeaders={names}, Signature={signature}")
    }
}

fn sha256(bytes: &[u8]) -> digest::Digest {
    digest::digest(&digest::SHA256, bytes)
}

fn mac(key: &[u8], message: &[u8]) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Amazon's own example, "post-vanilla" of the Signature Version 4 test suite.
    #[test]
    fn a_request_is_signed_as_the_test_suite_says() {
        let signed = Signed {
            region: "us-east-1",
            service: "service",
            headers: &[("host", "example.amazonaws.com"), ("x-amz-date", "20150830T123600Z")],
            body: b"",
            now: "2015-08-30T12:36:00Z".parse().unwrap(),
        };
        let secret = Secret::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
        assert_eq!(
            signed.authorization("AKIDEXAMPLE", &secret),
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, \
             Signature=5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"
        );
    }
}
