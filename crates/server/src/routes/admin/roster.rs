//! A class list, imported: `?dry_run=1` says what would happen and changes nothing.

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::routing::post;
use axum::{Json, Router};
use http::StatusCode;
use maru_model::{Lang as Language, Login, Role};
use maru_store::StoreError;
use maru_store::classes::Class;
use serde::Deserialize;
use serde_json::{Value, json};

use super::classes;
use crate::auth::{CurrentUser, password, secret};
use crate::error::{ApiError, ApiResult};
use crate::lang::Lang;
use crate::roster::{self, Known, Row, Step};
use crate::routes::is_on;
use crate::state::AppState;

/// Bytes of a file.
const FILE_MAX: usize = 2 << 20;

pub(super) fn routes() -> Router<AppState> {
    Router::new().route("/admin/classes/{id}/roster", post(import)).layer(DefaultBodyLimit::max(FILE_MAX))
}

#[derive(Deserialize)]
struct How {
    #[serde(default)]
    dry_run: String,
}

async fn import(
    State(state): State<AppState>,
    caller: CurrentUser,
    Path(id): Path<String>,
    Query(how): Query<How>,
    Lang(lang): Lang,
    file: Bytes,
) -> ApiResult<Json<Value>> {
    let class = classes::open(&state, &caller, id).await?;
    let dry_run = is_on(&how.dry_run);
    let read =
        roster::parse(&file).map_err(|why| ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "bad_roster", why.detail).fix(why.fix))?;
    let known = known(&state, &class, &read.rows).await?;
    let steps = roster::plan(&read.rows, &known, caller.user.role == Role::Admin);
    let mut results = Vec::new();
    let mut counts = BTreeMap::from([("created", 0), ("added", 0), ("unchanged", 0), ("error", 0)]);
    for (row, step) in read.rows.iter().zip(steps) {
        let (word, mut result) = match carry_out(&state, &caller, &class, row, &step, dry_run, lang).await {
            Ok(done) => done,
            // One row that the database refuses leaves the others alone.
            Err(error) => ("error", json!({"detail": error.detail().get(lang)})),
        };
        result["row"] = json!(row.line);
        result["name"] = json!(row.name);
        result["result"] = json!(word);
        if result["login"].is_null() {
            result["login"] = json!(row.login);
        }
        *counts.entry(word).or_default() += 1;
        results.push(result);
    }
    if !dry_run {
        let detail = format!("{}: {} created, {} added, {} wrong", class.name, counts["created"], counts["added"], counts["error"]);
        state.store.audit(&caller.user.id, None, "class.roster", &detail).await?;
    }
    Ok(Json(json!({"dry_run": dry_run, "encoding": read.encoding, "counts": counts, "results": results})))
}

/// What is known of the logins of all rows.
async fn known(state: &AppState, class: &Class, rows: &[Row]) -> ApiResult<BTreeMap<Login, Known>> {
    let mut known = BTreeMap::new();
    for login in rows.iter().filter_map(|row| roster::login(&row.login).ok()) {
        if let Some(user) = state.store.user_by_login(&login).await? {
            let member = state.store.role_in_class(&class.id, &user.id).await?.is_some();
            known.insert(login, Known { role: user.role, disabled: user.disabled, member });
        }
    }
    Ok(known)
}

async fn carry_out(
    state: &AppState,
    caller: &CurrentUser,
    class: &Class,
    row: &Row,
    step: &Step,
    dry_run: bool,
    lang: Language,
) -> ApiResult<(&'static str, Value)> {
    match step {
        Step::Refuse(why) => Ok(("error", json!({"detail": why.get(lang)}))),
        Step::Unchanged(login) => Ok(("unchanged", json!({"login": login}))),
        Step::Add(login) | Step::Create(login) if dry_run => {
            Ok((if matches!(step, Step::Add(_)) { "added" } else { "created" }, json!({"login": login})))
        }
        Step::Add(login) => {
            let user = state.store.user_by_login(login).await?.ok_or_else(ApiError::not_found)?;
            state.store.join_class(&class.id, &user.id).await?;
            state.store.audit(&caller.user.id, Some(&user.id), "class.add_member", &class.name).await?;
            Ok(("added", json!({"login": login})))
        }
        Step::Create(login) => {
            let word = secret::random(12);
            let hash = password::hash_later(word.clone()).await.map_err(ApiError::internal)?;
            let name = if row.name.is_empty() { login.as_str() } else { &row.name };
            match state.store.add_user(login, name, Role::Student, &hash).await {
                Ok(user) => {
                    state.store.set_password(&user.id, &hash, true).await?;
                    state.store.join_class(&class.id, &user.id).await?;
                    state.store.audit(&caller.user.id, Some(&user.id), "user.create", &class.name).await?;
                    Ok(("created", json!({"login": login, "password": word})))
                }
                // Made by somebody else a moment ago: the next import adds them.
                Err(error @ StoreError::Conflict(_)) => Err(ApiError::bad_request(maru_model::Text::verbatim(error.to_string()))),
                Err(error) => Err(error.into()),
            }
        }
    }
}
