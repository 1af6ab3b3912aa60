//! The head of a request for a WebSocket, as a door reads it.

use websockets::protocol::{IN_ORDER, OFFERS, RequestHead};

/// An input: the bytes of a request.
pub(crate) fn request_head(bytes: &[u8]) {
    check_plain(bytes);
    let Some(head) = RequestHead::read(bytes, bytes.len()) else {
        return;
    };
    assert!(
        !bytes.contains(&b'\t'),
        "not each parser takes it for a space"
    );
    // Neither more of it, nor less, nor one that is too long.
    assert!(RequestHead::read(bytes, bytes.len() - 1).is_none());
    assert!(RequestHead::read(&bytes[..bytes.len() - 1], bytes.len()).is_none());
    assert!(RequestHead::read(&[bytes, b"x"].concat(), bytes.len() + 1).is_none());

    let (target, headers) = split(bytes).expect("it has lines, each with a name and a value");
    let flat = headers.iter().flat_map(|(name, value)| [*name, *value]);
    let lines: Vec<&[u8]> = std::iter::once(target).chain(flat).collect();
    assert_eq!(head.lines, lines.join(&0));

    let values = |wanted: &str| -> Vec<&[u8]> {
        let named = headers.iter();
        let named = named.filter(|(name, _)| name.eq_ignore_ascii_case(wanted.as_bytes()));
        named.map(|(_, value)| *value).collect()
    };
    let [upgrade] = values("upgrade")[..] else {
        panic!("one Upgrade");
    };
    assert!(upgrade.eq_ignore_ascii_case(b"websocket"));
    assert_eq!(values("connection").len(), 1);
    for absent in ["content-length", "transfer-encoding", "expect"] {
        assert!(values(absent).is_empty(), "{absent}");
    }
    let offers = [
        "origin",
        "sec-websocket-protocol",
        "sec-websocket-extensions",
    ];
    let offers = offers.iter().any(|name| !values(name).is_empty());
    assert_eq!(head.asks & OFFERS != 0, offers);
    let keys = values("sec-websocket-key");
    if let Some(key) = head.key {
        assert_eq!(keys, [&key[..]]);
    }
    if head.asks & IN_ORDER != 0 {
        assert!(head.key.is_some());
        assert_eq!(values("sec-websocket-version"), [&b"13"[..]]);
        assert!(matches!(values("host")[..], [host] if !host.is_empty()));
        assert!(values("origin").len() < 2);
        assert!(!has_dots(target), "somebody is to look at it");
    }
    check_round_trip(&head, target, &headers);
}

/// A plain request is read, whatever stands in what is nobody's.
fn check_plain(bytes: &[u8]) {
    let is_plain = |byte: &u8| byte.is_ascii_graphic() && *byte != b'#';
    let plain: Vec<u8> = bytes.iter().copied().filter(is_plain).take(64).collect();
    let request = [
        b"GET /a?",
        &plain[..],
        b" HTTP/1.1\r\nHost: a\r\nX: ",
        &plain,
        b"\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n",
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    ]
    .concat();
    let head = RequestHead::read(&request, request.len()).expect("it is plain");
    assert_eq!(head.asks, IN_ORDER);
}

/// Whether a segment of the path begins with a dot, however that is written, or a backslash could be taken for a slash.
fn has_dots(target: &[u8]) -> bool {
    let path = target
        .split(|byte| *byte == b'?')
        .next()
        .unwrap_or_default();
    let path = String::from_utf8_lossy(path).to_ascii_lowercase();
    let path = path.replace("%2e", ".");
    path.contains("/.") || path.contains('\\')
}

/// Written down again, it is the same request.
fn check_round_trip(head: &RequestHead, target: &[u8], headers: &[(&[u8], &[u8])]) {
    let mut again = [b"GET ", target, b" HTTP/1.1\r\n"].concat();
    for (name, value) in headers {
        for part in [name, &b": "[..], value, &b"\r\n"[..]] {
            again.extend_from_slice(part);
        }
    }
    again.extend(b"\r\n");
    let read = RequestHead::read(&again, again.len()).expect("it was read before");
    assert_eq!((read.lines, read.asks), (head.lines.clone(), head.asks));
    assert!(read.key == head.key);
}

/// The target, and the name and the value of each header.
type Parts<'a> = (&'a [u8], Vec<(&'a [u8], &'a [u8])>);

/// A second reading of RFC 9112 §3 and §5, by cutting instead of scanning. It is narrow: a value has no space at its ends but
/// those that are cut off, and no line goes on in the next.
fn split(bytes: &[u8]) -> Option<Parts<'_>> {
    let text = bytes.strip_suffix(b"\r\n\r\n")?;
    let mut lines = cut(text).into_iter();
    let first = lines.next()?.strip_prefix(b"GET ")?;
    let target = first.strip_suffix(b" HTTP/1.1")?;
    assert!(target.starts_with(b"/") && target.iter().all(u8::is_ascii_graphic));
    let headers = lines.map(|line| {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        assert!(!name.is_empty() && name.iter().all(u8::is_ascii_graphic));
        assert!(value.iter().all(|byte| *byte >= b' ' && *byte != 0x7f));
        Some((name, value))
    });
    Some((target, headers.collect::<Option<_>>()?))
}

/// What CRLF separates.
fn cut(mut text: &[u8]) -> Vec<&[u8]> {
    let mut lines = Vec::new();
    while let Some(end) = text.windows(2).position(|two| two == b"\r\n") {
        lines.push(&text[..end]);
        text = &text[end + 2..];
    }
    lines.push(text);
    lines
}
