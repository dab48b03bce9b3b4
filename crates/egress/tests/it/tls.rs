//! Whose certificates are believed.

use std::sync::Arc;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::{ServerConfig, pki_types::PrivateKeyDer};
use tokio::{io::AsyncReadExt, io::AsyncWriteExt, net::TcpListener, task::JoinSet};
use tokio_rustls::TlsAcceptor;
use wardgraph_egress::{Address, Egress, EgressError, Names, Request, Rules, SetupError};

use crate::kit::{PATIENCE, World};

/// A server with a certificate for `localhost` of its own making: its port, and the certificate.
async fn server(servers: &mut JoinSet<()>) -> (u16, String) {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_no_client_auth().with_single_cert(vec![cert.der().clone()], key).unwrap();
    let (acceptor, listener) = (TlsAcceptor::from(Arc::new(config)), TcpListener::bind("127.0.0.1:0").await.unwrap());
    let port = listener.local_addr().unwrap().port();
    servers.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let _ = stream.read(&mut [0; 4_096]).await;
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello").await;
            let _ = stream.shutdown().await;
        }
    });
    (port, cert.pem())
}

async fn status(authorities: Option<&str>, address: &str) -> Result<u16, EgressError> {
    let address = Address::parse(address).unwrap();
    let egress = Egress::new(Names::System, authorities.map(str::as_bytes)).unwrap();
    let client = egress.client(Rules::operator([&address], &[]), PATIENCE);
    client.send(Request::get(address, PATIENCE, PATIENCE)).await.map(|answer| answer.status.as_u16())
}

#[tokio::test]
async fn a_certificate_is_believed_for_its_name_and_if_its_authority_is() {
    let mut servers = JoinSet::new();
    let (port, authority) = server(&mut servers).await;
    assert_eq!(status(Some(&authority), &format!("https://localhost:{port}/")).await, Ok(200));
    assert_eq!(status(None, &format!("https://localhost:{port}/")).await, Err(EgressError::Unreachable));
    assert_eq!(status(Some(&authority), &format!("https://127.0.0.1:{port}/")).await, Err(EgressError::Unreachable));
    let (_, other) = server(&mut servers).await;
    assert_eq!(status(Some(&other), &format!("https://localhost:{port}/")).await, Err(EgressError::Unreachable));
}

#[tokio::test]
async fn nothing_is_said_in_the_clear_where_tls_was_meant() {
    let world = World::new().await;
    let outcome = world.get(&world.client(), "https://127.0.0.2:PORT/").await;
    assert!(matches!(outcome, Err(EgressError::Unreachable | EgressError::Slow)), "{outcome:?}");
    assert!(world.heads.lock().unwrap().is_empty());
}

#[test]
fn authorities_that_are_none_are_refused() {
    for bad in [
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n",
    ] {
        assert_eq!(Egress::new(Names::System, Some(bad.as_bytes())).map(|_| ()), Err(SetupError::Authorities));
    }
}
