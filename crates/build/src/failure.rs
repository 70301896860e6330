//! A failed build in words: which line, what it said last, and what to try.

use std::collections::VecDeque;

use maru_model::Text;

use crate::dockerfile::{INSTRUCTIONS, Instruction};

/// Enough to see the cause; the log has the rest.
const TAIL_LINES: usize = 8;

/// Follows the builder's log: which step it is at, and what that step said last.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    /// Counted from 1.
    step: usize,
    partial: String,
    tail: VecDeque<String>,
    /// The images that the steps ended with, as the builder names them.
    images: Vec<String>,
}

impl Progress {
    pub(crate) fn feed(&mut self, text: &str) {
        self.partial.push_str(text);
        while let Some(end) = self.partial.find('\n') {
            let line: String = self.partial.drain(..=end).collect();
            self.line(line.trim_end());
        }
        // A progress bar without an end of line must not grow without bound.
        if self.partial.len() > 64 * 1024 {
            self.partial.clear();
        }
    }

    fn line(&mut self, line: &str) {
        if let Some(number) = line.strip_prefix("Step ").and_then(|rest| rest.split('/').next()).and_then(|number| number.parse().ok()) {
            self.step = number;
            self.tail.clear();
        } else if let Some(image) = line.strip_prefix(" ---> ").filter(|id| id.len() == 12 && id.bytes().all(|b| b.is_ascii_hexdigit())) {
            self.images.push(image.to_owned());
        } else if !line.is_empty() && !line.starts_with(" ---> ") && !line.starts_with("Removing intermediate container") {
            let shown = line.rsplit('\r').find(|part| !part.is_empty()).unwrap_or("");
            self.tail.push_back(shown.chars().take(300).collect());
            if self.tail.len() > TAIL_LINES {
                self.tail.pop_front();
            }
        }
    }

    pub(crate) fn images(&self) -> &[String] {
        &self.images
    }

    fn tail(&self) -> String {
        self.tail.iter().map(|line| format!("\n    {line}")).collect()
    }
}

/// What is known about a build when it fails.
pub(crate) struct Scene<'a> {
    /// The Dockerfile's path in the project.
    pub(crate) path: &'a str,
    pub(crate) instructions: &'a [Instruction],
    pub(crate) progress: &'a Progress,
    /// Files of the context, as paths in it.
    pub(crate) files: &'a [String],
    /// The class's base images, as Dockerfiles name them.
    pub(crate) bases: &'a [String],
    pub(crate) memory_mib: i32,
}

/// Why the builder gave up, from what it said.
pub(crate) fn explain(scene: &Scene<'_>, message: &str) -> Text {
    let message = message.trim();
    let lower = message.to_ascii_lowercase();
    if let Some(at) = lower.find("dockerfile parse error") {
        return parse_error(scene, message[at + "dockerfile parse error".len()..].trim());
    }
    let Some(instruction) = scene.progress.step.checked_sub(1).and_then(|at| scene.instructions.get(at)) else {
        return Text::new(
            format!("The builder refused {}: {message}", scene.path),
            format!("빌더가 {}을(를) 받아들이지 않았습니다: {message}", scene.path),
        );
    };
    let shown = format!("{} {}", instruction.keyword, instruction.arguments.chars().take(160).collect::<String>());
    let (path, line) = (scene.path, instruction.line);
    match instruction.keyword.as_str() {
        "FROM" => base_image(scene, line, instruction, message),
        "COPY" | "ADD" => missing_file(scene, line, &shown, message),
        _ => {
            let code = message.rsplit_once("non-zero code: ").and_then(|(_, code)| code.trim().parse::<i64>().ok());
            let Some(code) = code else {
                return Text::new(
                    format!("{path}, line {line} failed: `{shown}`: {message}"),
                    format!("{path} {line}번째 줄이 실패했습니다: `{shown}`: {message}"),
                );
            };
            let (hint_en, hint_ko) = exit_code_hint(code, scene.memory_mib);
            let tail = scene.progress.tail();
            Text::new(
                format!("{path}, line {line} failed with exit code {code}: `{shown}`.{hint_en}{}", said("Its last words:", &tail)),
                format!("{path} {line}번째 줄이 종료 코드 {code}(으)로 실패했습니다: `{shown}`.{hint_ko}{}", said("마지막 출력:", &tail)),
            )
        }
    }
}

