//! The head of a request that opens a WebSocket (RFC 6455 §4.1).
//!
//! Nothing is refused here: what is not plainly such a request is for Node's parser, which decides on the answer. So this
//! takes less than that does, and nothing that it would read otherwise.

use httparse::{EMPTY_HEADER, Request, Status};

/// Requests with more headers are read by others: browsers send about 15.
const MAX_HEADERS: usize = 64;

/// The value of `Sec-WebSocket-Key`: base64 of 16 bytes.
pub type Key = [u8; 24];

/// A request that opens a WebSocket.
#[derive(Debug, PartialEq, Eq)]
pub struct RequestHead {
    /// Its target, and the names and values of its headers as they came, with NUL between any two: none of them can have
    /// that within.
    pub lines: Vec<u8>,
    /// The key, if there is one and it has the right form.
    pub key: Option<Key>,
    /// What it asks for: a sum of the constants below.
    pub asks: u8,
}

/// Of [`RequestHead::asks`]: nobody has to look at the request again to see that it is in order (RFC 6455 §4.2.1).
pub const IN_ORDER: u8 = 1;
/// Of [`RequestHead::asks`]: it has an origin, or offers subprotocols or extensions.
pub const OFFERS: u8 = 2;

impl RequestHead {
    /// `None` unless `bytes` are one whole request that opens a WebSocket, of `most` bytes at most.
    #[must_use]
    pub fn read(bytes: &[u8], most: usize) -> Option<Self> {
        if bytes.len() > most || !bytes.starts_with(b"GET /") || !has_plain_lines(bytes) {
            return None;
        }
        let mut headers = [EMPTY_HEADER; MAX_HEADERS];
        let mut request = Request::new(&mut headers);
        if !matches!(request.parse(bytes), Ok(Status::Complete(length)) if length == bytes.len()) {
            return None;
        }
        let target = request.path.filter(|path| is_plain(path.as_bytes()))?;
        if request.version != Some(1) {
            return None;
        }
        let mut count = Count::default();
        let mut lines = Vec::with_capacity(bytes.len());
        lines.extend_from_slice(target.as_bytes());
        for header in request.headers.iter() {
            let value = header.value.trim_ascii();
            count.add(header.name, value)?;
            lines.push(0);
            lines.extend_from_slice(header.name.as_bytes());
            lines.push(0);
            lines.extend_from_slice(value);
        }
        if (count.upgrades, count.connections) != (1, 1) {
            return None;
        }
        let mut asks = 0;
        if count.is_in_order() && is_unambiguous(target) {
            asks |= IN_ORDER;
        }
        if count.offers > 0 {
            asks |= OFFERS;
        }
        Some(Self {
            lines,
            key: count.key.filter(|_| count.keys == 1),
            asks,
        })
    }
}

/// How often there are the headers that matter.
#[derive(Default)]
struct Count {
    upgrades: u32,
    connections: u32,
    hosts: u32,
    versions: u32,
    keys: u32,
    key: Option<Key>,
    origins: u32,
    offers: u32,
    has_other_version: bool,
    has_empty_host: bool,
}

impl Count {
    /// One more. `None` if it makes the request one for others.
    fn add(&mut self, name: &str, value: &[u8]) -> Option<()> {
        match Header::named(name) {
            Header::Upgrade if value.eq_ignore_ascii_case(b"websocket") => self.upgrades += 1,
            Header::Connection if upgrades_only(value) => self.connections += 1,
            // Of a body, of an answer that comes first, or of another protocol.
            Header::Upgrade | Header::Connection | Header::More => return None,
            Header::Host => {
                self.hosts += 1;
                self.has_empty_host |= value.is_empty();
            }
            Header::Version => {
                self.versions += 1;
                self.has_other_version |= value != b"13";
            }
            Header::Key => {
                self.keys += 1;
                self.key = key_of(value);
            }
            Header::Origin => {
                self.origins += 1;
                self.offers += 1;
            }
            Header::Offer => self.offers += 1,
            Header::Other => {}
        }
        Some(())
    }

    fn is_in_order(&self) -> bool {
        (self.hosts, self.versions, self.keys) == (1, 1, 1)
            && self.origins <= 1
            && self.key.is_some()
            && !self.has_other_version
            && !self.has_empty_host
    }
}

/// Base64 of 16 bytes.
fn key_of(value: &[u8]) -> Option<Key> {
    let key = Key::try_from(value).ok()?;
    let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    (key[..22].iter().all(is_base64) && &key[22..] == b"==").then_some(key)
}

/// Whether nobody could take a target for another one: it has no backslash, and no dot at the beginning of a segment,
/// percent-encoded or not.
fn is_unambiguous(target: &str) -> bool {
    let path = target.split('?').next().unwrap_or_default();
    let is_plain = |segment: &str| {
        let encoded = segment.get(..3).unwrap_or_default();
        !segment.starts_with('.') && !encoded.eq_ignore_ascii_case("%2e")
    };
    !path.contains('\\') && path.split('/').all(is_plain)
}

