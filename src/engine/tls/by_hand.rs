//! Tests of one connection's TLS: a client of rustls at the other end, and bytes that are carried by hand.

use std::sync::{Arc, LazyLock};

use ::aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ::aws_lc_rs::rand::SystemRandom;
use ::aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CipherSuiteCommon, CryptoProvider, aws_lc_rs};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::version::{TLS12, TLS13};
use rustls::{
    ClientConfig, ClientConnection, ConnectionTrafficSecrets, DigitallySignedStruct,
    SignatureScheme, SupportedCipherSuite, SupportedProtocolVersion, Tls12CipherSuite,
    Tls13CipherSuite,
};

use super::context::{Offer, SecureContext};
use super::records::{Received, Tls};

/// What a shard reads into, at most.
const BUFFER: usize = 192 * 1024;
/// Records that may be encrypted under one key in some tests.
const FEW: u64 = 20;

/// One value of DER (X.690).
fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let body = parts.concat();
    let length = u16::try_from(body.len()).unwrap().to_be_bytes();
    let length = match body.len() {
        0..128 => vec![length[1]],
        128..256 => vec![0x81, length[1]],
        _ => vec![0x82, length[0], length[1]],
    };
    [&[tag][..], &length, &body].concat()
}

/// A key, and a certificate of it in PEM, which has expired. Nobody looks at who has signed that.
pub(super) static PAIR: LazyLock<(Vec<u8>, Vec<u8>)> = LazyLock::new(|| pair(b"250101000000Z"));

/// The same that is good for long, where somebody looks.
#[cfg(x509)]
pub(super) static LASTING: LazyLock<(Vec<u8>, Vec<u8>)> = LazyLock::new(|| pair(b"491231235959Z"));

/// A key, and a certificate of it that is good until then.
fn pair(until: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
    let oid = |bytes: &[u8]| der(0x06, &[bytes]);
    let ecdsa = der(0x30, &[&oid(b"\x2a\x86\x48\xce\x3d\x04\x03\x02")]);
    let key_type = der(
        0x30,
        &[
            &oid(b"\x2a\x86\x48\xce\x3d\x02\x01"),
            &oid(b"\x2a\x86\x48\xce\x3d\x03\x01\x07"),
        ],
    );
    let key = der(
        0x30,
        &[&key_type, &der(0x03, &[&[0], pair.public_key().as_ref()])],
    );
    let common = der(0x30, &[&oid(b"\x55\x04\x03"), &der(0x0c, &[b"localhost"])]);
    let name = der(0x30, &[&der(0x31, &[&common])]);
    let names = der(0x30, &[&der(0x82, &[b"localhost"])]);
    let alternative = der(0x30, &[&oid(b"\x55\x1d\x11"), &der(0x04, &[&names])]);
    let (from, until) = (der(0x17, &[b"250101000000Z"]), der(0x17, &[until]));
    let body = der(
        0x30,
        &[
            &der(0xa0, &[&der(0x02, &[&[2]])]),
            &der(0x02, &[&[1]]),
            &ecdsa,
            &name,
            &der(0x30, &[&from, &until]),
            &name,
            &key,
            &der(0xa3, &[&der(0x30, &[&alternative])]),
        ],
    );
    let signature = pair.sign(&SystemRandom::new(), &body).unwrap();
    let all = der(
        0x30,
        &[&body, &ecdsa, &der(0x03, &[&[0], signature.as_ref()])],
    );
    let base64 = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, all);
    let pem = format!("-----BEGIN CERTIFICATE-----\n{base64}\n-----END CERTIFICATE-----\n");
    (
        pair.to_pkcs8v1().unwrap().as_ref().to_vec(),
        pem.into_bytes(),
    )
}

/// A client that trusts everybody.
#[derive(Debug)]
struct Anybody;

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ECDSA_NISTP256_SHA256]
    }
}

