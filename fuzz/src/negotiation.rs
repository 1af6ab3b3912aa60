//! What endpoints agree upon of permessage-deflate, RFC 7692 §7.1.

use websockets::protocol::{
    Deflate, DeflateParams, ExtensionElement, PERMESSAGE_DEFLATE, Role, accept_deflate,
    confirm_deflate, offer_deflate, parse_extension_list,
};

use crate::input::Input;

/// An input: two bytes for each side's policy, then what the other side says.
pub(crate) fn negotiation(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let server = policy(&mut input);
    let client = policy(&mut input);
    let said = String::from_utf8_lossy(input.rest());

    check_server(&said, &server);
    check_client(&said, &client);
    check_both(&client, &server);
}

fn policy(input: &mut Input<'_>) -> DeflateParams {
    let (flags, windows) = (input.byte(), input.byte());
    DeflateParams {
        server_no_context_takeover: flags & 1 != 0,
        client_no_context_takeover: flags & 2 != 0,
        server_max_window_bits: 8 + windows % 8,
        client_max_window_bits: 8 + windows / 8 % 8,
    }
}

/// A server that is offered this.
fn check_server(offered: &str, policy: &DeflateParams) {
    let Ok(offers) = parse_extension_list(offered) else {
        return;
    };
    let plain: Vec<Named> = offers.iter().filter_map(Named::offer).collect();
    let acceptable = |offer: &&Named| {
        policy.client_max_window_bits == 15 || offer.client_max_window_bits.is_some()
    };
    let expected = plain.iter().find(acceptable);
    let answer = accept_deflate(&offers, policy);
    assert_eq!(answer.is_some(), expected.is_some(), "{offered:?}");
    let (Some(answer), Some(offer)) = (answer, expected) else {
        return;
    };

    // It is one, and valid: what was asked for is granted, and no more is promised than was offered.
    let element = parse_extension_list(&answer).expect("a list");
    assert_eq!(element.len(), 1);
    let named = Named::offer(&element[0]).expect("an element of permessage-deflate");
    let agreed = DeflateParams::agreed(&answer).expect("an answer");
    let within = |named: Option<u8>, limit: u8| named.is_none_or(|bits| bits <= limit);
    assert!(agreed.server_no_context_takeover || !offer.server_no_context_takeover);
    if let Some(limit) = offer.server_max_window_bits {
        // §7.1.2.1: it has to be there, and no larger.
        assert!(
            named
                .server_max_window_bits
                .is_some_and(|bits| bits <= limit)
        );
    }
    match (offer.client_max_window_bits, named.client_max_window_bits) {
        // §7.1.2.2: it must not be there.
        (None, named) => assert_eq!(named, None),
        (Some(limit), Some(Some(bits))) => {
            assert!(within(limit, 15) && limit.is_none_or(|l| bits <= l))
        }
        (Some(_), named) => assert_eq!(named, None),
    }
    assert!(agreed.server_no_context_takeover || !policy.server_no_context_takeover);
    assert!(agreed.client_no_context_takeover || !policy.client_no_context_takeover);
    assert!(agreed.server_max_window_bits <= policy.server_max_window_bits);
    assert!(agreed.client_max_window_bits <= policy.client_max_window_bits);
    check_printed(&agreed);
}

