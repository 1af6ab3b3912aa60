//! One connection's TLS: what comes is decrypted, and what leaves encrypted.
//!
//! Only whole records are taken; what is left of one waits in `cut`, which rustls bounds (64 KiB for the messages of a
//! handshake, a record after it). How much is encrypted before the kernel takes it is whoever writes to bound.

use std::io;
use std::sync::Arc;

use rustls::CommonState;
#[cfg(x509)]
use rustls::HandshakeKind;
use rustls::client::{ClientConnectionData, UnbufferedClientConnection};
#[cfg(x509)]
use rustls::pki_types::ServerName;
use rustls::server::{Acceptor, ServerConnectionData, UnbufferedServerConnection};
use rustls::sign::CertifiedKey;
use rustls::unbuffered::{ConnectionState, EncodeError, EncodeTlsData, UnbufferedStatus};

#[cfg(x509)]
use super::client::{ClientContext, Server};
use super::context::{SecureContext, named};
use super::facts::Facts;
use super::failure::Failure;

/// Most plaintext in one record (RFC 8446 §5.1).
pub(in super::super) const RECORD: usize = 16 * 1024;
/// What a record takes beside its plaintext, at most: header, nonce or content type, tag (RFC 8446 §5.2), and an alert or
/// a new key that leaves first.
const OVERHEAD: usize = 256;

/// How the record of an alert begins, and one that is encrypted: nothing but an alert is, in what a failure leaves.
const ALERT: [u8; 2] = [21, 23];

/// The length of a close_notify that is not encrypted: header, level, description.
const GOODBYE: usize = 7;

/// What a read has brought, beside plaintext.
#[derive(Debug, Default)]
pub(in super::super) struct Received {
    /// The handshake is done, and comes before the plaintext.
    pub(in super::super) is_secured: bool,
    /// The name that is asked for: a context is waited for, and nothing is read until it comes.
    pub(in super::super) hello: Option<String>,
    /// Nothing comes after the plaintext: close_notify or FIN.
    pub(in super::super) has_ended: bool,
    /// Nor after this; an alert may wait to be written.
    pub(in super::super) failure: Option<Failure>,
    /// The connection is lost: a read has said so, and none says it again.
    pub(in super::super) is_lost: bool,
}

impl Received {
    /// Adds what came after that.
    fn add(&mut self, later: Self) {
        self.is_secured |= later.is_secured;
        self.hello = later.hello;
        self.has_ended = later.has_ended;
        self.failure = later.failure;
        self.is_lost = later.is_lost;
    }
}

/// What has come, and is for whoever goes on with the connection.
#[derive(Debug, Default)]
pub(in super::super) struct Kept {
    pub(in super::super) received: Received,
    pub(in super::super) plaintext: Vec<u8>,
}

/// The records of either side.
trait Side {
    /// What rustls knows of that side.
    type Data;

    /// Takes what has come.
    fn process<'c, 'i>(&'c mut self, bytes: &'i mut [u8]) -> UnbufferedStatus<'c, 'i, Self::Data>;
}

impl Side for UnbufferedServerConnection {
    type Data = ServerConnectionData;

    fn process<'c, 'i>(&'c mut self, bytes: &'i mut [u8]) -> UnbufferedStatus<'c, 'i, Self::Data> {
        self.process_tls_records(bytes)
    }
}

impl Side for UnbufferedClientConnection {
    type Data = ClientConnectionData;

    fn process<'c, 'i>(&'c mut self, bytes: &'i mut [u8]) -> UnbufferedStatus<'c, 'i, Self::Data> {
        self.process_tls_records(bytes)
    }
}

/// What is done with the records of either side, or where none are exchanged.
macro_rules! exchanged {
    ($stage:expr, $records:pat => $done:expr, $otherwise:expr) => {
        match $stage {
            Stage::Records($records) => $done,
            Stage::Client($records) => $done,
            _ => $otherwise,
        }
    };
}

/// How far it is.
enum Stage {
    /// The ClientHello is awaited, which says for which name.
    Hello(Box<Acceptor>),
    /// It is in `cut`, and a context is awaited.
    Waiting,
    /// Records are exchanged, those of the handshake first.
    Records(Box<UnbufferedServerConnection>),
    /// The same as a client.
    #[cfg_attr(
        not(x509),
        expect(dead_code, reason = "clients are where certificates can be verified")
    )]
    Client(Box<UnbufferedClientConnection>),
    /// Others do what TLS there is: all bytes pass as they are.
    Passing,
    /// It has failed.
    Failed,
}

