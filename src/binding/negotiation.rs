//! Extensions in the opening handshake: `Sec-WebSocket-Extensions`, and permessage-deflate in it.

use std::fmt::Display;

use napi::{Error, Result};
use napi_derive::napi;

use crate::protocol::{self, DeflateParams};

/// One element of a `Sec-WebSocket-Extensions` header.
#[napi(object)]
pub struct ExtensionElement {
    /// The extension's name.
    pub name: String,
    /// The element as it stands in the header.
    pub source: String,
}

/// What an endpoint wants of permessage-deflate; `lib/` has checked it.
#[napi(object)]
pub struct DeflatePolicy {
    /// As in [`DeflateParams`].
    pub server_no_context_takeover: bool,
    /// As in [`DeflateParams`].
    pub client_no_context_takeover: bool,
    /// As in [`DeflateParams`]; 8 to 15.
    pub server_max_window_bits: u8,
    /// As in [`DeflateParams`]; 8 to 15.
    pub client_max_window_bits: u8,
}

impl From<DeflatePolicy> for DeflateParams {
    fn from(policy: DeflatePolicy) -> Self {
        Self {
            server_no_context_takeover: policy.server_no_context_takeover,
            client_no_context_takeover: policy.client_no_context_takeover,
            server_max_window_bits: policy.server_max_window_bits,
            client_max_window_bits: policy.client_max_window_bits,
        }
    }
}

/// The elements of a `Sec-WebSocket-Extensions` value (RFC 6455 §9.1).
///
/// # Errors
/// What is wrong with it.
#[napi]
pub fn parse_extensions(value: String) -> Result<Vec<ExtensionElement>> {
    let elements = protocol::parse_extension_list(&value).map_err(reason)?;
    let owned = elements.iter().map(|element| ExtensionElement {
        name: element.name.to_owned(),
        source: element.source.to_owned(),
    });
    Ok(owned.collect())
}

/// A server's answer to a client's `Sec-WebSocket-Extensions`, as far as it is about
/// permessage-deflate; `null` if no offer of it can be accepted.
///
/// # Errors
/// What is wrong with the value.
#[napi]
pub fn accept_deflate(value: String, policy: DeflatePolicy) -> Result<Option<String>> {
    let offers = protocol::parse_extension_list(&value).map_err(reason)?;
    Ok(protocol::accept_deflate(&offers, &policy.into()))
}

/// A client's offer of permessage-deflate.
#[napi]
#[must_use]
pub fn offer_deflate(policy: DeflatePolicy) -> String {
    protocol::offer_deflate(&policy.into())
}

/// What is agreed on when a server has answered `offerDeflate`, as an element.
///
/// # Errors
/// Why this is no answer to it.
#[napi]
pub fn confirm_deflate(answer: String, policy: DeflatePolicy) -> Result<String> {
    let agreed = protocol::confirm_deflate(&answer, &policy.into()).map_err(reason)?;
    Ok(agreed.to_string())
}

/// An Error that says what is wrong.
fn reason(error: impl Display) -> Error {
    Error::from_reason(error.to_string())
}
