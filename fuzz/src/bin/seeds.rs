//! Writes `seeds/TARGET/`: what engines begin with. What they found since, and was wrong once, lies
//! there as well, by names of its own.
//!
//! ```sh
//! cargo run --bin seeds
//! ```

use std::fs;
use std::path::Path;

use flate2::{Compress, Compression, FlushCompress};
use websockets::protocol::{Opcode, encode_close_payload, encode_compressed_frame, encode_frame};
use websockets_fuzz::TARGETS;

const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
/// A key that changes nothing, so that what is compressed can be changed as it is.
const NO_KEY: [u8; 4] = [0; 4];

fn main() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds");
    for target in TARGETS {
        let seeds = match target.name {
            "server" => streams(0, Some(KEY)),
            "client" => streams(4, None),
            "deflate_takeover" | "deflate_alone" => compressed(),
            "send" => sent(),
            "session" => sessions(),
            "raw" => raws(),
            "handshake" => headers(),
            "negotiation" => negotiations(),
            "request_head" => requests(),
            other => panic!("no seeds are known for {other}"),
        };
        let folder = folder.join(target.name);
        fs::create_dir_all(&folder).expect("a folder");
        for (name, bytes) in seeds {
            fs::write(folder.join(name), bytes).expect("a file");
        }
    }
}

