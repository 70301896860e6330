use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};

use super::{Visitor, render};
use crate::error::ApiResult;
use crate::lang::Lang;
use crate::routes::{self, Row};
use crate::state::AppState;

#[derive(Template)]
#[template(path = "admin.html")]
struct AdminPage {
    lang: &'static str,
    me: Me,
    /// What the server cannot do as it should.
    warnings: Vec<String>,
    rows: Vec<Line>,
}

/// A row in words: what is not known is empty.
struct Line {
    user_id: String,
    workspace_id: String,
    login: String,
    name: String,
    role: &'static str,
    state: String,
    phase: String,
    started_at: String,
    cpu: String,
    memory: String,
}

impl From<Row> for Line {
    fn from(row: Row) -> Self {
        Self {
            user_id: row.user_id,
            state: if row.workspace_id.is_some() { row.state } else { "none".to_owned() },
            workspace_id: row.workspace_id.unwrap_or_default(),
            login: row.login,
            name: row.name,
            role: row.role,
            phase: row.cause.or(row.phase).unwrap_or_default(),
            started_at: row.started_at.unwrap_or_default(),
            cpu: row.cpu.map(|cpus| format!("{:.0} %", cpus * 100.0)).unwrap_or_default(),
            memory: row.memory.map(|bytes| format!("{} MiB", bytes >> 20)).unwrap_or_default(),
        }
    }
}

struct Me {
    name: String,
}

impl AdminPage {
    fn t<'a>(&self, en: &'a str, ko: &'a str) -> &'a str {
        super::pick(self.lang, en, ko)
    }
}

/// Those who are not staff get the same answer as the API gives them.
pub async fn page(State(state): State<AppState>, visitor: Visitor, Lang(lang): Lang) -> ApiResult<Response> {
    let Some(caller) = visitor.0 else { return Ok(Redirect::to("/login?next=/admin").into_response()) };
    caller.require_staff()?;
    let rows = routes::rows(&state, &caller.user, "", "", routes::PAGE_MAX, lang).await?.into_iter().map(Line::from).collect();
    let me = Me { name: caller.user.name.clone() };
    let warnings = crate::fences::warnings(&state.engine).iter().map(|text| text.get(lang).to_owned()).collect();
    Ok(render(&AdminPage { lang: lang.as_str(), me, warnings, rows })?.into_response())
}
