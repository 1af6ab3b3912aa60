//! The parameters of permessage-deflate, RFC 7692 §7.1: what two endpoints have agreed on.

use std::fmt;

use super::super::handshake::extension_list::{
    ExtensionElement, ExtensionListError, ExtensionParameter, parse_extension_list,
};

/// The name of the extension.
pub const PERMESSAGE_DEFLATE: &str = "permessage-deflate";

/// The names of its parameters (RFC 7692 §7.1).
pub(super) const SERVER_NO_CONTEXT_TAKEOVER: &str = "server_no_context_takeover";
pub(super) const CLIENT_NO_CONTEXT_TAKEOVER: &str = "client_no_context_takeover";
pub(super) const SERVER_MAX_WINDOW_BITS: &str = "server_max_window_bits";
pub(super) const CLIENT_MAX_WINDOW_BITS: &str = "client_max_window_bits";

/// The largest LZ77 window, in bits, and the one of an endpoint that nobody limits.
pub const MAX_WINDOW_BITS: u8 = 15;

/// The smallest LZ77 window, in bits.
pub const MIN_WINDOW_BITS: u8 = 8;

/// What holds for a connection, or, as a policy, what an endpoint wants to hold at least.
///
/// It is displayed as an element of `Sec-WebSocket-Extensions`, with the parameters that are not at
/// their default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DeflateParams {
    /// The server forgets its window after each message. Default: it does not.
    pub server_no_context_takeover: bool,
    /// The client forgets its window after each message. Default: it does not.
    pub client_no_context_takeover: bool,
    /// The server's LZ77 window, as a power of two of bytes: 8 to 15. Default: 15.
    pub server_max_window_bits: u8,
    /// The client's LZ77 window, as a power of two of bytes: 8 to 15. Default: 15.
    pub client_max_window_bits: u8,
}

impl Default for DeflateParams {
    fn default() -> Self {
        Self {
            server_no_context_takeover: false,
            client_no_context_takeover: false,
            server_max_window_bits: MAX_WINDOW_BITS,
            client_max_window_bits: MAX_WINDOW_BITS,
        }
    }
}

impl DeflateParams {
    /// Reads what a server has answered, such as
    /// `permessage-deflate; server_no_context_takeover; client_max_window_bits=12`.
    ///
    /// # Errors
    /// It is not one well-formed element of that name, or has a parameter that RFC 7692 §7.1 does
    /// not allow in a response.
    pub fn agreed(element: &str) -> Result<Self, DeflateParamsError> {
        Ok(NamedParams::read_answer(element)?.params())
    }
}

impl fmt::Display for DeflateParams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = |bits| (bits < MAX_WINDOW_BITS).then_some(bits);
        NamedParams {
            server_no_context_takeover: self.server_no_context_takeover,
            client_no_context_takeover: self.client_no_context_takeover,
            server_max_window_bits: named(self.server_max_window_bits),
            client_max_window_bits: named(self.client_max_window_bits).map(Some),
        }
        .fmt(f)
    }
}

/// The parameters that an element names: an answer depends on which of them are there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct NamedParams {
    pub(super) server_no_context_takeover: bool,
    pub(super) client_no_context_takeover: bool,
    pub(super) server_max_window_bits: Option<u8>,
    /// In an offer it may be without a value (RFC 7692 §7.1.2.2).
    pub(super) client_max_window_bits: Option<Option<u8>>,
}

impl NamedParams {
    /// Reads the parameters of an answer, which is one element and no list.
    pub(super) fn read_answer(element: &str) -> Result<Self, DeflateParamsError> {
        let elements = parse_extension_list(element).map_err(DeflateParamsError::Malformed)?;
        let [element] = elements.as_slice() else {
            return Err(DeflateParamsError::NotOneElement);
        };
        let named = Self::read(element)?;
        match named.client_max_window_bits {
            Some(None) => Err(DeflateParamsError::MissingValue(CLIENT_MAX_WINDOW_BITS)),
            _ => Ok(named),
        }
    }

    /// Reads the parameters of an offer.
    pub(super) fn read(element: &ExtensionElement<'_>) -> Result<Self, DeflateParamsError> {
        if element.name != PERMESSAGE_DEFLATE {
            return Err(DeflateParamsError::OtherExtension);
        }
        let mut named = Self::default();
        for parameter in &element.parameters {
            named.take(parameter)?;
        }
        Ok(named)
    }

