//! What a terminal may be opened with: shells, and languages to try a line in. Only what is installed is offered.

use serde::Serialize;

use crate::programs::Folders;

/// Id, program, and whether it is a shell; a language's program is run as a line.
const KNOWN: [(&str, &str, bool); 5] =
    [("bash", "bash", true), ("zsh", "zsh", true), ("fish", "fish", true), ("python", "python3", false), ("node", "node", false)];

/// As `POST /terminals` takes it.
#[derive(Debug, Serialize, PartialEq, Eq)]
pub(crate) struct Profile {
    id: &'static str,
    shell: Option<String>,
    command: Option<&'static str>,
}

pub(super) fn found() -> Vec<Profile> {
    let folders = Folders::of_environment();
    let profile = |&(id, program, is_shell): &(&'static str, &'static str, bool)| {
        let file = folders.find(program)?.to_str()?.to_owned();
        Some(Profile { id, shell: is_shell.then_some(file), command: (!is_shell).then_some(program) })
    };
    KNOWN.iter().filter_map(profile).collect()
}
