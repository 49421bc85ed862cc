//! The certificate by which a client proves who it is to a server (mutual TLS).

use std::error::Error as StdError;
use std::io;

use apiduct_model::SecretText;
use reqwest::Identity;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::TransportError;
use crate::error::Cause;

/// Certificate and private key as they were given.
#[derive(Debug, Clone)]
pub(super) struct ClientIdentity {
    certificate: Vec<u8>,
    private_key: SecretText,
}

impl ClientIdentity {
    pub(super) fn new(certificate: Vec<u8>, private_key: SecretText) -> Self {
        Self {
            certificate,
            private_key,
        }
    }

    /// What the TLS library wants.
    pub(super) fn read(&self) -> Result<Identity, TransportError> {
        let mut certificates = CertificateDer::pem_slice_iter(&self.certificate);
        if certificates.next().is_none_or(|first| first.is_err()) {
            return Err(refused("the client certificate is no PEM certificate"));
        }
        let key = self.private_key.expose();
        if key.contains("ENCRYPTED") {
            return Err(refused(
                "the private key of the client certificate is encrypted",
            ));
        }
        if PrivateKeyDer::from_pem_slice(key.as_bytes()).is_err() {
            return Err(refused(
                "the private key of the client certificate is no PEM key",
            ));
        }
        let mut both = self.certificate.clone();
        both.push(b'\n');
        both.extend_from_slice(key.as_bytes());
        let both = zeroize_after(both);
        Identity::from_pem(both.expose().as_bytes())
            .map_err(|_| refused("the client certificate cannot be used with its private key"))
    }
}

/// Keeps the key in memory no longer than needed. PEM is ASCII; what is not is no part of it.
fn zeroize_after(bytes: Vec<u8>) -> SecretText {
    match String::from_utf8(bytes) {
        Ok(text) => SecretText::from(text),
        Err(error) => SecretText::from(String::from_utf8_lossy(error.as_bytes()).into_owned()),
    }
}

/// Whether one of `causes` says that key and certificate do not belong together.
pub(super) fn is_mismatch<'e>(
    mut causes: impl Iterator<Item = &'e (dyn StdError + 'static)>,
) -> bool {
    causes.any(says_mismatch)
}

fn says_mismatch(cause: &(dyn StdError + 'static)) -> bool {
    if let Some(error) = cause.downcast_ref::<rustls::Error>() {
        return matches!(error, rustls::Error::InconsistentKeys(_));
    }
    let wrapped = cause
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref);
    wrapped.is_some_and(|inner| says_mismatch(inner))
}

pub(super) fn mismatch() -> TransportError {
    refused("the private key does not belong to the client certificate")
}

fn refused(problem: &str) -> TransportError {
    TransportError::Other {
        source: Cause::new(problem),
    }
}
