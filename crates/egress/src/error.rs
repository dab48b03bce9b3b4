//! Why nothing came back.

/// Why an address cannot be asked. None repeats the address, in which someone may have put a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// It cannot be read as an absolute URL with a host.
    #[error("is no address like `https://example.com/path`")]
    Unreadable,
    /// It is longer than [`crate::MAX_ADDRESS_BYTES`].
    #[error("is longer than 2048 bytes")]
    Long,
    /// Another scheme than `http` and `https`.
    #[error("is neither http nor https")]
    Scheme,
    /// It names a user or a password: these reach logs, and other hosts.
    #[error("must hold no user or password")]
    Credentials,
    /// It holds what two programs would read as two hosts: white space, a backslash, or an IP address in another than its usual form.
    #[error("is spelled in an unusual way")]
    Spelling,
}

/// Why there is no answer, or not the whole of it. No message tells an address: which names resolve to what is not for everybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EgressError {
    /// The address, or that of a redirect, is not one to ask.
    #[error("the address {0}")]
    Address(#[from] AddressError),
    /// The host is not among those that may be asked.
    #[error("the host is not an allowed one")]
    Host,
    /// The port is not among those that may be asked.
    #[error("the port is not an allowed one")]
    Port,
    /// The host is, or its name leads to, an address that is no public one; with what the address is for.
    #[error("the host is not a public one ({0})")]
    Special(&'static str),
    /// The name leads nowhere, or the name service did not say.
    #[error("the host's name cannot be resolved")]
    Unresolved,
    /// No connection was made, or none that is as safe as it must be.
    #[error("the host cannot be reached")]
    Unreachable,
    /// The connection ended, or what came is not HTTP.
    #[error("the connection broke off")]
    Broken,
    /// It was not done when time was up.
    #[error("it took too long")]
    Slow,
    /// The body, inflated, is larger than it may be.
    #[error("the answer is larger than {most} bytes")]
    Large {
        /// The most bytes that were allowed.
        most: usize,
    },
    /// The body is encoded in a way that was not asked for, or wrongly.
    #[error("the answer's encoding is refused")]
    Encoding,
    /// A redirect that is not followed: one too many, without a place to go, from https to http.
    #[error("the redirect is refused")]
    Redirect,
}

/// Why nothing can be asked at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SetupError {
    /// The name servers cannot be used.
    #[error("the name servers cannot be used")]
    Names,
    /// The authorities are no PEM of certificates.
    #[error("the certificate authorities are no PEM of certificates")]
    Authorities,
    /// The cryptographic library offers no version of TLS.
    #[error("TLS cannot be set up")]
    Tls,
}
