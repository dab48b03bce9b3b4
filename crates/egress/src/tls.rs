//! Whose certificates are believed.

use std::sync::Arc;

use rustls::{
    ClientConfig, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, pem::PemObject},
};

use crate::SetupError;

/// TLS 1.2 and 1.3. A machine without authorities believes no certificate, which is told when one is met.
pub(crate) fn config(authorities: Option<&[u8]>) -> Result<ClientConfig, SetupError> {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(found.certs);
    for certificate in authorities.into_iter().flat_map(CertificateDer::pem_slice_iter) {
        let certificate = certificate.map_err(|_| SetupError::Authorities)?;
        roots.add(certificate).map_err(|_| SetupError::Authorities)?;
    }
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
    let config = config.with_safe_default_protocol_versions().map_err(|_| SetupError::Tls)?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}
