//! Cookies between three sites that must not mix: ours, the applications', the previews'.

use http::header::{COOKIE, HeaderMap, HeaderValue, SET_COOKIE};

use crate::auth::SESSION_COOKIE;

/// Opens a preview; lives on the preview's own host.
pub(super) const PREVIEW_COOKIE: &str = "maru_preview";
/// The same, for a preview inside of the IDE's page, where browsers keep cookies apart by the page around them.
pub(super) const FRAMED_COOKIE: &str = "maru_preview_framed";

const OURS: [&str; 3] = [SESSION_COOKIE, PREVIEW_COOKIE, FRAMED_COOKIE];

/// Takes our cookies out of a request that goes to somebody's program.
pub(super) fn keep_ours_back(headers: &mut HeaderMap) {
    let mut others = Vec::new();
    for value in headers.get_all(COOKIE) {
        let value = value.as_bytes();
        for pair in value.split(|b| *b == b';').map(<[u8]>::trim_ascii).filter(|pair| !pair.is_empty()) {
            if !is_ours(pair) {
                others.push(pair);
            }
        }
    }
    let joined = HeaderValue::from_bytes(&others.join(&b"; "[..]));
    headers.remove(COOKIE);
    if let Ok(joined) = joined
        && !joined.is_empty()
    {
        headers.insert(COOKIE, joined);
    }
}

/// Somebody's program sets cookies for its own host only: not ours, and none for the hosts of others
/// (`Domain=apps.localhost` would reach every application of the class).
pub(super) fn keep_theirs_apart(headers: &mut HeaderMap) {
    if !headers.contains_key(SET_COOKIE) {
        return;
    }
    let kept: Vec<HeaderValue> = headers
        .get_all(SET_COOKIE)
        .iter()
        .filter(|value| !is_ours(value.as_bytes().split(|b| *b == b';').next().unwrap_or_default()))
        .filter_map(|value| {
            // The first part is the cookie, whatever it is called: without it the second would be.
            let mut parts = value.as_bytes().split(|b| *b == b';');
            let cookie = parts.next().into_iter();
            let own: Vec<&[u8]> = cookie.chain(parts.filter(|part| !name(part).eq_ignore_ascii_case(b"domain"))).collect();
            HeaderValue::from_bytes(&own.join(&b";"[..])).ok()
        })
        .collect();
    headers.remove(SET_COOKIE);
    for value in kept {
        headers.append(SET_COOKIE, value);
    }
}

fn name(pair: &[u8]) -> &[u8] {
    pair.split(|b| *b == b'=').next().unwrap_or(pair).trim_ascii()
}

fn is_ours(pair: &[u8]) -> bool {
    OURS.iter().any(|ours| name(pair) == ours.as_bytes())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ours_stay_here() {
        let mut headers = HeaderMap::new();
        headers.append(COOKIE, "a=1; maru_session=secret;b=2".parse().unwrap());
        headers.append(COOKIE, "maru_preview=x".parse().unwrap());
        keep_ours_back(&mut headers);
        assert_eq!(headers.get_all(COOKIE).iter().collect::<Vec<_>>(), ["a=1; b=2"]);
        headers.insert(COOKIE, "maru_session=secret".parse().unwrap());
        keep_ours_back(&mut headers);
        assert!(!headers.contains_key(COOKIE));
    }

    #[test]
    fn theirs_are_for_their_own_host() {
        let mut headers = HeaderMap::new();
        headers.append(SET_COOKIE, "sid=1; Path=/; Domain=apps.localhost; HttpOnly".parse().unwrap());
        headers.append(SET_COOKIE, "maru_session=evil; Path=/".parse().unwrap());
        headers.append(SET_COOKIE, "b=2".parse().unwrap());
        headers.append(SET_COOKIE, "Domain=x; maru_session=evil; Path=/".parse().unwrap());
        keep_theirs_apart(&mut headers);
        let kept = ["sid=1; Path=/; HttpOnly", "b=2", "Domain=x; maru_session=evil; Path=/"];
        assert_eq!(headers.get_all(SET_COOKIE).iter().collect::<Vec<_>>(), kept, "the last is a cookie named Domain");
    }

    /// A header as a browser or a program of a student may send it.
    fn cookie_bytes() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            proptest::sample::select(
                &["maru_session", "maru_preview", "maru_preview_framed", "=", ";", "; ", " ", "\t", "\"", "Domain", "DOMAIN=", "a"][..]
            )
            .prop_map(|text| text.as_bytes().to_vec()),
            proptest::collection::vec((0x20..=0xff_u8).prop_filter("DEL", |byte| *byte != 0x7f), 0..4),
        ];
        proptest::collection::vec(piece, 0..10).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn no_cookie_of_ours_goes_out_and_none_of_theirs_comes_in(values in proptest::collection::vec(cookie_bytes(), 0..4)) {
            let mut headers = HeaderMap::new();
            for value in &values {
                headers.append(COOKIE, HeaderValue::from_bytes(value).unwrap());
                headers.append(SET_COOKIE, HeaderValue::from_bytes(value).unwrap());
            }
            keep_ours_back(&mut headers);
            keep_theirs_apart(&mut headers);
            for ours in OURS {
                prop_assert_eq!(crate::lang::cookie(&headers, ours), None);
            }
            let pairs = headers.get_all(COOKIE).iter().flat_map(|value| value.as_bytes().split(|b| *b == b';'));
            prop_assert!(pairs.into_iter().all(|pair| !is_ours(pair)));
            for value in headers.get_all(SET_COOKIE) {
                prop_assert!(!is_ours(value.as_bytes()));
                let attributes = value.as_bytes().split(|b| *b == b';').skip(1);
                prop_assert!(attributes.into_iter().all(|part| !name(part).eq_ignore_ascii_case(b"domain")));
            }
        }
    }
}