/// What a header says of the request.
enum Header {
    Upgrade,
    Connection,
    Host,
    Version,
    Key,
    Origin,
    /// Subprotocols or extensions.
    Offer,
    /// There is more to it than a head.
    More,
    Other,
}

impl Header {
    fn named(name: &str) -> Self {
        let is = |other: &str| name.eq_ignore_ascii_case(other);
        match name.len() {
            4 if is("host") => Self::Host,
            6 if is("origin") => Self::Origin,
            6 if is("expect") => Self::More,
            7 if is("upgrade") => Self::Upgrade,
            10 if is("connection") => Self::Connection,
            14 if is("content-length") => Self::More,
            16 if is("proxy-connection") => Self::More,
            17 if is("transfer-encoding") => Self::More,
            17 if is("sec-websocket-key") => Self::Key,
            21 if is("sec-websocket-version") => Self::Version,
            22 if is("sec-websocket-protocol") => Self::Offer,
            24 if is("sec-websocket-extensions") => Self::Offer,
            _ => Self::Other,
        }
    }
}

/// Each line ends by CRLF, which not every parser demands, and has no tab, which not every parser takes for white space.
fn has_plain_lines(bytes: &[u8]) -> bool {
    let mut before = 0;
    let mut is_whole = true;
    for &byte in bytes {
        is_whole &= (before == b'\r') == (byte == b'\n') && byte != b'\t';
        before = byte;
    }
    is_whole
}

/// A target is a path of ASCII, as no two parsers read it differently.
fn is_plain(target: &[u8]) -> bool {
    target.iter().all(|byte| matches!(byte, b'!'..=b'~')) && !target.contains(&b'#')
}