    /// Adds a parameter.
    fn take(&mut self, parameter: &ExtensionParameter<'_>) -> Result<(), DeflateParamsError> {
        let value = parameter.value.as_deref();
        match parameter.name {
            SERVER_NO_CONTEXT_TAKEOVER => {
                let flag = &mut self.server_no_context_takeover;
                set_flag(flag, SERVER_NO_CONTEXT_TAKEOVER, value)
            }
            CLIENT_NO_CONTEXT_TAKEOVER => {
                let flag = &mut self.client_no_context_takeover;
                set_flag(flag, CLIENT_NO_CONTEXT_TAKEOVER, value)
            }
            SERVER_MAX_WINDOW_BITS => {
                let value =
                    value.ok_or(DeflateParamsError::MissingValue(SERVER_MAX_WINDOW_BITS))?;
                let bits = window_bits(SERVER_MAX_WINDOW_BITS, value)?;
                let slot = &mut self.server_max_window_bits;
                set_once(slot, SERVER_MAX_WINDOW_BITS, bits)
            }
            CLIENT_MAX_WINDOW_BITS => {
                let read = |value| window_bits(CLIENT_MAX_WINDOW_BITS, value);
                let bits = value.map(read).transpose()?;
                let slot = &mut self.client_max_window_bits;
                set_once(slot, CLIENT_MAX_WINDOW_BITS, bits)
            }
            _ => Err(DeflateParamsError::UnknownParameter),
        }
    }

    /// What these parameters amount to, with defaults for those that are not named.
    pub(super) fn params(&self) -> DeflateParams {
        DeflateParams {
            server_no_context_takeover: self.server_no_context_takeover,
            client_no_context_takeover: self.client_no_context_takeover,
            server_max_window_bits: self.server_max_window_bits.unwrap_or(MAX_WINDOW_BITS),
            client_max_window_bits: self
                .client_max_window_bits
                .flatten()
                .unwrap_or(MAX_WINDOW_BITS),
        }
    }
}

impl fmt::Display for NamedParams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(PERMESSAGE_DEFLATE)?;
        if self.server_no_context_takeover {
            write!(f, "; {SERVER_NO_CONTEXT_TAKEOVER}")?;
        }
        if self.client_no_context_takeover {
            write!(f, "; {CLIENT_NO_CONTEXT_TAKEOVER}")?;
        }
        if let Some(bits) = self.server_max_window_bits {
            write!(f, "; {SERVER_MAX_WINDOW_BITS}={bits}")?;
        }
        match self.client_max_window_bits {
            Some(Some(bits)) => write!(f, "; {CLIENT_MAX_WINDOW_BITS}={bits}"),
            Some(None) => write!(f, "; {CLIENT_MAX_WINDOW_BITS}"),
            None => Ok(()),
        }
    }
}

/// Sets a parameter that has no value and may be there once.
fn set_flag(
    flag: &mut bool,
    name: &'static str,
    value: Option<&str>,
) -> Result<(), DeflateParamsError> {
    if value.is_some() {
        return Err(DeflateParamsError::UnexpectedValue(name));
    }
    if *flag {
        return Err(DeflateParamsError::Twice(name));
    }
    *flag = true;
    Ok(())
}

/// Sets what may be there once.
fn set_once<T>(
    slot: &mut Option<T>,
    name: &'static str,
    value: T,
) -> Result<(), DeflateParamsError> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(DeflateParamsError::Twice(name)),
    }
}

/// A decimal integer from 8 to 15 without leading zeros (RFC 7692 §7.1.2.1).
fn window_bits(name: &'static str, value: &str) -> Result<u8, DeflateParamsError> {
    match value.as_bytes() {
        [digit @ b'8'..=b'9'] => Ok(digit - b'0'),
        [b'1', digit @ b'0'..=b'5'] => Ok(10 + digit - b'0'),
        _ => Err(DeflateParamsError::InvalidValue(name)),
    }
}