/// A client that is answered this.
fn check_client(answer: &str, policy: &DeflateParams) {
    let agreed = DeflateParams::agreed(answer);
    let one = parse_extension_list(answer)
        .ok()
        .filter(|list| list.len() == 1);
    let plain = one.and_then(|list| Named::offer(&list[0]));
    let plain = plain.filter(|named| named.client_max_window_bits != Some(None));
    assert_eq!(agreed.is_ok(), plain.is_some(), "{answer:?}");
    let confirmed = confirm_deflate(answer, policy);
    let (Ok(agreed), Some(named)) = (agreed, plain) else {
        assert!(confirmed.is_err());
        return;
    };
    assert_eq!(agreed, named.params());
    check_printed(&agreed);
    let is_confirmed = (agreed.server_no_context_takeover || !policy.server_no_context_takeover)
        && agreed.server_max_window_bits <= policy.server_max_window_bits
        && named.client_max_window_bits.flatten().unwrap_or(0) <= policy.client_max_window_bits;
    assert_eq!(confirmed.is_ok(), is_confirmed, "{answer:?} to {policy:?}");
    if let Ok(confirmed) = confirmed {
        assert_eq!(
            confirmed.server_max_window_bits,
            agreed.server_max_window_bits
        );
        assert_eq!(
            confirmed.server_no_context_takeover,
            agreed.server_no_context_takeover
        );
        // Ours may be less than the server takes, never more.
        assert!(confirmed.client_max_window_bits <= agreed.client_max_window_bits);
        assert!(confirmed.client_max_window_bits <= policy.client_max_window_bits);
        assert!(confirmed.client_no_context_takeover || !agreed.client_no_context_takeover);
    }
}

/// The two with each other: they agree, and what one sends the other can read.
fn check_both(client: &DeflateParams, server: &DeflateParams) {
    let offer = offer_deflate(client);
    let offers = parse_extension_list(&offer).expect("a list");
    let answer = accept_deflate(&offers, server).expect("an offer with all that may be asked for");
    let at_server = DeflateParams::agreed(&answer).expect("an answer");
    let at_client = confirm_deflate(&answer, client).expect("an answer to this offer");
    let at_server = Deflate::new(&at_server, Role::Server, 6, 0);
    let at_client = Deflate::new(&at_client, Role::Client, 6, 0);
    for (sends, receives) in [
        (at_server.outgoing, at_client.incoming),
        (at_client.outgoing, at_server.incoming),
    ] {
        assert!(sends.window_bits <= receives.window_bits);
        assert!(receives.context_takeover || !sends.context_takeover);
    }
}

/// What is printed is read as the same.
fn check_printed(params: &DeflateParams) {
    assert_eq!(
        DeflateParams::agreed(&params.to_string()).as_ref(),
        Ok(params)
    );
}

/// A second reading of an offer: RFC 7692 §7.1 line by line.
#[derive(Default)]
struct Named {
    server_no_context_takeover: bool,
    client_no_context_takeover: bool,
    server_max_window_bits: Option<u8>,
    client_max_window_bits: Option<Option<u8>>,
}

impl Named {
    fn offer(element: &ExtensionElement<'_>) -> Option<Self> {
        if element.name != PERMESSAGE_DEFLATE {
            return None;
        }
        let names: Vec<&str> = element.parameters.iter().map(|p| p.name).collect();
        let value = |name: &str| {
            let found = element.parameters.iter().find(|p| p.name == name);
            found.map(|parameter| parameter.value.as_deref())
        };
        let bits = |text: &str| (8..=15_u8).find(|bits| bits.to_string() == text);
        for (i, name) in names.iter().enumerate() {
            let is_valid = match (*name, value(name)?) {
                ("server_no_context_takeover" | "client_no_context_takeover", value) => {
                    value.is_none()
                }
                ("server_max_window_bits", value) => value.and_then(bits).is_some(),
                ("client_max_window_bits", value) => value.is_none_or(|v| bits(v).is_some()),
                _ => false,
            };
            if !is_valid || names[..i].contains(name) {
                return None;
            }
        }
        Some(Self {
            server_no_context_takeover: names.contains(&"server_no_context_takeover"),
            client_no_context_takeover: names.contains(&"client_no_context_takeover"),
            server_max_window_bits: value("server_max_window_bits").flatten().and_then(bits),
            client_max_window_bits: value("client_max_window_bits").map(|v| v.and_then(bits)),
        })
    }

    fn params(&self) -> DeflateParams {
        DeflateParams {
            server_no_context_takeover: self.server_no_context_takeover,
            client_no_context_takeover: self.client_no_context_takeover,
            server_max_window_bits: self.server_max_window_bits.unwrap_or(15),
            client_max_window_bits: self.client_max_window_bits.flatten().unwrap_or(15),
        }
    }
}
