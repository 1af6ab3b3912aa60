//! Which servers a client trusts: AWS-LC's `X509_verify_cert` decides, as OpenSSL's does for Node.js.
//!
//! AWS-LC and OpenSSL have the same ancestor, and do not agree on everything. So a chain has to be plain as well: keys,
//! signatures and extensions of the usual kinds, about which both say the same. What is not plain is not trusted here, and
//! `lib/client/secure` asks Node's TLS. The names of a server are the business of `lib`.
//!
//! All `unsafe` of it is in this file. The functions of AWS-LC get pointers that the types here own, or that belong to
//! one of these and are used while it lives.

use std::ffi::{CStr, c_int, c_long, c_ulong};
use std::ptr::{self, NonNull};
use std::sync::{Arc, Weak};

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_sys as lc;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{AlgorithmIdentifier, CertificateDer, alg_id};

/// Most certificates between that of the server and a root: Node.js has the same bound.
const DEPTH: c_int = 100;
/// Shorter keys of RSA are not plain: the least that any version of Node.js takes.
const RSA_BITS: c_int = 2048;

/// The name of an extension of which a plain certificate has one kind alone.
const CRL_DISTRIBUTION_POINTS: &[u8] = b"\x55\x1d\x1f";

/// The extensions that a plain certificate may have, as the contents of their object identifiers. Others are about names
/// and rights for which each library has rules of its own, or are of no use here.
const EXTENSIONS: [&[u8]; 11] = [
    b"\x55\x1d\x0e", // subjectKeyIdentifier
    b"\x55\x1d\x0f", // keyUsage
    b"\x55\x1d\x11", // subjectAltName
    b"\x55\x1d\x13", // basicConstraints
    CRL_DISTRIBUTION_POINTS,
    b"\x55\x1d\x20",                             // certificatePolicies
    b"\x55\x1d\x23",                             // authorityKeyIdentifier
    b"\x55\x1d\x25",                             // extKeyUsage
    b"\x2b\x06\x01\x05\x05\x07\x01\x01",         // authorityInfoAccess
    b"\x2b\x06\x01\x04\x01\xd6\x79\x02\x04\x02", // signed certificate timestamps
    b"\x60\x86\x48\x01\x86\xf8\x42\x01\x0d",     // a comment of Netscape's
];

/// The keys that a plain certificate may have.
const KEYS: [AlgorithmIdentifier; 5] = [
    alg_id::RSA_ENCRYPTION,
    alg_id::ECDSA_P256,
    alg_id::ECDSA_P384,
    alg_id::ECDSA_P521,
    alg_id::ED25519,
];

/// How a plain certificate may be signed.
const SIGNATURES: [AlgorithmIdentifier; 10] = [
    alg_id::RSA_PKCS1_SHA256,
    alg_id::RSA_PKCS1_SHA384,
    alg_id::RSA_PKCS1_SHA512,
    alg_id::RSA_PSS_SHA256,
    alg_id::RSA_PSS_SHA384,
    alg_id::RSA_PSS_SHA512,
    alg_id::ECDSA_SHA256,
    alg_id::ECDSA_SHA384,
    alg_id::ECDSA_SHA512,
    alg_id::ED25519,
];

/// SHA-1 with RSA and its NULL: how many a root is signed, which is of no weight (RFC 5280 §6.1).
const RSA_SHA1: [AlgorithmIdentifier; 1] = [AlgorithmIdentifier::from_slice(
    b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05\x05\x00",
)];

/// A place of revocation lists that says its whole name (RFC 5280 §4.2.1.13).
const FULL_NAME: c_int = 0;

/// How a point of a curve begins that is not compressed (SEC 1 §2.3.3).
const UNCOMPRESSED: u8 = 4;

/// One certificate.
struct Certificate(NonNull<lc::X509>);

impl Certificate {
    /// Reads DER, all of it.
    fn read(der: &[u8]) -> Option<Self> {
        let length = c_long::try_from(der.len()).ok()?;
        let mut at = der.as_ptr();
        // SAFETY: `at` points to `length` bytes; what is returned is ours, and `Drop` frees it.
        let read = Self(NonNull::new(unsafe {
            lc::d2i_X509(ptr::null_mut(), &mut at, length)
        })?);
        (at == der.as_ptr_range().end).then_some(read)
    }

