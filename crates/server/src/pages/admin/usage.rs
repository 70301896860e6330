use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use maru_cluster::{NodeHealth, Tone};
use maru_model::Lang as Language;
use serde_json::Value;

use super::frame::{Frame, Staff};
use crate::error::ApiResult;
use crate::lang::Lang;
use crate::pages::render;
use crate::routes;
use crate::settings::Values;
use crate::state::AppState;

#[derive(Template)]
#[template(path = "admin/usage.html")]
struct UsagePage {
    frame: Frame,
    meters: Vec<Meter>,
    /// How the cluster is, for administrators: parts with a heading and lines each.
    health: Vec<Part>,
    classes: Vec<Line>,
    workspaces: Vec<Line>,
}

/// Of the cluster as a whole, or of one of its nodes.
struct Part {
    title: String,
    lines: Vec<Said>,
}

struct Said {
    tone: &'static str,
    word: &'static str,
    text: String,
    fix: Option<String>,
}

impl Part {
    fn new(title: String, lines: &[maru_cluster::Line], lang: Language) -> Self {
        let said = |line: &maru_cluster::Line| {
            let (tone, en, ko) = match line.tone {
                Tone::Good => ("good", "fine", "정상"),
                Tone::Warning => ("busy", "look", "확인"),
                Tone::Bad => ("bad", "trouble", "문제"),
            };
            Said {
                tone,
                word: if lang == Language::Ko { ko } else { en },
                text: line.text.get(lang).to_owned(),
                fix: line.fix.as_ref().map(|fix| fix.get(lang).to_owned()),
            }
        };
        Self { title, lines: lines.iter().map(said).collect() }
    }
}

struct Meter {
    label: String,
    text: String,
    /// Percent.
    share: Option<u64>,
}

/// Numbers as people read them; what is not known is empty.
struct Line {
    name: String,
    state: String,
    cpu: String,
    memory: String,
    disk: String,
}

impl UsagePage {
    fn t<'a>(&self, en: &'a str, ko: &'a str) -> &'a str {
        self.frame.t(en, ko)
    }
}

fn gib(bytes: &Value) -> String {
    match bytes.as_f64() {
        Some(bytes) if bytes >= 1_073_741_824.0 => format!("{:.1} GiB", bytes / 1_073_741_824.0),
        Some(bytes) => format!("{:.0} MiB", bytes / 1_048_576.0),
        None => String::new(),
    }
}

fn cpus(number: &Value) -> String {
    number.as_f64().map(|cpus| format!("{cpus:.2}")).unwrap_or_default()
}

fn meter(label: String, used: &Value, of: &Value, show: fn(&Value) -> String) -> Option<Meter> {
    let (part, whole) = (used.as_f64()?, of.as_f64()?);
    let share = (whole > 0.0).then(|| (part / whole * 100.0).clamp(0.0, 100.0).round() as u64);
    Some(Meter { label, text: format!("{} / {}", show(used), show(of)), share })
}

async fn health(state: &AppState, frame: &Frame, lang: Language) -> Vec<Part> {
    let health = state.cluster.health().await;
    let whole = Part::new(frame.t("Kubernetes", "쿠버네티스").to_owned(), &health.lines, lang);
    let node = |node: &NodeHealth| {
        let title = frame.t("Node", "노드");
        Part::new(format!("{title} {}", node.name), &node.lines, lang)
    };
    std::iter::once(whole).chain(health.nodes.iter().map(node)).collect()
}

pub async fn page(State(state): State<AppState>, Staff(caller): Staff, Lang(lang): Lang) -> ApiResult<Response> {
    let usage = routes::usage(&state, &caller).await?;
    let frame = Frame::new(&state, &caller, lang, "usage");
    let health = if frame.admin { health(&state, &frame, lang).await } else { Vec::new() };
    let (machine, cluster) = (&usage["machine"], &usage["cluster"]);
    let label = |en: &str, ko: &str| frame.t(en, ko).to_owned();
    let meters = [
        meter(label("Machine: load", "서버: 부하"), &machine["load"], &machine["cpus"], cpus),
        meter(label("Machine: memory", "서버: 메모리"), &machine["memory_used"], &machine["memory"], gib),
        meter(label("Machine: disk", "서버: 디스크"), &machine["disk_used"], &machine["disk"], gib),
        meter(label("Cluster: CPU", "클러스터: CPU"), &cluster["cpu"], &cluster["cpu_capacity"], cpus),
        meter(label("Cluster: memory", "클러스터: 메모리"), &cluster["memory"], &cluster["memory_capacity"], gib),
    ];
    let list = |name: &str| usage[name].as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let classes = list("classes").into_iter().map(|class| Line {
        name: text(&class["name"]),
        state: format!("{} / {}", class["running"], class["members"]),
        cpu: cpus(&class["cpu"]),
        memory: gib(&class["memory"]),
        disk: gib(&class["disk"]),
    });
    let classes = classes.collect();
    let running = list("workspaces").into_iter().filter(|workspace| workspace["state"] == "ready");
    let workspaces = running.map(|workspace| Line {
        name: text(&workspace["login"]),
        state: text(&workspace["name"]),
        cpu: cpus(&workspace["usage"]["cpus"]),
        memory: gib(&workspace["usage"]["memory"]),
        disk: gib(&workspace["usage"]["disk"]),
    });
    let workspaces = workspaces.collect();
    let meters = meters.into_iter().flatten().collect();
    Ok(render(&UsagePage { frame, meters, health, classes, workspaces })?.into_response())
}

#[derive(Template)]
#[template(path = "admin/settings.html")]
struct SettingsPage {
    frame: Frame,
    values: Values,
}

impl SettingsPage {
    fn t<'a>(&self, en: &'a str, ko: &'a str) -> &'a str {
        self.frame.t(en, ko)
    }
}

pub async fn settings(State(state): State<AppState>, Staff(caller): Staff, Lang(lang): Lang) -> ApiResult<Response> {
    routes::require_admin(&caller)?;
    Ok(render(&SettingsPage { frame: Frame::new(&state, &caller, lang, "settings"), values: state.settings.now() })?.into_response())
}
