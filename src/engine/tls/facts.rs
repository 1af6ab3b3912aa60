//! What was agreed on.

use rustls::{CipherSuite, CommonState, HandshakeKind, ProtocolVersion};

/// What a handshake has come to.
#[derive(Clone, Debug)]
pub struct Facts {
    /// `TLSv1.2` or `TLSv1.3`.
    pub protocol: &'static str,
    /// The cipher suite, as OpenSSL calls it.
    pub cipher: &'static str,
    /// And as its RFC does.
    pub standard_cipher: &'static str,
    /// The protocol that was chosen by ALPN (RFC 7301).
    pub alpn: Option<Vec<u8>>,
    /// The name that the client asked for, where this is the server.
    pub name: Option<String>,
    /// Whether a session goes on.
    pub is_resumed: bool,
}

impl Facts {
    pub(super) fn of(records: &CommonState, name: Option<&str>) -> Self {
        let protocol = match records.protocol_version() {
            Some(ProtocolVersion::TLSv1_2) => "TLSv1.2",
            _ => "TLSv1.3",
        };
        let suite = records.negotiated_cipher_suite().map(|suite| suite.suite());
        let (cipher, standard_cipher) = names_of(suite);
        Self {
            protocol,
            cipher,
            standard_cipher,
            alpn: records.alpn_protocol().map(<[u8]>::to_vec),
            name: name.map(str::to_owned),
            is_resumed: records.handshake_kind() == Some(HandshakeKind::Resumed),
        }
    }
}

/// OpenSSL's name and the RFC's.
fn names_of(suite: Option<CipherSuite>) -> (&'static str, &'static str) {
    use CipherSuite as S;
    match suite {
        Some(S::TLS13_AES_128_GCM_SHA256) => ("TLS_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256"),
        Some(S::TLS13_AES_256_GCM_SHA384) => ("TLS_AES_256_GCM_SHA384", "TLS_AES_256_GCM_SHA384"),
        Some(S::TLS13_CHACHA20_POLY1305_SHA256) => (
            "TLS_CHACHA20_POLY1305_SHA256",
            "TLS_CHACHA20_POLY1305_SHA256",
        ),
        Some(S::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256) => (
            "ECDHE-ECDSA-AES128-GCM-SHA256",
            "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
        ),
        Some(S::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384) => (
            "ECDHE-ECDSA-AES256-GCM-SHA384",
            "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
        ),
        Some(S::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256) => (
            "ECDHE-ECDSA-CHACHA20-POLY1305",
            "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
        ),
        Some(S::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256) => (
            "ECDHE-RSA-AES128-GCM-SHA256",
            "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        ),
        Some(S::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384) => (
            "ECDHE-RSA-AES256-GCM-SHA384",
            "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
        ),
        Some(S::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256) => (
            "ECDHE-RSA-CHACHA20-POLY1305",
            "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
        ),
        _ => ("", ""),
    }
}