fn said(introduction: &str, tail: &str) -> String {
    if tail.is_empty() { String::new() } else { format!(" {introduction}{tail}") }
}

fn exit_code_hint(code: i64, memory_mib: i32) -> (String, String) {
    match code {
        137 => (
            format!(" It was killed, most likely because it needed more than {memory_mib} MiB of memory."),
            format!(" 강제로 종료되었습니다. 메모리가 {memory_mib} MiB보다 더 필요했을 가능성이 큽니다."),
        ),
        127 => (
            " A command in it does not exist in the image: install it in an earlier line, or check its spelling.".to_owned(),
            " 이미지에 없는 명령입니다. 앞줄에서 설치하거나 철자를 확인하세요.".to_owned(),
        ),
        126 => (
            " A file in it cannot be executed: `chmod +x` it, in git as well.".to_owned(),
            " 실행할 수 없는 파일입니다. `chmod +x`로 실행 권한을 주고 git에도 반영하세요.".to_owned(),
        ),
        _ => (String::new(), String::new()),
    }
}

fn parse_error(scene: &Scene<'_>, message: &str) -> Text {
    let path = scene.path;
    if let Some((_, word)) = message.split_once("unknown instruction: ") {
        let word = word.trim();
        if let Some(nearest) = nearest(&word.to_ascii_uppercase(), INSTRUCTIONS.iter().copied()) {
            let line = scene.instructions.iter().find(|i| i.keyword == word.to_ascii_uppercase()).map_or(0, |i| i.line);
            return Text::new(
                format!("{path}, line {line}: there is no instruction `{word}`. Did you mean `{nearest}`?"),
                format!("{path} {line}번째 줄: `{word}`라는 명령은 없습니다. `{nearest}`을(를) 쓰려고 했나요?"),
            );
        }
    }
    Text::new(format!("{path} cannot be read: {message}"), format!("{path}을(를) 읽을 수 없습니다: {message}"))
}

fn base_image(scene: &Scene<'_>, line: usize, instruction: &Instruction, message: &str) -> Text {
    let path = scene.path;
    let image = crate::dockerfile::images(scene.instructions)
        .into_iter()
        .find_map(|(at, image)| (at == line).then_some(image))
        .unwrap_or_else(|| instruction.arguments.clone());
    let short = image.rsplit('/').next().unwrap_or(&image).split(':').next().unwrap_or("");
    let suggestion = scene.bases.iter().find(|base| base.rsplit('/').next().is_some_and(|name| name.split(':').next() == Some(short)));
    let (fix_en, fix_ko) = match suggestion {
        Some(base) => (format!("Write `FROM {base}`, the class's own copy."), format!("수업의 이미지를 쓰세요: `FROM {base}`")),
        None if scene.bases.is_empty() => ("Check its name and tag.".to_owned(), "이름과 태그를 확인하세요.".to_owned()),
        None => (
            format!("Check its name and tag. The class has: {}.", scene.bases.join(", ")),
            format!("이름과 태그를 확인하세요. 수업의 이미지: {}", scene.bases.join(", ")),
        ),
    };
    Text::new(
        format!("{path}, line {line}: the base image `{image}` could not be fetched ({message}). {fix_en}"),
        format!("{path} {line}번째 줄: 기본 이미지 `{image}`을(를) 가져올 수 없습니다 ({message}). {fix_ko}"),
    )
}

