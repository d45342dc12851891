//! A certificate that nobody knows.

use std::fs;
use std::path::{Path, PathBuf};

/// Writes a certificate for loopback and its key into a folder. Gives back where.
pub fn write(folder: &Path) -> [PathBuf; 2] {
    let key = rcgen::KeyPair::generate().expect("keys");
    let parameters = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()]).expect("a name");
    let certificate = parameters.self_signed(&key).expect("a certificate");
    let paths = [folder.join("tls.pem"), folder.join("tls.key")];
    fs::write(&paths[0], certificate.pem()).expect("own directory");
    fs::write(&paths[1], key.serialize_pem()).expect("own directory");
    paths
}