type Seeds = Vec<(&'static str, Vec<u8>)>;

fn frame(opcode: Opcode, payload: &[u8], key: Option<[u8; 4]>) -> Vec<u8> {
    let mut out = Vec::new();
    encode_frame(&mut out, opcode, payload, key);
    out
}

/// Without FIN.
fn unfinished(mut frame: Vec<u8>) -> Vec<u8> {
    frame[0] &= 0x7f;
    frame
}

/// Behind the settings of `receive`: flags, window, cuts, where we close.
fn set(flags: u8, stream: &[Vec<u8>]) -> Vec<u8> {
    [&[flags, 7, 0, 3, 11, 9][..], &stream.concat()].concat()
}

/// Behind steps of `raw`, and how much of what was brought was used: a request, and frames.
fn raws() -> Seeds {
    let request = b"GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n";
    let frames = [
        frame(Opcode::Text, b"one", Some(KEY)),
        frame(Opcode::Binary, &[7; 300], Some(KEY)),
    ]
    .concat();
    let set = |steps: &[u8], used: usize| {
        let head = [&[steps.len() as u8 - 1], steps, &[used as u8]].concat();
        [&head[..], request, &frames].concat()
    };
    vec![
        ("change", set(&[40, 199], request.len())),
        ("behind", set(&[56, 4, 132, 5, 48, 207], request.len())),
        ("end", set(&[40, 134, 6, 7], 0)),
        ("ours", set(&[6, 40, 7, 134], 0)),
    ]
}

/// Behind flags and steps of `session`: one of each kind, or what a transport does with them.
fn sessions() -> Seeds {
    let set = |flags: u8, steps: &[u8], stream: &[Vec<u8>]| {
        [&[flags, steps.len() as u8 - 1], steps, &stream.concat()].concat()
    };
    let masked = |opcode, payload: &[u8]| frame(opcode, payload, Some(KEY));
    let talk = [
        masked(Opcode::Text, b"one"),
        masked(Opcode::Ping, b"p"),
        masked(Opcode::Binary, &[7; 300]),
        masked(Opcode::Ping, b"q"),
    ];
    let bye = masked(Opcode::Close, &encode_close_payload(1000, "bye"));
    let wrong = masked(Opcode::Text, b"\xff");
    let all: Vec<u8> = (0..16).collect();
    vec![
        ("all", set(0, &all, &[talk.concat(), bye.clone()])),
        ("all-client", set(9, &all, &[talk.concat(), bye.clone()])),
        ("close", set(0, &[0x20, 11, 9, 14], &[talk.concat(), bye])),
        (
            "violation",
            set(0, &[0x30, 9, 11, 9, 14], &[talk.concat(), wrong]),
        ),
        (
            "congested",
            set(0, &[10, 0x20, 0x20, 9], &[talk.concat(), talk.concat()]),
        ),
        ("paused", set(0, &[5, 0x20, 14, 6, 9], &[talk.concat()])),
        ("suspended", set(0, &[7, 0x20, 5, 8, 6], &[talk.concat()])),
        (
            "silent",
            set(2, &[0x10, 0x3d, 0x3d, 9, 11], &[talk.concat()]),
        ),
        ("ours", set(0, &[0x20, 12, 0x20, 9, 14], &[talk.concat()])),
        ("lost", set(0, &[5, 0x20, 15], &[talk.concat()])),
    ]
}

/// What Autobahn sends, in small.
fn streams(flags: u8, key: Option<[u8; 4]>) -> Seeds {
    let frame = |opcode, payload: &[u8]| frame(opcode, payload, key);
    let close = |code, reason| frame(Opcode::Close, &encode_close_payload(code, reason));
    let large = flags | 2;
    let text = "κόσμε, Hello-µ@ßöäü 😀";
    let mut reserved = frame(Opcode::Text, b"rsv");
    reserved[0] |= 0x30;
    let mut long = frame(Opcode::Binary, &[7; 130]);
    long.truncate(40);
    let mut lying = frame(Opcode::Binary, &[0; 70_000]);
    lying.truncate(64);
    vec![
        (
            "text",
            set(
                flags,
                &[
                    frame(Opcode::Text, b"Hello"),
                    frame(Opcode::Text, text.as_bytes()),
                ],
            ),
        ),
        (
            "binary-16-bit-length",
            set(
                large,
                &[
                    frame(Opcode::Binary, &[1; 126]),
                    frame(Opcode::Binary, &[2; 300]),
                ],
            ),
        ),
        ("length-without-bytes", set(large, &[lying])),
        ("cut-off", set(flags, &[frame(Opcode::Ping, b"p"), long])),
        (
            "fragments-around-a-ping",
            set(
                flags,
                &[
                    unfinished(frame(Opcode::Text, b"fragment1")),
                    frame(Opcode::Ping, b"between"),
                    unfinished(frame(Opcode::Continuation, b"")),
                    frame(Opcode::Continuation, b"fragment2"),
                    frame(Opcode::Pong, b"unsolicited"),
                    close(1000, "bye"),
                ],
            ),
        ),
        (
            "code-point-across-fragments",
            set(
                flags,
                &[
                    unfinished(frame(Opcode::Text, &text.as_bytes()[..3])),
                    frame(Opcode::Continuation, &text.as_bytes()[3..]),
                ],
            ),
        ),
        (
            "not-utf-8",
            set(
                flags,
                &[
                    unfinished(frame(Opcode::Text, &[0xce, 0xba, 0xe1, 0xbd])),
                    frame(Opcode::Continuation, &[0xed, 0xa0, 0x80]),
                ],
            ),
        ),
        (
            "continuation-of-nothing",
            set(flags, &[frame(Opcode::Continuation, b"?")]),
        ),
        (
            "message-within-a-message",
            set(
                flags,
                &[
                    unfinished(frame(Opcode::Binary, b"1")),
                    frame(Opcode::Text, b"2"),
                ],
            ),
        ),
        (
            "too-many-fragments",
            set(
                flags,
                &[
                    vec![unfinished(frame(Opcode::Text, b"1"))],
                    vec![unfinished(frame(Opcode::Continuation, b"")); 8],
                ]
                .concat(),
            ),
        ),
        (
            "control-125",
            set(
                flags,
                &[frame(Opcode::Ping, &[9; 125]), frame(Opcode::Pong, b"")],
            ),
        ),
        (
            "control-fragmented",
            set(flags, &[unfinished(frame(Opcode::Ping, b"x"))]),
        ),
        ("reserved-bits", set(flags, &[reserved])),
        (
            "masked-the-other-way",
            set(flags | 1, &[frame(Opcode::Text, b"a"), super_frame(key)]),
        ),
        (
            "close-empty",
            set(
                flags,
                &[frame(Opcode::Close, b""), frame(Opcode::Text, b"late")],
            ),
        ),
        ("close-one-byte", set(flags, &[frame(Opcode::Close, &[3])])),
        (
            "close-bad-code",
            set(flags, &[frame(Opcode::Close, &1005_u16.to_be_bytes())]),
        ),
        (
            "close-bad-reason",
            set(flags, &[frame(Opcode::Close, &[3, 232, 0xff])]),
        ),
    ]
}

/// A frame that is masked as `key` says it is not.
fn super_frame(key: Option<[u8; 4]>) -> Vec<u8> {
    frame(
        Opcode::Text,
        b"b",
        if key.is_some() { None } else { Some(KEY) },
    )
}

/// Payloads of a compressor that takes its context over, one a message; `last` sets BFINAL.
fn deflated(messages: &[&[u8]], level: u32, last: bool) -> Vec<Vec<u8>> {
    let mut compressor = Compress::new(Compression::new(level), false);
    let flush = if last {
        FlushCompress::Finish
    } else {
        FlushCompress::Sync
    };
    let payload = |message: &&[u8]| {
        let mut out = Vec::with_capacity(message.len() * 2 + 64);
        compressor
            .compress_vec(message, &mut out, flush)
            .expect("it compresses");
        if last {
            compressor.reset();
        } else {
            out.truncate(out.len() - 4);
        }
        out
    };
    messages.iter().map(payload).collect()
}

fn compressed() -> Seeds {
    let message = |payload: &Vec<u8>| {
        let mut out = Vec::new();
        encode_compressed_frame(&mut out, Opcode::Text, payload, Some(NO_KEY));
        out
    };
    let all = |payloads: Vec<Vec<u8>>| payloads.iter().map(message).collect::<Vec<_>>();
    let more = |payload: &[u8]| frame(Opcode::Continuation, payload, Some(NO_KEY));
    let json = br#"{"id":1,"name":"Ann","tags":["a","b"],"at":{"x":10,"y":20}}"#;
    let prose = include_bytes!("../../../LICENSE");
    let hello: [u8; 7] = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
    let stored = [
        0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00,
    ];
    let two = [
        0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00,
    ];
    let zeros = vec![0; 100_000];
    let mut small_window = set(2, &all(deflated(&[prose, prose], 6, false)));
    small_window[1] = 1;
    vec![
        (
            "rfc-7692",
            set(
                0,
                &all(vec![
                    hello.to_vec(),
                    vec![0xf2, 0x00, 0x11, 0x00, 0x00],
                    stored.to_vec(),
                    vec![0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00],
                    two.to_vec(),
                    vec![0x00],
                ]),
            ),
        ),
        (
            "json-three-times",
            set(2, &all(deflated(&[json, json, json], 6, false))),
        ),
        (
            "dynamic-codes",
            set(
                2,
                &all(deflated(&[&prose[..600], &prose[300..900]], 9, false)),
            ),
        ),
        (
            "last-blocks",
            set(2, &all(deflated(&[&prose[..500], b"Hello"], 9, true))),
        ),
        (
            "stored-blocks",
            set(2, &all(deflated(&[json, b"x"], 0, false))),
        ),
        ("small-window", small_window),
        ("bomb", set(2, &all(deflated(&[&zeros], 9, false)))),
        (
            "bomb-at-the-limit",
            set(0, &all(deflated(&[&zeros[..150], &zeros[..151]], 9, false))),
        ),
        ("empty-payload", set(0, &all(vec![Vec::new()]))),
        (
            "fragments",
            set(
                0,
                &[
                    unfinished(message(&hello[..3].to_vec())),
                    frame(Opcode::Ping, b"p", Some(NO_KEY)),
                    unfinished(more(&hello[3..4])),
                    more(&hello[4..]),
                    frame(Opcode::Text, b"plain", Some(KEY)),
                    frame(Opcode::Close, &[3, 232], Some(KEY)),
                ],
            ),
        ),
        (
            "by-a-server",
            set(
                4 | 2,
                &all(deflated(&[json, json], 6, false))
                    .iter()
                    .map(|frame| {
                        // Without the key of zeros.
                        let mut frame = frame.clone();
                        frame[1] &= 0x7f;
                        frame.drain(2..6);
                        frame
                    })
                    .collect::<Vec<_>>(),
            ),
        ),
        (
            "truncated",
            set(
                2,
                &all(deflated(&[&prose[..500]], 9, true)
                    .iter()
                    .map(|p| p[..p.len() - 3].to_vec())
                    .collect()),
            ),
        ),
        (
            "rsv1-on-a-continuation",
            set(
                0,
                &[unfinished(message(&hello[..3].to_vec())), {
                    let mut frame = more(&hello[3..]);
                    frame[0] |= 0x40;
                    frame
                }],
            ),
        ),
    ]
}

fn sent() -> Seeds {
    let message = |flags: u8, times: u8, text: &[u8]| {
        let head = [flags, u8::try_from(text.len()).expect("short"), times];
        [&head[..], text].concat()
    };
    let settings = |flags, windows, effort| vec![flags, windows, effort, 0, 5, 200];
    let text = b"the quick brown fox jumps over the lazy dog; the quick brown fox is quick";
    let three = [
        message(0, 0, text),
        message(0, 3, text),
        message(1, 0, text),
    ]
    .concat();
    vec![
        ("server", [settings(0, 0x3f, 6), three.clone()].concat()),
        ("client", [settings(1, 0x3f, 6), three.clone()].concat()),
        (
            "window-8",
            [
                settings(0, 0, 9),
                message(0, 40, text),
                message(0, 40, text),
            ]
            .concat(),
        ),
        ("alone", [settings(6, 0x3f, 1), three.clone()].concat()),
        (
            "step-with-drops",
            [
                settings(8, 0x3f, 6),
                message(0, 0, text),
                message(4, 0, text),
                message(0, 0, text),
            ]
            .concat(),
        ),
        (
            "threshold",
            [
                settings(1, 0x1b, 206),
                message(0, 0, b"short"),
                message(0, 0, text),
                message(2, 0, text),
                message(0, 0, b""),
            ]
            .concat(),
        ),
        (
            "long",
            [
                settings(0, 0x3f, 3),
                message(1, 255, &[0xa5; 255]),
                message(1, 255, text),
            ]
            .concat(),
        ),
    ]
}

const HEADERS: [(&str, &str); 14] = [
    ("empty", ""),
    ("key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ("one", "permessage-deflate"),
    ("chrome", "permessage-deflate; client_max_window_bits"),
    (
        "all-parameters",
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=10; client_max_window_bits=12",
    ),
    (
        "fallbacks",
        "permessage-deflate; client_max_window_bits; server_max_window_bits=10, permessage-deflate; client_max_window_bits, permessage-deflate",
    ),
    (
        "quoted",
        "permessage-deflate; client_max_window_bits=\"1\\5\"",
    ),
    (
        "rfc-6455",
        "deflate-stream, mux; max-channels=4; flow-control",
    ),
    ("spaces", "\ta ;\tb = \"c\" ;d= e , ,, f\t"),
    ("unterminated", "a;b=\"c"),
    (
        "twice",
        "permessage-deflate; client_max_window_bits; client_max_window_bits=9",
    ),
    (
        "bad-windows",
        "permessage-deflate; server_max_window_bits=08, permessage-deflate; server_max_window_bits=16, permessage-deflate; server_max_window_bits=8",
    ),
    ("prototype", "__proto__, constructor; toString=1"),
    ("not-ascii", "a;b=\"ü\""),
];

fn headers() -> Seeds {
    let many = vec!["a;b;c=1"; 34].join(",");
    let wide = format!("a{}", ";b=\"1\"".repeat(18));
    let headers = HEADERS.map(|(name, value)| (name, value.into()));
    [
        &headers[..],
        &[("many", many.into()), ("wide", wide.into())],
    ]
    .concat()
}

/// Requests for a WebSocket, and what nearly is one.
fn requests() -> Seeds {
    let asks = "Host: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n";
    let keyed = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";
    let offers = "Origin: http://a\r\nSec-WebSocket-Protocol: a, b\r\nSec-WebSocket-Extensions: permessage-deflate\r\n";
    let request = |target: &str, lines: &str| {
        format!("GET {target} HTTP/1.1\r\n{asks}{lines}\r\n").into_bytes()
    };
    vec![
        ("rfc-6455", request("/chat", keyed)),
        ("offers", request("/a?b=c", &format!("{keyed}{offers}"))),
        ("dots", request("/a/%2e%2E/.b", keyed)),
        (
            "spaces",
            request("/", &format!("{keyed}A:b\r\nB:   c d  \r\nC:\r\n")),
        ),
        ("tabs", request("/", &format!("{keyed}A:\tb\r\n"))),
        (
            "twice",
            request("/", &format!("{keyed}{keyed}Origin: a\r\nOrigin: b\r\n")),
        ),
        ("body", request("/", "Content-Length: 1\r\n")),
        ("folded", request("/", "A: b\r\n c\r\n")),
        ("url", request("http://a/", keyed)),
        ("many", request("/", &"A: b\r\n".repeat(61))),
    ]
}

fn negotiations() -> Seeds {
    let set = |value: &str| [&[0, 0x3f, 0, 0x3f][..], value.as_bytes()].concat();
    let mut seeds: Seeds = HEADERS
        .iter()
        .map(|(name, value)| (*name, set(value)))
        .collect();
    for (name, policy) in [
        ("smaller-windows", [0, 0x12, 0, 0x09]),
        ("no-context", [3, 0x3f, 3, 0x3f]),
    ] {
        let value = b"permessage-deflate; client_max_window_bits=12; server_max_window_bits=9";
        seeds.push((name, [&policy[..], value].concat()));
    }
    seeds
}
