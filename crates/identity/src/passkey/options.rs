//! What browsers are asked, as plain data.

/// A passkey that a browser is told of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Descriptor {
    /// What its authenticator calls it.
    pub id: Vec<u8>,
    /// How its authenticator is reached.
    pub transports: Vec<String>,
}

/// What the account that gets a passkey is to an authenticator, and the passkeys that it has.
#[derive(Debug, Clone)]
pub struct Offer {
    /// Its address, shown to its owner where several accounts are to be told apart.
    pub email: String,
    /// The person's name.
    pub name: String,
    /// 64 bytes of chance that stand for the account.
    pub handle: [u8; 64],
    /// Authenticators that have one need not make another.
    pub has: Vec<Descriptor>,
}

/// What an authenticator is to sign, and what its answer is judged by: kept here, sealed, until then.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The challenge, in base64url.
    pub challenge: String,
    /// What the answer is judged by.
    pub state: Vec<u8>,
}
