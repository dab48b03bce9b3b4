//! TLS to Postgres: asked for before anything else is said (PostgreSQL documentation, "SSL Session Encryption"), and its certificate checked.

use std::{io, path::Path, sync::Arc};

use bytes::BytesMut;
use postgres_protocol::message::frontend;
use rustls::{
    ClientConfig, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

/// What is believed: the authorities of a PEM file, or those of this machine. Told as a text for whoever configures it.
pub(crate) fn tls(authorities: Option<&Path>) -> Result<Arc<ClientConfig>, String> {
    let mut roots = RootCertStore::empty();
    if let Some(file) = authorities {
        let unreadable = |error: &dyn std::fmt::Display| format!("`{}` cannot be read as PEM: {error}", file.display());
        for certificate in CertificateDer::pem_file_iter(file).map_err(|error| unreadable(&error))? {
            let certificate = certificate.map_err(|error| unreadable(&error))?;
            roots.add(certificate).map_err(|error| unreadable(&error))?;
        }
    } else {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    }
    if roots.is_empty() {
        return Err("there is no certificate of an authority".into());
    }
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
    let config = config.with_safe_default_protocol_versions().map_err(|error| error.to_string())?;
    Ok(Arc::new(config.with_root_certificates(roots).with_no_client_auth()))
}

/// Encrypts a connection to the Postgres that shows a certificate of `name`; an error where it does not, or speaks no TLS.
pub(super) async fn encrypt(mut plain: TcpStream, name: &str, tls: &Arc<ClientConfig>) -> io::Result<TlsStream<TcpStream>> {
    let name = ServerName::try_from(name.to_owned()).map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
    let mut question = BytesMut::new();
    frontend::ssl_request(&mut question);
    plain.write_all(&question).await?;
    // One byte and no more: what an attacker puts behind it is read as TLS, and is none (CVE-2021-23222).
    let mut answer = [0];
    plain.read_exact(&mut answer).await?;
    if answer != *b"S" {
        return Err(io::Error::new(io::ErrorKind::Unsupported, "Postgres does not speak TLS, and sslmode asks for it"));
    }
    TlsConnector::from(tls.clone()).connect(name, plain).await
}