    /// What names it.
    fn name(&self) -> Option<Name> {
        // SAFETY: it lives.
        unsafe { name_of(self.0.as_ptr()) }
    }
}

impl Drop for Certificate {
    fn drop(&mut self) {
        // SAFETY: it is ours, and not used any more.
        unsafe { lc::X509_free(self.0.as_ptr()) }
    }
}

/// The certificates that a server has sent beside its own.
struct Others {
    stack: NonNull<lc::OPENSSL_STACK>,
    /// They live at least as long as the stack, which does not own them.
    _all: Vec<Certificate>,
}

impl Others {
    fn new(all: Vec<Certificate>) -> Option<Self> {
        // SAFETY: what is returned is ours, and `Drop` frees it.
        let stack = NonNull::new(unsafe { lc::OPENSSL_sk_new_null() })?;
        let others = Self { stack, _all: all };
        for one in &others._all {
            // SAFETY: both live.
            let count = unsafe { lc::OPENSSL_sk_push(stack.as_ptr(), one.0.as_ptr().cast()) };
            if count == 0 {
                return None;
            }
        }
        Some(others)
    }
}

impl Drop for Others {
    fn drop(&mut self) {
        // SAFETY: the stack is ours, and not used any more; its elements are none of its own.
        unsafe { lc::OPENSSL_sk_free(self.stack.as_ptr()) }
    }
}

/// One verification.
struct Verification(NonNull<lc::X509_STORE_CTX>);

impl Verification {
    fn new() -> Option<Self> {
        // SAFETY: what is returned is ours, and `Drop` frees it.
        NonNull::new(unsafe { lc::X509_STORE_CTX_new() }).map(Self)
    }
}

impl Drop for Verification {
    fn drop(&mut self) {
        // SAFETY: it is ours, and not used any more.
        unsafe { lc::X509_STORE_CTX_free(self.0.as_ptr()) }
    }
}

/// What names a certificate: a hash of its subject, by which issuers are looked for, and a digest of all of it.
type Name = (u32, [u8; 32]);

/// Those that a client trusts to vouch for servers.
#[derive(Debug)]
pub struct Trust {
    store: NonNull<lc::X509_STORE>,
    /// Those in it, each once.
    names: Vec<Name>,
}

// SAFETY: nothing is added to the store once `new` has returned. What a verification changes of a store and of its
// certificates, AWS-LC guards by locks of theirs: `X509_verify_cert` may be called by several threads.
unsafe impl Send for Trust {}
// SAFETY: as above.
unsafe impl Sync for Trust {}

impl Drop for Trust {
    fn drop(&mut self) {
        // SAFETY: it is ours, and not used any more.
        unsafe { lc::X509_STORE_free(self.store.as_ptr()) }
    }
}

/// A digest of PEM, and what was made of it.
type Known = (Box<[u8]>, Weak<Trust>);

/// What is in use: the roots of all threads of Node.js are the same.
static IN_USE: parking_lot::Mutex<Vec<Known>> = parking_lot::Mutex::new(Vec::new());

impl Trust {
    /// The same for all who ask with the same PEM, which has this many certificates.
    ///
    /// # Errors
    /// One of them cannot be read.
    pub fn shared(pem: &[u8], count: usize) -> Result<Arc<Self>, String> {
        let name: Box<[u8]> = digest(&SHA256, pem).as_ref().into();
        let mut all = IN_USE.lock();
        all.retain(|(_, one)| one.strong_count() > 0);
        let known = all.iter().find(|(other, _)| *other == name);
        if let Some(one) = known.and_then(|(_, one)| one.upgrade()) {
            return Ok(one);
        }
        let one = Arc::new(Self::new(pem, count)?);
        all.push((name, Arc::downgrade(&one)));
        Ok(one)
    }

