//! `GET /openapi.json`: the API as an OpenAPI 3.1 document.
//!
//! What there is lies in `crates/server/openapi/*.yaml`, one file per domain, a line or a few for each operation:
//!
//! ```yaml
//! paths:
//!   /session:
//!     post: {summary: Log in, access: anyone, body: Credentials, 204: none}
//! schemas:
//!   Credentials: {login: string, password: string}
//! ```
//!
//! [`types`] tells how types are written, [`operations`] what an operation may say. What all have in common (parameters in
//! paths, problems, the two ways to say who calls) is put in here. A test holds the document's paths and methods against the
//! router's own; `e2e/src/contract.test.ts` holds what the server answers against the schemas.

mod operations;
mod types;

use std::sync::OnceLock;

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use http::{HeaderValue, header};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::error::{ApiError, ApiResult};
use crate::state::AppState;

/// Its tag, and what is written of a domain.
const DOMAINS: &[(&str, &str)] = &[
    ("session", include_str!("../../openapi/session.yaml")),
    ("workspace", include_str!("../../openapi/workspace.yaml")),
    ("files", include_str!("../../openapi/files.yaml")),
    ("snapshots", include_str!("../../openapi/snapshots.yaml")),
    ("git", include_str!("../../openapi/git.yaml")),
    ("projects", include_str!("../../openapi/projects.yaml")),
    ("builds", include_str!("../../openapi/builds.yaml")),
    ("app", include_str!("../../openapi/app.yaml")),
    ("admin", include_str!("../../openapi/admin.yaml")),
    ("outside", include_str!("../../openapi/outside.yaml")),
];

pub fn routes() -> Router<AppState> {
    Router::new().route("/openapi.json", get(show))
}

async fn show() -> ApiResult<Response> {
    static TEXT: OnceLock<Bytes> = OnceLock::new();
    let text = match TEXT.get() {
        Some(text) => text.clone(),
        None => {
            let made = document().map_err(ApiError::internal)?.to_string();
            TEXT.get_or_init(|| Bytes::from(made)).clone()
        }
    };
    Ok(([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], text).into_response())
}

#[derive(Debug, thiserror::Error)]
#[error("openapi/{domain}.yaml: {message}")]
struct Unreadable {
    domain: &'static str,
    message: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Domain {
    #[serde(default = "api")]
    prefix: String,
    paths: Map<String, Value>,
    #[serde(default)]
    schemas: Map<String, Value>,
}

fn api() -> String {
    "/api/v1".to_owned()
}

fn document() -> Result<Value, Unreadable> {
    let (mut paths, mut schemas) = (Map::new(), Map::new());
    for &(tag, text) in DOMAINS {
        let unreadable = |message: String| Unreadable { domain: tag, message };
        let domain: Domain = serde_saphyr::from_str(text).map_err(|error| unreadable(error.to_string()))?;
        for (name, written) in &domain.schemas {
            schemas.insert(name.clone(), types::schema(written));
        }
        for (path, methods) in &domain.paths {
            let path = format!("{}{path}", domain.prefix);
            let methods = operations::of_path(tag, &path, methods).map_err(unreadable)?;
            paths.insert(path, methods);
        }
    }
    Ok(json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Maru",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "A self-hosted cloud IDE for classes. JSON is snake_case; times are RFC 3339 in UTC; ids are opaque. \
                Errors are RFC 9457 problems, in Korean with `Accept-Language: ko`. Fields may be added to every answer.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"bearer": []}, {"session": []}],
        "tags": DOMAINS.iter().map(|(tag, _)| json!({"name": tag})).collect::<Vec<_>>(),
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": {"Problem": {
                "description": "What went wrong, for people (`detail`, `fix`) and for programs (`code`)",
                "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
            }},
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": "A token of `maru token create`"},
                "session": {
                    "type": "apiKey", "in": "cookie", "name": crate::auth::SESSION_COOKIE,
                    "description": "The cookie of POST /api/v1/session. Requests that change something send `X-Maru-CSRF: 1` with it",
                },
            },
        },
    }))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    type Paths = BTreeMap<String, BTreeSet<String>>;

    /// The routes of a router as its `Debug` shows them: axum tells them nowhere else. `*`: any method.
    fn routes_of(router: &Router<AppState>) -> Paths {
        let shown = format!("{router:?}");
        let shown = shown.split("fallback_router:").next().unwrap();
        let (routes, paths) = shown.split_once("node: Node").unwrap();
        let chunks = |text: &str| -> Vec<(String, String)> {
            let parts = text.split("RouteId(").skip(1);
            parts.map(|part| part.split_once(')').map(|(id, rest)| (id.to_owned(), rest.to_owned())).unwrap()).collect()
        };
        let quoted = |text: &str| text.split('"').nth(1).map(str::to_owned);
        let methods: BTreeMap<_, _> = chunks(routes)
            .into_iter()
            .filter_map(|(id, rest)| {
                let allow = rest.split_once("allow_header: ")?.1.to_owned();
                let methods = if allow.starts_with("Skip") { "*".to_owned() } else { quoted(&allow)? };
                Some((id, methods.split(',').map(str::to_ascii_lowercase).collect::<BTreeSet<_>>()))
            })
            .collect();
        let found: Paths = chunks(paths)
            .into_iter()
            .filter_map(|(id, rest)| Some((quoted(&rest)?.replace("{*", "{"), methods.get(&id)?.clone())))
            .collect();
        assert!(found.len() > 10, "axum shows its routes otherwise than it did: {shown}");
        found
    }

    #[test]
    fn the_document_tells_every_route_and_no_other() {
        let real = routes_of(&crate::routes::documented());
        let document = document().unwrap();
        let told: Paths = document["paths"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(path, methods)| {
                (path.clone(), methods.as_object().unwrap().keys().filter(|key| *key != "parameters").cloned().collect())
            })
            .collect();
        let paths = |of: &Paths| of.keys().cloned().collect::<BTreeSet<_>>();
        assert_eq!(paths(&told), paths(&real));
        for (path, methods) in &real {
            if !methods.contains("*") {
                // GET answers HEAD too, and that need not be told.
                let without_head = |methods: &BTreeSet<String>| methods.iter().filter(|m| *m != "head").cloned().collect::<BTreeSet<_>>();
                assert_eq!(without_head(&told[path]), without_head(methods), "{path}");
            }
        }
    }

    /// Every `$ref` leads somewhere, and every name is of one operation only.
    #[test]
    fn the_document_holds_together() {
        let document = document().unwrap();
        let text = document.to_string();
        let mut refs = 0;
        for part in text.split("\"$ref\":\"#").skip(1) {
            let pointer = part.split('"').next().unwrap();
            assert!(document.pointer(pointer).is_some(), "{pointer} leads nowhere");
            refs += 1;
        }
        assert!(refs > 100);
        let mut names = BTreeSet::new();
        for methods in document["paths"].as_object().unwrap().values() {
            for (method, operation) in methods.as_object().unwrap() {
                if method != "parameters" {
                    assert!(names.insert(operation["operationId"].as_str().unwrap().to_owned()), "{}", operation["operationId"]);
                }
            }
        }
    }
}
