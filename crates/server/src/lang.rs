//! Which language a request asks for: the `maru_lang` cookie (the switch in the page), else `Accept-Language`.

use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::extract::FromRequestParts;
use http::request::Parts;
use http::{HeaderMap, header};

/// The language of the request, as an extractor.
#[derive(Debug, Clone, Copy)]
pub struct Lang(pub maru_model::Lang);

/// The value of a cookie.
pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(key, value)| (key == name).then_some(value))
}

/// What is spoken to those who ask for no language: a setting of the installation, of which there is one in a process.
static KOREAN_BY_DEFAULT: AtomicBool = AtomicBool::new(false);

fn default() -> maru_model::Lang {
    if KOREAN_BY_DEFAULT.load(Ordering::Relaxed) { maru_model::Lang::Ko } else { maru_model::Lang::En }
}

pub fn set_default(lang: maru_model::Lang) {
    KOREAN_BY_DEFAULT.store(lang == maru_model::Lang::Ko, Ordering::Relaxed);
}

pub fn of_headers(headers: &HeaderMap) -> maru_model::Lang {
    match cookie(headers, "maru_lang") {
        Some("ko") => maru_model::Lang::Ko,
        Some("en") => maru_model::Lang::En,
        _ => headers
            .get(header::ACCEPT_LANGUAGE)
            .and_then(|value| value.to_str().ok())
            // `*`, or languages that are none of ours.
            .filter(|wanted| wanted.split([',', ';', '-']).any(|word| matches!(word.trim(), "ko" | "en")))
            .map_or_else(default, maru_model::Lang::from_accept_language),
    }
}

impl<S: Sync> FromRequestParts<S> for Lang {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(of_headers(&parts.headers)))
    }
}
