//! Who did what to whom, and when.

use axum::extract::{Query, State};
use axum::routing::get;
use axum::{Json, Router};
use jiff::Timestamp;
use maru_model::{Lang as Language, Text};
use maru_store::audit::AuditEntry;
use serde_json::{Value, json};

use super::Page;
use crate::auth::CurrentUser;
use crate::error::ApiResult;
use crate::lang::Lang;
use crate::state::AppState;

pub(super) fn routes() -> Router<AppState> {
    Router::new().route("/admin/audit", get(all)).route("/me/audit", get(about_me))
}

/// An action in words.
pub fn words(action: &str) -> Text {
    let (en, ko) = match action {
        "workspace.start" => ("started the workspace", "작업 공간을 시작함"),
        "workspace.stop" => ("stopped the workspace", "작업 공간을 정지함"),
        "workspace.cancel" => ("gave up a start of the workspace", "작업 공간 시작을 취소함"),
        "workspace.force" => ("ended the workspace by force", "작업 공간을 강제로 정지함"),
        "workspace.restart" => ("restarted the workspace", "작업 공간을 다시 시작함"),
        "workspace.recreate" => ("recreated the workspace", "작업 공간을 다시 만듦"),
        "workspace.keep_alive" => ("kept the workspace awake", "작업 공간을 켜 둠"),
        "preview.open" => ("opened a preview", "미리보기를 엶"),
        "app.logs" => ("looked at the application and its logs", "앱과 로그를 봄"),
        "user.create" => ("made the user", "사용자를 만듦"),
        "user.change" => ("changed the user", "사용자 정보를 바꿈"),
        "user.password" => ("gave a new password", "새 비밀번호를 발급함"),
        "user.delete" => ("deleted a user", "사용자를 지움"),
        "class.create" => ("made a class", "수업을 만듦"),
        "class.rename" => ("renamed a class", "수업 이름을 바꿈"),
        "class.archive" => ("archived a class", "수업을 보관함"),
        "class.restore" => ("took a class out of the archive", "수업 보관을 해제함"),
        "class.delete" => ("deleted a class", "수업을 지움"),
        "class.add_member" => ("put into a class", "수업에 넣음"),
        "class.remove_member" => ("took out of a class", "수업에서 뺌"),
        "class.roster" => ("imported a roster", "명단을 등록함"),
        "class.egress" => ("changed the network access of a class", "수업의 인터넷 사용을 바꿈"),
        "class.sleep" => ("changed when idle applications of a class sleep", "수업의 앱 재우기 시간을 바꿈"),
        "class.quota" => ("changed what applications of a class may use", "수업의 앱 사용 한도를 바꿈"),
        "class.limits" => ("changed the limits of a class", "수업의 사용 한도를 바꿈"),
        "settings.change" => ("changed settings", "설정을 바꿈"),
        other => return Text::verbatim(other),
    };
    Text::new(en, ko)
}

fn body(entry: &AuditEntry, lang: Language) -> Value {
    json!({
        "id": entry.id,
        "at": Timestamp::from_millisecond(entry.at).ok(),
        "actor": entry.actor,
        "subject": (!entry.subject.is_empty()).then_some(&entry.subject),
        "action": entry.action,
        "text": words(&entry.action).get(lang),
        "detail": entry.detail,
    })
}

fn list(entries: &[AuditEntry], page: &Page, lang: Language) -> Json<Value> {
    let cursor = page.next(entries, |entry| &entry.id);
    Json(json!({"entries": entries.iter().map(|entry| body(entry, lang)).collect::<Vec<_>>(), "cursor": cursor}))
}

async fn all(State(state): State<AppState>, caller: CurrentUser, Query(page): Query<Page>, Lang(lang): Lang) -> ApiResult<Json<Value>> {
    caller.require_staff()?;
    let entries = state.store.audit_seen_by(&caller.user, &page.q, &page.cursor, page.limit()).await?;
    Ok(list(&entries, &page, lang))
}

/// What others did in the caller's workspace, or with their account.
async fn about_me(
    State(state): State<AppState>,
    caller: CurrentUser,
    Query(page): Query<Page>,
    Lang(lang): Lang,
) -> ApiResult<Json<Value>> {
    let entries = state.store.audit_about(&caller.user.id, &page.cursor, page.limit()).await?;
    Ok(list(&entries, &page, lang))
}