/// The usual cryptography, but that the keys wear out after a [`FEW`] records.
fn worn_out_soon() -> CryptoProvider {
    let few = |common: &CipherSuiteCommon| CipherSuiteCommon {
        suite: common.suite,
        hash_provider: common.hash_provider,
        confidentiality_limit: FEW,
    };
    let mut provider = aws_lc_rs::default_provider();
    for suite in &mut provider.cipher_suites {
        *suite = match *suite {
            SupportedCipherSuite::Tls12(one) => {
                SupportedCipherSuite::Tls12(Box::leak(Box::new(Tls12CipherSuite {
                    common: few(&one.common),
                    prf_provider: one.prf_provider,
                    kx: one.kx,
                    sign: one.sign,
                    aead_alg: one.aead_alg,
                })))
            }
            SupportedCipherSuite::Tls13(one) => {
                SupportedCipherSuite::Tls13(Box::leak(Box::new(Tls13CipherSuite {
                    common: few(&one.common),
                    hkdf_provider: one.hkdf_provider,
                    aead_alg: one.aead_alg,
                    quic: None,
                })))
            }
        };
    }
    provider
}

/// What a server has.
pub(in super::super) fn context(provider: CryptoProvider) -> Arc<SecureContext> {
    context_of(&PAIR, provider)
}

/// A client that asks for this name.
pub(in super::super) fn client(
    version: &'static SupportedProtocolVersion,
    provider: CryptoProvider,
    name: &'static str,
) -> ClientConnection {
    let mut config = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(&[version])
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anybody))
        .with_no_client_auth();
    config.enable_secret_extraction = true;
    let name = ServerName::try_from(name).unwrap();
    ClientConnection::new(Arc::new(config), name).unwrap()
}

/// What a server has with this pair.
pub(super) fn context_of(
    (key, certificates): &(Vec<u8>, Vec<u8>),
    provider: CryptoProvider,
) -> Arc<SecureContext> {
    let offer = Offer {
        certificates,
        key,
        versions: (true, true),
        prefers_own_order: true,
        alpn: Vec::new(),
        session_context: &[],
        ticket_keys: &[7; 48],
        ticket_lifetime: 300,
    };
    Arc::new(SecureContext::make(offer, provider).unwrap())
}

/// Both ends.
struct Ends {
    client: ClientConnection,
    tls: Tls,
    /// What has come to the server.
    plaintext: Vec<u8>,
    buffer: Vec<u8>,
}

impl Ends {
    fn new(version: &'static SupportedProtocolVersion, provider: CryptoProvider) -> Self {
        Self {
            client: client(version, aws_lc_rs::default_provider(), "localhost"),
            tls: Tls::new(Some(&context(provider))).unwrap(),
            plaintext: Vec::new(),
            buffer: vec![0; BUFFER],
        }
    }

    /// What the client has to send.
    fn sent(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        while self.client.wants_write() {
            self.client.write_tls(&mut bytes).unwrap();
        }
        bytes
    }

    /// Bytes come to the server, as those of one read.
    fn give(&mut self, bytes: &[u8]) -> Received {
        let cut = self.tls.resume(&mut self.buffer);
        let end = cut + bytes.len();
        self.buffer[cut..end].copy_from_slice(bytes);
        self.tls.take(&mut self.buffer[..end], &mut self.plaintext)
    }

    /// The client gets what waits: what it reads of it.
    fn answer(&mut self) -> Vec<u8> {
        let bytes = self.tls.unsent().to_vec();
        self.tls.sent(bytes.len());
        let mut rest = &bytes[..];
        let mut read = Vec::new();
        while !rest.is_empty() {
            self.client.read_tls(&mut rest).unwrap();
            let state = self.client.process_new_packets().unwrap();
            let at = read.len();
            read.resize(at + state.plaintext_bytes_to_read(), 0);
            std::io::Read::read_exact(&mut self.client.reader(), &mut read[at..]).unwrap();
        }
        read
    }