    fn new(pem: &[u8], count: usize) -> Result<Self, String> {
        let ders: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
        let ders = ders.map_err(|error| error.to_string())?;
        let unreadable = || "a certificate of \"ca\" cannot be read".to_owned();
        if ders.len() != count {
            return Err(unreadable());
        }
        // SAFETY: what is returned is ours, and `Drop` frees it.
        let store = NonNull::new(unsafe { lc::X509_STORE_new() });
        let mut trust = Self {
            store: store.ok_or_else(unreadable)?,
            names: Vec::new(),
        };
        for der in ders {
            let one = Certificate::read(&der).ok_or_else(unreadable)?;
            // SAFETY: both live; the store counts its own reference.
            if unsafe { lc::X509_STORE_add_cert(trust.store.as_ptr(), one.0.as_ptr()) } != 1 {
                return Err(unreadable());
            }
            trust.names.push(one.name().ok_or_else(unreadable)?);
        }
        trust.names.sort_unstable();
        trust.names.dedup();
        Ok(trust)
    }

    /// Whether an issuer is the one that each library finds: the only one of its name in the store, or, if there is none, the
    /// only one that was sent.
    fn is_clear(&self, issuer: Name, sent: &[Name]) -> bool {
        let with_its_name = |all: &[Name]| -> Vec<Name> {
            all.iter()
                .filter(|one| one.0 == issuer.0)
                .copied()
                .collect()
        };
        let trusted = with_its_name(&self.names);
        let found = match trusted.is_empty() {
            true => with_its_name(sent),
            false => trusted,
        };
        !found.is_empty() && found.iter().all(|one| *one == issuer)
    }

    /// Whether these certificates of a server, its own first, are trusted for TLS.
    ///
    /// # Errors
    /// Why not.
    pub(super) fn verify<'a>(
        &self,
        own: &[u8],
        others: impl Iterator<Item = &'a [u8]>,
    ) -> Result<(), String> {
        let verdict = self.decide(own, others);
        // What has failed has left errors in the queue of this thread.
        // SAFETY: always.
        unsafe { lc::ERR_clear_error() };
        verdict
    }

    fn decide<'a>(&self, own: &[u8], others: impl Iterator<Item = &'a [u8]>) -> Result<(), String> {
        let unreadable = || "a certificate cannot be read".to_owned();
        let memory = || "there is no memory".to_owned();
        let own = Certificate::read(own).ok_or_else(unreadable)?;
        let others: Option<Vec<_>> = others.map(Certificate::read).collect();
        let others = others.ok_or_else(unreadable)?;
        let sent: Option<Vec<Name>> = std::iter::once(&own)
            .chain(&others)
            .map(Certificate::name)
            .collect();
        let sent = sent.ok_or_else(memory)?;
        let others = Others::new(others).ok_or_else(memory)?;
        // Dropped first, as it refers to the others.
        let verification = Verification::new().ok_or_else(memory)?;
        let context = verification.0.as_ptr();
        // SAFETY: the store, the certificate and the stack outlive the context, which refers to them. A stack of any type is
        // an `OPENSSL_STACK`.
        let is_ready = unsafe {
            let stack = others.stack.as_ptr().cast();
            lc::X509_STORE_CTX_init(context, self.store.as_ptr(), own.0.as_ptr(), stack) == 1 && {
                // What `ssl_server` is to OpenSSL.
                let param = lc::X509_STORE_CTX_get0_param(context);
                lc::X509_VERIFY_PARAM_set_depth(param, DEPTH);
                lc::X509_VERIFY_PARAM_set_flags(param, lc::X509_V_FLAG_TRUSTED_FIRST as c_ulong)
                    == 1
                    && lc::X509_VERIFY_PARAM_set_purpose(param, lc::X509_PURPOSE_SSL_SERVER) == 1
                    && lc::X509_VERIFY_PARAM_set_trust(param, lc::X509_TRUST_SSL_SERVER) == 1
            }
        };
        if !is_ready {
            return Err(memory());
        }
        // SAFETY: the context is initialized.
        let (result, error) = unsafe {
            let result = lc::X509_verify_cert(context);
            (result, lc::X509_STORE_CTX_get_error(context))
        };
        if result != 1 || error != lc::X509_V_OK as c_int {
            // SAFETY: what is returned is a constant, which ends with NUL.
            let text = unsafe { CStr::from_ptr(lc::X509_verify_cert_error_string(error.into())) };
            return Err(text.to_string_lossy().into_owned());
        }
        // SAFETY: the chain belongs to the context, and so do its certificates; there are as many as it says.
        let chain: Vec<*mut lc::X509> = unsafe {
            let chain = lc::X509_STORE_CTX_get0_chain(context).cast_const().cast();
            let count = lc::OPENSSL_sk_num(chain);
            (0..count)
                .map(|index| lc::OPENSSL_sk_value(chain, index).cast())
                .collect()
        };
        let mut subjects = Vec::new();
        for (index, one) in chain.iter().enumerate() {
            let is_root = index + 1 == chain.len();
            // SAFETY: see above.
            unsafe { check_plain(*one, index, is_root) }.map_err(str::to_owned)?;
            // SAFETY: see above.
            let name = unsafe { name_of(*one) }.ok_or_else(memory)?;
            // One that has the name of its issuer is taken for signed by itself, or not.
            let is_alone = subjects.iter().all(|subject| *subject != name.0);
            if !is_alone || (index > 0 && !self.is_clear(name, &sent)) {
                return Err("it is not clear who has issued it".to_owned());
            }
            subjects.push(name.0);
        }
        Ok(())
    }
}

