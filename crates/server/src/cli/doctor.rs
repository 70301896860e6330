//! `maru doctor`.

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::Args;
use maru_model::Lang;

use super::Failure;
use crate::config::{Config, ServeSettings, Settings};
use crate::doctor::{self, Health};

#[derive(Debug, Args)]
pub struct Command {
    #[command(flatten)]
    serve: ServeSettings,
    /// For programs: `{ok, findings: [{code, health, what, found, fix}]}`.
    #[arg(long)]
    json: bool,
    /// ko or en; the shell's language where nothing is said.
    #[arg(long)]
    lang: Option<String>,
}

impl Command {
    /// Exits with 1 where something is wrong.
    ///
    /// # Errors
    /// Where the configuration cannot be read.
    pub async fn run(self, settings: Settings) -> Result<ExitCode, Failure> {
        let lang = match self.lang.as_deref() {
            None => doctor::shell_language(),
            Some("ko") => Lang::Ko,
            Some("en") => Lang::En,
            Some(other) => return Err(format!("--lang {other}: ko or en").into()),
        };
        let findings = doctor::examine(&Config::load(settings, self.serve)?).await;
        if self.json {
            println!("{:#}", doctor::as_json(&findings, lang));
        } else {
            print!("{}", doctor::as_text(&findings, lang, std::io::stdout().is_terminal()));
        }
        Ok(if doctor::worst(&findings) == Health::Bad { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }
}
