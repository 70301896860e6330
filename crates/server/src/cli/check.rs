use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use maru_manifest::{Context, Files, Report, Severity};
use maru_model::Lang;

/// Check manifests as a deployment would, without a cluster.
#[derive(Debug, Args)]
pub struct Command {
    /// `text` for people, `json` for programs.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// A project (with `k8s/` in it), or the folder of the manifests itself.
    dir: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

/// Larger files are no manifests, and more files no deployment.
const FILE_MAX: u64 = 1 << 20;
const FILES_MAX: usize = 20_000;

impl Command {
    /// 0 where nothing is an error, 1 where something is, 2 where the folder cannot be read.
    pub fn run(&self) -> ExitCode {
        let mut files = Files::new();
        if let Err(error) = read(&self.dir, "", &mut files) {
            eprintln!("maru: {}: {error}", self.dir.display());
            return ExitCode::from(2);
        }
        let report = maru_manifest::check(&files, maru_manifest::locate(&files), &Context::default());
        match self.format {
            Format::Json => println!("{:#}", report.to_json(lang())),
            Format::Text => print(&report, lang()),
        }
        if report.ok { ExitCode::SUCCESS } else { ExitCode::from(1) }
    }
}

/// As the terminal's locale has it.
fn lang() -> Lang {
    let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].iter().find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
    if locale.is_some_and(|locale| locale.starts_with("ko")) { Lang::Ko } else { Lang::En }
}

fn read(folder: &Path, inside: &str, files: &mut Files) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        // Neither git's own files nor what package managers bring.
        if name.starts_with('.') || name == "node_modules" || files.len() >= FILES_MAX {
            continue;
        }
        let path = if inside.is_empty() { name } else { format!("{inside}/{name}") };
        let kind = entry.file_type()?;
        if kind.is_dir() {
            read(&entry.path(), &path, files)?;
        } else if kind.is_file() && entry.metadata()?.len() <= FILE_MAX {
            files.insert(path, std::fs::read(entry.path())?);
        }
    }
    Ok(())
}

fn print(report: &Report, lang: Lang) {
    for diagnostic in &report.diagnostics {
        let (severity, code) = (word(diagnostic.severity, lang), &diagnostic.code);
        if diagnostic.file.is_empty() {
            println!("{severity}: {} [{code}]", diagnostic.message.get(lang));
        } else {
            let (file, line, column) = (&diagnostic.file, diagnostic.line, diagnostic.column);
            println!("{file}:{line}:{column}: {severity}: {} [{code}]", diagnostic.message.get(lang));
        }
        if let Some(fix) = &diagnostic.fix {
            for line in fix.get(lang).lines() {
                println!("    {line}");
            }
        }
    }
    let errors = report.diagnostics.iter().filter(|d| d.is_error()).count();
    let objects = report.objects.len();
    match lang {
        Lang::En => println!("{objects} objects, {errors} errors"),
        Lang::Ko => println!("오브젝트 {objects}개, 오류 {errors}개"),
    }
}

fn word(severity: Severity, lang: Lang) -> &'static str {
    match (severity, lang) {
        (Severity::Error, Lang::En) => "error",
        (Severity::Warning, Lang::En) => "warning",
        (Severity::Info, Lang::En) => "info",
        (Severity::Error, Lang::Ko) => "오류",
        (Severity::Warning, Lang::Ko) => "경고",
        (Severity::Info, Lang::Ko) => "참고",
    }
}
