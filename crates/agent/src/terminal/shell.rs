//! How a terminal's shell is started: which one, with which arguments, and with the marks that tell the IDE of prompts,
//! commands and folders. The student's dotfiles are read as always, and never written.
//!
//! ```text
//! bash: --init-file init.bash   the dotfiles of a login shell, then marks.bash
//! zsh:  ZDOTDIR={…}/zsh         zshenv gives ZDOTDIR back and adds marks.zsh; the dotfiles follow
//! ```

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

const FILES: [(&str, &str); 4] = [
    ("init.bash", include_str!("shell/init.bash")),
    ("marks.bash", include_str!("shell/marks.bash")),
    ("marks.zsh", include_str!("shell/marks.zsh")),
    ("zsh/.zshenv", include_str!("shell/zshenv")),
];

/// What a terminal is to run.
pub(super) enum Job<'a> {
    /// A line for a login shell.
    Line(&'a str),
    /// A shell to type into. A clean one leaves the student's files unread.
    Interactive { clean: bool },
}

/// Writes the shells' files, so that a terminal finds them whole whatever happened to them.
///
/// # Errors
/// Where the folder cannot be written to: a terminal does without marks then.
pub(super) fn write_files(folder: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder.join("zsh"))?;
    for (name, text) in FILES {
        let path = folder.join(name);
        if std::fs::read(&path).is_ok_and(|there| there == text.as_bytes()) {
            continue;
        }
        // A shell that starts just now reads the old one or the new one.
        let fresh = path.with_extension("new");
        std::fs::File::create(&fresh)?.write_all(text.as_bytes())?;
        std::fs::rename(fresh, path)?;
    }
    Ok(())
}

/// Adds the shell's arguments and variables. `files` is none where there are no marks to be had.
pub(super) fn arguments(command: &mut Command, shell: &str, files: Option<&Path>, job: &Job<'_>) {
    if let Some(files) = files {
        // Shells within this one find them, too: the image's /etc/bash.bashrc and /etc/zsh/zshrc look here.
        command.env("MARU_SHELL", files);
    }
    let clean = match job {
        Job::Line(line) => {
            command.arg("-l").arg("-c").arg(line);
            return;
        }
        Job::Interactive { clean } => *clean,
    };
    match (name(shell), files) {
        ("bash", Some(files)) if clean => command.arg("--init-file").arg(files.join("marks.bash")),
        ("bash", Some(files)) => command.arg("--init-file").arg(files.join("init.bash")),
        ("bash", None) if clean => command.args(["--noprofile", "--norc"]),
        ("zsh", _) if clean => command.args(["-d", "-f"]),
        ("zsh", Some(files)) => {
            if let Some(own) = std::env::var_os("ZDOTDIR") {
                command.env("MARU_ZDOTDIR", own);
            }
            command.env("ZDOTDIR", files.join("zsh")).arg("-l")
        }
        _ if clean => command.env_remove("ENV"),
        _ => command.arg("-l"),
    };
}

pub(super) fn name(shell: &str) -> &str {
    shell.rsplit('/').next().unwrap_or(shell)
}

/// The wanted shell if it can be run, else `$SHELL`, else bash, else what every system has.
pub(super) fn choose(wanted: Option<&str>) -> String {
    let runs = |path: &&str| path.starts_with('/') && rustix::fs::access(*path, rustix::fs::Access::EXEC_OK).is_ok();
    let own = std::env::var("SHELL").ok();
    [wanted, own.as_deref(), Some("/bin/bash")].into_iter().flatten().find(runs).unwrap_or("/bin/sh").to_owned()
}

/// Characters are UTF-8, whatever the container, its image or a class says. The language is kept where it is installed.
pub(super) fn locale(command: &mut Command) {
    let of = |name: &str| std::env::var(name).ok().filter(|value| is_utf8(value) && is_installed(value));
    let lang = of("LC_ALL").or_else(|| of("LANG")).unwrap_or_else(|| "C.UTF-8".to_owned());
    // LC_ALL would win over both.
    command.env_remove("LC_ALL").env("LANG", lang).env("LC_CTYPE", "C.UTF-8");
}

fn is_utf8(locale: &str) -> bool {
    locale.split(['.', '@']).nth(1).is_some_and(|codeset| matches!(codeset.to_ascii_lowercase().as_str(), "utf-8" | "utf8"))
}

/// With one category that it does not know, the C library takes none, and characters would be bytes.
fn is_installed(locale: &str) -> bool {
    let (language, rest) = locale.split_once('.').unwrap_or((locale, ""));
    let modifier = rest.split_once('@').map_or(String::new(), |(_, modifier)| format!("@{modifier}"));
    // As glibc writes it.
    let name = format!("{language}.utf8{modifier}");
    language == "C" || Path::new("/usr/lib/locale").join(&name).is_dir() || is_archived(&name).unwrap_or(false)
}

/// Whether the archive of compiled locales knows this name. Some hundred kilobytes to some megabytes, read in pieces.
fn is_archived(name: &str) -> std::io::Result<bool> {
    let mut archive = std::fs::File::open("/usr/lib/locale/locale-archive")?;
    let (wanted, mut buffer, mut held) = (format!("{name}\0").into_bytes(), vec![0; 64 * 1024], 0);
    loop {
        let read = archive.read(&mut buffer[held..])?;
        if read == 0 {
            return Ok(false);
        }
        let filled = held + read;
        if buffer[..filled].windows(wanted.len()).any(|window| window == wanted) {
            return Ok(true);
        }
        held = filled.min(wanted.len());
        buffer.copy_within(filled - held..filled, 0);
    }
}

/// Where the files are, once [`crate::serve`] knows.
#[derive(Debug, Default)]
pub(crate) struct Files(std::sync::OnceLock<PathBuf>);

impl Files {
    pub(crate) fn keep_in(&self, folder: PathBuf) {
        // The first wins: an agent serves once.
        let _ = self.0.set(folder);
    }

    /// The folder, with all in place.
    pub(super) fn ready(&self) -> Option<&Path> {
        let folder = self.0.get()?;
        match write_files(folder) {
            Ok(()) => Some(folder),
            Err(error) => {
                tracing::warn!(%error, folder = %folder.display(), "a terminal starts without marks");
                None
            }
        }
    }
}