/// The TLS of one connection, as its server or its client.
pub struct Tls {
    stage: Stage,
    /// The name that the client asks for (RFC 6066 §3).
    name: Option<Box<str>>,
    /// What a server shows.
    certified: Option<Arc<CertifiedKey>>,
    /// The server that a client asks, until the handshake is done.
    #[cfg(x509)]
    server: Option<Box<Server>>,
    /// Ciphertext that is no whole record yet.
    cut: Vec<u8>,
    /// Ciphertext that waits to be written, from `at` on.
    out: Vec<u8>,
    at: usize,
    /// The plaintext in it.
    plain: usize,
    /// Ciphertext that was written so far.
    written: u64,
    /// What a door has read, and was not for it.
    kept: Option<Box<Kept>>,
    /// What was agreed on, once it has failed.
    facts: Option<Box<Facts>>,
    has_begun: bool,
    is_secured: bool,
    has_ended: bool,
    has_closed: bool,
}

impl Tls {
    /// One that begins with a handshake. Without a `context` the ClientHello is awaited, and then a context
    /// ([`Received::hello`]).
    ///
    /// # Errors
    /// The context cannot be used.
    pub fn new(context: Option<&SecureContext>) -> Result<Self, Failure> {
        let Some(context) = context else {
            return Ok(Self::at(Stage::Hello(Box::default())));
        };
        let mut tls = Self::at(records(context)?);
        tls.certified = Some(context.certified());
        Ok(tls)
    }

    /// One of a client, which asks for `name`: a host or an IP address. What begins the handshake waits to be written.
    ///
    /// # Errors
    /// The name is none.
    #[cfg(x509)]
    pub fn client(context: &ClientContext, name: &str) -> Result<Self, Failure> {
        let failed = |error: &rustls::Error| Failure::of(error, &[], false);
        let name = ServerName::try_from(name.to_owned())
            .map_err(|error| failed(&rustls::Error::General(error.to_string())))?;
        let records = UnbufferedClientConnection::new(context.config(), name.clone());
        let records = Box::new(records.map_err(|error| failed(&error))?);
        let mut tls = Self::at(Stage::Client(records));
        tls.server = Some(Box::new(context.server(name)));
        let begun = tls.process(&mut [], 0, &mut 0, &mut Vec::new());
        begun.map_err(|error| failed(&error))?;
        Ok(tls)
    }

    fn at(stage: Stage) -> Self {
        Self {
            stage,
            name: None,
            certified: None,
            #[cfg(x509)]
            server: None,
            cut: Vec::new(),
            out: Vec::new(),
            at: 0,
            plain: 0,
            written: 0,
            kept: None,
            facts: None,
            has_begun: false,
            is_secured: false,
            has_ended: false,
            has_closed: false,
        }
    }

    /// What rustls knows of the connection.
    fn common(&self) -> Option<&CommonState> {
        exchanged!(&self.stage, records => Some(&***records), None)
    }

    /// The certificates that the server has shown, its own first; none before the handshake is done.
    #[must_use]
    pub fn certificates(&self) -> Vec<Vec<u8>> {
        let common = self.common().filter(|_| self.is_secured);
        let shown = common.and_then(CommonState::peer_certificates);
        shown.map_or_else(Vec::new, |all| all.iter().map(|one| one.to_vec()).collect())
    }

    /// The certificate that a server shows, DER.
    #[must_use]
    pub fn own_certificate(&self) -> Option<Vec<u8>> {
        let certified = self.certified.as_ref()?;
        certified.cert.first().map(|der| der.to_vec())
    }

    /// What was agreed on, once the handshake is done.
    #[must_use]
    pub fn facts(&self) -> Option<Facts> {
        match self.common().filter(|_| self.is_secured) {
            Some(common) => Some(Facts::of(common, self.name.as_deref())),
            None => self.facts.as_deref().cloned(),
        }
    }

    /// The context that was waited for.
    ///
    /// # Errors
    /// It cannot be used.
    pub(in super::super) fn choose(&mut self, context: &SecureContext) -> Result<(), Failure> {
        if matches!(self.stage, Stage::Waiting) {
            self.stage = records(context)?;
            self.certified = Some(context.certified());
        }
        Ok(())
    }

    /// No context is waited for any more: whoever gets the bytes, the ClientHello first, does the TLS.
    pub(in super::super) fn pass(&mut self) {
        if matches!(self.stage, Stage::Waiting) {
            self.stage = Stage::Passing;
        }
    }

    /// Whether a context is waited for.
    pub(in super::super) fn is_waiting(&self) -> bool {
        matches!(self.stage, Stage::Waiting)
    }

