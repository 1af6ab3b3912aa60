//! What the connections of a client share: who is trusted, versions, sessions.

use std::fmt;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{
    WebPkiSupportedAlgorithms, aws_lc_rs, verify_tls12_signature, verify_tls13_signature,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, OtherError, SignatureScheme,
};

use super::context::versions;
use super::trust::Trust;

/// What a client asks for.
#[derive(Debug)]
pub struct Demand<'a> {
    /// Who is trusted.
    pub trust: Arc<Trust>,
    /// Whether TLS 1.2 and TLS 1.3 are spoken.
    pub versions: (bool, bool),
    /// Its certificate, and those that vouch for it: PEM; empty if it has none.
    pub certificates: &'a [u8],
    /// The private key of that: DER of PKCS #8.
    pub key: &'a [u8],
}

/// What the connections of a client share.
#[derive(Debug)]
pub struct ClientContext {
    config: Arc<ClientConfig>,
}

impl ClientContext {
    /// A context of what a client asks for.
    ///
    /// # Errors
    /// Why rustls cannot do that, in a few words.
    pub fn new(demand: Demand<'_>) -> Result<Self, String> {
        Self::make(demand).map_err(|error| error.to_string())
    }

    fn make(demand: Demand<'_>) -> Result<Self, Error> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let verifier = ByTrust {
            trust: demand.trust,
            algorithms: provider.signature_verification_algorithms,
        };
        let builder = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&versions(demand.versions))?
            // The other one is webpki's.
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier));
        let mut config = if demand.certificates.is_empty() {
            builder.with_no_client_auth()
        } else {
            let general = |text: String| Error::General(text);
            let chain: Result<Vec<_>, _> =
                CertificateDer::pem_slice_iter(demand.certificates).collect();
            let chain = chain.map_err(|error| general(error.to_string()))?;
            let key = PrivateKeyDer::try_from(demand.key.to_vec());
            builder.with_client_auth_cert(chain, key.map_err(|why| general(why.to_owned()))?)?
        };
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self {
            config: Arc::new(config),
        })
    }

    pub(super) fn config(&self) -> Arc<ClientConfig> {
        self.config.clone()
    }
}

/// Has [`Trust`] verify servers; their names are `lib`'s to check.
#[derive(Debug)]
struct ByTrust {
    trust: Arc<Trust>,
    algorithms: WebPkiSupportedAlgorithms,
}

/// Why a server is not trusted.
#[derive(Debug)]
struct Untrusted(String);

impl fmt::Display for Untrusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Untrusted {}

impl ServerCertVerifier for ByTrust {
    fn verify_server_cert(
        &self,
        own: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verdict = self.trust.verify(own, others.iter().map(|one| &**one));
        verdict.map_err(|why| {
            let why = OtherError(Arc::new(Untrusted(why)));
            Error::InvalidCertificate(CertificateError::Other(why))
        })?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