/// What names a certificate; `None` without memory.
///
/// # Safety
/// The certificate lives.
unsafe fn name_of(one: *mut lc::X509) -> Option<Name> {
    let mut digest = [0; 32];
    // SAFETY: the certificate lives, and its subject belongs to it; SHA-256 has as many bytes as `digest`.
    unsafe {
        let subject = lc::X509_NAME_hash(lc::X509_get_subject_name(one));
        let all = lc::X509_digest(one, lc::EVP_sha256(), digest.as_mut_ptr(), ptr::null_mut());
        (all == 1).then_some((subject, digest))
    }
}

/// Whether a certificate is one about which AWS-LC and OpenSSL agree. `index`: its place above that of the server; nobody looks
/// at who has signed a root.
///
/// # Safety
/// The certificate lives.
unsafe fn check_plain(one: *mut lc::X509, index: usize, is_root: bool) -> Result<(), &'static str> {
    // SAFETY: what these return belongs to the certificate, and is used here alone. `X509_get_ext` is asked within its count.
    unsafe {
        let mut found: Vec<&[u8]> = Vec::new();
        for at in 0..lc::X509_get_ext_count(one) {
            let object = lc::X509_EXTENSION_get_object(lc::X509_get_ext(one, at));
            let name = slice(lc::OBJ_get0_data(object), lc::OBJ_length(object));
            if !EXTENSIONS.contains(&name) || found.contains(&name) {
                return Err("it has an extension that is not plain");
            }
            found.push(name);
        }
        if found.contains(&CRL_DISTRIBUTION_POINTS) && !has_full_names(one) {
            return Err("it does not say where its revocation lists are");
        }
        // OpenSSL asks a server for it that has a key of ECDSA, and speaks TLS 1.2. Without keyUsage all bits are set.
        let usage = lc::X509_get_key_usage(one);
        if index == 0 && usage & lc::X509v3_KU_DIGITAL_SIGNATURE.cast_unsigned() == 0 {
            return Err("its key is not for signatures");
        }
        // AWS-LC asks no root for it.
        let most = lc::X509_get_pathlen(one);
        if index > 0 && most >= 0 && c_long::try_from(index - 1).is_ok_and(|above| above > most) {
            return Err("the path is too long");
        }
        let mut algorithm = ptr::null_mut();
        let (mut bytes, mut length) = (ptr::null(), 0);
        let known = lc::X509_PUBKEY_get0_param(
            ptr::null_mut(),
            &mut bytes,
            &mut length,
            &mut algorithm,
            lc::X509_get_X509_PUBKEY(one),
        );
        let key = lc::X509_get0_pubkey(one);
        if known != 1 || key.is_null() || !is_one_of(algorithm, &KEYS) {
            return Err("its key is not plain");
        }
        if lc::EVP_PKEY_id(key) == lc::EVP_PKEY_RSA && lc::EVP_PKEY_bits(key) < RSA_BITS {
            return Err("its key is too short");
        }
        let bytes = slice(bytes, usize::try_from(length).unwrap_or(0));
        if lc::EVP_PKEY_id(key) == lc::EVP_PKEY_EC && bytes.first() != Some(&UNCOMPRESSED) {
            return Err("its key is compressed");
        }
        let mut algorithm = ptr::null();
        lc::X509_get0_signature(ptr::null_mut(), &mut algorithm, one);
        let is_plain = match is_root {
            // Nobody verifies it; but it is of the key that signs.
            true => {
                (is_one_of(algorithm, &SIGNATURES) || is_one_of(algorithm, &RSA_SHA1))
                    && is_of_key(algorithm, lc::EVP_PKEY_id(key))
            }
            false => is_one_of(algorithm, &SIGNATURES),
        };
        if !is_plain {
            return Err("its signature is not plain");
        }
        for time in [lc::X509_get0_notBefore(one), lc::X509_get0_notAfter(one)] {
            let length = usize::try_from(lc::ASN1_STRING_length(time)).unwrap_or(0);
            let text = slice(lc::ASN1_STRING_get0_data(time), length);
            // Of UTCTime and GeneralizedTime, as RFC 5280 §4.1.2.5 has them.
            let is_plain = matches!(text, [digits @ .., b'Z']
                if [12, 14].contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit));
            if !is_plain {
                return Err("its time is not plain");
            }
        }
    }
    Ok(())
}