    /// Whether the handshake is done.
    pub(in super::super) fn is_secured(&self) -> bool {
        self.is_secured
    }

    /// Whether something has come: from then on nobody else can do the TLS.
    pub(in super::super) fn has_begun(&self) -> bool {
        self.has_begun
    }

    /// What has come is for whoever goes on with the connection.
    pub(in super::super) fn keep(&mut self, received: Received, plaintext: &[u8]) {
        let kept = self.kept.get_or_insert_default();
        kept.received.add(received);
        kept.plaintext.extend_from_slice(plaintext);
    }

    /// What was kept.
    pub(in super::super) fn take_kept(&mut self) -> Option<Kept> {
        self.kept.take().map(|kept| *kept)
    }

    /// Bytes of it.
    pub(in super::super) fn kept(&self) -> usize {
        let kept = self.kept.as_ref().map_or(0, |kept| kept.plaintext.len());
        kept + self.cut.len()
    }

    /// Whether nothing comes any more.
    pub(in super::super) fn has_ended(&self) -> bool {
        self.has_ended
    }

    /// Puts what waits for the rest of its record to the beginning of `buffer`: how many bytes. What is read goes after
    /// them, and then all of it to [`take`](Self::take).
    pub(in super::super) fn resume(&self, buffer: &mut [u8]) -> usize {
        buffer[..self.cut.len()].copy_from_slice(&self.cut);
        self.cut.len()
    }

    /// What follows from the bytes that wait, once there is a context.
    pub(in super::super) fn go_on(&mut self, plaintext: &mut Vec<u8>) -> Received {
        let mut bytes = std::mem::take(&mut self.cut);
        self.take(&mut bytes, plaintext)
    }

    /// Takes ciphertext; what is no whole record is kept.
    pub(in super::super) fn take(&mut self, bytes: &mut [u8], plaintext: &mut Vec<u8>) -> Received {
        let mut received = Received::default();
        self.has_begun = true;
        let known = std::mem::take(&mut self.cut).len();
        let (mut used, before) = (0, plaintext.len());
        let goes = self.goes(bytes);
        match self.process(bytes, known, &mut used, plaintext) {
            Ok(()) => {
                if used < bytes.len() {
                    self.cut = bytes[used..].to_vec();
                }
                self.has_ended |= goes;
            }
            Err(error) => {
                received.failure = Some(Failure::of(&error, bytes, self.is_secured));
                self.fail(&mut bytes[used..]);
            }
        }
        if matches!(self.stage, Stage::Waiting) && received.failure.is_none() {
            received.hello = Some(self.name.as_deref().unwrap_or_default().to_owned());
        }
        if !self.is_secured && self.common().is_some_and(|common| !common.is_handshaking()) {
            match self.verify_again() {
                Ok(()) => {
                    self.is_secured = true;
                    received.is_secured = true;
                }
                Err(failure) => {
                    plaintext.truncate(before);
                    received.failure = Some(failure);
                    self.say_goodbye();
                    self.give_up();
                }
            }
        }
        received.has_ended = self.has_ended;
        received
    }

    /// Whether the server says close_notify last, before the handshake is done (RFC 8446 §6.1): rustls passes over that, and the
    /// connection may stay open. If other bytes happen to look so, Node's TLS asks once more, as after any end.
    fn goes(&self, bytes: &[u8]) -> bool {
        let is_client = matches!(self.stage, Stage::Client(_));
        let last = bytes.last_chunk::<GOODBYE>();
        is_client && !self.is_secured && matches!(last, Some([21, 3, _, 0, 2, _, 0]))
    }

    /// Whether the server that a session goes on with is trusted still; whoever shows certificates was asked about them.
    ///
    /// # Errors
    /// Why not.
    #[cfg(x509)]
    fn verify_again(&mut self) -> Result<(), Failure> {
        let server = self.server.take();
        let (Some(server), Some(common)) = (server, self.common()) else {
            return Ok(());
        };
        match common.handshake_kind() {
            Some(HandshakeKind::Resumed) => {
                server.verify_again(common.peer_certificates().unwrap_or_default())
            }
            _ => Ok(()),
        }
    }

    /// There are servers alone, whose clients have shown nothing.
    #[cfg(not(x509))]
    fn verify_again(&mut self) -> Result<(), Failure> {
        Ok(())
    }

