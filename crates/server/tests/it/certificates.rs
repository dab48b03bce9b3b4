//! Authorities and certificates, made anew for each test, and clients of TLS that trust them.

use std::{fs, path::PathBuf, sync::Arc};

use rcgen::{BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
use rustls::{
    ClientConfig, RootCertStore, SupportedProtocolVersion,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject},
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::{TlsConnector, client::TlsStream};
use wardgraph_http::{ClientAuthorities, TlsFiles};

/// Who issues certificates.
pub(crate) struct Authority {
    pub(crate) pem: String,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate and its key, as PEM.
#[derive(Clone)]
pub(crate) struct Issued {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { pem, issuer: Issuer::new(params, key) }
    }

    /// For a server on this machine.
    pub(crate) fn server(&self) -> Issued {
        self.issue(ExtendedKeyUsagePurpose::ServerAuth, false)
    }

    pub(crate) fn client(&self) -> Issued {
        self.issue(ExtendedKeyUsagePurpose::ClientAuth, false)
    }

    /// For a server on this machine, long ago.
    pub(crate) fn expired_server(&self) -> Issued {
        self.issue(ExtendedKeyUsagePurpose::ServerAuth, true)
    }

    /// A client's that ended long ago.
    pub(crate) fn expired_client(&self) -> Issued {
        self.issue(ExtendedKeyUsagePurpose::ClientAuth, true)
    }

    fn issue(&self, usage: ExtendedKeyUsagePurpose, expired: bool) -> Issued {
        let mut params = CertificateParams::new(["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
        params.extended_key_usages = vec![usage];
        if expired {
            params.not_before = rcgen::date_time_ymd(2000, 1, 1);
            params.not_after = rcgen::date_time_ymd(2001, 1, 1);
        }
        let key = KeyPair::generate().unwrap();
        Issued { certificate: params.signed_by(&key, &self.issuer).unwrap().pem(), key: key.serialize_pem() }
    }
}

impl Issued {
    pub(crate) fn der(&self) -> CertificateDer<'static> {
        CertificateDer::from_pem_slice(self.certificate.as_bytes()).unwrap()
    }
}

/// A folder with the files of a server's TLS.
pub(crate) struct Files(TempDir);

impl Files {
    pub(crate) fn new(server: &Issued) -> Self {
        let files = Self(TempDir::new().unwrap());
        files.put(server);
        files
    }

    /// Puts another certificate in place of the one from before.
    pub(crate) fn put(&self, server: &Issued) {
        self.write("key.pem", &server.key);
        self.write("certificate.pem", &server.certificate);
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// With `required` or not, a client's certificate must be of `authority`.
    pub(crate) fn tls(&self, clients: Option<(&Authority, bool)>) -> TlsFiles {
        let clients = clients.map(|(authority, required)| {
            self.write("clients.pem", &authority.pem);
            ClientAuthorities { file: self.path("clients.pem"), required }
        });
        TlsFiles { certificate: self.path("certificate.pem"), key: self.path("key.pem"), clients }
    }
}

/// A client that trusts `authority`, speaks `versions` and offers `protocols`.
pub(crate) fn client(
    authority: &Authority,
    versions: &[&'static SupportedProtocolVersion],
    protocols: &[&str],
    own: Option<&Issued>,
) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority.pem.as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder =
        ClientConfig::builder_with_provider(provider).with_protocol_versions(versions).unwrap().with_root_certificates(roots);
    let mut config = match own {
        Some(own) => {
            builder.with_client_auth_cert(vec![own.der()], PrivateKeyDer::from_pem_slice(own.key.as_bytes()).unwrap()).unwrap()
        }
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
    Arc::new(config)
}

/// A connection to the server at `base`, its handshake done.
pub(crate) async fn connect(base: &str, config: &Arc<ClientConfig>) -> std::io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(base.trim_start_matches("https://")).await?;
    TlsConnector::from(config.clone()).connect(ServerName::try_from("localhost").unwrap(), stream).await
}

/// The status of `GET /health/live`; an error where TLS comes to nothing, which with TLS 1.3 a client may learn only from the answer.
pub(crate) async fn alive(base: &str, config: &Arc<ClientConfig>) -> std::io::Result<u16> {
    let mut stream = connect(base, config).await?;
    ask(&mut stream).await
}

/// The same on a connection that stays open.
pub(crate) async fn ask(stream: &mut TlsStream<TcpStream>) -> std::io::Result<u16> {
    stream.write_all(b"GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n").await?;
    let (mut answer, mut piece) = (Vec::new(), [0; 4096]);
    while !answer.ends_with(b"}") {
        match stream.read(&mut piece).await? {
            0 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
            read => answer.extend_from_slice(&piece[..read]),
        }
    }
    let answer = String::from_utf8(answer).unwrap();
    Ok(answer.split(' ').nth(1).unwrap().parse().unwrap())
}

/// A client of HTTP that trusts `authority`.
pub(crate) fn http(authority: &Authority) -> reqwest::Client {
    let root = reqwest::Certificate::from_pem(authority.pem.as_bytes()).unwrap();
    reqwest::Client::builder().no_proxy().tls_certs_only([root]).build().unwrap()
}
