//! What the opening handshake takes of computation. What a request means is decided in JavaScript.
//!
//! | file | concept |
//! |---|---|
//! | `accept_key` | the answer to a client's key, RFC 6455 §4.2.2 |
//! | `extension_list` | the value of `Sec-WebSocket-Extensions`, §9.1 |
//! | `request_head` | the head of a request that opens a WebSocket, §4.1 |

pub(super) mod accept_key;
pub(super) mod extension_list;
pub(super) mod request_head;
