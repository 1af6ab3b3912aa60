//! What holds of the opening handshake's headers, whatever a peer writes in them.

use proptest::prelude::*;
use websockets::protocol::{
    DeflateParams, MAX_EXTENSION_PARAMETERS, MAX_EXTENSIONS, accept_deflate, confirm_deflate,
    offer_deflate, parse_extension_list,
};

/// Pieces of headers, so that more than rubbish comes out of them.
fn header() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("permessage-deflate".to_owned()),
        Just("server_no_context_takeover".to_owned()),
        Just("client_no_context_takeover".to_owned()),
        Just("server_max_window_bits".to_owned()),
        Just("client_max_window_bits".to_owned()),
        "[;,=\"\\\\ \t]",
        "[0-9]{1,3}",
        "[a-z-]{1,4}",
        any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

fn params() -> impl Strategy<Value = DeflateParams> {
    (any::<bool>(), any::<bool>(), 8..=15_u8, 8..=15_u8).prop_map(|(server, client, s, c)| {
        DeflateParams {
            server_no_context_takeover: server,
            client_no_context_takeover: client,
            server_max_window_bits: s,
            client_max_window_bits: c,
        }
    })
}

proptest! {
    #[test]
    fn no_header_makes_it_panic(value in header(), policy in params()) {
        if let Ok(offers) = parse_extension_list(&value) {
            prop_assert!(offers.len() <= MAX_EXTENSIONS);
            prop_assert!(offers.iter().all(|offer| offer.parameters.len() <= MAX_EXTENSION_PARAMETERS));
            if let Some(answer) = accept_deflate(&offers, &policy) {
                let agreed = DeflateParams::agreed(&answer).unwrap();
                prop_assert!(agreed.server_max_window_bits <= policy.server_max_window_bits);
                prop_assert!(agreed.client_max_window_bits <= policy.client_max_window_bits);
                prop_assert!(agreed.server_no_context_takeover >= policy.server_no_context_takeover);
                prop_assert!(agreed.client_no_context_takeover >= policy.client_no_context_takeover);
            }
        }
        let _ = DeflateParams::agreed(&value);
        let _ = confirm_deflate(&value, &policy);
    }

    #[test]
    fn the_source_of_an_element_is_that_element(value in header()) {
        for element in parse_extension_list(&value).unwrap_or_default() {
            prop_assert_eq!(parse_extension_list(element.source).unwrap(), vec![element]);
        }
    }

    #[test]
    fn two_endpoints_agree(client in params(), server in params()) {
        let offer = offer_deflate(&client);
        let offers = parse_extension_list(&offer).unwrap();
        let answer = accept_deflate(&offers, &server).unwrap();
        prop_assert_eq!(confirm_deflate(&answer, &client), DeflateParams::agreed(&answer));
    }
}
