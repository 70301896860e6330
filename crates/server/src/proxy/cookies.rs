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
        .filter(|value| !is_ours(value.as_bytes()))
        .filter_map(|value| {
            let parts = value.as_bytes().split(|b| *b == b';');
            let own: Vec<&[u8]> = parts.filter(|part| !name(part).eq_ignore_ascii_case(b"domain")).collect();
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
        keep_theirs_apart(&mut headers);
        assert_eq!(headers.get_all(SET_COOKIE).iter().collect::<Vec<_>>(), ["sid=1; Path=/; HttpOnly", "b=2"]);
    }
}
