//! Which language a request asks for: the `maru_lang` cookie (the switch in the page), else `Accept-Language`.

use std::convert::Infallible;

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

pub fn of_headers(headers: &HeaderMap) -> maru_model::Lang {
    match cookie(headers, "maru_lang") {
        Some("ko") => maru_model::Lang::Ko,
        Some("en") => maru_model::Lang::En,
        _ => headers
            .get(header::ACCEPT_LANGUAGE)
            .and_then(|value| value.to_str().ok())
            .map_or(maru_model::Lang::En, maru_model::Lang::from_accept_language),
    }
}

impl<S: Sync> FromRequestParts<S> for Lang {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(of_headers(&parts.headers)))
    }
}
