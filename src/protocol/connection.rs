//! The state machine of one connection: bytes and time in, events and bytes out.

use std::sync::Arc;

use super::close_frames::{CloseFrame, CloseFrames};
use super::config::{Config, Millis};
use super::control_frames::ControlFrames;
use super::deflate::per_message::PerMessageDeflate;
use super::error::Violation;
use super::event::{Event, Payload};
use super::frame::close::{MAX_CONTROL_PAYLOAD, encode_close_payload, parse_close_payload};
use super::frame::encode::{encode_compressed_frame, encode_fragment, encode_frame};
use super::frame::mask::random_key;
use super::frame::opcode::Opcode;
use super::message::assembly::Message;
use super::message::fragment::Fragment;
use super::message::reader::{Item, Reader};
use super::message::utf8::is_valid_utf8;
use super::messages::Messages;
use super::role::Role;
use super::state::State;
use super::status_code::{GOING_AWAY, NO_STATUS};
use super::timers::{Due, Progress, Timers};

/// One end of a WebSocket connection whose opening handshake is done.
#[derive(Debug)]
pub struct Connection {
    config: Arc<Config>,
    reader: Reader,
    deflate: Option<Box<PerMessageDeflate>>,
    /// What the message is that is inflated step by step.
    inflating: Option<Opcode>,
    timers: Timers,
    control_frames: ControlFrames,
    messages: Messages,
    state: State,
    /// The peer broke the rules: nothing it sends is waited for.
    violated: bool,
    congested: bool,
    /// The message whose fragments are being sent is compressed.
    compresses_fragments: bool,
    /// Payload of the last ping that is still to be answered, while congested.
    held_pong: Option<Box<[u8]>>,
    /// Payload of our automatic pings, chosen at random when the first is sent, so that no ping of
    /// the application's has the same.
    ping_payload: Option<[u8; 8]>,
    /// What the close frames say, once there is one. Boxed, as all that an idle connection does without.
    close_frames: Option<Box<CloseFrames>>,
}

impl Connection {
    /// A connection in [`State::Open`], whose clocks start at `now`.
    pub fn new(config: Arc<Config>, now: Millis) -> Self {
        let deflate = config.deflate.map(PerMessageDeflate::new).map(Box::new);
        Self {
            config,
            reader: Reader::default(),
            deflate,
            inflating: None,
            timers: Timers::new(now),
            control_frames: ControlFrames::default(),
            messages: Messages::default(),
            state: State::Open,
            violated: false,
            congested: false,
            compresses_fragments: false,
            held_pong: None,
            ping_payload: None,
            close_frames: None,
        }
    }

