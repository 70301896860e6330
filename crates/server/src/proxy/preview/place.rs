//! Names: a preview's host, and which of them belong together.

use http::Uri;
use maru_model::Login;
use maru_protocol::REVERSE_PORT;

/// A port that can have a preview, in the one way of writing it: `08000` would be another host of the same.
/// Not 0, and not the one by which programs reach this server with their owner's rights.
pub(crate) fn preview_port(text: &str) -> Option<u16> {
    let canonical = text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0');
    text.parse().ok().filter(|port| canonical && *port != REVERSE_PORT)
}

/// `8000--kim.preview.localhost` is port 8000 of kim, where previews are below `preview.localhost`.
pub(super) fn place_of(host: &str, domain: &str) -> Option<(u16, Login)> {
    let (port, login) = host.strip_suffix(domain)?.strip_suffix('.')?.split_once("--")?;
    Some((preview_port(port)?, Login::parse(login).ok()?))
}

/// The port of a URL or an origin that is a preview of this login's workspace, and what comes after host and port.
pub(super) fn own_port<'a>(url: &'a str, login: &Login, domain: &str) -> Option<(u16, &'a str)> {
    let (host, rest) = split(url)?;
    place_of(&host, domain).filter(|(_, whose)| whose == login).map(|(port, _)| (port, rest))
}

/// The port of a URL that leads to a program of the same machine, as a program writes it that believes to be alone.
pub(super) fn loopback_port(url: &str) -> Option<(u16, &str)> {
    const LOOPBACK: [&str; 4] = ["localhost", "127.0.0.1", "[::1]", "0.0.0.0"];
    let (host, rest) = split(url)?;
    let port = match url.parse::<Uri>().ok()?.port() {
        Some(port) => preview_port(port.as_str())?,
        None => 80,
    };
    LOOPBACK.contains(&host.as_str()).then_some((port, rest))
}

/// Host in lower case, and path with query of an absolute URL.
fn split(url: &str) -> Option<(String, &str)> {
    let (scheme, after) = url.split_once("://")?;
    if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
        return None;
    }
    let end = after.find(['/', '?', '#']).unwrap_or(after.len());
    let (authority, rest) = after.split_at(end);
    let uri: http::uri::Authority = authority.parse().ok()?;
    // What is before an @ is for misleading people only.
    (!authority.contains('@')).then(|| (uri.host().to_ascii_lowercase(), rest))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::config::PREVIEW_DOMAIN;

    #[test]
    fn hosts_name_a_port_and_a_login() {
        let place = |host: &str| place_of(host, PREVIEW_DOMAIN).map(|(port, login)| format!("{port} {login}"));
        assert_eq!(place("8000--kim.preview.localhost"), Some("8000 kim".into()));
        assert_eq!(place("3000--lee-kim.preview.localhost"), Some("3000 lee-kim".into()));
        for bad in [
            "kim.preview.localhost",
            "0--kim.preview.localhost",
            "7070--kim.preview.localhost",
            "08000--kim.preview.localhost",
            "+80--kim.preview.localhost",
            "-1--kim.preview.localhost",
            "65536--kim.preview.localhost",
            "99999999999999999999--kim.preview.localhost",
            "８０--kim.preview.localhost",
            "8000--.preview.localhost",
            "8000--k.preview.localhost",
            "8000--Kim.preview.localhost",
            "8000--kim--lee.preview.localhost",
            "8000--kim.lee.preview.localhost",
            "8000--kim_lee.preview.localhost",
            "8000--../etc.preview.localhost",
            "8000--[::1].preview.localhost",
            "8000--kim.preview.localhost.evil.example",
            "8000--kimpreview.localhost",
            "x",
            "",
        ] {
            assert_eq!(place(bad), None, "{bad}");
        }
    }

    #[test]
    fn urls_of_ones_own() {
        let kim = Login::parse("kim").unwrap();
        assert_eq!(own_port("http://3000--kim.preview.localhost:8080", &kim, PREVIEW_DOMAIN), Some((3000, "")));
        assert_eq!(own_port("https://3000--kim.preview.localhost/a?b", &kim, PREVIEW_DOMAIN), Some((3000, "/a?b")));
        for other in [
            "null",
            "http://3000--eve.preview.localhost:8080",
            "http://3000--kim.preview.localhost.evil.example",
            "http://3000--kim.preview.localhost@evil.example",
            "http://evil.example#3000--kim.preview.localhost",
            "file://3000--kim.preview.localhost",
            "http://localhost:8080",
        ] {
            assert_eq!(own_port(other, &kim, PREVIEW_DOMAIN), None, "{other}");
        }
        assert_eq!(loopback_port("http://localhost:3000/a"), Some((3000, "/a")));
        assert_eq!(loopback_port("http://[::1]:5173"), Some((5173, "")));
        assert_eq!(loopback_port("http://127.0.0.1?x"), Some((80, "?x")));
        assert_eq!(loopback_port("http://localhost:7070/"), None);
        assert_eq!(loopback_port("http://localhost.evil.example:3000/"), None);
        assert_eq!(loopback_port("/relative"), None);
    }

    proptest::proptest! {
        #[test]
        fn hosts_come_apart_as_they_were_put_together(port in 1..=u16::MAX, login in "[a-z][a-z0-9]{1,8}(-[a-z0-9]{1,8}){0,2}") {
            let place = place_of(&format!("{port}--{login}.{PREVIEW_DOMAIN}"), PREVIEW_DOMAIN);
            let login = Login::parse(login).unwrap();
            proptest::prop_assert_eq!(place, (port != REVERSE_PORT).then(|| (port, login.clone())));
            let origin = format!("http://{port}--{login}.{PREVIEW_DOMAIN}:8080/a");
            proptest::prop_assert_eq!(own_port(&origin, &login, PREVIEW_DOMAIN).is_some(), port != REVERSE_PORT);
        }

        #[test]
        fn any_url_is_taken(url in "(https?|file|://|//|@|:|[0-9]{1,6}|--|kim|eve|localhost|127.0.0.1|\\[::1\\]|\\.preview\\.localhost|[/?#a가 %]){0,12}") {
            let kim = Login::parse("kim").unwrap();
            if let Some((_, rest)) = own_port(&url, &kim, PREVIEW_DOMAIN) {
                proptest::prop_assert!(url.ends_with(rest) && url[..url.len() - rest.len()].contains("--kim."), "{}", url);
            }
            if let Some((port, rest)) = loopback_port(&url) {
                proptest::prop_assert!(url.ends_with(rest) && port != REVERSE_PORT, "{}", url);
            }
            let _ = place_of(&url, PREVIEW_DOMAIN);
        }
    }
}
