//! What went wrong, in the names that users of Node.js know: its `error.code`, which is OpenSSL's reason.

use rustls::{AlertDescription, Error, InvalidMessage, PeerIncompatible};

/// Why a connection has failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// `error.code`.
    pub code: &'static str,
    /// `error.message`.
    pub message: String,
}

/// How an HTTP request begins that was sent to the wrong port.
const HTTP: [&[u8]; 9] = [
    b"GET ",
    b"POST ",
    b"HEAD ",
    b"PUT ",
    b"DELETE ",
    b"OPTIONS ",
    b"PATCH ",
    b"TRACE ",
    b"CONNECT ",
];

impl Failure {
    /// What an error of rustls is; `bytes` brought it, before the handshake was done or after.
    pub(super) fn of(error: &Error, bytes: &[u8], is_secured: bool) -> Self {
        let is_first = !is_secured;
        let code = match error {
            _ if is_first && HTTP.iter().any(|method| bytes.starts_with(method)) => {
                "ERR_SSL_HTTP_REQUEST"
            }
            Error::InvalidMessage(
                InvalidMessage::InvalidContentType | InvalidMessage::UnknownProtocolVersion,
            ) if is_first => "ERR_SSL_WRONG_VERSION_NUMBER",
            Error::InvalidMessage(_) => "ERR_SSL_BAD_RECORD_TYPE",
            Error::DecryptError => "ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC",
            Error::NoApplicationProtocol => "ERR_SSL_NO_APPLICATION_PROTOCOL",
            Error::PeerIncompatible(incompatible) => match incompatible {
                PeerIncompatible::Tls12NotOffered
                | PeerIncompatible::Tls12NotOfferedOrEnabled
                | PeerIncompatible::Tls13RequiredForQuic
                | PeerIncompatible::SupportedVersionsExtensionRequired => {
                    "ERR_SSL_UNSUPPORTED_PROTOCOL"
                }
                PeerIncompatible::NoCipherSuitesInCommon
                | PeerIncompatible::NoKxGroupsInCommon
                | PeerIncompatible::NoCertificateRequestSignatureSchemesInCommon
                | PeerIncompatible::NoSignatureSchemesInCommon => "ERR_SSL_NO_SHARED_CIPHER",
                _ => "ERR_SSL_UNSUPPORTED_PROTOCOL",
            },
            Error::PeerMisbehaved(_)
            | Error::InappropriateMessage { .. }
            | Error::InappropriateHandshakeMessage { .. } => "ERR_SSL_UNEXPECTED_MESSAGE",
            Error::InvalidCertificate(_) => "ERR_SSL_CERTIFICATE_VERIFY_FAILED",
            Error::AlertReceived(alert) => alert_code(*alert),
            // The ClientHello waits for more than there is room for.
            Error::HandshakeNotComplete => "ERR_SSL_EXCESSIVE_MESSAGE_SIZE",
            Error::PeerSentOversizedRecord => "ERR_SSL_DATA_LENGTH_TOO_LONG",
            _ => "ERR_SSL_INTERNAL_ERROR",
        };
        Self {
            code,
            message: error.to_string(),
        }
    }

    /// A message of the handshake is cut into more records than there is room for.
    pub(super) fn too_long() -> Self {
        Self {
            code: "ERR_SSL_EXCESSIVE_MESSAGE_SIZE",
            message: "a message of the handshake is cut into too many records".to_owned(),
        }
    }
}

/// What an alert of the peer's is (RFC 8446 §6.2).
fn alert_code(alert: AlertDescription) -> &'static str {
    use AlertDescription as A;
    match alert {
        A::BadCertificate => "ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE",
        A::CertificateExpired => "ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED",
        A::CertificateUnknown => "ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN",
        A::CertificateRequired => "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED",
        A::UnknownCA => "ERR_SSL_TLSV1_ALERT_UNKNOWN_CA",
        A::DecryptError => "ERR_SSL_TLSV1_ALERT_DECRYPT_ERROR",
        A::DecodeError => "ERR_SSL_TLSV1_ALERT_DECODE_ERROR",
        A::ProtocolVersion => "ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION",
        A::BadRecordMac => "ERR_SSL_SSLV3_ALERT_BAD_RECORD_MAC",
        A::UnexpectedMessage => "ERR_SSL_SSLV3_ALERT_UNEXPECTED_MESSAGE",
        A::IllegalParameter => "ERR_SSL_SSLV3_ALERT_ILLEGAL_PARAMETER",
        A::InternalError => "ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR",
        A::AccessDenied => "ERR_SSL_TLSV1_ALERT_ACCESS_DENIED",
        A::UserCanceled => "ERR_SSL_TLSV1_ALERT_USER_CANCELLED",
        _ => "ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE",
    }
}