    /// The handshake, byte by byte.
    fn shake_hands(&mut self) {
        let mut count = 0;
        while self.client.is_handshaking() || count == 0 {
            for byte in self.sent() {
                let received = self.give(&[byte]);
                assert_eq!(received.failure, None);
                count += usize::from(received.is_secured);
            }
            assert_eq!(self.answer(), b"");
        }
        assert_eq!(count, 1, "the handshake is done once");
    }

    /// The client sends this.
    fn write(&mut self, bytes: &[u8]) {
        std::io::Write::write_all(&mut self.client.writer(), bytes).unwrap();
    }
}

#[test]
fn bytes_come_whole_however_they_are_cut_and_what_is_sent_meanwhile_leaves() {
    for version in [&TLS12, &TLS13] {
        let mut ends = Ends::new(version, aws_lc_rs::default_provider());
        ends.shake_hands();
        ends.write(b"hello");
        ends.write(&[b'x'; 300]);
        for (index, byte) in ends.sent().into_iter().enumerate() {
            assert_eq!(ends.give(&[byte]).failure, None);
            ends.tls.seal(&[index as u8]).unwrap();
            assert_eq!(ends.answer(), [index as u8]);
        }
        assert_eq!(ends.plaintext, [&b"hello"[..], &[b'x'; 300]].concat());
        ends.tls.close();
        ends.answer();
        assert!(ends.client.process_new_packets().unwrap().peer_has_closed());
    }
}

#[test]
fn what_was_agreed_on_is_known_after_a_failure() {
    let mut ends = Ends::new(&TLS13, aws_lc_rs::default_provider());
    ends.shake_hands();
    ends.write(b"x");
    let mut sent = ends.sent();
    *sent.last_mut().unwrap() ^= 1;
    assert!(ends.give(&sent).failure.is_some());
    let facts = ends.tls.facts().expect("the handshake was done");
    assert_eq!(
        (facts.protocol, facts.name.as_deref()),
        ("TLSv1.3", Some("localhost"))
    );
}

#[test]
fn the_name_that_a_handshake_asks_for_in_vain_is_not_that_of_the_next() {
    let mut ends = Ends::new(&TLS13, aws_lc_rs::default_provider());
    ends.shake_hands();
    let only = |index: usize| {
        let mut provider = aws_lc_rs::default_provider();
        provider.cipher_suites = vec![provider.cipher_suites[index]];
        provider
    };
    let mut failing = Ends::new(&TLS13, only(0));
    failing.client = client(&TLS13, only(1), "other.test");
    let hello = failing.sent();
    assert!(failing.give(&hello).failure.is_some());
    ends.write(b"x");
    let sent = ends.sent();
    assert_eq!(ends.give(&sent).failure, None);
    let facts = ends.tls.facts().expect("the handshake is done");
    assert_eq!(facts.name.as_deref(), Some("localhost"));
}

#[test]
fn the_beginning_of_a_client_hello_and_then_something_else_is_a_failure() {
    let mut ends = Ends::new(&TLS13, aws_lc_rs::default_provider());
    let hello = ends.sent();
    let begun = [&[22, 3, 1, 0, 8], &hello[5..13]].concat();
    let received = ends.give(&[&begun[..], &[99, 3, 3, 0, 1, 0]].concat());
    assert!(received.failure.is_some() && received.has_ended);
    // An alert (RFC 8446 §6).
    assert_eq!(ends.tls.unsent()[0], 21);
}

