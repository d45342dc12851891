//! One way to connect for both transports: plain or rustls, as the endpoint's scheme says.
use std::{path::Path, sync::Arc};

use http::Uri;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};

use super::Tls;
use crate::export::Error;

/// HTTP version a connection speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    /// HTTP/1.1.
    One,
    /// HTTP/2, with prior knowledge on plain connections.
    Two,
}

/// Opens connections to this endpoint.
pub(super) fn connector(
    endpoint: &Uri,
    files: &Tls,
    version: Version,
) -> Result<HttpsConnector<HttpConnector>, Error> {
    let secure = endpoint.scheme_str() == Some("https");
    let config = if secure { config(files)? } else { unused() };
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    let builder = HttpsConnectorBuilder::new().with_tls_config(config).https_or_http();
    Ok(match version {
        Version::One => builder.enable_http1().wrap_connector(tcp),
        Version::Two => builder.enable_http2().wrap_connector(tcp),
    })
}

fn config(files: &Tls) -> Result<ClientConfig, Error> {
    let builder = builder().with_root_certificates(roots(files)?);
    match (&files.client_certificate, &files.client_key) {
        (None, None) => Ok(builder.with_no_client_auth()),
        (Some(chain), Some(key)) => {
            let certificates = certificates(chain)?;
            let private = PrivateKeyDer::from_pem_file(key).map_err(|problem| tls(key, &problem))?;
            builder.with_client_auth_cert(certificates, private).map_err(|problem| tls(chain, &problem))
        }
        _ => Err(Error::HalfIdentity),
    }
}

/// For connections that will not use it; the host's authorities are not worth loading then.
fn unused() -> ClientConfig {
    builder().with_root_certificates(RootCertStore::empty()).with_no_client_auth()
}

fn builder() -> rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier> {
    ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring has the cipher suites of TLS 1.2 and 1.3")
}

fn roots(files: &Tls) -> Result<RootCertStore, Error> {
    let mut roots = RootCertStore::empty();
    if let Some(file) = &files.certificate {
        for certificate in certificates(file)? {
            roots.add(certificate).map_err(|problem| tls(file, &problem))?;
        }
        return Ok(roots);
    }
    let (_, unusable) = roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if unusable > 0 {
        tracing::debug!(unusable, "certificates of the host are not valid");
    }
    Ok(roots)
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let certificates = CertificateDer::pem_file_iter(file)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|problem| tls(file, &problem))?;
    if certificates.is_empty() {
        return Err(tls(file, &"no certificate in it"));
    }
    Ok(certificates)
}

fn tls(path: &Path, problem: &dyn std::fmt::Display) -> Error {
    Error::Tls { path: path.to_owned(), problem: problem.to_string() }
}
