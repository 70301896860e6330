//! A program in a workspace is to believe that it is on its author's own machine: development servers refuse other
//! host names (Vite, Django, webpack), and compare `Origin` with them (Next.js, Django, Rails).
//!
//! ```text
//! browser                                        program
//! Host: 5173--kim.preview.localhost:8080    ──>  Host: localhost:5173
//! Origin: http://5173--kim.preview.…        ──>  Origin: http://localhost:5173
//! Location: http://5173--kim.preview.…/x    <──  Location: http://localhost:5173/x
//! ```
//!
//! Names of the same workspace only: what comes from elsewhere stays what it is, and the program decides.

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, Request};
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use maru_model::Login;

use super::place::{loopback_port, own_port};
use crate::auth::{bearer, secret};
use crate::config::Config;
use crate::proxy::cookies;

/// The outside's names would contradict `Host` and `Origin`: Next.js compares them.
const OUTSIDE: [&str; 6] = ["x-forwarded-host", "x-forwarded-port", "x-forwarded-prefix", "x-forwarded-server", "x-real-ip", "forwarded"];

pub(super) struct Names<'a> {
    pub(super) config: &'a Config,
    pub(super) login: &'a Login,
    pub(super) port: u16,
}

impl Names<'_> {
    /// Makes the request one to the program's own address, and keeps back what is ours.
    pub(super) fn to_program(&self, request: &mut Request) {
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip().to_string());
        let headers = request.headers_mut();
        cookies::keep_ours_back(headers);
        if bearer(headers).is_some_and(|token| secret::is_token(&token)) {
            headers.remove(header::AUTHORIZATION);
        }
        set(headers, header::HOST, &format!("localhost:{}", self.port));
        for name in [header::ORIGIN, header::REFERER] {
            let inside = text(headers, &name)
                .and_then(|url| own_port(url, self.login, &self.config.preview_domain))
                .map(|(port, rest)| inside(port, rest));
            if let Some(url) = inside {
                set(headers, name, &url);
            }
        }
        for name in OUTSIDE {
            headers.remove(name);
        }
        set(headers, HeaderName::from_static("x-forwarded-proto"), "http");
        match peer {
            Some(peer) => set(headers, HeaderName::from_static("x-forwarded-for"), &peer),
            None => drop(headers.remove("x-forwarded-for")),
        }
    }

    /// Puts the outside's names back, and keeps the program's cookies on its own host. `framed_by_others`: a page of
    /// another site may show this one inside of it.
    pub(super) fn to_browser(&self, headers: &mut HeaderMap, framed_by_others: bool) {
        cookies::keep_theirs_apart(headers);
        for name in [header::LOCATION, header::CONTENT_LOCATION, header::ACCESS_CONTROL_ALLOW_ORIGIN] {
            let outside = text(headers, &name).and_then(loopback_port).map(|(port, rest)| self.outside(port, rest));
            if let Some(url) = outside {
                set(headers, name, &url);
            }
        }
        let page = headers.get(header::CONTENT_TYPE).is_none_or(|kind| kind.as_bytes().starts_with(b"text/html"));
        if page
            && !framed_by_others
            && let Ok(policy) = HeaderValue::from_str(&format!("frame-ancestors 'self' {}", self.config.url_origin()))
        {
            // One more policy: browsers obey all there are.
            headers.append(header::CONTENT_SECURITY_POLICY, policy);
        }
    }

    fn outside(&self, port: u16, rest: &str) -> String {
        let url = self.config.preview_url(self.login, port);
        format!("{}{rest}", url.trim_end_matches('/'))
    }
}

fn inside(port: u16, rest: &str) -> String {
    format!("http://localhost:{port}{rest}")
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use axum::body::Body;

    fn with_names<T>(check: impl FnOnce(Names<'_>) -> T) -> T {
        let config = Config::for_tests();
        check(Names { config: &config, login: &Login::parse("kim").unwrap(), port: 5173 })
    }

    #[test]
    fn a_program_believes_to_be_at_home() {
        let mut request = Request::get("/a")
            .header("host", "5173--kim.preview.localhost:8080")
            .header("origin", "http://3000--kim.preview.localhost:8080")
            .header("referer", "http://5173--kim.preview.localhost:8080/b?c")
            .header("authorization", "Basic a2ltOnNlY3JldA==")
            .header("cookie", "sid=1; maru_session=s; maru_preview=p; maru_preview_framed=f")
            .header("x-forwarded-host", "evil.example")
            .header("x-forwarded-for", "6.6.6.6")
            .body(Body::empty())
            .unwrap();
        with_names(|names| names.to_program(&mut request));
        let headers = request.headers();
        assert_eq!(headers["host"], "localhost:5173");
        assert_eq!(headers["origin"], "http://localhost:3000");
        assert_eq!(headers["referer"], "http://localhost:5173/b?c");
        assert_eq!(headers["authorization"], "Basic a2ltOnNlY3JldA==");
        assert_eq!(headers["cookie"], "sid=1");
        assert!(!headers.contains_key("x-forwarded-host") && !headers.contains_key("x-forwarded-for"));
    }

    #[test]
    fn what_is_ours_stays_here_and_what_is_foreign_stays_foreign() {
        let token = secret::token();
        let mut request = Request::get("/a")
            .header("origin", "https://shop.example")
            .header("authorization", format!("Bearer {token}"))
            .body(Body::empty())
            .unwrap();
        with_names(|names| names.to_program(&mut request));
        assert_eq!(request.headers()["origin"], "https://shop.example");
        assert!(!request.headers().contains_key("authorization"));
        let jwt = "Bearer eyJhbGciOiJIUzI1NiJ9.e30.x";
        let mut request = Request::get("/a").header("authorization", jwt).body(Body::empty()).unwrap();
        with_names(|names| names.to_program(&mut request));
        assert_eq!(request.headers()["authorization"], jwt);
    }

    #[test]
    fn redirects_lead_to_the_preview() {
        let answer = |name: &'static str, value: &str| {
            let mut headers = HeaderMap::from_iter([(name.parse().unwrap(), HeaderValue::from_str(value).unwrap())]);
            with_names(|names| names.to_browser(&mut headers, true));
            headers[name].to_str().unwrap().to_owned()
        };
        assert_eq!(answer("location", "http://localhost:5173/in?x=1"), "http://5173--kim.preview.localhost:8080/in?x=1");
        assert_eq!(answer("location", "http://127.0.0.1:8000/"), "http://8000--kim.preview.localhost:8080/");
        assert_eq!(answer("location", "/in"), "/in");
        assert_eq!(
            answer("location", "https://login.example/?next=http://localhost:5173"),
            "https://login.example/?next=http://localhost:5173"
        );
        assert_eq!(answer("access-control-allow-origin", "http://localhost:3000"), "http://3000--kim.preview.localhost:8080");
        assert_eq!(answer("access-control-allow-origin", "*"), "*");
    }

    #[test]
    fn others_do_not_frame_what_is_private() {
        let mut headers = HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static("text/html"))]);
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'self'"));
        with_names(|names| names.to_browser(&mut headers, false));
        let policies: Vec<_> = headers.get_all(header::CONTENT_SECURITY_POLICY).iter().collect();
        assert_eq!(policies, ["default-src 'self'", "frame-ancestors 'self' http://localhost:8080"]);
    }
}