/// A record of TLS 1.3 (RFC 8446 §5.2), as the client would make it whose keys these are.
fn record(kind: u8, message: &[u8], secrets: &(u64, ConnectionTrafficSecrets)) -> Vec<u8> {
    let (number, ConnectionTrafficSecrets::Aes256Gcm { key, iv }) = secrets else {
        panic!("another cipher suite");
    };
    let mut nonce: [u8; 12] = iv.as_ref().try_into().unwrap();
    for (byte, other) in nonce[4..].iter_mut().zip(number.to_be_bytes()) {
        *byte ^= other;
    }
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key.as_ref()).unwrap());
    let mut sealed = [message, &[kind]].concat();
    let header = [23, 3, 3, 0, sealed.len() as u8 + 16];
    key.seal_in_place_append_tag(
        Nonce::assume_unique_for_key(nonce),
        Aad::from(header),
        &mut sealed,
    )
    .unwrap();
    [&header[..], &sealed].concat()
}

#[test]
fn the_beginning_of_a_message_after_the_handshake_keeps_nothing_from_leaving() {
    let mut ends = Ends::new(&TLS13, aws_lc_rs::default_provider());
    ends.shake_hands();
    let other = Ends::new(&TLS13, aws_lc_rs::default_provider()).client;
    let client = std::mem::replace(&mut ends.client, other);
    let secrets = client.dangerous_extract_secrets().unwrap().tx;
    // A KeyUpdate (RFC 8446 §4.6.3) without its last three bytes.
    let received = ends.give(&record(22, &[24, 0], &secrets));
    assert_eq!((received.failure, received.has_ended), (None, false));
    ends.tls.seal(b"answer").unwrap();
    assert!(ends.tls.unsent().len() > 5 + 6 + 1 + 16 - 1);
    let rest = record(22, &[0, 1, 0], &(secrets.0 + 1, secrets.1));
    assert_eq!(ends.give(&rest).failure, None);
    ends.tls.close();
    assert_eq!(ends.plaintext, b"");
}

#[test]
fn a_client_takes_other_keys_as_often_as_it_likes() {
    let mut ends = Ends::new(&TLS13, aws_lc_rs::default_provider());
    ends.shake_hands();
    for index in 0..100 {
        ends.client.refresh_traffic_keys().unwrap();
        ends.write(&[index]);
        let bytes = ends.sent();
        assert_eq!(ends.give(&bytes).failure, None);
        ends.tls.seal(&[index]).unwrap();
        assert_eq!(ends.answer(), [index]);
    }
    assert_eq!(ends.plaintext, (0..100).collect::<Vec<_>>());
}

#[test]
fn a_worn_out_key_of_tls_1_3_is_replaced() {
    let mut ends = Ends::new(&TLS13, worn_out_soon());
    ends.shake_hands();
    for index in 0..10 * FEW as u8 {
        ends.tls.seal(&[index]).unwrap();
        assert_eq!(ends.answer(), [index]);
        ends.write(&[index]);
        let bytes = ends.sent();
        assert_eq!(ends.give(&bytes).failure, None);
    }
    assert_eq!(ends.plaintext.len(), 10 * FEW as usize);
}

#[test]
fn a_worn_out_key_of_tls_1_2_ends_the_connection_by_close_notify() {
    let mut ends = Ends::new(&TLS12, worn_out_soon());
    ends.shake_hands();
    let mut read = 0;
    while ends.tls.seal(b"x").is_ok() {
        read += ends.answer().len() as u64;
        assert!(read <= FEW, "it goes on");
    }
    assert!(read > FEW / 2, "{read} records");
    ends.answer();
    assert!(ends.client.process_new_packets().unwrap().peer_has_closed());
    assert!(ends.tls.seal(b"x").is_err(), "for good");
}

#[test]
fn a_key_of_aes_gcm_in_tls_1_2_is_good_for_as_many_records_as_the_documents_say() {
    for suite in aws_lc_rs::default_provider().cipher_suites {
        if let SupportedCipherSuite::Tls12(Tls12CipherSuite { common, .. }) = suite
            && format!("{:?}", common.suite).contains("GCM")
        {
            assert_eq!(common.confidentiality_limit, 1 << 24, "{:?}", common.suite);
        }
    }
}