fn missing_file(scene: &Scene<'_>, line: usize, shown: &str, message: &str) -> Text {
    let path = scene.path;
    // "... excluded by .dockerignore: stat requirments.txt: file does not exist"
    let missing = message.rsplit_once("stat ").and_then(|(_, rest)| rest.split(':').next()).map(|name| name.trim().trim_start_matches('/'));
    let Some(missing) = missing.filter(|name| !name.is_empty()) else {
        return Text::new(
            format!("{path}, line {line} failed: `{shown}`: {message}"),
            format!("{path} {line}번째 줄이 실패했습니다: `{shown}`: {message}"),
        );
    };
    let (near_en, near_ko) = match nearest(missing, scene.files.iter().map(String::as_str)) {
        Some(near) => (format!(" Did you mean `{near}`?"), format!(" `{near}`을(를) 쓰려고 했나요?")),
        None => {
            let some: Vec<&str> = scene.files.iter().take(12).map(String::as_str).collect();
            (format!(" There are: {}.", some.join(", ")), format!(" 있는 파일: {}", some.join(", ")))
        }
    };
    Text::new(
        format!(
            "{path}, line {line}: `{shown}`: there is no `{missing}` in the context (or .dockerignore leaves it out, or it is not committed).{near_en}"
        ),
        format!(
            "{path} {line}번째 줄: `{shown}`: 컨텍스트에 `{missing}`이(가) 없습니다 (.dockerignore로 빠졌거나 커밋하지 않았을 수도 있습니다).{near_ko}"
        ),
    )
}

/// The most similar of some names, where one is similar at all: at most a third of its letters differ.
pub(crate) fn nearest<'a>(word: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    names
        .map(|name| (distance(word, name), name))
        .filter(|(distance, name)| *distance > 0 && *distance <= name.chars().count().max(3) / 3)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// How many letters must be put in, taken out, changed or swapped with their neighbour (optimal string alignment).
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().take(200).collect(), b.chars().take(200).collect());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            rows[i][j] = if i == 0 || j == 0 {
                i + j
            } else {
                let replaced = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
                let mut best = replaced.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
                if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                    best = best.min(rows[i - 2][j - 2] + 1);
                }
                best
            };
        }
    }
    rows[a.len()][b.len()]
}

/// A Dockerfile that is not there.
pub(crate) fn no_dockerfile(context: &str, dockerfile: &str, files: &[String]) -> Text {
    let path = if context.is_empty() { dockerfile.to_owned() } else { format!("{context}/{dockerfile}") };
    let candidate = files.iter().find(|file| file.rsplit('/').next().is_some_and(|name| name.eq_ignore_ascii_case("dockerfile")));
    let some: Vec<&str> = files.iter().take(20).map(String::as_str).collect();
    let more = if files.len() > some.len() { ", ..." } else { "" };
    let (fix_en, fix_ko) = match candidate {
        Some(file) => (
            format!("There is `{file}`: set the repository's Dockerfile to it."),
            format!("`{file}`이(가) 있습니다. 저장소 설정의 Dockerfile을 이 경로로 바꾸세요."),
        ),
        None => (
            "Commit a Dockerfile there and push it, or correct the repository's context and Dockerfile.".to_owned(),
            "그 자리에 Dockerfile을 커밋해 push하거나, 저장소 설정의 컨텍스트와 Dockerfile 경로를 고치세요.".to_owned(),
        ),
    };
    Text::new(
        format!("There is no Dockerfile at `{path}` in this commit. {fix_en} The context holds: {}{more}", some.join(", ")),
        format!("이 커밋에는 `{path}` 파일이 없습니다. {fix_ko} 컨텍스트의 파일: {}{more}", some.join(", ")),
    )
}

