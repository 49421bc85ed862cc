use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio_rustls::TlsAcceptor;

/// A certificate authority made for one server, and what accepts connections in its name.
pub(super) struct Tls {
    pub(super) ca_pem: String,
    pub(super) acceptor: TlsAcceptor,
    pub(super) identity: ClientIdentity,
}

/// A certificate for clients of one server, and its private key, both as PEM.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ClientIdentity {
    /// The certificate.
    pub certificate: String,
    /// The private key.
    pub private_key: String,
}

impl Tls {
    /// A fresh authority and a certificate for `127.0.0.1`, `::1` and `localhost`.
    /// With `asks_clients`, no client gets in without a certificate of the authority.
    pub(super) fn new(
        asks_clients: bool,
    ) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let authority_key = KeyPair::generate()?;
        let mut authority = CertificateParams::new(Vec::new())?;
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        authority.key_usages = vec![
            KeyUsagePurpose::KeyCertSign,
            KeyUsagePurpose::DigitalSignature,
        ];
        authority
            .distinguished_name
            .push(DnType::CommonName, "apiduct mock authority");
        let root = authority.self_signed(&authority_key)?;
        let ca_pem = root.pem();
        let issuer = Issuer::new(authority, authority_key);

        let key = KeyPair::generate()?;
        let names = ["127.0.0.1", "::1", "localhost"].map(String::from);
        let certificate = CertificateParams::new(names)?.signed_by(&key, &issuer)?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));

        let client_key = KeyPair::generate()?;
        let client = CertificateParams::new(Vec::new())?.signed_by(&client_key, &issuer)?;
        let identity = ClientIdentity {
            certificate: client.pem(),
            private_key: client_key.serialize_pem(),
        };

        let provider = Arc::new(aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()?;
        let config = if asks_clients {
            let mut roots = RootCertStore::empty();
            roots.add(root.der().clone())?;
            let verifier =
                WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build()?;
            config.with_client_cert_verifier(verifier)
        } else {
            config.with_no_client_auth()
        };
        let mut config = config.with_single_cert(vec![certificate.der().clone()], key)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self {
            ca_pem,
            acceptor: TlsAcceptor::from(Arc::new(config)),
            identity,
        })
    }
}