    /// `known`: how many of the bytes had come before; `used`: how many are of no use any more.
    fn process(
        &mut self,
        bytes: &mut [u8],
        known: usize,
        used: &mut usize,
        plaintext: &mut Vec<u8>,
    ) -> Result<(), rustls::Error> {
        match &mut self.stage {
            Stage::Records(records) => {
                let ended = exchange(&mut **records, bytes, used, plaintext, &mut self.out);
                // Also if it fails: the next on this thread is another's.
                if let Some(name) = named() {
                    self.name = Some(name);
                }
                self.has_ended |= ended?;
            }
            Stage::Client(records) => {
                self.has_ended |= exchange(&mut **records, bytes, used, plaintext, &mut self.out)?;
            }
            Stage::Hello(acceptor) => {
                // It has a copy of what came before.
                let mut fresh = &bytes[known.min(bytes.len())..];
                while !fresh.is_empty() {
                    let taken = acceptor.read_tls(&mut fresh);
                    match acceptor.accept() {
                        Ok(Some(accepted)) => {
                            let name = accepted.client_hello().server_name().map(Box::from);
                            self.name = name;
                            self.stage = Stage::Waiting;
                            return Ok(());
                        }
                        Ok(None) if taken.is_ok() => {}
                        Ok(None) => return Err(rustls::Error::HandshakeNotComplete),
                        Err((error, mut alert)) => {
                            let _ = alert.write_all(&mut self.out);
                            return Err(error);
                        }
                    }
                }
            }
            Stage::Passing => {
                plaintext.extend_from_slice(bytes);
                *used = bytes.len();
            }
            Stage::Waiting | Stage::Failed => {}
        }
        Ok(())
    }

    /// The alert that says why leaves still (RFC 8446 §6.2), after what the handshake had to say. `rest`: what was not
    /// used. rustls may have looked at the beginning of it, and has to find that again.
    fn fail(&mut self, rest: &mut [u8]) {
        let Self { stage, out, .. } = self;
        exchanged!(stage, records => say_why(&mut **records, rest, out), ());
        self.give_up();
    }

    /// More waits for the rest of its message than there is room for.
    pub(in super::super) fn refuse(&mut self) -> Failure {
        self.give_up();
        Failure::too_long()
    }

    /// Nothing is taken or encrypted any more.
    fn give_up(&mut self) {
        // Of a server alone: what a client has not looked at yet is not to be trusted any more.
        if matches!(self.stage, Stage::Records(_)) {
            self.facts = self.facts().map(Box::new);
        }
        self.stage = Stage::Failed;
        self.cut = Vec::new();
        self.has_ended = true;
    }

    /// Nothing is sent after what was encrypted but close_notify (RFC 8446 §6.1), which waits from now on.
    pub(in super::super) fn close(&mut self) {
        if !self.is_secured || std::mem::replace(&mut self.has_closed, true) {
            return;
        }
        self.say_goodbye();
    }

    fn say_goodbye(&mut self) {
        let Self {
            stage, out, cut, ..
        } = self;
        exchanged!(stage, records => say_goodbye(&mut **records, cut, out), ());
    }

    /// Ciphertext that waits to be written.
    pub(in super::super) fn unsent(&self) -> &[u8] {
        &self.out[self.at..]
    }

    /// All of it, to be written elsewhere; [`put_back`](Self::put_back) follows. Nothing of it was written yet.
    pub(in super::super) fn take_unsent(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.out)
    }

    /// What was taken waits again, before all that was encrypted since.
    pub(in super::super) fn put_back(&mut self, mut unsent: Vec<u8>) {
        unsent.append(&mut self.out);
        self.out = unsent;
    }

    /// Ciphertext that was written so far, in bytes.
    pub(in super::super) fn written(&self) -> u64 {
        self.written
    }

    /// So much of it was written: bytes of plaintext that have left, which is none before all of it was.
    pub(in super::super) fn sent(&mut self, bytes: usize) -> usize {
        self.at += bytes;
        self.written += bytes as u64;
        if self.at < self.out.len() {
            return 0;
        }
        // Idle connections keep no memory for it.
        self.out = Vec::new();
        self.at = 0;
        std::mem::take(&mut self.plain)
    }

    /// What was encrypted and waits counts as nothing that the connection has sent.
    pub(in super::super) fn uncount(&mut self) {
        self.plain = 0;
    }

    /// Encrypts a piece of plaintext, which waits to be written then.
    ///
    /// # Errors
    /// Nothing can be sent yet, or any more. What says so to the peer may wait to be written.
    pub(in super::super) fn seal(&mut self, piece: &[u8]) -> io::Result<()> {
        let Self {
            stage, out, cut, ..
        } = self;
        if let Stage::Passing = stage {
            out.extend_from_slice(piece);
        } else {
            for part in piece.chunks(RECORD) {
                exchanged!(
                    stage,
                    records => encrypt(&mut **records, cut, part, out)?,
                    return Err(io::ErrorKind::NotConnected.into())
                );
            }
        }
        self.plain += piece.len();
        Ok(())
    }
}

