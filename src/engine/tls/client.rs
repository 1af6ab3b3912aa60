//! What the connections of a client share: who is trusted, versions, sessions.

use std::fmt;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ClientSessionMemoryCache, ClientSessionStore, Resumption};
use rustls::crypto::{
    WebPkiSupportedAlgorithms, aws_lc_rs, verify_tls12_signature, verify_tls13_signature,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, OtherError, SignatureScheme,
};

use super::context::versions;
use super::failure::Failure;
use super::trust::Trust;

/// Sessions that a context keeps, the latest.
const SESSIONS: usize = 256;

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
    /// Who is trusted when a session goes on.
    pub(super) trust: Arc<Trust>,
    sessions: Arc<dyn ClientSessionStore>,
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
            trust: demand.trust.clone(),
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
        // OpenSSL speaks TLS 1.2 with nobody who does not know RFC 5746, at which rustls does not look. Whoever knows the
        // extended master secret (RFC 7627) knows that as well.
        config.require_ems = true;
        let sessions: Arc<dyn ClientSessionStore> =
            Arc::new(ClientSessionMemoryCache::new(SESSIONS));
        config.resumption = Resumption::store(sessions.clone());
        Ok(Self {
            config: Arc::new(config),
            trust: demand.trust,
            sessions,
        })
    }

    /// What a connection to the server of this name has to know of it.
    pub(super) fn server(&self, name: ServerName<'static>) -> Server {
        Server {
            trust: self.trust.clone(),
            sessions: self.sessions.clone(),
            name,
        }
    }

    pub(super) fn config(&self) -> Arc<ClientConfig> {
        self.config.clone()
    }
}

/// The server of one connection. rustls asks nobody about its certificates when a session goes on: they are those of the
/// session's first handshake, and may have expired since.
pub(super) struct Server {
    trust: Arc<Trust>,
    sessions: Arc<dyn ClientSessionStore>,
    name: ServerName<'static>,
}

impl Server {
    /// Whether it is trusted still, by the certificates of its session.
    ///
    /// # Errors
    /// Why not. None of its sessions goes on after that: it may have other certificates by now, which it shows to those who
    /// have no session.
    pub(super) fn verify_again(&self, shown: &[CertificateDer<'_>]) -> Result<(), Failure> {
        let verdict = match shown {
            [own, others @ ..] => self.trust.verify(own, others.iter().map(|one| &**one)),
            [] => Err("it has shown no certificate".to_owned()),
        };
        verdict.map_err(|why| {
            self.sessions.remove_tls12_session(&self.name);
            while self.sessions.take_tls13_ticket(&self.name).is_some() {}
            Failure::of(&untrusted(why), &[], false)
        })
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

/// The same as an error of rustls.
fn untrusted(why: String) -> Error {
    let why = OtherError(Arc::new(Untrusted(why)));
    Error::InvalidCertificate(CertificateError::Other(why))
}

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
        verdict.map_err(untrusted)?;
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