/// A context folder that is not there.
pub(crate) fn no_context(context: &str, folders: &[String]) -> Text {
    let (near_en, near_ko) = match nearest(context, folders.iter().map(String::as_str)) {
        Some(near) => (format!(" Did you mean `{near}`?"), format!(" `{near}`을(를) 쓰려고 했나요?")),
        None if folders.is_empty() => (String::new(), String::new()),
        None => (format!(" There are: {}.", folders.join(", ")), format!(" 있는 폴더: {}", folders.join(", "))),
    };
    Text::new(
        format!("There is no folder `{context}` in this commit.{near_en} Correct the repository's context, or commit and push the folder."),
        format!("이 커밋에는 `{context}` 폴더가 없습니다.{near_ko} 저장소 설정의 컨텍스트를 고치거나, 폴더를 커밋해 push하세요."),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dockerfile;
    use proptest::prelude::*;

    fn told(dockerfile: &str, log: &str, message: &str) -> String {
        let (instructions, mut progress) = (dockerfile::parse(dockerfile), Progress::default());
        progress.feed(log);
        let files = ["requirements.txt".to_owned(), "app.py".to_owned()];
        let bases = ["registry.localhost/base/python:3".to_owned()];
        let scene = Scene {
            path: "api/Dockerfile",
            instructions: &instructions,
            progress: &progress,
            files: &files,
            bases: &bases,
            memory_mib: 1536,
        };
        explain(&scene, message).en
    }

    #[test]
    fn failures_are_told() {
        let run = told(
            "FROM x\n\nRUN pip install nothing\n",
            "Step 1/2 : FROM x\n ---> 0123\nStep 2/2 : RUN pip install nothing\n ---> Running in 9\nERROR: No matching distribution\n",
            "The command '/bin/sh -c pip install nothing' returned a non-zero code: 1",
        );
        assert_eq!(
            run,
            "api/Dockerfile, line 3 failed with exit code 1: `RUN pip install nothing`. Its last words:\n    ERROR: No matching distribution"
        );
        let killed = told("FROM x\nRUN big\n", "Step 2/2 : RUN big\n", "The command 'big' returned a non-zero code: 137");
        assert!(killed.contains("more than 1536 MiB"), "{killed}");
        let copy = told(
            "FROM x\nCOPY requirments.txt .\n",
            "Step 2/2 : COPY requirments.txt .\n",
            "COPY failed: file not found in build context or excluded by .dockerignore: stat requirments.txt: file does not exist",
        );
        assert!(copy.contains("Did you mean `requirements.txt`?"), "{copy}");
        let base = told("FROM python:3\n", "Step 1/1 : FROM python:3\n", "pull access denied for python");
        assert!(base.contains("Write `FROM registry.localhost/base/python:3`"), "{base}");
        let typo = told("FORM x\n", "", "dockerfile parse error line 1: unknown instruction: FORM");
        assert_eq!(typo, "api/Dockerfile, line 1: there is no instruction `FORM`. Did you mean `FROM`?");
    }

    proptest! {
        #[test]
        fn any_builder_is_understood(
            dockerfile in "(FROM|RUN|COPY|[a-z가 $\n\\\\]){0,30}",
            log in "(Step [0-9]{1,22}/2 : |\r|\n| ---> |[a-z가]|.){0,40}",
            message in "(dockerfile parse error|unknown instruction: |non-zero code: |stat |:|[0-9]{1,22}|\n|[a-zA-ZİK가]){0,12}",
        ) {
            let (instructions, mut progress) = (dockerfile::parse(&dockerfile), Progress::default());
            for part in log.split_inclusive('k') {
                progress.feed(part);
            }
            let (files, bases) = (["가나다.txt".to_owned()], [String::new(), "registry.localhost/base/python:3".to_owned()]);
            let scene = Scene { path: "Dockerfile", instructions: &instructions, progress: &progress, files: &files, bases: &bases, memory_mib: 1 };
            let reason = explain(&scene, &message);
            prop_assert!(!reason.en.is_empty() && !reason.ko.is_empty());
            let _ = (no_dockerfile(&message, &log, &files), no_context(&message, &bases));
        }
    }

    #[test]
    fn distances() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(nearest("same", ["same"].into_iter()), None);
        assert_eq!(nearest("wbe", ["web", "api"].into_iter()), Some("web"));
        assert_eq!(nearest("db", ["web", "api"].into_iter()), None);
        assert_eq!(nearest("webb", ["web", "api"].into_iter()), Some("web"));
    }
}