/// The value of a `Connection` header asks for an upgrade, and for nothing that ends the connection.
fn upgrades_only(value: &[u8]) -> bool {
    let mut upgrades = 0;
    for token in value.split(|byte| *byte == b',') {
        let token = token.trim_ascii();
        if token.eq_ignore_ascii_case(b"upgrade") {
            upgrades += 1;
        } else if !token.eq_ignore_ascii_case(b"keep-alive") {
            return false;
        }
    }
    upgrades == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: usize = 1024;

    /// A request with these lines between the first one and the last.
    fn request(lines: &str) -> String {
        format!("GET /chat?room=1 HTTP/1.1\r\n{lines}\r\n")
    }

    const ASKS: &str = "Upgrade: websocket\r\nConnection: Upgrade\r\n";

    fn read(request: &str) -> Option<String> {
        RequestHead::read(request.as_bytes(), MOST)
            .map(|head| String::from_utf8(head.lines).unwrap().replace('\0', "|"))
    }

    #[test]
    fn a_head_is_brought_as_it_came() {
        let lines = "Host: a\r\nuPGRADE:WebSocket\r\nConnection: keep-alive, Upgrade \r\nA:  b  c \r\nA:\r\n";
        assert_eq!(
            read(&request(lines)).as_deref(),
            Some("/chat?room=1|Host|a|uPGRADE|WebSocket|Connection|keep-alive, Upgrade|A|b  c|A|")
        );
    }

    #[test]
    fn bytes_beyond_ascii_stay() {
        let mut bytes = request(ASKS).into_bytes();
        bytes.truncate(bytes.len() - 2);
        bytes.extend_from_slice(b"A: \xe9\xff\r\n\r\n");
        let head = RequestHead::read(&bytes, MOST).unwrap();
        assert!(head.lines.ends_with(b"\0A\0\xe9\xff"));
    }

    #[test]
    fn a_part_of_a_request_is_none_and_neither_is_more_than_one() {
        let whole = request(ASKS);
        for length in 0..whole.len() {
            assert_eq!(read(&whole[..length]), None, "{length}");
        }
        assert_eq!(read(&format!("{whole}\0")), None);
        assert_eq!(read(&format!("{whole}{whole}")), None);
        assert_eq!(read(&format!("\r\n{whole}")), None);
        assert!(read(&whole).is_some());
    }

    #[test]
    fn a_long_one_is_for_others() {
        let whole = request(ASKS);
        assert!(RequestHead::read(whole.as_bytes(), whole.len()).is_some());
        assert_eq!(RequestHead::read(whole.as_bytes(), whole.len() - 1), None);
        assert_eq!(RequestHead::read(whole.as_bytes(), 0), None);
        assert_eq!(
            read(&request(&format!("{ASKS}{}", "A: b\r\n".repeat(63)))),
            None
        );
        assert!(read(&request(&format!("{ASKS}{}", "A: b\r\n".repeat(62)))).is_some());
    }

    #[test]
    fn what_is_not_plainly_a_websocket_is_for_others() {
        for lines in [
            "",
            "Upgrade: websocket\r\n",
            "Connection: Upgrade\r\n",
            "Upgrade: h2c\r\nConnection: Upgrade\r\n",
            "Upgrade: websocket, h2c\r\nConnection: Upgrade\r\n",
            "Upgrade: websocket\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n",
            "Upgrade: websocket\r\nConnection: close, Upgrade\r\n",
            "Upgrade: websocket\r\nConnection: Upgrade\r\nConnection: Upgrade\r\n",
            "Upgrade: websocket\r\nConnection: Upgrade,\r\n",
            "Upgrade: websocket\r\nConnection: Upgrade\t\r\n",
            "Upgrade: websocket\r\nConnection: Upgrade\t, keep-alive\r\n",
            "Upgrade: websocket\t\r\nConnection: Upgrade\r\n",
            "Upgrade: websocket\r\nConnection: Upgrade\r\nContent-Length: 0\r\n",
            "Upgrade: websocket\r\nConnection: Upgrade\r\ntransfer-encoding: chunked\r\n",
            "Upgrade: websocket\r\nConnection: Upgrade\r\nExpect: 100-continue\r\n",
            "Upgrade: websocket\r\nConnection: Upgrade\r\nA : b\r\n",
            "Upgrade: websocket\r\nConnection: Upgrade\r\nA: b\r\n c\r\n",
            "Upgrade: websocket\r\nConnection: Upgrade\r\nA: b\0c\r\n",
            "Upgrade: websocket\r\nConnection: Upgrade\r\nA: b\rc\r\n",
            "Upgrade: websocket\r\nConnection: Upgrade\r\nA: b\n",
            "Upgrade: websocket\r\nConnection: Upgrade\r\n: b\r\n",
            "Upgrade: websocket\r\nConnection: Upgrade\r\nA\r\n",
        ] {
            assert_eq!(read(&request(lines)), None, "{lines:?}");
        }
    }

    const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

    /// What a request for this target with these lines beside the usual ones asks for, and its key.
    fn asks(target: &str, host: &str, lines: &str) -> (u8, Option<Key>) {
        let request = format!("GET {target} HTTP/1.1\r\n{host}{ASKS}{lines}\r\n");
        let head = RequestHead::read(request.as_bytes(), MOST).unwrap();
        (head.asks, head.key)
    }

    #[test]
    fn one_in_order_is_known_to_be() {
        let key = Key::try_from(KEY.as_bytes()).ok();
        let usual = format!("Sec-WebSocket-Key: {KEY}\r\nSec-WebSocket-Version: 13\r\n");
        let host = "Host: a\r\n";
        for target in ["/", "/a.b/?x=/../\\", "/a/b%20c", "//"] {
            assert_eq!(asks(target, host, &usual), (IN_ORDER, key), "{target}");
        }
        for more in [
            "Origin: null",
            "SEC-WEBSOCKET-PROTOCOL: a",
            "Sec-WebSocket-Extensions: a",
        ] {
            let lines = format!("{usual}{more}\r\n");
            assert_eq!(asks("/", host, &lines), (IN_ORDER | OFFERS, key), "{more}");
        }
    }

    #[test]
    fn one_that_may_not_be_is_to_be_looked_at() {
        let usual = format!("Sec-WebSocket-Key: {KEY}\r\nSec-WebSocket-Version: 13\r\n");
        let is_in_order = |target, host, lines: &str| asks(target, host, lines).0 & IN_ORDER != 0;
        for target in ["/..", "/./a", "/a/.b", "/%2E/", "/a/%2e%2e", "/a\\b"] {
            assert!(!is_in_order(target, "Host: a\r\n", &usual), "{target}");
        }
        for host in ["", "Host:\r\n", "Host: a\r\nHost: a\r\n"] {
            assert!(!is_in_order("/", host, &usual), "{host:?}");
        }
        for lines in [
            "Sec-WebSocket-Version: 13\r\n".to_owned(),
            format!("Sec-WebSocket-Key: {KEY}\r\n"),
            format!("Sec-WebSocket-Key: {KEY}\r\nSec-WebSocket-Version: 8\r\n"),
            format!("{usual}Sec-WebSocket-Version: 13\r\n"),
            format!("{usual}Origin: a\r\nOrigin: a\r\n"),
        ] {
            assert!(!is_in_order("/", "Host: a\r\n", &lines), "{lines:?}");
        }
        for key in [
            "",
            "a",
            "dGhlIHNhbXBsZSBub25jZQ=",
            "dGhlIHNhbXBsZSBub25jZQ===",
            "dGhlIHNhbXBsZSBub25j-Q==",
        ] {
            let lines = format!("Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n");
            assert_eq!(asks("/", "Host: a\r\n", &lines), (0, None), "{key:?}");
        }
        let twice = format!("{usual}Sec-WebSocket-Key: {KEY}\r\n");
        assert_eq!(asks("/", "Host: a\r\n", &twice), (0, None));
    }

    #[test]
    fn so_is_another_first_line() {
        for line in [
            "POST / HTTP/1.1",
            "get / HTTP/1.1",
            "GET  / HTTP/1.1",
            "GET / HTTP/1.0",
            "GET / HTTP/1.2",
            "GET / HTTP/2.0",
            "GET / HTTP/1.1 ",
            "GET /a#b HTTP/1.1",
            "GET /\u{e9} HTTP/1.1",
            "GET /a\tb HTTP/1.1",
            "GET * HTTP/1.1",
            "GET http://a/ HTTP/1.1",
            "GET /",
        ] {
            assert_eq!(read(&format!("{line}\r\n{ASKS}\r\n")), None, "{line:?}");
        }
    }
}