/// Whether each of the places that a certificate says of revocation lists has its whole name. OpenSSL takes a certificate
/// for invalid in which a place has neither that nor an issuer of lists; AWS-LC does not.
///
/// # Safety
/// The certificate lives.
unsafe fn has_full_names(one: *const lc::X509) -> bool {
    let nid = lc::NID_crl_distribution_points;
    // SAFETY: the certificate lives. What is returned is ours, and of this type; its points are its own, as are their names.
    unsafe {
        let all: *mut lc::CRL_DIST_POINTS =
            lc::X509_get_ext_d2i(one, nid, ptr::null_mut(), ptr::null_mut()).cast();
        if all.is_null() {
            return false;
        }
        let count = lc::OPENSSL_sk_num(all.cast());
        let are_full = (0..count).all(|index| {
            let point: *const lc::DIST_POINT = lc::OPENSSL_sk_value(all.cast(), index).cast();
            let name = (*point).distpoint;
            !name.is_null() && (*name).type_ == FULL_NAME
        });
        lc::CRL_DIST_POINTS_free(all);
        are_full
    }
}

/// Whether an algorithm, with its parameters, is one of these.
///
/// # Safety
/// The algorithm lives, or is null.
unsafe fn is_one_of(algorithm: *const lc::X509_ALGOR, these: &[AlgorithmIdentifier]) -> bool {
    if algorithm.is_null() {
        return false;
    }
    let mut memory = ptr::null_mut();
    // SAFETY: the algorithm lives; `memory` is set to as many bytes as are returned, which are ours then.
    let length = unsafe { lc::i2d_X509_ALGOR(algorithm, &mut memory) };
    let Ok(length @ 1..) = usize::try_from(length) else {
        return false;
    };
    // SAFETY: see above.
    let der = unsafe { slice(memory, length) };
    // A SEQUENCE: its tag and length, in one byte or two, go first.
    let body = match der {
        [0x30, length, body @ ..] if *length < 0x80 => body,
        [0x30, 0x81, _, body @ ..] => body,
        _ => &[],
    };
    let is_one = these.iter().any(|one| one.as_ref() == body);
    // SAFETY: it is ours, and not used any more.
    unsafe { lc::OPENSSL_free(memory.cast()) };
    is_one
}

