//! The registry's token server (the Docker token authentication protocol): `GET /token?service=&scope=`.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use base64::Engine as _;
use futures_util::future::BoxFuture;
use http::{HeaderMap, StatusCode, Uri, header};
use maru_model::Login;

use crate::Registry;
use crate::grants::{Holder, Scope, granted};

/// Says whether a secret (a password or a bearer token) is the user's.
pub type VerifyPassword = Arc<dyn Fn(Login, String) -> BoxFuture<'static, bool> + Send + Sync>;

/// Time enough to push a large image.
const SECONDS: i64 = 900;

/// The handler to serve at [`Registry::token_address`].
pub fn token_router(registry: Registry, verify: VerifyPassword) -> Router {
    Router::new().route("/token", get(token)).with_state((registry, verify))
}

async fn token(State((registry, verify)): State<(Registry, VerifyPassword)>, uri: Uri, headers: HeaderMap) -> Response {
    let Some(holder) = holder(&registry, &verify, &headers).await else {
        let challenge = [(header::WWW_AUTHENTICATE, "Basic realm=\"Maru registry\"")];
        return (StatusCode::UNAUTHORIZED, challenge, "Log in with your Maru login and a token.\n").into_response();
    };
    // `scope` comes once, several times, or several in one, separated by spaces.
    let scopes: Vec<Scope> = query(&uri, "scope")
        .iter()
        .flat_map(|scope| scope.split(' '))
        .filter_map(Scope::parse)
        .map(|asked| granted(&holder, &asked))
        .filter(|grant| !grant.actions.is_empty())
        .collect();
    let (Holder::User(login) | Holder::Pods(login)) = &holder;
    match registry.mint(login.as_str(), &scopes, SECONDS) {
        Ok(token) => Json(serde_json::json!({"token": token, "access_token": token, "expires_in": SECONDS})).into_response(),
        Err(error) => {
            tracing::error!(%error, "no token");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

async fn holder(registry: &Registry, verify: &VerifyPassword, headers: &HeaderMap) -> Option<Holder> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, credentials) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = base64::engine::general_purpose::STANDARD.decode(credentials.trim()).ok()?;
    let decoded = String::from_utf8(decoded).ok()?;
    let (login, secret) = decoded.split_once(':')?;
    let login = Login::parse(login).ok()?;
    if registry.is_pull_secret(&login, secret) {
        return Some(Holder::Pods(login));
    }
    verify(login.clone(), secret.to_owned()).await.then_some(Holder::User(login))
}

/// All values of one key of a query.
fn query(uri: &Uri, key: &str) -> Vec<String> {
    let pairs = uri.query().unwrap_or("").split('&').filter_map(|pair| pair.split_once('='));
    pairs.filter(|(name, _)| *name == key).map(|(_, value)| percent_decoded(value)).collect()
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        match byte {
            b'+' => decoded.push(b' '),
            b'%' => {
                let (high, low) = (bytes.next(), bytes.next());
                let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
                match (digit(high), digit(low)) {
                    // Two hexadecimal digits are a byte.
                    (Some(high), Some(low)) => decoded.push(u8::try_from(high * 16 + low).unwrap_or(b'?')),
                    _ => decoded.push(b'?'),
                }
            }
            byte => decoded.push(byte),
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn queries_are_read() {
        let uri: Uri = "/token?service=x&scope=repository%3Amina%2Fweb%3Apull&scope=a+b%zz%4".parse().unwrap();
        assert_eq!(query(&uri, "scope"), ["repository:mina/web:pull", "a b??"]);
        assert_eq!(query(&uri, "service"), ["x"]);
        assert!(query(&uri, "account").is_empty());
    }

    proptest! {
        #[test]
        fn any_text_is_decoded(text in "(%[0-9a-fA-F]{0,2}|[+&=a가]|.){0,30}") {
            let _ = percent_decoded(&text);
        }

        #[test]
        fn what_was_encoded_comes_back(text in ".{0,40}") {
            let encoded: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
            prop_assert_eq!(percent_decoded(&encoded), text);
        }
    }
}
