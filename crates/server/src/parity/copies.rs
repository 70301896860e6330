//! What a Dockerfile copies must be in the context, and what it installs from must have been copied before.

use std::collections::BTreeSet;

use maru_build::dockerfile::Instruction;
use maru_manifest::{Diagnostic, Mark};
use maru_model::Text;

use super::{Program, Subject, instructions, within};

/// Commands, and the files of which they need one.
const INSTALLERS: [(&str, &[&str]); 9] = [
    ("npm ci", &["package-lock.json", "npm-shrinkwrap.json"]),
    ("npm install", &["package.json"]),
    ("yarn install", &["package.json"]),
    ("pnpm install", &["package.json"]),
    ("poetry install", &["pyproject.toml"]),
    ("uv sync", &["pyproject.toml"]),
    ("go mod download", &["go.mod"]),
    ("bundle install", &["Gemfile"]),
    ("mvn ", &["pom.xml"]),
];

pub(super) fn no_dockerfile(program: &Program, paths: &BTreeSet<String>) -> Diagnostic {
    let path = within(&program.context, &program.dockerfile);
    let prefix = within(&program.context, "");
    let alike = paths.iter().filter_map(|path| path.strip_prefix(&prefix)).find(|name| name.eq_ignore_ascii_case(&program.dockerfile));
    let fix = match alike {
        Some(name) => {
            Text::new(format!("Rename `{name}`: capital letters count"), format!("`{name}` 의 이름을 바꾸세요. 대소문자를 구별합니다"))
        }
        None => Text::new(
            "Write one, or change the image repository's folder or Dockerfile",
            "파일을 만들거나, 이미지 저장소의 폴더나 Dockerfile 설정을 바꾸세요",
        ),
    };
    Diagnostic::error(
        "no_dockerfile",
        Text::new(
            format!("`{path}`, which the image `{}` is built from, is not there", program.image),
            format!("이미지 `{}` 을(를) 빌드할 `{path}` 이(가) 없습니다", program.image),
        ),
    )
    .fix(fix)
}

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    let mut copied: Vec<String> = Vec::new();
    for instruction in &subject.instructions {
        match instruction.keyword.as_str() {
            // Another stage begins empty.
            "FROM" => copied.clear(),
            "COPY" | "ADD" => {
                for source in sources(instruction) {
                    if exists(&source, &subject.inside) {
                        copied.push(source);
                    } else {
                        found.push(missing(subject, instruction, &source));
                    }
                }
            }
            "RUN" => found.extend(uninstallable(subject, instruction, &copied)),
            _ => {}
        }
    }
}

/// What an instruction copies out of the context, without `./` before and `/` behind; "" is all of it.
fn sources(instruction: &Instruction) -> Vec<String> {
    let arguments = instruction.arguments.as_str();
    let mut words: Vec<String> = Vec::new();
    let mut rest = arguments.split_whitespace().peekable();
    while let Some(flag) = rest.next_if(|word| word.starts_with("--")) {
        if flag.starts_with("--from") {
            return Vec::new();
        }
    }
    let rest: Vec<&str> = rest.collect();
    match serde_json::from_str::<Vec<String>>(&rest.join(" ")) {
        Ok(list) => words.extend(list),
        Err(_) => words.extend(rest.iter().map(|word| (*word).to_owned())),
    }
    words.pop();
    // What is computed, fetched or written in place cannot be looked up.
    let known = |word: &String| !word.contains('$') && !word.contains("://") && !word.starts_with("git@") && !word.starts_with("<<");
    words.retain(known);
    words
        .iter()
        .map(|word| word.trim_start_matches("./").trim_matches('/').to_owned())
        .map(|word| if word == "." { String::new() } else { word })
        .collect()
}

/// True where a path, a folder or a pattern names something in the context.
fn exists(source: &str, inside: &BTreeSet<&str>) -> bool {
    source.is_empty() || inside.iter().any(|path| covers(source, path))
}

/// True where copying `source` brings `path` along.
fn covers(source: &str, path: &str) -> bool {
    if source.is_empty() {
        return true;
    }
    let (pattern, parts) = (source.split('/').count(), path.split('/').collect::<Vec<_>>());
    parts.len() >= pattern && source.split('/').zip(&parts).all(|(wanted, part)| matches(wanted, part))
}

