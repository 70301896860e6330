//! Where a program works in the workspace and would not in its container: it listens to itself alone, on another port than the
//! manifest says, without a file or a library that lies only in the workspace; or it carries secrets into git.
//!
//! Pure functions over the files of a project. What is found are warnings, but for what a build is certain to stop at; each has
//! its place and its fix.

mod commands;
mod copies;
mod dependencies;
mod instructions;
mod listens;
mod ports;
mod secrets;
mod texts;

use std::collections::BTreeSet;

use maru_build::dockerfile::{Instruction, parse};
use maru_manifest::{ContainerFacts, Diagnostic, Files};
use maru_model::Login;

use texts::Source;

/// A program: what one image repository is built from.
#[derive(Debug, Clone)]
pub struct Program {
    /// `registry.localhost/mina/web`, as manifests name it.
    pub image: String,
    /// The folder in the project; "" for its top.
    pub context: String,
    /// In the context.
    pub dockerfile: String,
}

/// Images that there are, as far as a Dockerfile of this user may name them.
#[derive(Debug, Clone)]
pub struct Images {
    pub login: Login,
    /// Of the class's registry, whole.
    pub known: BTreeSet<String>,
}

/// What is looked at.
#[derive(Debug)]
pub struct Project<'a> {
    /// All files, also those that were not read.
    pub paths: &'a BTreeSet<String>,
    pub files: &'a Files,
    pub programs: &'a [Program],
    pub containers: &'a [ContainerFacts],
    /// `None` where the registry was not asked: nothing is said about images then.
    pub images: Option<&'a Images>,
}

/// One program with what belongs to it.
struct Subject<'a> {
    program: &'a Program,
    /// Path of the Dockerfile in the project.
    dockerfile: String,
    /// Its text.
    text: String,
    instructions: Vec<Instruction>,
    images: Option<&'a Images>,
    /// Paths in the context, from its top.
    inside: BTreeSet<&'a str>,
    /// The texts of the context that were read.
    sources: Vec<Source<'a>>,
    containers: Vec<&'a ContainerFacts>,
}

/// Everything that is found, errors first.
#[must_use]
pub fn check(project: &Project<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for program in project.programs {
        let Some(subject) = Subject::of(project, program) else {
            found.push(copies::no_dockerfile(program, project.paths));
            continue;
        };
        instructions::check(&subject, &mut found);
        copies::check(&subject, &mut found);
        commands::check(&subject, &mut found);
        for source in &subject.sources {
            listens::check(source, &mut found);
        }
        ports::check(&subject, &mut found);
        dependencies::check(&subject, &mut found);
    }
    secrets::check(project, &mut found);
    sorted(found)
}

/// The Dockerfiles alone, as they are written. `whole` says that the paths are all of the project's: without them nothing
/// can be said of what is copied.
#[must_use]
pub fn dockerfiles(project: &Project<'_>, whole: bool) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for subject in project.programs.iter().filter_map(|program| Subject::of(project, program)) {
        instructions::check(&subject, &mut found);
        if whole {
            copies::check(&subject, &mut found);
        }
    }
    sorted(found)
}

/// A program for each Dockerfile: those of the image repositories, and for any other its own folder.
#[must_use]
pub fn programs_of(files: &Files, repositories: &[Program]) -> Vec<Program> {
    let known: BTreeSet<String> = repositories.iter().map(|program| within(&program.context, &program.dockerfile)).collect();
    let others = files.keys().filter(|path| is_dockerfile(path) && !known.contains(*path)).map(|path| {
        let (context, dockerfile) = path.rsplit_once('/').unwrap_or(("", path));
        Program { image: String::new(), context: context.to_owned(), dockerfile: dockerfile.to_owned() }
    });
    repositories
        .iter()
        .filter(|program| files.contains_key(&within(&program.context, &program.dockerfile)))
        .cloned()
        .chain(others)
        .collect()
}

/// `Dockerfile`, `web/Dockerfile.dev`
#[must_use]
pub fn is_dockerfile(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name == "Dockerfile" || name.strip_prefix("Dockerfile.").is_some_and(|end| !end.is_empty() && end != "dockerignore")
}

fn sorted(mut found: Vec<Diagnostic>) -> Vec<Diagnostic> {
    found.sort_by(|a, b| (a.severity, &a.file, a.line, a.column, &a.code).cmp(&(b.severity, &b.file, b.line, b.column, &b.code)));
    found.dedup();
    found
}

impl<'a> Subject<'a> {
    /// `None` where there is no Dockerfile.
    fn of(project: &'a Project<'_>, program: &'a Program) -> Option<Self> {
        let dockerfile = within(&program.context, &program.dockerfile);
        if !project.paths.contains(&dockerfile) {
            return None;
        }
        let text = project.files.get(&dockerfile).map(|bytes| String::from_utf8_lossy(bytes)).unwrap_or_default();
        let text = text.trim_start_matches('\u{feff}').to_owned();
        let prefix = within(&program.context, "");
        let inside = project.paths.iter().filter_map(|path| path.strip_prefix(&prefix)).collect();
        let sources =
            project.files.iter().filter(|(path, _)| path.starts_with(&prefix)).filter_map(|(path, bytes)| Source::of(path, bytes));
        let containers = project.containers.iter().filter(|container| names(&container.image, &program.image)).collect();
        let instructions = parse(&text);
        Some(Self { program, instructions, text, dockerfile, images: project.images, inside, sources: sources.collect(), containers })
    }

    /// The last of an instruction, which is the one that counts.
    fn last(&self, keyword: &str) -> Option<&Instruction> {
        self.instructions.iter().rev().find(|instruction| instruction.keyword == keyword)
    }
}

/// `web/Dockerfile`; of an empty path `web/`.
fn within(folder: &str, path: &str) -> String {
    match folder.trim_matches('/') {
        "" | "." => path.to_owned(),
        folder => format!("{folder}/{path}"),
    }
}

/// True where `image`, with its tag or digest, is of this repository.
fn names(image: &str, repository: &str) -> bool {
    image.strip_prefix(repository).is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '@']))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
