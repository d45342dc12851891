//! Certificates for a receiver that speaks TLS, and for its clients.
use std::{path::PathBuf, sync::Arc};

use rcgen::{BasicConstraints, Certificate, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::{RootCertStore, ServerConfig, server::WebPkiClientVerifier};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tempfile::TempDir;
use tokio_rustls::TlsAcceptor;

/// A certificate authority of its own, with a certificate for 127.0.0.1 and one for a client, as PEM files.
#[derive(Debug)]
pub struct Authority {
    folder: TempDir,
    root: CertificateDer<'static>,
    server: (CertificateDer<'static>, PrivateKeyDer<'static>),
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}

impl Authority {
    /// A new one, which nobody trusts yet.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let write = |name, text: String| std::fs::write(folder.path().join(name), text).expect("own folder");

        let mut parameters = CertificateParams::default();
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("keys");
        let root = parameters.self_signed(&key).expect("a certificate");
        write("ca.pem", root.pem());
        let issuer = Issuer::new(parameters, key);

        let (server, server_key) = issue(&issuer, "127.0.0.1");
        let (client, client_key) = issue(&issuer, "client");
        write("client.pem", client.pem());
        write("client.key", client_key.serialize_pem());
        let server_key = PrivateKeyDer::try_from(server_key.serialize_der()).expect("a key");
        Self { root: root.der().clone(), server: (server.der().clone(), server_key), folder }
    }

    /// Its own certificate.
    pub fn certificate(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// The client's certificate.
    pub fn client_certificate(&self) -> PathBuf {
        self.folder.path().join("client.pem")
    }

    /// The key of the client's certificate.
    pub fn client_key(&self) -> PathBuf {
        self.folder.path().join("client.key")
    }

    pub(super) fn acceptor(&self, mutual: bool) -> TlsAcceptor {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .expect("ring has the cipher suites");
        let builder = if mutual {
            let mut roots = RootCertStore::empty();
            roots.add(self.root.clone()).expect("a certificate");
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
            builder.with_client_cert_verifier(verifier.expect("a verifier"))
        } else {
            builder.with_no_client_auth()
        };
        let (certificate, key) = (self.server.0.clone(), self.server.1.clone_key());
        let mut config = builder.with_single_cert(vec![certificate], key).expect("they belong together");
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        TlsAcceptor::from(Arc::new(config))
    }
}

fn issue(issuer: &Issuer<'_, KeyPair>, name: &str) -> (Certificate, KeyPair) {
    let key = KeyPair::generate().expect("keys");
    let parameters = CertificateParams::new(vec![name.to_owned()]).expect("a name");
    (parameters.signed_by(&key, issuer).expect("a certificate"), key)
}
