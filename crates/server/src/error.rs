//! The one error of the API: RFC 9457 `application/problem+json`, in the caller's language.

use std::borrow::Cow;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use maru_manifest::Diagnostic;
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
    diagnostics: Vec<Diagnostic>,
    more: Map<String, Value>,
}

pub type ApiResult<T> = Result<T, ApiError>;

impl ApiError {
    pub fn new(status: StatusCode, code: impl Into<Cow<'static, str>>, detail: Text) -> Self {
        Self { status, code: code.into(), detail, fix: None, diagnostics: Vec::new(), more: Map::new() }
    }

    /// What to do about it.
    #[must_use]
    pub fn fix(mut self, fix: Text) -> Self {
        self.fix = Some(fix);
        self
    }

    /// What is wrong, place by place.
    #[must_use]
    pub fn diagnostics(mut self, found: Vec<Diagnostic>) -> Self {
        self.diagnostics = found;
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

    /// A body that is not the JSON that belongs here.
    pub fn bad_json(error: &serde_json::Error) -> Self {
        Self::bad_request(Text::new(
            format!("The body is not the JSON that is expected here: {error}."),
            format!("본문이 여기서 받는 JSON이 아닙니다: {error}"),
        ))
    }

    /// What the framework refused before a handler saw it.
    fn of_framework(status: StatusCode, said: &str) -> Self {
        match status {
            StatusCode::NOT_FOUND => Self::not_found(),
            StatusCode::METHOD_NOT_ALLOWED => Self::new(
                status,
                "method_not_allowed",
                Text::new("This cannot be asked with this method.", "이 경로에는 쓸 수 없는 메서드입니다."),
            ),
            _ => Self::new(
                status,
                "bad_request",
                Text::new(format!("The request cannot be read: {said}"), format!("요청을 읽을 수 없습니다: {said}")),
            ),
        }
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

    /// `detail` says where the cluster stands.
    pub fn cluster_not_ready(detail: Text) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "cluster_not_ready", detail)
            .fix(Text::new("Wait until the cluster is ready.", "클러스터가 준비될 때까지 기다리세요."))
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

    /// What to do about it, where that is known.
    pub fn known_fix(&self) -> Option<&Text> {
        self.fix.as_ref()
    }

    pub fn body(&self, lang: Lang) -> Value {
        let mut extra = self.more.clone();
        if !self.diagnostics.is_empty() {
            extra.insert("diagnostics".to_owned(), self.diagnostics.iter().map(|found| json!(found.view(lang))).collect());
        }
        json!(Problem {
            kind: format!("urn:maru:problem:{}", self.code),
            title: self.status.canonical_reason().unwrap_or("Error").to_owned(),
            status: self.status.as_u16(),
            code: self.code.to_string(),
            detail: self.detail.get(lang).to_owned(),
            fix: self.fix.as_ref().map(|fix| fix.get(lang).to_owned()),
            extra,
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

/// The longest refusal of the framework's that is passed on, in bytes.
const SAID_MAX: usize = 4096;

/// Middleware: what the framework refuses by itself (a body that is no JSON, a path that has no route) is a problem as well.
pub async fn framework_refusals(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let plain = response.headers().get(header::CONTENT_TYPE).is_none_or(|kind| kind.as_bytes().starts_with(b"text/plain"));
    if !response.status().is_client_error() || !plain || response.extensions().get::<ApiError>().is_some() {
        return response;
    }
    let (head, body) = response.into_parts();
    let said = axum::body::to_bytes(body, SAID_MAX).await.unwrap_or_default();
    let mut problem = ApiError::of_framework(head.status, String::from_utf8_lossy(&said).trim()).into_response();
    if let Some(allow) = head.headers.get(header::ALLOW) {
        problem.headers_mut().insert(header::ALLOW, allow.clone());
    }
    problem
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use axum::body::Body;
    use axum::extract::Path;
    use axum::middleware::from_fn;
    use axum::routing::{get, post};
    use axum::{Json, Router};
    use tower::ServiceExt;

    async fn asked(method: &str, path: &str, lang: &str) -> (StatusCode, Value) {
        let failing = async || -> ApiResult<()> {
            let found = Diagnostic::error("unknown_field", Text::new("`imege` is not a field", "`imege` 은(는) 필드가 아닙니다"))
                .at("k8s/web.yaml", maru_manifest::Mark { line: 3, column: 5 })
                .fix(Text::new("Write `image:`", "`image:` 라고 쓰세요"));
            Err(maru_rollout::RolloutError::TargetFailed(vec![found]).into())
        };
        let router = Router::new()
            .route("/rollouts", post(failing))
            .route("/ports/{port}", get(async |Path(port): Path<u16>| port.to_string()))
            .route("/json", post(async |Json(given): Json<Value>| given.to_string()))
            .fallback(async || ApiError::not_found())
            .layer(from_fn(framework_refusals))
            .layer(from_fn(localize));
        let request = Request::builder().method(method).uri(path).header(header::ACCEPT_LANGUAGE, lang);
        let request = request.header(header::CONTENT_TYPE, "application/json").body(Body::from("{")).unwrap();
        let response = router.oneshot(request).await.unwrap();
        assert_eq!(response.headers()[header::CONTENT_TYPE], Problem::CONTENT_TYPE);
        assert_eq!(response.headers()[header::CONTENT_LANGUAGE], lang);
        let status = response.status();
        assert_eq!(status == StatusCode::METHOD_NOT_ALLOWED, response.headers().contains_key(header::ALLOW));
        let body = axum::body::to_bytes(response.into_body(), 10_000).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap())
    }

    #[tokio::test]
    async fn a_failed_target_says_why_in_the_callers_language() {
        for (lang, message, fix) in
            [("en", "`imege` is not a field", "Write `image:`"), ("ko", "`imege` 은(는) 필드가 아닙니다", "`image:` 라고 쓰세요")]
        {
            let (status, body) = asked("POST", "/rollouts", lang).await;
            assert_eq!((status, &body["code"]), (StatusCode::CONFLICT, &json!("target_failed")));
            let expected = json!([{
                "severity": "error", "code": "unknown_field", "message": message, "fix": fix,
                "file": "k8s/web.yaml", "line": 3, "column": 5, "path": "",
            }]);
            assert_eq!(body["diagnostics"], expected);
        }
    }

    #[tokio::test]
    async fn what_the_framework_refuses_is_a_problem_too() {
        for (method, path, code, ko) in [
            ("GET", "/ports/x", 400, "요청을 읽을 수 없습니다: "),
            ("POST", "/json", 400, "요청을 읽을 수 없습니다: "),
            ("DELETE", "/json", 405, "이 경로에는 쓸 수 없는 메서드입니다."),
            ("GET", "/nowhere", 404, "여기에는 아무것도 없거나, 내 것이 아닙니다."),
        ] {
            let (status, body) = asked(method, path, "ko").await;
            assert_eq!((status.as_u16(), &body["status"]), (code, &json!(code)));
            assert!(body["detail"].as_str().unwrap().starts_with(ko), "{path}: {body}");
            let (_, body) = asked(method, path, "en").await;
            assert!(body["detail"].as_str().unwrap().is_ascii(), "{path}: {body}");
        }
    }

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