/// Whether an algorithm of signatures that is plain is of such keys.
///
/// # Safety
/// The algorithm lives, or is null.
unsafe fn is_of_key(algorithm: *const lc::X509_ALGOR, kind: c_int) -> bool {
    let family: &[u8] = match kind {
        lc::EVP_PKEY_RSA => b"\x2a\x86\x48\x86\xf7\x0d\x01\x01",
        lc::EVP_PKEY_EC => b"\x2a\x86\x48\xce\x3d\x04",
        _ => b"\x2b\x65\x70",
    };
    let mut object = ptr::null();
    if algorithm.is_null() {
        return false;
    }
    // SAFETY: the algorithm lives, and its name belongs to it.
    unsafe {
        lc::X509_ALGOR_get0(&mut object, ptr::null_mut(), ptr::null_mut(), algorithm);
        slice(lc::OBJ_get0_data(object), lc::OBJ_length(object)).starts_with(family)
    }
}

/// Bytes of AWS-LC's.
///
/// # Safety
/// `data` points to `length` bytes that live for as long as the slice is used, or is null.
unsafe fn slice<'a>(data: *const u8, length: usize) -> &'a [u8] {
    match data.is_null() {
        true => &[],
        // SAFETY: the caller's.
        false => unsafe { std::slice::from_raw_parts(data, length) },
    }
}

#[cfg(test)]
mod tests {
    use super::super::by_hand::{LASTING, PAIR};
    use super::*;

    fn der((_, pem): &(Vec<u8>, Vec<u8>)) -> Vec<u8> {
        CertificateDer::from_pem_slice(pem).unwrap().to_vec()
    }

    fn verify(trust: &Trust, own: &[u8]) -> Result<(), String> {
        trust.verify(own, std::iter::empty())
    }

    #[test]
    fn what_is_trusted_is_so_and_nothing_that_differs_by_a_bit() {
        let trust = Trust::new(&LASTING.1, 1).unwrap();
        let own = der(&LASTING);
        assert_eq!(verify(&trust, &own), Ok(()));
        assert_eq!(trust.verify(&own, [&own[..]].into_iter()), Ok(()));
        for index in 0..own.len() {
            let mut changed = own.clone();
            changed[index] ^= 1;
            assert!(verify(&trust, &changed).is_err(), "{index}");
            assert!(verify(&trust, &own[..index]).is_err(), "{index}");
            // Others that cannot be read are no chain of anybody's.
            let _ = trust.verify(&own, [&changed[..]].into_iter());
        }
        assert!(verify(&trust, &[&own[..], &[0]].concat()).is_err());
    }

    #[test]
    fn what_has_expired_is_not_trusted() {
        let trust = Trust::new(&PAIR.1, 1).unwrap();
        let why = verify(&trust, &der(&PAIR)).unwrap_err();
        assert!(why.contains("expired"), "{why}");
    }

    #[test]
    fn nobody_is_trusted_whom_nobody_vouches_for() {
        let trust = Trust::new(&PAIR.1, 1).unwrap();
        assert!(verify(&trust, &der(&LASTING)).is_err());
        let nobody = Trust::new(b"", 0).unwrap();
        assert!(verify(&nobody, &der(&LASTING)).is_err());
    }

    #[test]
    fn a_root_that_cannot_be_read_is_an_error() {
        assert!(Trust::new(&LASTING.1, 2).is_err());
        assert!(
            Trust::new(
                b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
                1
            )
            .is_err()
        );
        assert!(Trust::new(&LASTING.1[..200], 1).is_err());
    }

    #[test]
    fn those_who_trust_the_same_share_it_while_somebody_does() {
        let pem = [&LASTING.1[..], b"\n"].concat();
        let (one, other) = (
            Trust::shared(&pem, 1).unwrap(),
            Trust::shared(&pem, 1).unwrap(),
        );
        assert!(Arc::ptr_eq(&one, &other));
        let weak = Arc::downgrade(&one);
        drop((one, other));
        assert!(weak.upgrade().is_none());
    }

    #[test]
    fn several_threads_verify_at_once() {
        let trust = Trust::new(&LASTING.1, 1).unwrap();
        let own = der(&LASTING);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..100 {
                        assert_eq!(verify(&trust, &own), Ok(()));
                    }
                });
            }
        });
    }
}
