//! The value of a `Sec-WebSocket-Extensions` header, RFC 6455 §9.1.
//!
//! What is read here comes from a peer before it has shown anything of itself: one pass, no
//! look-back, and caps on all that could be many.

use std::borrow::Cow;
use std::fmt;

/// Bytes of a value. Node's HTTP parser takes at most 16 KiB of headers in all, and no browser
/// sends a hundredth of it.
pub const MAX_EXTENSIONS_LENGTH: usize = 8 * 1024;

/// Elements of one value. An extension may be offered more than once, as fallbacks, so that a few
/// are usual.
pub const MAX_EXTENSIONS: usize = 32;

/// Parameters of one element: RFC 7692, the one extension in wide use, has four.
pub const MAX_EXTENSION_PARAMETERS: usize = 16;

/// One element of the list: an extension that is offered or accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExtensionElement<'a> {
    /// The extension's name, a token.
    pub name: &'a str,
    /// Its parameters, in order, duplicates included: what they mean is the extension's.
    pub parameters: Vec<ExtensionParameter<'a>>,
    /// The element as it stands in the value, without the white space around it.
    pub source: &'a str,
}

/// A parameter of an extension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExtensionParameter<'a> {
    /// Its name, a token.
    pub name: &'a str,
    /// Its value, a token; a quoted string has been undone.
    pub value: Option<Cow<'a, str>>,
}

/// What is wrong with a value. Positions are bytes from the value's start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExtensionListError {
    /// More than [`MAX_EXTENSIONS_LENGTH`] bytes.
    TooLong,
    /// More than [`MAX_EXTENSIONS`] elements.
    TooManyElements,
    /// More than [`MAX_EXTENSION_PARAMETERS`] parameters of one element.
    TooManyParameters,
    /// Something else, and a token was expected.
    ExpectedToken(usize),
    /// Something other than a comma or a semicolon after an element or a parameter.
    ExpectedSeparator(usize),
    /// A quoted string that holds no token; its values MUST (RFC 6455 §9.1).
    QuotedNoToken(usize),
    /// A quoted string without its end.
    UnterminatedString(usize),
}

impl fmt::Display for ExtensionListError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => write!(f, "it has more than {MAX_EXTENSIONS_LENGTH} bytes"),
            Self::TooManyElements => write!(f, "it has more than {MAX_EXTENSIONS} elements"),
            Self::TooManyParameters => write!(
                f,
                "an element has more than {MAX_EXTENSION_PARAMETERS} parameters"
            ),
            Self::ExpectedToken(at) => write!(f, "a token is missing at byte {at}"),
            Self::ExpectedSeparator(at) => write!(f, "a separator is missing at byte {at}"),
            Self::QuotedNoToken(at) => write!(f, "the string at byte {at} holds no token"),
            Self::UnterminatedString(at) => write!(f, "the string at byte {at} has no end"),
        }
    }
}

impl std::error::Error for ExtensionListError {}

/// Reads the value of a `Sec-WebSocket-Extensions` header; several headers are one value, joined by
/// commas. Empty elements are skipped (RFC 7230 §7), so that the list may be empty.
///
/// # Errors
/// What is wrong first, from the left.
pub fn parse_extension_list(value: &str) -> Result<Vec<ExtensionElement<'_>>, ExtensionListError> {
    if value.len() > MAX_EXTENSIONS_LENGTH {
        return Err(ExtensionListError::TooLong);
    }
    let mut cursor = Cursor { text: value, at: 0 };
    let mut elements = Vec::new();
    loop {
        cursor.skip_space();
        match cursor.peek() {
            None => return Ok(elements),
            Some(b',') => cursor.at += 1,
            Some(_) => {
                if elements.len() == MAX_EXTENSIONS {
                    return Err(ExtensionListError::TooManyElements);
                }
                elements.push(cursor.element()?);
            }
        }
    }
}

/// The parser, and its place in the value. `at` only grows.
struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    /// The next byte, if there is one.
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Skips spaces and tabs, which may stand around every separator (RFC 6455 §4.3: the implied
    /// white space of RFC 2616).
    fn skip_space(&mut self) {
        while let Some(b' ' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    /// One element, up to the comma after it or the end.
    fn element(&mut self) -> Result<ExtensionElement<'a>, ExtensionListError> {
        let start = self.at;
        let name = self.token()?;
        let mut end = self.at;
        let mut parameters = Vec::new();
        loop {
            self.skip_space();
            match self.peek() {
                None | Some(b',') => break,
                Some(b';') => self.at += 1,
                Some(_) => return Err(ExtensionListError::ExpectedSeparator(self.at)),
            }
            if parameters.len() == MAX_EXTENSION_PARAMETERS {
                return Err(ExtensionListError::TooManyParameters);
            }
            parameters.push(self.parameter()?);
            end = self.at;
        }
        // A token or a quoted string ends at ASCII: these are character boundaries.
        let source = &self.text[start..end];
        Ok(ExtensionElement {
            name,
            parameters,
            source,
        })
    }

    /// One parameter, from after its semicolon.
    fn parameter(&mut self) -> Result<ExtensionParameter<'a>, ExtensionListError> {
        self.skip_space();
        let name = self.token()?;
        let behind = self.at;
        self.skip_space();
        if self.peek() != Some(b'=') {
            self.at = behind;
            return Ok(ExtensionParameter { name, value: None });
        }
        self.at += 1;
        self.skip_space();
        let value = match self.peek() {
            Some(b'"') => Cow::Owned(self.quoted()?),
            _ => Cow::Borrowed(self.token()?),
        };
        Ok(ExtensionParameter {
            name,
            value: Some(value),
        })
    }

    /// One token (RFC 7230 §3.2.6).
    fn token(&mut self) -> Result<&'a str, ExtensionListError> {
        let start = self.at;
        while self.peek().is_some_and(is_token_byte) {
            self.at += 1;
        }
        if self.at == start {
            return Err(ExtensionListError::ExpectedToken(start));
        }
        Ok(&self.text[start..self.at])
    }

    /// A quoted string, from its quote to the byte after the other one.
    fn quoted(&mut self) -> Result<String, ExtensionListError> {
        let start = self.at;
        let mut value = String::new();
        loop {
            self.at += 1;
            let mut byte = self.peek();
            if byte == Some(b'"') {
                break;
            }
            if byte == Some(b'\\') {
                self.at += 1;
                byte = self.peek();
            }
            match byte {
                None => return Err(ExtensionListError::UnterminatedString(start)),
                Some(byte) if is_token_byte(byte) => value.push(char::from(byte)),
                Some(_) => return Err(ExtensionListError::QuotedNoToken(start)),
            }
        }
        if value.is_empty() {
            return Err(ExtensionListError::QuotedNoToken(start));
        }
        self.at += 1;
        Ok(value)
    }
}

