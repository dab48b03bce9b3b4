//! TLS 1.3 for the listener: certificate and key from files, certificates of clients if they are asked for, and all of it anew without a restart.

use std::{
    fs, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
};

use rustls::{
    RootCertStore, ServerConfig,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::{WebPkiClientVerifier, danger::ClientCertVerifier},
    version::TLS13,
};

/// What is offered by ALPN (RFC 7301), best first.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// The files that TLS is made of, all of them PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate, followed by those between it and its root.
    pub certificate: PathBuf,
    /// The certificate's private key.
    pub key: PathBuf,
    /// Whose certificates clients may show.
    pub clients: Option<ClientAuthorities>,
}

/// The authorities that certificates of clients are checked against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientAuthorities {
    /// Their certificates.
    pub file: PathBuf,
    /// Whether a client without a certificate is turned away. One with a wrong certificate always is.
    pub required: bool,
}

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read, or is no PEM.
    #[error("`{path}` cannot be read as PEM: {reason}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// A file holds nothing that is looked for in it.
    #[error("there is no certificate in `{0}`")]
    Empty(PathBuf),
    /// The certificate and the key do not belong together, or are of no kind that is known.
    #[error("`{certificate}` and `{key}` cannot be used together: {reason}")]
    Pair {
        /// The certificate.
        certificate: PathBuf,
        /// The key.
        key: PathBuf,
        /// Why not.
        reason: String,
    },
    /// The authorities cannot be used.
    #[error("`{path}` holds no authorities that can be used: {reason}")]
    Authorities {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
}

/// What a file looked like: when it was written, how long it is, and which it is (a mounted secret is exchanged as a whole).
type Look = Option<(i64, i64, u64, u64)>;

/// TLS as it holds now.
#[derive(Debug)]
pub struct Tls {
    files: TlsFiles,
    now: RwLock<(Arc<ServerConfig>, Vec<Look>)>,
}

impl Tls {
    /// Reads the files.
    pub fn open(files: TlsFiles) -> Result<Self, TlsError> {
        // Looked at before they are read: what changes in between is seen as a change.
        let looks = files.looks();
        let config = files.config()?;
        Ok(Self { files, now: RwLock::new((config, looks)) })
    }

    /// Reads the files again; connections from now on use them. An error leaves everything as it was.
    pub fn reload(&self) -> Result<(), TlsError> {
        let looks = self.files.looks();
        let config = self.files.config();
        let mut now = self.now.write().unwrap_or_else(PoisonError::into_inner);
        // Tried once, however it ended: a broken file is told about once, and tried again when it changes.
        now.1 = looks;
        now.0 = config?;
        Ok(())
    }

    /// Whether a file looks otherwise than when it was read last.
    pub fn has_changed(&self) -> bool {
        let looks = self.files.looks();
        self.now.read().unwrap_or_else(PoisonError::into_inner).1 != looks
    }

    pub(crate) fn config(&self) -> Arc<ServerConfig> {
        self.now.read().unwrap_or_else(PoisonError::into_inner).0.clone()
    }
}

impl TlsFiles {
    fn looks(&self) -> Vec<Look> {
        let look = |path: &Path| fs::metadata(path).ok().map(|is| (is.mtime(), is.mtime_nsec(), is.size(), is.ino()));
        let clients = self.clients.as_ref().map(|clients| &clients.file);
        [&self.certificate, &self.key].into_iter().chain(clients).map(|path| look(path)).collect()
    }

    fn config(&self) -> Result<Arc<ServerConfig>, TlsError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let pair = |error: rustls::Error| TlsError::Pair {
            certificate: self.certificate.clone(),
            key: self.key.clone(),
            reason: error.to_string(),
        };
        let chain = certificates(&self.certificate)?;
        let key = PrivateKeyDer::from_pem_file(&self.key)
            .map_err(|error| TlsError::File { path: self.key.clone(), reason: error.to_string() })?;
        let builder = ServerConfig::builder_with_provider(provider.clone()).with_protocol_versions(&[&TLS13]).map_err(pair)?;
        let builder = match &self.clients {
            Some(clients) => builder.with_client_cert_verifier(clients.verifier(provider)?),
            None => builder.with_no_client_auth(),
        };
        let mut config = builder.with_single_cert(chain, key).map_err(pair)?;
        config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).into();
        // Data before the handshake's end could be replayed (RFC 8446, section 8).
        config.max_early_data_size = 0;
        Ok(Arc::new(config))
    }
}

impl ClientAuthorities {
    fn verifier(&self, provider: Arc<rustls::crypto::CryptoProvider>) -> Result<Arc<dyn ClientCertVerifier>, TlsError> {
        let unusable = |reason: String| TlsError::Authorities { path: self.file.clone(), reason };
        let mut roots = RootCertStore::empty();
        for certificate in certificates(&self.file)? {
            roots.add(certificate).map_err(|error| unusable(error.to_string()))?;
        }
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
        let verifier = if self.required { verifier } else { verifier.allow_unauthenticated() };
        verifier.build().map_err(|error| unusable(error.to_string()))
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let unreadable = |reason: String| TlsError::File { path: path.to_owned(), reason };
    let text = fs::read(path).map_err(|error: io::Error| unreadable(error.to_string()))?;
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    let read = read.map_err(|error| unreadable(error.to_string()))?;
    if read.is_empty() { Err(TlsError::Empty(path.to_owned())) } else { Ok(read) }
}
