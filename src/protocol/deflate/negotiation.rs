//! Who agrees to what of permessage-deflate, RFC 7692 §5 and §7.1: the server's choice among the
//! offers, the client's offer, and the client's look at the answer.

use super::super::handshake::extension_list::ExtensionElement;
use super::params::{
    CLIENT_MAX_WINDOW_BITS, DeflateParams, DeflateParamsError, MAX_WINDOW_BITS, NamedParams,
    SERVER_MAX_WINDOW_BITS, SERVER_NO_CONTEXT_TAKEOVER,
};

/// The server's answer to what a client offers: the element of the first offer that can be accepted,
/// `None` if there is none. Elements of other extensions are passed over.
///
/// An offer is declined if it has a parameter that is unknown, malformed or there twice, and if the policy
/// wants a smaller window of the client than 2^15 and the client did not offer to limit it: memory that is
/// set aside for the smaller window would not do.
pub fn accept_deflate(offers: &[ExtensionElement<'_>], policy: &DeflateParams) -> Option<String> {
    offers
        .iter()
        .filter_map(|offer| NamedParams::read(offer).ok())
        .find_map(|offer| accept(&offer, policy))
        .map(|answer| answer.to_string())
}

/// What holds if this offer is accepted; `None` if it is declined.
fn accept(offer: &NamedParams, policy: &DeflateParams) -> Option<NamedParams> {
    let limited = |bits: u8| (bits < MAX_WINDOW_BITS).then_some(bits);
    let client = limited(policy.client_max_window_bits);
    if client.is_some() && offer.client_max_window_bits.is_none() {
        return None;
    }
    let smaller = |offered: Option<u8>, ours: Option<u8>| match (offered, ours) {
        (Some(offered), Some(ours)) => Some(offered.min(ours)),
        (offered, ours) => offered.or(ours),
    };
    Some(NamedParams {
        server_no_context_takeover: offer.server_no_context_takeover
            || policy.server_no_context_takeover,
        client_no_context_takeover: offer.client_no_context_takeover
            || policy.client_no_context_takeover,
        // One that was offered has to be in the answer, 15 as well (§7.1.2.1).
        server_max_window_bits: smaller(
            offer.server_max_window_bits,
            limited(policy.server_max_window_bits),
        ),
        // One that was not offered must not be (§7.1.2.2).
        client_max_window_bits: smaller(offer.client_max_window_bits.flatten(), client).map(Some),
    })
}

/// The client's offer. The client's window is always negotiable: the server may ask for a smaller one.
pub fn offer_deflate(policy: &DeflateParams) -> String {
    let limited = |bits: u8| (bits < MAX_WINDOW_BITS).then_some(bits);
    NamedParams {
        server_no_context_takeover: policy.server_no_context_takeover,
        client_no_context_takeover: policy.client_no_context_takeover,
        server_max_window_bits: limited(policy.server_max_window_bits),
        client_max_window_bits: Some(limited(policy.client_max_window_bits)),
    }
    .to_string()
}

/// The client's look at the answer to [`offer_deflate`].
///
/// What it returns holds for both sides: a limit of our own that the server need not confirm is in it
/// too.
///
/// # Errors
/// The answer is none that RFC 7692 §7.1 allows, or does not answer this offer: the client has to
/// fail the connection (§7.1.3, RFC 6455 §4.1).
pub fn confirm_deflate(
    answer: &str,
    policy: &DeflateParams,
) -> Result<DeflateParams, DeflateParamsError> {
    let named = NamedParams::read_answer(answer)?;
    let agreed = named.params();
    if policy.server_no_context_takeover && !agreed.server_no_context_takeover {
        return Err(DeflateParamsError::NotConfirmed(SERVER_NO_CONTEXT_TAKEOVER));
    }
    if agreed.server_max_window_bits > policy.server_max_window_bits {
        return Err(DeflateParamsError::NotConfirmed(SERVER_MAX_WINDOW_BITS));
    }
    if named.client_max_window_bits.flatten() > Some(policy.client_max_window_bits) {
        let error = DeflateParamsError::LargerThanOffered(CLIENT_MAX_WINDOW_BITS);
        return Err(error);
    }
    Ok(DeflateParams {
        client_no_context_takeover: agreed.client_no_context_takeover
            || policy.client_no_context_takeover,
        client_max_window_bits: agreed
            .client_max_window_bits
            .min(policy.client_max_window_bits),
        ..agreed
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::handshake::extension_list::parse_extension_list;

    /// A policy by its element; `permessage-deflate` alone is the default.
    fn policy(parameters: &str) -> DeflateParams {
        DeflateParams::agreed(&format!("permessage-deflate{parameters}")).unwrap()
    }

    /// The answer to offers, without the extension's name.
    fn answer(offers: &str, parameters: &str) -> Option<String> {
        let offers = parse_extension_list(offers).unwrap();
        let answer = accept_deflate(&offers, &policy(parameters))?;
        Some(
            answer
                .strip_prefix("permessage-deflate")
                .unwrap()
                .to_owned(),
        )
    }

    #[test]
    fn the_server_takes_the_first_offer_that_it_can() {
        for (offers, ours, expected) in [
            ("permessage-deflate", "", Some("")),
            ("permessage-deflate; client_max_window_bits", "", Some("")),
            ("", "", None),
            (
                "x-other; server_no_context_takeover, permessage-mux",
                "",
                None,
            ),
            ("x-other, permessage-deflate", "", Some("")),
            // What is offered is in the answer, what we want too.
            (
                "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
                "",
                Some("; server_no_context_takeover; client_no_context_takeover"),
            ),
            (
                "permessage-deflate",
                "; server_no_context_takeover; client_no_context_takeover",
                Some("; server_no_context_takeover; client_no_context_takeover"),
            ),
            // The server's window: the smaller one.
            (
                "permessage-deflate; server_max_window_bits=15",
                "",
                Some("; server_max_window_bits=15"),
            ),
            (
                "permessage-deflate; server_max_window_bits=8",
                "",
                Some("; server_max_window_bits=8"),
            ),
            (
                "permessage-deflate; server_max_window_bits=12",
                "; server_max_window_bits=10",
                Some("; server_max_window_bits=10"),
            ),
            (
                "permessage-deflate; server_max_window_bits=9",
                "; server_max_window_bits=10",
                Some("; server_max_window_bits=9"),
            ),
            (
                "permessage-deflate",
                "; server_max_window_bits=10",
                Some("; server_max_window_bits=10"),
            ),
            // The client's window: only if it was offered.
            (
                "permessage-deflate; client_max_window_bits=11",
                "",
                Some("; client_max_window_bits=11"),
            ),
            (
                "permessage-deflate; client_max_window_bits",
                "; client_max_window_bits=10",
                Some("; client_max_window_bits=10"),
            ),
            (
                "permessage-deflate; client_max_window_bits=9",
                "; client_max_window_bits=10",
                Some("; client_max_window_bits=9"),
            ),
            ("permessage-deflate", "; client_max_window_bits=10", None),
            // The next offer stands in for one that is declined.
            (
                "permessage-deflate, permessage-deflate; client_max_window_bits",
                "; client_max_window_bits=10",
                Some("; client_max_window_bits=10"),
            ),
            ("permessage-deflate; mux, permessage-deflate", "", Some("")),
            (
                "permessage-deflate; server_max_window_bits, permessage-deflate",
                "",
                Some(""),
            ),
            ("permessage-deflate; server_max_window_bits=16", "", None),
            ("permessage-deflate; client_max_window_bits=08", "", None),
            ("permessage-deflate; server_no_context_takeover=1", "", None),
            (
                "permessage-deflate; client_max_window_bits; client_max_window_bits",
                "",
                None,
            ),
        ] {
            let got = answer(offers, ours);
            assert_eq!(got.as_deref(), expected, "{offers:?} for {ours:?}");
        }
    }

    #[test]
    fn the_client_offers_what_it_wants() {
        for (ours, expected) in [
            ("", "permessage-deflate; client_max_window_bits"),
            (
                "; server_no_context_takeover; client_no_context_takeover; \
                 server_max_window_bits=8; client_max_window_bits=9",
                "permessage-deflate; server_no_context_takeover; client_no_context_takeover; \
                 server_max_window_bits=8; client_max_window_bits=9",
            ),
        ] {
            assert_eq!(offer_deflate(&policy(ours)), expected);
        }
    }

    #[test]
    fn the_client_takes_answers_to_its_offer_only() {
        use DeflateParamsError::{LargerThanOffered, MissingValue, NotConfirmed, UnknownParameter};
        let ours = "; server_no_context_takeover; client_no_context_takeover; \
                    server_max_window_bits=10; client_max_window_bits=10";
        let both = "; server_no_context_takeover; server_max_window_bits=10";
        for (given, ours, expected) in [
            ("", "", Ok("")),
            // A server may always say more of itself.
            (
                "; server_no_context_takeover; server_max_window_bits=9",
                "",
                Ok("; server_no_context_takeover; server_max_window_bits=9"),
            ),
            (
                "; client_no_context_takeover",
                "",
                Ok("; client_no_context_takeover"),
            ),
            (
                "; client_max_window_bits=8",
                "",
                Ok("; client_max_window_bits=8"),
            ),
            // Our own limits hold if the answer does not name them.
            (both, ours, Ok(ours)),
            (
                "; client_max_window_bits=11",
                "; client_max_window_bits=10",
                Err(LargerThanOffered(CLIENT_MAX_WINDOW_BITS)),
            ),
            (
                "; client_max_window_bits",
                "",
                Err(MissingValue(CLIENT_MAX_WINDOW_BITS)),
            ),
            (
                "; server_max_window_bits=10",
                ours,
                Err(NotConfirmed(SERVER_NO_CONTEXT_TAKEOVER)),
            ),
            (
                "; server_no_context_takeover",
                ours,
                Err(NotConfirmed(SERVER_MAX_WINDOW_BITS)),
            ),
            (
                "; server_no_context_takeover; server_max_window_bits=11",
                ours,
                Err(NotConfirmed(SERVER_MAX_WINDOW_BITS)),
            ),
            ("; mux", "", Err(UnknownParameter)),
        ] {
            let got = confirm_deflate(&format!("permessage-deflate{given}"), &policy(ours));
            assert_eq!(got, expected.map(policy), "{given:?} for {ours:?}");
        }
    }

    #[test]
    fn whatever_the_settings_a_client_confirms_what_a_server_accepts() {
        let some = [
            "",
            "; server_no_context_takeover",
            "; client_no_context_takeover; server_max_window_bits=8",
            "; server_max_window_bits=12; client_max_window_bits=9",
            "; client_max_window_bits=14",
        ];
        for client in some {
            for server in some {
                let offer = offer_deflate(&policy(client));
                let offers = parse_extension_list(&offer).unwrap();
                let answer = accept_deflate(&offers, &policy(server)).unwrap();
                let confirmed = confirm_deflate(&answer, &policy(client));
                assert_eq!(
                    confirmed,
                    DeflateParams::agreed(&answer),
                    "{client} {server}"
                );
            }
        }
    }
}