/// What tokens are made of (RFC 7230 §3.2.6).
fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The list, written in a form of its own: `name(parameter=value,parameter)`.
    fn shown(value: &str) -> String {
        let parameter = |p: &ExtensionParameter<'_>| match &p.value {
            Some(value) => format!("{}={value}", p.name),
            None => p.name.to_owned(),
        };
        let element = |e: &ExtensionElement<'_>| {
            let parameters: Vec<_> = e.parameters.iter().map(parameter).collect();
            format!("{}({})", e.name, parameters.join(","))
        };
        match parse_extension_list(value) {
            Ok(list) => list.iter().map(element).collect::<Vec<_>>().join(" "),
            Err(error) => format!("{error:?}"),
        }
    }

    #[test]
    fn well_formed_lists_are_read() {
        for (value, expected) in [
            ("", ""),
            (" , ,\t,", ""),
            ("foo", "foo()"),
            (
                "deflate-stream, mux; max-channels=4; flow-control",
                "deflate-stream() mux(max-channels=4,flow-control)",
            ),
            ("a;b=\"c\"", "a(b=c)"),
            ("a;b=\"\\c\\d\"", "a(b=cd)"),
            ("\ta ;\tb = \"c\" ;d= e , ,, f\t", "a(b=c,d=e) f()"),
            ("a;x;x;x=1", "a(x,x,x=1)"),
            ("a,a,a", "a() a() a()"),
            ("!#$%&'*+-.^_`|~09azAZ", "!#$%&'*+-.^_`|~09azAZ()"),
        ] {
            assert_eq!(shown(value), expected, "{value:?}");
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (value, expected) in [
            (";", "ExpectedToken(0)"),
            ("a;", "ExpectedToken(2)"),
            ("a; ,b", "ExpectedToken(3)"),
            ("a;;b", "ExpectedToken(2)"),
            ("a;=b", "ExpectedToken(2)"),
            ("a;b=", "ExpectedToken(4)"),
            ("a;b=,c", "ExpectedToken(4)"),
            ("a b", "ExpectedSeparator(2)"),
            ("a=b", "ExpectedSeparator(1)"),
            ("a;b c", "ExpectedSeparator(4)"),
            ("a;b=c d", "ExpectedSeparator(6)"),
            ("a;b=c=d", "ExpectedSeparator(5)"),
            ("a;b=\"c\"d", "ExpectedSeparator(7)"),
            ("a;b=\"\"", "QuotedNoToken(4)"),
            ("a;b=\"c d\"", "QuotedNoToken(4)"),
            ("a;b=\"c,d\"", "QuotedNoToken(4)"),
            ("a;b=\"\\\"\"", "QuotedNoToken(4)"),
            ("a;b=\"ü\"", "QuotedNoToken(4)"),
            ("a;b=\"c", "UnterminatedString(4)"),
            ("a;b=\"c\\", "UnterminatedString(4)"),
            ("a;b=\"", "UnterminatedString(4)"),
            ("\"a\"", "ExpectedToken(0)"),
            ("ü", "ExpectedToken(0)"),
            ("aü", "ExpectedSeparator(1)"),
            ("a\0", "ExpectedSeparator(1)"),
            ("a\r\nb", "ExpectedSeparator(1)"),
        ] {
            assert_eq!(shown(value), expected, "{value:?}");
        }
    }

    #[test]
    fn the_source_of_an_element_is_kept() {
        let list = parse_extension_list(" a ; b = \"1\" ,c ; d , e\t").unwrap();
        let sources: Vec<_> = list.iter().map(|e| e.source).collect();
        assert_eq!(sources, ["a ; b = \"1\"", "c ; d", "e"]);
    }

    #[test]
    fn what_could_be_many_has_caps() {
        let long = "x".repeat(MAX_EXTENSIONS_LENGTH);
        assert!(parse_extension_list(&long).is_ok());
        assert_eq!(shown(&format!("{long}x")), "TooLong");
        let many = vec!["a"; MAX_EXTENSIONS].join(",");
        assert!(parse_extension_list(&many).is_ok());
        assert_eq!(shown(&format!("{many},a")), "TooManyElements");
        let wide = format!("a{}", ";b".repeat(MAX_EXTENSION_PARAMETERS));
        assert!(parse_extension_list(&wide).is_ok());
        assert_eq!(shown(&format!("{wide};b")), "TooManyParameters");
    }
}
