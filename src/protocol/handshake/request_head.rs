//! The head of a request that opens a WebSocket (RFC 6455 §4.1).
//!
//! Nothing is refused here: what is not plainly such a request is for Node's parser, which decides on the answer. So this
//! takes less than that does, and nothing that it would read otherwise.

use httparse::{EMPTY_HEADER, Request, Status};

/// Requests with more headers are read by others: browsers send about 15.
const MAX_HEADERS: usize = 64;

/// The target of a request, and the names and values of its headers as they came, with NUL between any two: none of them
/// can have that within. `None` unless `bytes` are one whole request that opens a WebSocket, of `most` bytes at most.
#[must_use]
pub fn read_request_head(bytes: &[u8], most: usize) -> Option<Vec<u8>> {
    if bytes.len() > most || !bytes.starts_with(b"GET /") || !has_whole_lines(bytes) {
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
    let (mut upgrades, mut connections) = (0, 0);
    let mut head = Vec::with_capacity(bytes.len());
    head.extend_from_slice(target.as_bytes());
    for header in request.headers.iter() {
        let value = header.value.trim_ascii();
        match Header::named(header.name) {
            Header::Upgrade if value.eq_ignore_ascii_case(b"websocket") => upgrades += 1,
            Header::Connection if upgrades_only(value) => connections += 1,
            Header::Other => {}
            // Of a body, of an answer that comes first, or of another protocol.
            _ => return None,
        }
        head.push(0);
        head.extend_from_slice(header.name.as_bytes());
        head.push(0);
        head.extend_from_slice(value);
    }
    (upgrades == 1 && connections == 1).then_some(head)
}

/// What a header says of the request.
enum Header {
    Upgrade,
    Connection,
    /// There is more to it than a head.
    More,
    Other,
}

impl Header {
    fn named(name: &str) -> Self {
        let is = |other: &str| name.eq_ignore_ascii_case(other);
        match name.len() {
            7 if is("upgrade") => Self::Upgrade,
            10 if is("connection") => Self::Connection,
            6 if is("expect") => Self::More,
            14 if is("content-length") => Self::More,
            16 if is("proxy-connection") => Self::More,
            17 if is("transfer-encoding") => Self::More,
            _ => Self::Other,
        }
    }
}

/// Each line ends by CRLF, which not every parser demands.
fn has_whole_lines(bytes: &[u8]) -> bool {
    let mut before = 0;
    let mut is_whole = true;
    for &byte in bytes {
        is_whole &= (before == b'\r') == (byte == b'\n');
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
        read_request_head(request.as_bytes(), MOST)
            .map(|head| String::from_utf8(head).unwrap().replace('\0', "|"))
    }

    #[test]
    fn a_head_is_brought_as_it_came() {
        let lines = "Host: a\r\nuPGRADE:WebSocket\r\nConnection: keep-alive, Upgrade \r\nA:\t b  c\t\r\nA:\r\n";
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
        let head = read_request_head(&bytes, MOST).unwrap();
        assert!(head.ends_with(b"\0A\0\xe9\xff"));
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
        assert!(read_request_head(whole.as_bytes(), whole.len()).is_some());
        assert_eq!(read_request_head(whole.as_bytes(), whole.len() - 1), None);
        assert_eq!(read_request_head(whole.as_bytes(), 0), None);
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