/// Records under a context.
fn records(context: &SecureContext) -> Result<Stage, Failure> {
    let records = UnbufferedServerConnection::new(context.config())
        .map_err(|error| Failure::of(&error, &[], false))?;
    Ok(Stage::Records(Box::new(records)))
}

/// Takes records until more has to come: whether nothing comes any more. `used`: how many of the bytes are of no use any more.
fn exchange<S: Side>(
    records: &mut S,
    bytes: &mut [u8],
    used: &mut usize,
    plaintext: &mut Vec<u8>,
    out: &mut Vec<u8>,
) -> Result<bool, rustls::Error> {
    loop {
        let UnbufferedStatus { discard, state } = records.process(&mut bytes[*used..]);
        *used += discard;
        match state? {
            ConnectionState::ReadTraffic(mut traffic) => {
                while let Some(record) = traffic.next_record() {
                    let record = record?;
                    *used += record.discard;
                    plaintext.extend_from_slice(record.payload);
                }
            }
            ConnectionState::EncodeTlsData(data) => encode(data, out)?,
            ConnectionState::TransmitTlsData(transmit) => transmit.done(),
            ConnectionState::PeerClosed | ConnectionState::Closed => return Ok(true),
            _ => return Ok(false),
        }
    }
}

/// Appends what a failure leaves, up to its alert.
fn say_why<S: Side>(records: &mut S, rest: &mut [u8], out: &mut Vec<u8>) {
    let mut is_alert = false;
    // Once there is no more of it, the rest would fail once more.
    while !is_alert && let Ok(ConnectionState::EncodeTlsData(data)) = records.process(rest).state {
        let at = out.len();
        is_alert =
            encode(data, out).is_err() || out.get(at).is_none_or(|kind| ALERT.contains(kind));
    }
}

/// Appends close_notify. `cut` as in [`encrypt`].
fn say_goodbye<S: Side>(records: &mut S, cut: &mut [u8], out: &mut Vec<u8>) {
    let at = out.len();
    out.resize(at + OVERHEAD, 0);
    let written = match records.process(cut).state {
        Ok(ConnectionState::WriteTraffic(mut traffic)) => {
            traffic.queue_close_notify(&mut out[at..]).unwrap_or(0)
        }
        _ => 0,
    };
    out.truncate(at + written);
}

/// Appends one record of plaintext, after what the protocol has to send itself. `cut`: what has come and is no whole
/// record, of which rustls may have looked at the beginning.
fn encrypt<S: Side>(
    records: &mut S,
    cut: &mut [u8],
    plaintext: &[u8],
    out: &mut Vec<u8>,
) -> io::Result<()> {
    loop {
        match records.process(cut).state.map_err(io::Error::other)? {
            ConnectionState::WriteTraffic(mut traffic) => {
                let at = out.len();
                out.resize(at + plaintext.len() + OVERHEAD, 0);
                let written = traffic.encrypt(plaintext, &mut out[at..]);
                out.truncate(at + *written.as_ref().unwrap_or(&0));
                if written.is_ok() {
                    return Ok(());
                }
                // The key is worn out (2²⁴ records of AES-GCM in TLS 1.2): the close_notify of that leaves.
                let status = records.process(cut);
                if let Ok(ConnectionState::EncodeTlsData(data)) = status.state {
                    let _ = encode(data, out);
                }
                return Err(io::ErrorKind::ConnectionAborted.into());
            }
            ConnectionState::EncodeTlsData(data) => {
                encode(data, out).map_err(io::Error::other)?;
            }
            ConnectionState::TransmitTlsData(transmit) => transmit.done(),
            ConnectionState::PeerClosed => {}
            _ => return Err(io::ErrorKind::NotConnected.into()),
        }
    }
}

/// Appends a record that the protocol has to send itself.
fn encode<D>(mut data: EncodeTlsData<'_, D>, out: &mut Vec<u8>) -> Result<(), rustls::Error> {
    let Err(EncodeError::InsufficientSize(size)) = data.encode(&mut []) else {
        return Ok(());
    };
    let at = out.len();
    out.resize(at + size.required_size, 0);
    match data.encode(&mut out[at..]) {
        Ok(written) => {
            out.truncate(at + written);
            Ok(())
        }
        Err(error) => Err(rustls::Error::General(error.to_string())),
    }
}
