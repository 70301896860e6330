//! The one error of the API: RFC 9457 `application/problem+json`, in the caller's language.

use std::borrow::Cow;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use maru_model::{Lang, Text};
use maru_protocol::Problem;
use serde_json::{Map, Value, json};

/// What went wrong, for people (`detail`, `fix`) and for programs (`code`).
#[derive(Debug, Clone)]
pub struct ApiError {
    status: StatusCode,
    code: Cow<'static, str>,
    detail: Text,
    fix: Option<Text>,
    more: Map<String, Value>,
}

pub type ApiResult<T> = Result<T, ApiError>;

impl ApiError {
    pub fn new(status: StatusCode, code: impl Into<Cow<'static, str>>, detail: Text) -> Self {
        Self { status, code: code.into(), detail, fix: None, more: Map::new() }
    }

    /// What to do about it.
    #[must_use]
    pub fn fix(mut self, fix: Text) -> Self {
        self.fix = Some(fix);
        self
    }

    /// One more field.
    #[must_use]
    pub fn with(mut self, field: &str, value: impl Into<Value>) -> Self {
        self.more.insert(field.to_owned(), value.into());
        self
    }

    pub fn bad_request(detail: Text) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", detail)
    }

    /// Nothing there, or nothing that is the caller's: the two look alike.
    pub fn not_found() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "not_found",
            Text::new("There is nothing here, or it is not yours.", "여기에는 아무것도 없거나, 내 것이 아닙니다."),
        )
    }

    pub fn unauthenticated() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthenticated", Text::new("You are not logged in.", "로그인하지 않았습니다."))
            .fix(Text::new("Log in, or send `Authorization: Bearer TOKEN`.", "로그인하거나 `Authorization: Bearer 토큰`을 보내세요."))
    }

    pub fn forbidden(detail: Text) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", detail)
    }

    /// Something of ours failed. The cause goes to the log, under the number that the caller sees.
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        let number = uuid::Uuid::now_v7().simple().to_string();
        tracing::error!(%number, %cause, "request failed");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            Text::new(
                format!("The server could not do this: {cause} (number {number} in its log)."),
                format!("서버가 처리하지 못했습니다: {cause} (서버 기록 번호 {number})."),
            ),
        )
        .fix(Text::new("Try again; if it stays, tell your instructor the number.", "다시 시도하고, 계속되면 강사에게 번호를 알려 주세요."))
    }

    /// Whether it says that there is nothing here.
    pub fn is_not_found(&self) -> bool {
        self.status == StatusCode::NOT_FOUND
    }

    /// What went wrong, for whoever shows it in another frame.
    pub fn detail(&self) -> &Text {
        &self.detail
    }

    pub fn body(&self, lang: Lang) -> Value {
        json!(Problem {
            kind: format!("urn:maru:problem:{}", self.code),
            title: self.status.canonical_reason().unwrap_or("Error").to_owned(),
            status: self.status.as_u16(),
            code: self.code.to_string(),
            detail: self.detail.get(lang).to_owned(),
            fix: self.fix.as_ref().map(|fix| fix.get(lang).to_owned()),
            extra: self.more.clone(),
        })
    }
}

impl From<maru_store::StoreError> for ApiError {
    fn from(error: maru_store::StoreError) -> Self {
        Self::internal(error)
    }
}

/// The body is written by [`localize`], which knows the caller's language.
impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Middleware: writes the body of every [`ApiError`] in the language of the request.
pub async fn localize(request: Request, next: Next) -> Response {
    let lang = crate::lang::of_headers(request.headers());
    let mut response = next.run(request).await;
    if let Some(error) = response.extensions_mut().remove::<ApiError>() {
        *response.body_mut() = axum::body::Body::from(error.body(lang).to_string());
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(Problem::CONTENT_TYPE));
        headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(lang.as_str()));
        headers.remove(header::CONTENT_LENGTH);
        if error.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"Maru\""));
        }
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn body_has_the_contract_fields() {
        let body = ApiError::not_found().with("id", "x").body(Lang::Ko);
        assert_eq!(body["status"], 404);
        assert_eq!(body["code"], "not_found");
        assert_eq!(body["detail"], "여기에는 아무것도 없거나, 내 것이 아닙니다.");
        assert_eq!(body["id"], "x");
        assert!(body.get("fix").is_none());
    }
}
