//! `Sec-WebSocket-Accept`, and the grammar of `Sec-WebSocket-Extensions`.

use websockets::protocol::{
    ExtensionElement, ExtensionListError, MAX_EXTENSION_PARAMETERS, MAX_EXTENSIONS,
    MAX_EXTENSIONS_LENGTH, accept_key, parse_extension_list,
};

/// An input: the value of a header.
pub(crate) fn handshake(bytes: &[u8]) {
    let value = &*String::from_utf8_lossy(bytes);
    check_accept_key(value);

    let plain = split(value);
    match parse_extension_list(value) {
        Ok(elements) => {
            assert_eq!(Some(shown(&elements)), plain);
            assert!(elements.len() <= MAX_EXTENSIONS);
            check_round_trip(value, &elements);
        }
        Err(ExtensionListError::TooLong) => assert!(value.len() > MAX_EXTENSIONS_LENGTH),
        // Whichever is seen first.
        Err(ExtensionListError::TooManyElements) => {
            assert!(value.matches(',').count() >= MAX_EXTENSIONS);
        }
        Err(ExtensionListError::TooManyParameters) => {
            assert!(value.matches(';').count() > MAX_EXTENSION_PARAMETERS);
        }
        Err(
            ExtensionListError::ExpectedToken(at)
            | ExtensionListError::ExpectedSeparator(at)
            | ExtensionListError::QuotedNoToken(at)
            | ExtensionListError::UnterminatedString(at),
        ) => {
            assert_eq!(plain, None);
            assert!(at <= value.len() && value.is_char_boundary(at));
        }
    }
}

/// 20 bytes in base64 (RFC 4648 §4): 27 characters that stand for 160 bits and 2 zeros, and one more.
fn check_accept_key(key: &str) {
    let answer = accept_key(key);
    assert_eq!(answer.len(), 28);
    let (digits, end) = answer.split_at(27);
    let is_digit = |c: char| c.is_ascii_alphanumeric() || c == '+' || c == '/';
    assert!(digits.chars().all(is_digit) && end == "=");
    assert!(digits.ends_with(|c| "AEIMQUYcgkosw048".contains(c)));
    assert_eq!(answer, accept_key(key));
    assert_ne!(answer, accept_key(&format!("{key} ")));
}

/// Elements by name, each with its parameters.
type Plain = Vec<(String, Vec<(String, Option<String>)>)>;

fn shown(elements: &[ExtensionElement<'_>]) -> Plain {
    let shown = elements.iter().map(|element| {
        let parameters = element.parameters.iter();
        let parameters =
            parameters.map(|p| (p.name.to_owned(), p.value.as_deref().map(str::to_owned)));
        (element.name.to_owned(), parameters.collect())
    });
    shown.collect()
}

/// An element's source is read as that element; so is the list, however it is written down.
fn check_round_trip(value: &str, elements: &[ExtensionElement<'_>]) {
    let sources: Vec<&str> = elements.iter().map(|element| element.source).collect();
    for (source, element) in sources.iter().zip(elements) {
        assert!(value.contains(source));
        let again = parse_extension_list(source).expect("it was read before");
        assert_eq!(again, std::slice::from_ref(element));
    }
    let joined = sources.join(",");
    assert_eq!(parse_extension_list(&joined).as_deref(), Ok(elements));
    let printed: Vec<String> = elements.iter().map(printed).collect();
    let printed = printed.join(" ,\t");
    if let Ok(again) = parse_extension_list(&printed) {
        assert_eq!(shown(&again), shown(elements));
    } else {
        assert!(printed.len() > MAX_EXTENSIONS_LENGTH);
    }
}

fn printed(element: &ExtensionElement<'_>) -> String {
    let mut printed = element.name.to_owned();
    for parameter in &element.parameters {
        printed += " ; ";
        printed += parameter.name;
        if let Some(value) = &parameter.value {
            printed += &format!("=\"{value}\"");
        }
    }
    printed
}

/// A second reading of RFC 6455 §9.1, by cutting instead of scanning: no token has a separator in it,
/// nor has a string whose value is a token. `None` where it is no list, or has too much of anything.
fn split(value: &str) -> Option<Plain> {
    let is_space = [' ', '\t'];
    let mut list = Vec::new();
    for element in value.split(',') {
        let element = element.trim_matches(is_space);
        if element.is_empty() {
            continue;
        }
        let mut parts = element.split(';').map(|part| part.trim_matches(is_space));
        let name = token(parts.next()?)?;
        let parameters = parts.map(|part| match part.split_once('=') {
            None => Some((token(part)?, None)),
            Some((name, value)) => {
                let name = token(name.trim_end_matches(is_space))?;
                let value = value.trim_start_matches(is_space);
                let value = match value.strip_prefix('"') {
                    Some(quoted) => token(&undone(quoted.strip_suffix('"')?)?)?,
                    None => token(value)?,
                };
                Some((name, Some(value)))
            }
        });
        let parameters = parameters.collect::<Option<Vec<_>>>()?;
        if parameters.len() > MAX_EXTENSION_PARAMETERS {
            return None;
        }
        list.push((name, parameters));
    }
    (list.len() <= MAX_EXTENSIONS && value.len() <= MAX_EXTENSIONS_LENGTH).then_some(list)
}

/// A quoted string without its escapes (RFC 7230 §3.2.6).
fn undone(quoted: &str) -> Option<String> {
    let mut undone = String::new();
    let mut characters = quoted.chars();
    while let Some(character) = characters.next() {
        undone.push(match character {
            '\\' => characters.next()?,
            other => other,
        });
    }
    Some(undone)
}

fn token(text: &str) -> Option<String> {
    let separators = "()<>@,;:\\\"/[]?={} \t";
    let is_token = |c: char| matches!(c, '!'..='~') && !separators.contains(c);
    (!text.is_empty() && text.chars().all(is_token)).then(|| text.to_owned())
}