    /// Takes bytes from the peer.
    ///
    /// A message that lies in `input` whole is unmasked in place and reported as a slice of it; only
    /// what is cut is copied. Frames to be sent are appended to `out`.
    #[inline]
    pub fn receive(
        &mut self,
        input: &mut [u8],
        now: Millis,
        out: &mut Vec<u8>,
        on_event: &mut impl FnMut(Event<'_>),
    ) {
        let mut taken = self.receive_while(input, now, out, on_event, || true);
        while self.is_inflating() {
            self.inflate_on(now, out, on_event);
            taken += self.receive_while(&mut input[taken..], now, out, on_event, || true);
        }
    }

    /// The same, but it stops after an item (a message or a control frame) once `goes_on` denies, or the peer is to be
    /// [held back](Self::is_held_back), or a message has begun that takes long to [inflate](Self::is_inflating). Returns
    /// how many bytes were taken; the others are as they came.
    #[inline]
    pub fn receive_while(
        &mut self,
        input: &mut [u8],
        now: Millis,
        out: &mut Vec<u8>,
        on_event: &mut impl FnMut(Event<'_>),
        goes_on: impl Fn() -> bool,
    ) -> usize {
        let length = input.len();
        if length > 0 {
            self.timers.received(now);
        }
        let mut rest = input;
        while !rest.is_empty()
            && self.is_reading()
            && self.inflating.is_none()
            && goes_on()
            && !self.is_held_back(now)
        {
            let item = self.reader.read(&mut rest, &self.config);
            self.receive_item(item, now, out, on_event);
        }
        match self.is_reading() {
            true => length - rest.len(),
            // Nobody reads the others.
            false => length,
        }
    }

    /// Memory for what comes next, in place of [`receive`](Self::receive): that of the message that is
    /// under way. The driver appends that many bytes at most to its end, as they come from the peer, and
    /// then calls [`received`](Self::received). `None` if less than `least` bytes of the message's frame are
    /// to come.
    #[inline]
    pub fn room(&mut self, least: usize) -> Option<(&mut Vec<u8>, usize)> {
        self.reader.room(least)
    }

    /// The driver has appended `length` bytes to what [`room`](Self::room) gave it, one or more. A message that ends with
    /// them may take long to [inflate](Self::is_inflating).
    pub fn received(
        &mut self,
        length: usize,
        now: Millis,
        out: &mut Vec<u8>,
        on_event: &mut impl FnMut(Event<'_>),
    ) {
        self.timers.received(now);
        let item = self.reader.appended(length, &self.config);
        self.receive_item(item, now, out, on_event);
    }

    /// Whether a message is under way from the inflater, which [`inflate_on`](Self::inflate_on) goes on with: that comes
    /// before all that is received.
    #[inline]
    pub fn is_inflating(&self) -> bool {
        self.inflating.is_some()
    }

    /// The peer is not idle: what it has sent is still being made into a message, outside.
    pub fn heard(&mut self, now: Millis) {
        self.timers.received(now);
    }

    /// Inflates a message by a step more, and reports it once it is whole. The peer is not idle meanwhile: we are late.
    pub fn inflate_on(
        &mut self,
        now: Millis,
        out: &mut Vec<u8>,
        on_event: &mut impl FnMut(Event<'_>),
    ) {
        let (Some(opcode), Some(deflate)) = (self.inflating, &mut self.deflate) else {
            return;
        };
        self.timers.received(now);
        match deflate.inflate_on() {
            Ok(None) => {}
            Ok(Some(message)) => {
                self.inflating = None;
                self.receive_inflated(opcode, message, now, out, on_event);
            }
            Err(violation) => self.fail(violation, now, out, on_event),
        }
    }

    /// The message that is inflated is dropped: nobody wants it any more.
    pub fn stop_inflating(&mut self) {
        if self.inflating.take().is_some()
            && let Some(deflate) = &mut self.deflate
        {
            deflate.stop_inflating();
        }
    }

    /// Whether the peer has sent as many messages as it may, and nothing of it is to be read until
    /// [`next_message_at`](Self::next_message_at).
    #[inline]
    pub fn is_held_back(&self, now: Millis) -> bool {
        self.next_message_at().is_some_and(|at| at > now) && self.state == State::Open
    }

    /// When the peer may send the next message; `None` if that is not limited, or more is a violation.
    #[inline]
    pub fn next_message_at(&self) -> Option<Millis> {
        self.messages.next_at(self.config.limits.max_messages)
    }

    /// The peer is gone: what has come of it is taken, however many messages that are.
    pub fn stop_holding_back(&mut self) {
        self.messages.lift();
    }

    /// Does what follows from what the reader found.
    #[inline]
    fn receive_item(
        &mut self,
        item: Result<Option<Item<'_>>, Violation>,
        now: Millis,
        out: &mut Vec<u8>,
        on_event: &mut impl FnMut(Event<'_>),
    ) {
        match item {
            Ok(None) => {}
            Ok(Some(Item::Message(message))) => {
                // Before it is inflated.
                let limit = self.config.limits.max_messages;
                match self.messages.message(now, limit) {
                    Ok(()) => self.receive_message(message, now, out, on_event),
                    Err(violation) => self.fail(violation, now, out, on_event),
                }
            }
            Ok(Some(Item::Control(opcode, payload))) => {
                self.receive_control(opcode, payload, now, out, on_event);
            }
            Err(violation) => self.fail(violation, now, out, on_event),
        }
    }

    /// Reports a message.
    #[inline]
    fn receive_message(
        &mut self,
        message: Message<'_>,
        now: Millis,
        out: &mut Vec<u8>,
        on_event: &mut impl FnMut(Event<'_>),
    ) {
        match message {
            // From our close frame on the reader discards messages, unless they are to be heard.
            Message::Text(payload) => on_event(self.text(payload)),
            Message::Binary(payload) => on_event(Event::Binary(payload)),
            Message::Compressed(opcode, payload) => match self.inflate(payload) {
                Ok(Some(message)) => self.receive_inflated(opcode, message, now, out, on_event),
                Ok(None) => self.inflating = Some(opcode),
                Err(violation) => self.fail(violation, now, out, on_event),
            },
        }
    }

    /// Reports a message that was compressed.
    fn receive_inflated(
        &mut self,
        opcode: Opcode,
        message: Vec<u8>,
        now: Millis,
        out: &mut Vec<u8>,
        on_event: &mut impl FnMut(Event<'_>),
    ) {
        if opcode != Opcode::Text {
            on_event(Event::Binary(Payload::Owned(message)));
        } else if self.config.manner.validates_utf8 && !is_valid_utf8(&message) {
            self.fail(Violation::InvalidUtf8, now, out, on_event);
        } else {
            on_event(self.text(Payload::Owned(message)));
        }
    }

    /// Appends a message to `out`, as one frame. It is compressed if permessage-deflate is on, `compress` is
    /// set, and it is long enough. What is compressed has to be sent, and in this order: the next may refer
    /// to it.
    ///
    /// The caller makes sure that no close frame was sent before. Replies to what came before the peer's
    /// close frame are sent with this while the connection is [`State::Draining`].
    pub fn send_message(
        &mut self,
        opcode: Opcode,
        message: &[u8],
        compress: bool,
        out: &mut Vec<u8>,
    ) {
        let mask = (self.config.role == Role::Client).then(random_key);
        let deflate = self.deflate.as_mut().filter(|_| compress);
        match deflate.and_then(|deflate| deflate.compress(message)) {
            Some(payload) => encode_compressed_frame(out, opcode, &payload, mask),
            None => encode_frame(out, opcode, message, mask),
        }
    }

    /// Appends a fragment of a message to `out`, or a control frame. The first decides whether the message is compressed:
    /// if more follow, however long it is, for nobody knows how long the message will be. Otherwise as
    /// [`send_message`](Self::send_message). Messages that are sent whole must not come in between (RFC 6455 §5.4).
    pub fn send_fragment(&mut self, fragment: &Fragment, out: &mut Vec<u8>) {
        let Fragment { opcode, fin, .. } = *fragment;
        let (role, payload) = (self.config.role, &fragment.payload);
        let is_first = matches!(opcode, Opcode::Text | Opcode::Binary);
        if is_first {
            let settings = self.config.deflate.filter(|_| fragment.compress);
            self.compresses_fragments =
                settings.is_some_and(|deflate| !fin || deflate.compresses(payload.len()));
        }
        match &mut self.deflate {
            Some(deflate) if self.compresses_fragments && !opcode.is_control() => {
                let payload = deflate.compress_fragment(payload, fin);
                let key = fragment.masking.key(role);
                encode_fragment(out, (opcode, fin, is_first), &payload, key);
            }
            _ => fragment.encode(role, out),
        }
    }

    /// From now on a message may have this many bytes.
    pub fn set_max_payload(&mut self, bytes: u64) {
        Arc::make_mut(&mut self.config).limits.max_payload = bytes;
    }

    /// The peer's FIN came, reading failed, or the transport is to be dropped: [`State::Closed`].
    pub fn receive_eof(&mut self) {
        self.end();
    }

    /// The peer's FIN came, and we have more to say: nothing is read any more, and the closing has its deadline. If
    /// it is [`State::Open`], it is until [`close`](Self::close) or [`end_writes`](Self::end_writes).
    pub fn end_reads(&mut self, now: Millis) {
        match self.state {
            State::Open => self.timers.begin_close(now, &self.config),
            State::Closing => self.drain(),
            State::Draining | State::Closed => {}
        }
    }

    /// After the peer's FIN: all that is to be sent is in `out`.
    pub fn end_writes(&mut self) {
        if self.is_reading() {
            self.drain();
        }
    }

    /// Begins the closing handshake (RFC 6455 §7.1.2). No effect unless [`State::Open`].
    ///
    /// With 1005 the close frame is empty. The caller makes sure that any other `code` is valid and that `reason` has at most
    /// [`MAX_REASON_LENGTH`](super::MAX_REASON_LENGTH) bytes.
    pub fn close(&mut self, code: u16, reason: &str, now: Millis, out: &mut Vec<u8>) {
        if self.state != State::Open {
            return;
        }
        self.release_pong(out);
        let (sent, payload) = match code {
            NO_STATUS => (None, Vec::new()),
            _ => (Some((code, reason)), encode_close_payload(code, reason)),
        };
        self.send(Opcode::Close, &payload, out);
        self.begin_closing(sent, None, now);
        if !self.config.manner.hears_while_closing {
            self.reader.discard_messages();
            self.stop_inflating();
        }
        self.state = State::Closing;
    }

    /// When [`handle_timeout`](Self::handle_timeout) wants to be called next. It changes with every
    /// call; computing it is cheap.
    pub fn deadline(&self) -> Option<Millis> {
        self.next_due().map(|(deadline, _)| deadline)
    }

    /// Does what is due at `now`. The driver has handed in all bytes that it has read before, or a
    /// peer that is not idle would be taken for it; `progress` says what has left by now.
    ///
    /// If a peer does not answer an automatic ping, the connection is [`State::Closed`], with no event.
    pub fn handle_timeout(
        &mut self,
        now: Millis,
        progress: Progress,
        out: &mut Vec<u8>,
        on_event: &mut impl FnMut(Event<'_>),
    ) {
        while let Some((deadline, due)) = self.next_due()
            && deadline <= now
        {
            match due {
                Due::CloseTimeout => self.end(),
                Due::PeerLost if self.timers.wait_on_for_pong(now, progress) => {}
                Due::PeerLost => self.end(),
                Due::Idle => {
                    self.close(GOING_AWAY, "timeout", now, out);
                    on_event(Event::Closing);
                }
                Due::Ping => {
                    let payload = *self.ping_payload.get_or_insert_with(rand::random);
                    self.send(Opcode::Ping, &payload, out);
                    self.expect_pongs(1);
                    self.timers.ping_sent(now, progress);
                }
            }
        }
    }

    /// The driver sends `count` pings, or is about to: their pongs do not count toward
    /// [`Limits::max_control_frames`](super::Limits::max_control_frames).
    pub fn expect_pongs(&mut self, count: u32) {
        self.control_frames.expect_pongs(count);
    }

    /// We stopped reading: the idle and ping clocks stand still until [`resume`](Self::resume), for
    /// the silence is ours. The close deadline does not.
    pub fn suspend(&mut self, now: Millis) {
        self.timers.suspend(now);
    }

    /// We read again.
    pub fn resume(&mut self, now: Millis) {
        self.timers.resume(now);
    }

    /// Says whether the peer is slow to read what we send.
    ///
    /// While it is, only the most recent ping is going to be answered, as RFC 6455 §5.5.3 allows,
    /// and once it is not any more: a flood of pings does not grow the output.
    pub fn set_congested(&mut self, congested: bool, out: &mut Vec<u8>) {
        self.congested = congested;
        if !congested {
            self.release_pong(out);
        }
    }

    /// Whether, once `out` has been sent, the write side of the transport is to be shut.
    ///
    /// Only in [`State::Draining`]: at once by a server and after a violation; a client waits for
    /// the server to end the connection first, so that the server is not left with the TIME_WAIT
    /// (RFC 6455 §7.1.1).
    pub fn should_half_close(&self) -> bool {
        self.state == State::Draining && (self.violated || self.config.role == Role::Server)
    }

    /// How far the connection is.
    #[inline]
    pub fn state(&self) -> State {
        self.state
    }

    /// Which end we are.
    pub fn role(&self) -> Role {
        self.config.role
    }

    /// What the close frames of both ends say; `None` if the closing has not begun. Final once [`State::Closed`].
    pub fn close_frames(&self) -> Option<&CloseFrames> {
        self.close_frames.as_deref()
    }

    /// Whether what the peer sends may still be reported.
    #[inline]
    pub fn brings_messages(&self) -> bool {
        match self.state {
            State::Open => true,
            State::Closing => self.config.manner.hears_while_closing,
            State::Draining | State::Closed => false,
        }
    }

    /// Whether what is reported may be a slice of memory that others share.
    #[inline]
    pub fn shares_memory(&self) -> bool {
        self.config.manner.shares_memory
    }

    /// Whether frames are read still.
    #[inline]
    fn is_reading(&self) -> bool {
        matches!(self.state, State::Open | State::Closing)
    }

    /// The next deadline, and what is due then.
    fn next_due(&self) -> Option<(Millis, Due)> {
        match self.state {
            State::Closed => None,
            _ => self.timers.next(&self.config),
        }
    }

    /// The message whose payload this is, if that does not take long.
    fn inflate(&mut self, payload: Payload<'_>) -> Result<Option<Vec<u8>>, Violation> {
        let limit = self.config.limits.max_payload;
        match &mut self.deflate {
            Some(deflate) => deflate.inflate(payload, limit),
            None => Err(Violation::ReservedBit1),
        }
    }

    /// A text message, as it is reported.
    #[inline]
    fn text<'a>(&self, payload: Payload<'a>) -> Event<'a> {
        match self.config.manner.text_as_bytes {
            true => Event::Utf8(payload),
            false => Event::Text(payload),
        }
    }

    /// Does what follows from a control frame (RFC 6455 §5.5).
    fn receive_control(
        &mut self,
        opcode: Opcode,
        payload: Payload<'_>,
        now: Millis,
        out: &mut Vec<u8>,
        on_event: &mut impl FnMut(Event<'_>),
    ) {
        match opcode {
            Opcode::Close => match parse_close_payload(&payload) {
                Ok(status) => self.receive_close(status, now, out, on_event),
                Err(violation) => self.fail(violation, now, out, on_event),
            },
            _ if !self.brings_messages() => {}
            Opcode::Ping => match self.control_frames.ping(now, &self.config.limits) {
                Ok(()) => {
                    // Nothing is sent after a close frame (RFC 6455 §5.5.1).
                    if !self.config.manner.auto_pong || self.state != State::Open {
                        // It is the application's, or nobody's.
                    } else if self.congested {
                        self.held_pong = Some(payload[..].into());
                    } else {
                        self.send(Opcode::Pong, &payload, out);
                    }
                    on_event(Event::Ping(&payload));
                }
                Err(violation) => self.fail(violation, now, out, on_event),
            },
            _ => match self.control_frames.pong(now, &self.config.limits) {
                Ok(()) => {
                    let is_automatic = self.ping_payload.is_some_and(|ours| payload[..] == ours);
                    if !is_automatic {
                        on_event(Event::Pong(&payload));
                    }
                }
                Err(violation) => self.fail(violation, now, out, on_event),
            },
        }
    }

    /// The peer's close frame (RFC 6455 §5.5.1).
    fn receive_close(
        &mut self,
        status: Option<(u16, &str)>,
        now: Millis,
        out: &mut Vec<u8>,
        on_event: &mut impl FnMut(Event<'_>),
    ) {
        if self.state == State::Closing {
            if let Some(frames) = &mut self.close_frames {
                frames.received = Some(CloseFrame::new(status));
            }
            self.drain();
            return;
        }
        let echo = status.map(|(code, reason)| encode_close_payload(code, reason));
        self.send(Opcode::Close, &echo.unwrap_or_default(), out);
        self.begin_closing(status, Some(CloseFrame::new(status)), now);
        self.drain();
        on_event(Event::Closing);
    }

    /// Fails the connection (RFC 6455 §7.1.7): what is read does, and the driver for what it found
    /// itself. After our own close frame there is nothing left to say: the closing goes on without
    /// the peer's.
    pub fn fail(
        &mut self,
        violation: Violation,
        now: Millis,
        out: &mut Vec<u8>,
        on_event: &mut impl FnMut(Event<'_>),
    ) {
        if !self.is_reading() {
            return;
        }
        self.violated = true;
        if self.state == State::Open {
            let code = violation.close_code();
            let reason = match self.config.manner.explains {
                true => violation.to_string(),
                false => String::new(),
            };
            self.send(Opcode::Close, &encode_close_payload(code, &reason), out);
            self.begin_closing(Some((code, &reason)), None, now);
            self.drain();
            on_event(Event::Failed(violation));
        } else {
            let is_heard = self.brings_messages();
            self.drain();
            if is_heard {
                on_event(Event::Failed(violation));
            }
        }
    }

    /// The closing begins: our close frame says this, and the peer's that, if it came.
    fn begin_closing(
        &mut self,
        status: Option<(u16, &str)>,
        received: Option<CloseFrame>,
        now: Millis,
    ) {
        let sent = CloseFrame::new(status);
        self.close_frames = Some(Box::new(CloseFrames { sent, received }));
        self.timers.begin_close(now, &self.config);
    }

    /// No frame is read or sent any more.
    fn drain(&mut self) {
        self.release_memory();
        self.state = State::Draining;
    }

    /// The transport is over.
    fn end(&mut self) {
        self.release_memory();
        self.deflate = None;
        self.state = State::Closed;
    }

    /// What a connection that reads no more has no use for.
    fn release_memory(&mut self) {
        self.reader = Reader::default();
        self.stop_inflating();
        self.held_pong = None;
    }

    /// Answers the latest of the pings that came while congested.
    fn release_pong(&mut self, out: &mut Vec<u8>) {
        if let Some(payload) = self.held_pong.take() {
            self.send(Opcode::Pong, &payload, out);
        }
    }

    /// Appends a control frame of ours.
    fn send(&self, opcode: Opcode, payload: &[u8], out: &mut Vec<u8>) {
        debug_assert!(payload.len() <= MAX_CONTROL_PAYLOAD);
        let mask = (self.config.role == Role::Client).then(random_key);
        encode_frame(out, opcode, payload, mask);
    }
}
