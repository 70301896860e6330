//! `maru doctor`: what is wrong with this installation, and the fix of each thing. It works whether the server runs or
//! not, changes nothing, and asks each part itself.
//!
//! [`machine`] asks the machine and its Docker Engine, [`homes`] looks at what holds homes to their size, [`installation`]
//! at what is Maru's own.

mod homes;
mod installation;
mod machine;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use maru_model::{Lang, Text};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub use machine::{runc_fix, runc_words};

use crate::config::Config;

/// How something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    Good,
    /// It works, and may not for long, or not for everybody.
    Warning,
    Bad,
}

/// One thing that was looked at.
#[derive(Clone, Debug)]
pub struct Finding {
    /// Stable, for programs.
    pub code: &'static str,
    pub health: Health,
    pub what: Text,
    pub found: Text,
    pub fix: Option<Text>,
}

impl Finding {
    fn good(code: &'static str, what: Text, found: Text) -> Self {
        Self { code, health: Health::Good, what, found, fix: None }
    }

    fn warning(code: &'static str, what: Text, found: Text, fix: Text) -> Self {
        Self { code, health: Health::Warning, what, found, fix: Some(fix) }
    }

    fn bad(code: &'static str, what: Text, found: Text, fix: Text) -> Self {
        Self { code, health: Health::Bad, what, found, fix: Some(fix) }
    }

    fn json(&self, lang: Lang) -> Value {
        json!({
            "code": self.code,
            "health": self.health,
            "what": self.what.get(lang),
            "found": self.found.get(lang),
            "fix": self.fix.as_ref().map(|fix| fix.get(lang)),
        })
    }
}

/// What the server was started with, left for those who ask about it from outside.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Serving {
    pub listen: SocketAddr,
    pub url: String,
    pub embedded_cluster: bool,
    pub node_image: String,
    pub workspace_image: String,
    pub registry_image: String,
    pub agent: PathBuf,
    pub web: PathBuf,
}

const SERVING: &str = "serving.json";

impl Serving {
    fn of(config: &Config) -> Self {
        Self {
            listen: config.listen,
            url: config.url.clone(),
            embedded_cluster: config.kubeconfig.is_none(),
            node_image: config.node_image.clone(),
            workspace_image: config.workspace_image.clone(),
            registry_image: config.registry_image.clone(),
            agent: config.agent.clone(),
            web: config.web.clone(),
        }
    }

    /// Leaves a note in the data folder.
    ///
    /// # Errors
    /// Where that cannot be written.
    pub fn note(config: &Config) -> std::io::Result<()> {
        std::fs::write(config.data.join(SERVING), serde_json::to_vec_pretty(&Self::of(config))?)
    }

    /// What the last server was started with, else what one would be started with now.
    pub fn last(config: &Config) -> Self {
        let noted = std::fs::read(config.data.join(SERVING)).ok();
        noted.and_then(|noted| serde_json::from_slice(&noted).ok()).unwrap_or_else(|| Self::of(config))
    }
}

/// Looks at everything.
pub async fn examine(config: &Config) -> Vec<Finding> {
    let serving = Serving::last(config);
    let mut findings = Vec::new();
    let engine = machine::docker(config, &mut findings).await;
    machine::disk(config, engine.as_ref(), &mut findings).await;
    if let Some(engine) = &engine {
        machine::runc(engine, &mut findings).await;
        machine::fences(engine, &mut findings).await;
        homes::homes(engine, &mut findings).await;
        installation::images(engine, &serving, &mut findings).await;
        if serving.embedded_cluster {
            installation::cluster(engine, &mut findings).await;
        }
    }
    installation::files(&serving, &mut findings);
    installation::database(config, &mut findings).await;
    installation::git_hosts(config, &mut findings).await;
    installation::port(&serving, &mut findings).await;
    findings
}

/// For a program.
pub fn as_json(findings: &[Finding], lang: Lang) -> Value {
    json!({
        "ok": worst(findings) < Health::Bad,
        "findings": findings.iter().map(|finding| finding.json(lang)).collect::<Vec<_>>(),
    })
}

/// For people; the marks in colour where they are seen.
pub fn as_text(findings: &[Finding], lang: Lang, colour: bool) -> String {
    let mut out = String::new();
    for finding in findings {
        let (mark, code) = match finding.health {
            Health::Good => ("✓", "32"),
            Health::Warning => ("!", "33"),
            Health::Bad => ("✗", "31"),
        };
        let mark = if colour { format!("\x1b[{code}m{mark}\x1b[0m") } else { mark.to_owned() };
        out.push_str(&format!("{mark} {}: {}\n", finding.what.get(lang), finding.found.get(lang)));
        if let Some(fix) = &finding.fix {
            out.push_str(&format!("    {} {}\n", Text::new("Fix:", "해결:").get(lang), fix.get(lang)));
        }
    }
    let count = |health| findings.iter().filter(|finding| finding.health == health).count();
    let (bad, warnings) = (count(Health::Bad), count(Health::Warning));
    out.push('\n');
    out.push_str(
        Text::new(
            format!("{} looked at: {bad} wrong, {warnings} to watch.", findings.len()),
            format!("{}가지를 확인했습니다. 문제 {bad}개, 주의 {warnings}개.", findings.len()),
        )
        .get(lang),
    );
    out.push('\n');
    out
}

pub fn worst(findings: &[Finding]) -> Health {
    findings.iter().map(|finding| finding.health).max().unwrap_or(Health::Good)
}

/// The language of the shell.
pub fn shell_language() -> Lang {
    let set = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().filter_map(|name| std::env::var(name).ok()).find(|value| !value.is_empty());
    if set.is_some_and(|value| value.starts_with("ko")) { Lang::Ko } else { Lang::En }
}

/// Bytes for people.
fn size(bytes: u64) -> String {
    let gib = bytes as f64 / f64::from(1 << 30);
    if gib >= 10.0 { format!("{gib:.0} GiB") } else { format!("{gib:.1} GiB") }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(health: Health) -> Finding {
        let text = |en: &str| Text::new(en, en);
        Finding {
            code: "x",
            health,
            what: text("Disk"),
            found: text("full"),
            fix: (health != Health::Good).then(|| text("Remove something.")),
        }
    }

    #[test]
    fn the_worst_decides_and_each_fix_is_said() {
        let findings = [finding(Health::Good), finding(Health::Bad), finding(Health::Warning)];
        assert_eq!(worst(&findings), Health::Bad);
        assert_eq!(worst(&[]), Health::Good);
        let text = as_text(&findings, Lang::En, false);
        assert_eq!(text.matches("Fix: Remove something.").count(), 2, "{text}");
        assert!(text.ends_with("\n3 looked at: 1 wrong, 1 to watch.\n"), "{text}");
        let json = as_json(&findings, Lang::Ko);
        assert_eq!((json["ok"].as_bool(), json["findings"][1]["health"].as_str()), (Some(false), Some("bad")));
    }
}