/// `*` and `?`; a class in brackets matches anything, so as to say nothing wrong.
fn matches(pattern: &str, name: &str) -> bool {
    if pattern.contains('[') {
        return true;
    }
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    let (mut p, mut n, mut star) = (0, 0, None);
    while n < name.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, n));
                p += 1;
            }
            Some(c) if *c == '?' || *c == name[n] => (p, n) = (p + 1, n + 1),
            _ => match star {
                Some((at, taken)) => {
                    star = Some((at, taken + 1));
                    (p, n) = (at + 1, taken + 1);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

fn missing(subject: &Subject<'_>, instruction: &Instruction, source: &str) -> Diagnostic {
    let place = if subject.program.context.is_empty() { "." } else { &subject.program.context };
    let alike = subject.inside.iter().find(|path| path.eq_ignore_ascii_case(source));
    let fix = match alike {
        Some(path) => Text::new(format!("Write `{path}`: capital letters count"), format!("`{path}` (으)로 쓰세요. 대소문자를 구별합니다")),
        None => Text::new(
            format!(
                "Paths count from `{place}`. Add the file there, see that .gitignore does not leave it out, or take it out of the line"
            ),
            format!("경로는 `{place}` 부터입니다. 파일을 넣거나, .gitignore 에 걸리지 않는지 확인하거나, 이 줄에서 빼세요"),
        ),
    };
    let edit = alike.and_then(|path| instructions::replacing(subject, instruction, source, path));
    let mark = edit.as_ref().map_or_else(|| line(instruction), |(mark, _)| *mark);
    Diagnostic::error(
        "copy_missing",
        Text::new(
            format!("`{}` copies `{source}`, which is not in `{place}`: the build stops here", instruction.keyword),
            format!("`{}` 이(가) 복사하는 `{source}` 이(가) `{place}` 에 없어 여기서 빌드가 멈춥니다", instruction.keyword),
        ),
    )
    .at(&subject.dockerfile, mark)
    .fix(fix)
    .edits(edit.map(|(_, edit)| edit))
}

/// An install without the list of what to install.
fn uninstallable(subject: &Subject<'_>, instruction: &Instruction, copied: &[String]) -> Option<Diagnostic> {
    let words: Vec<&str> = instruction.arguments.split_whitespace().collect();
    let lists = words.windows(2).filter(|pair| pair[0] == "-r" || pair[0] == "--requirement").map(|pair| pair[1]);
    // What lies outside, or was made by the command itself, is not ours to find.
    let list = lists.filter(|list| !list.starts_with('/') && !list.contains('$')).find(|_| instruction.arguments.contains("pip"));
    let (command, files): (&str, Vec<&str>) = match list {
        Some(list) => ("pip install", vec![list.trim_start_matches("./")]),
        None => INSTALLERS
            .iter()
            .find(|(command, _)| instruction.arguments.contains(command) && !is_of_names(&instruction.arguments, command))
            .map(|(command, files)| (command.trim(), files.to_vec()))?,
    };
    let there = |file: &&str| copied.iter().any(|source| covers(source, file) || covers(source.rsplit('/').next().unwrap_or(source), file));
    if files.iter().any(|file| there(file) && has(subject, file)) {
        return None;
    }
    let file = files.first().copied().unwrap_or_default();
    let (message, fix) = if files.iter().any(|file| has(subject, file)) {
        (
            Text::new(
                format!("`{command}` needs `{file}`, and no line above copies it into the image"),
                format!("`{command}` 에 `{file}` 이(가) 필요한데, 위에서 이미지로 복사하지 않았습니다"),
            ),
            Text::new(format!("Write `COPY {file} .` above this line"), format!("이 줄 위에 `COPY {file} .` 을 쓰세요")),
        )
    } else {
        (
            Text::new(format!("`{command}` needs `{file}`, which is not there"), format!("`{command}` 에 필요한 `{file}` 이(가) 없습니다")),
            Text::new(
                format!("Make `{file}` in the folder of the Dockerfile, and copy it"),
                format!("Dockerfile 이 있는 폴더에 `{file}` 을 만들고 복사하세요"),
            ),
        )
    };
    Some(Diagnostic::warning("dependency_file_missing", message).at(&subject.dockerfile, line(instruction)).fix(fix))
}

/// `npm install express`, which needs no list.
fn is_of_names(arguments: &str, command: &str) -> bool {
    let after = arguments.split(command).nth(1).unwrap_or_default();
    after.split(['&', ';', '|']).next().unwrap_or_default().split_whitespace().any(|word| !word.starts_with('-'))
}

/// Somewhere in the context.
fn has(subject: &Subject<'_>, file: &str) -> bool {
    subject.inside.iter().any(|path| *path == file || path.ends_with(&format!("/{file}")))
}

fn line(instruction: &Instruction) -> Mark {
    Mark { line: u32::try_from(instruction.line).unwrap_or(u32::MAX), column: 1 }
}
