//! What the connections of a server share: the certificate, versions, tickets.

use std::cell::Cell;
use std::sync::Arc;

use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};
use rustls::{Error, ServerConfig, SupportedProtocolVersion};

use super::tickets::Tickets;

/// What a server offers.
#[derive(Debug)]
pub struct Offer<'a> {
    /// Its certificate, and those that vouch for it: PEM.
    pub certificates: &'a [u8],
    /// Its private key: DER of PKCS #8.
    pub key: &'a [u8],
    /// Whether TLS 1.2 and TLS 1.3 are spoken.
    pub versions: (bool, bool),
    /// Whether the server's order of cipher suites holds, and not the client's.
    pub prefers_own_order: bool,
    /// The protocols of ALPN, the best first.
    pub alpn: Vec<Vec<u8>>,
    /// What sessions are for: a ticket is of no use to a server that has another.
    pub session_context: &'a [u8],
    /// The keys of session tickets, 48 bytes.
    pub ticket_keys: &'a [u8],
    /// For how many seconds a ticket is good.
    pub ticket_lifetime: u32,
}

/// What many connections share.
#[derive(Debug)]
pub struct SecureContext {
    config: Arc<ServerConfig>,
    certified: Arc<CertifiedKey>,
}

impl SecureContext {
    /// A context of what a server offers.
    ///
    /// # Errors
    /// Why rustls cannot do that, in a few words.
    pub fn new(offer: Offer<'_>) -> Result<Self, String> {
        Self::make(offer, aws_lc_rs::default_provider()).map_err(|error| error.to_string())
    }

    pub(super) fn make(offer: Offer<'_>, provider: CryptoProvider) -> Result<Self, Error> {
        let general = |text: &str| Error::General(text.to_owned());
        let provider = Arc::new(provider);
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(offer.certificates).collect();
        let chain = chain.map_err(|error| Error::General(error.to_string()))?;
        let key = PrivateKeyDer::try_from(offer.key.to_vec()).map_err(general)?;
        let certified = Arc::new(CertifiedKey::from_der(chain, key, &provider)?);
        let builder = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&versions(offer.versions))?
            .with_no_client_auth();
        let mut config = builder.with_cert_resolver(Arc::new(Certificate(certified.clone())));
        config.alpn_protocols = offer.alpn;
        config.ignore_client_order = offer.prefers_own_order;
        let tickets = Tickets::new(
            offer.ticket_keys,
            offer.session_context,
            offer.ticket_lifetime,
        );
        config.ticketer = Arc::new(tickets.ok_or_else(|| general("ticket keys of 48 bytes"))?);
        Ok(Self {
            config: Arc::new(config),
            certified,
        })
    }

    pub(super) fn certified(&self) -> Arc<CertifiedKey> {
        self.certified.clone()
    }

    pub(super) fn config(&self) -> Arc<ServerConfig> {
        self.config.clone()
    }
}

/// Whether TLS 1.2 and TLS 1.3 are spoken, in rustls' words.
pub(super) fn versions((has_12, has_13): (bool, bool)) -> Vec<&'static SupportedProtocolVersion> {
    let both: [(bool, &'static SupportedProtocolVersion); 2] = [(has_13, &TLS13), (has_12, &TLS12)];
    let spoken = both.iter().filter(|(has, _)| *has);
    spoken.map(|(_, version)| *version).collect()
}

/// The one certificate of a context.
#[derive(Debug)]
struct Certificate(Arc<CertifiedKey>);

thread_local! {
    /// The name in the ClientHello that is being taken: an unbuffered connection does not say it.
    static NAME: Cell<Option<Box<str>>> = const { Cell::new(None) };
}

/// The name that the ClientHello asked for, if one was taken on this thread since the last call.
pub(super) fn named() -> Option<Box<str>> {
    NAME.take()
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        NAME.set(hello.server_name().map(Box::from));
        Some(self.0.clone())
    }
}