/// Why an element is no answer, or no offer, that RFC 7692 allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeflateParamsError {
    /// It does not follow the grammar of RFC 6455 §9.1.
    Malformed(ExtensionListError),
    /// It is a list of several elements, or of none.
    NotOneElement,
    /// It is another extension.
    OtherExtension,
    /// A parameter that RFC 7692 does not know.
    UnknownParameter,
    /// A parameter more than once.
    Twice(&'static str),
    /// A parameter without the value that it has to have.
    MissingValue(&'static str),
    /// A value, and there must be none.
    UnexpectedValue(&'static str),
    /// A window that is no integer from 8 to 15, or has leading zeros.
    InvalidValue(&'static str),
    /// A client's look at an answer: a window that is larger than the one that it offered.
    LargerThanOffered(&'static str),
    /// A client's look at an answer: what it asked of the server is not promised.
    NotConfirmed(&'static str),
}

impl fmt::Display for DeflateParamsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(error) => error.fmt(f),
            Self::NotOneElement => f.write_str("it is not one extension"),
            Self::OtherExtension => write!(f, "it is not {PERMESSAGE_DEFLATE}"),
            Self::UnknownParameter => {
                write!(f, "{PERMESSAGE_DEFLATE} has a parameter that there is not")
            }
            Self::Twice(name) => write!(f, "{name} is there twice"),
            Self::MissingValue(name) => write!(f, "{name} has no value"),
            Self::UnexpectedValue(name) => write!(f, "{name} has a value"),
            Self::InvalidValue(name) => write!(f, "{name} is no integer from 8 to 15"),
            Self::LargerThanOffered(name) => write!(f, "{name} is larger than it was offered"),
            Self::NotConfirmed(name) => write!(f, "{name} was offered and is not confirmed"),
        }
    }
}

impl std::error::Error for DeflateParamsError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_agreed_is_read() {
        let default = DeflateParams::default();
        for (element, expected) in [
            ("permessage-deflate", default),
            (" permessage-deflate ,", default),
            (
                "permessage-deflate; server_no_context_takeover; client_max_window_bits=12",
                DeflateParams {
                    server_no_context_takeover: true,
                    client_max_window_bits: 12,
                    ..default
                },
            ),
            (
                "permessage-deflate;client_no_context_takeover;server_max_window_bits=\"8\"",
                DeflateParams {
                    client_no_context_takeover: true,
                    server_max_window_bits: 8,
                    ..default
                },
            ),
            (
                "permessage-deflate; server_max_window_bits=15; client_max_window_bits=\"\\1\\0\"",
                DeflateParams {
                    client_max_window_bits: 10,
                    ..default
                },
            ),
        ] {
            assert_eq!(DeflateParams::agreed(element), Ok(expected), "{element}");
        }
    }

    #[test]
    fn all_else_is_refused() {
        use DeflateParamsError::{
            InvalidValue, Malformed, MissingValue, NotOneElement, OtherExtension, Twice,
            UnexpectedValue, UnknownParameter,
        };
        for (element, expected) in [
            ("", NotOneElement),
            ("permessage-deflate, permessage-deflate", NotOneElement),
            ("x-webkit-deflate-frame", OtherExtension),
            ("Permessage-Deflate", OtherExtension),
            (
                "permessage-deflate;",
                Malformed(ExtensionListError::ExpectedToken(19)),
            ),
            ("permessage-deflate; mux", UnknownParameter),
            (
                "permessage-deflate; Server_No_Context_Takeover",
                UnknownParameter,
            ),
            (
                "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
                Twice(SERVER_NO_CONTEXT_TAKEOVER),
            ),
            (
                "permessage-deflate; client_max_window_bits=9; client_max_window_bits=9",
                Twice(CLIENT_MAX_WINDOW_BITS),
            ),
            (
                "permessage-deflate; server_max_window_bits=9; server_max_window_bits=10",
                Twice(SERVER_MAX_WINDOW_BITS),
            ),
            (
                "permessage-deflate; server_max_window_bits",
                MissingValue(SERVER_MAX_WINDOW_BITS),
            ),
            (
                "permessage-deflate; client_max_window_bits",
                MissingValue(CLIENT_MAX_WINDOW_BITS),
            ),
            (
                "permessage-deflate; client_no_context_takeover=1",
                UnexpectedValue(CLIENT_NO_CONTEXT_TAKEOVER),
            ),
        ] {
            assert_eq!(DeflateParams::agreed(element), Err(expected), "{element}");
        }
        for value in [
            "0",
            "7",
            "08",
            "010",
            "16",
            "80",
            "1",
            "99999999999",
            "+9",
            "9.0",
            "0x9",
        ] {
            let element = format!("permessage-deflate; server_max_window_bits={value}");
            let expected = InvalidValue(SERVER_MAX_WINDOW_BITS);
            assert_eq!(DeflateParams::agreed(&element), Err(expected), "{element}");
        }
    }

    #[test]
    #[cfg_attr(miri, ignore = "it takes Miri long, and there is nothing unsafe in it")]
    fn what_is_displayed_is_read_back() {
        for takeover in 0..4 {
            for server_max_window_bits in 8..=15 {
                for client_max_window_bits in 8..=15 {
                    let params = DeflateParams {
                        server_no_context_takeover: takeover & 1 != 0,
                        client_no_context_takeover: takeover & 2 != 0,
                        server_max_window_bits,
                        client_max_window_bits,
                    };
                    assert_eq!(DeflateParams::agreed(&params.to_string()), Ok(params));
                }
            }
        }
    }
}
