//! A Dockerfile by itself: instructions that there are, in an order that can be built, from images that there are. What is said
//! is what the classic builder stops at, but for the version of an image, which is only a warning.

use std::borrow::Cow;

use maru_build::dockerfile::{INSTRUCTIONS, Instruction, images, may_use};
use maru_build::{BASE, REGISTRY_HOST};
use maru_manifest::{Diagnostic, Edit, Mark, nearest};
use maru_model::Text;

use super::texts::Source;
use super::{Images, Subject};

/// Flags that only BuildKit knows, by instruction.
const BUILDKIT: [(&str, &[&str]); 3] =
    [("RUN", &["--mount", "--network", "--security"]), ("COPY", &["--link", "--chmod", "--parents"]), ("ADD", &["--link", "--chmod"])];

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    let file = Dockerfile::of(subject);
    let mut inside_until = 0;
    for (index, instruction) in subject.instructions.iter().enumerate() {
        if instruction.line <= inside_until {
            continue;
        }
        if !INSTRUCTIONS.contains(&instruction.keyword.as_str()) {
            found.push(file.unknown(index));
            continue;
        }
        if let Some(end) = file.heredoc_end(index) {
            inside_until = end;
            found.push(file.needs_buildkit(index, "<<"));
        }
        if let Some(flag) = buildkit_flag(instruction) {
            found.push(file.needs_buildkit(index, flag));
        }
        found.extend(file.broken_list(index));
        found.extend(missing_argument(instruction).map(|wanted| file.lacks(index, wanted)));
    }
    found.extend(file.without_from());
    for (line, image) in images(&subject.instructions) {
        if let Some(index) = subject.instructions.iter().position(|instruction| instruction.line == line) {
            found.extend(file.image(index, &image, subject.images));
        }
    }
}

/// Where a word of an instruction is, and what puts another in its place, where it stands there as it is.
pub(super) fn replacing(subject: &Subject<'_>, instruction: &Instruction, word: &str, other: &str) -> Option<(Mark, Edit)> {
    let file = Dockerfile::of(subject);
    let index = subject.instructions.iter().position(|each| each.line == instruction.line)?;
    let (from, to) = file.word(index, word)?;
    Some((file.source.mark(from), file.source.edit(from, to, other)))
}

/// A Dockerfile with the places of its instructions.
struct Dockerfile<'a> {
    source: Source<'a>,
    instructions: &'a [Instruction],
    /// Where each line begins, in bytes.
    lines: Vec<usize>,
}

impl<'a> Dockerfile<'a> {
    fn of(subject: &'a Subject<'_>) -> Self {
        let begins = subject.text.match_indices('\n').map(|(at, _)| at + 1);
        Self {
            source: Source { path: &subject.dockerfile, text: Cow::Borrowed(&subject.text) },
            instructions: &subject.instructions,
            lines: std::iter::once(0).chain(begins).collect(),
        }
    }

    /// In bytes, of a line that is counted from 1; the text's end beyond the last.
    fn begin(&self, line: usize) -> usize {
        self.lines.get(line.saturating_sub(1)).copied().unwrap_or(self.source.text.len())
    }

    /// All of its lines, up to the next instruction.
    fn span(&self, index: usize) -> (usize, usize) {
        let end = self.instructions.get(index + 1).map_or(self.source.text.len(), |next| self.begin(next.line));
        (self.begin(self.instructions[index].line), end)
    }

    /// Where a text stands in an instruction as it is written.
    fn find(&self, index: usize, text: &str) -> Option<(usize, usize)> {
        let (from, to) = self.span(index);
        let at = self.source.text.get(from..to)?.find(text)? + from;
        Some((at, at + text.len()))
    }

    /// The same of a word, which is not a part of another.
    fn word(&self, index: usize, word: &str) -> Option<(usize, usize)> {
        let (from, to) = self.span(index);
        let text = self.source.text.get(from..to)?;
        let apart = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '=' | '/' | ',' | '[' | ']');
        let whole =
            |at: &usize| text[..*at].chars().next_back().is_none_or(apart) && text[at + word.len()..].chars().next().is_none_or(apart);
        let at = text.match_indices(word).map(|(at, _)| at).find(whole)? + from;
        Some((at, at + word.len()))
    }

    fn keyword(&self, index: usize) -> (usize, usize) {
        let (from, to) = self.span(index);
        let text = self.source.text.get(from..to).unwrap_or_default();
        let begin = from + text.len() - text.trim_start().len();
        (begin, begin + self.instructions[index].keyword.len())
    }

    fn placed(&self, at: usize, found: Diagnostic) -> Diagnostic {
        found.at(self.source.path, self.source.mark(at))
    }

    fn unknown(&self, index: usize) -> Diagnostic {
        let instruction = &self.instructions[index];
        let (from, to) = self.keyword(index);
        let written = self.source.text.get(from..to).unwrap_or(&instruction.keyword);
        let found = self.placed(
            from,
            Diagnostic::error(
                "dockerfile_unknown_instruction",
                Text::new(
                    format!("`{written}` is no instruction of a Dockerfile: the build stops here"),
                    format!("`{written}` 은(는) Dockerfile 명령이 아니어서 여기서 빌드가 멈춥니다"),
                ),
            ),
        );
        if written.starts_with("&&") || written.starts_with("||") {
            let edits = index.checked_sub(1).and_then(|before| self.continued(before));
            return found
                .fix(Text::new(
                    "It belongs to the line above: end that one with `\\`",
                    "윗줄에 이어지는 내용입니다. 윗줄 끝에 `\\` 를 쓰세요",
                ))
                .edits(edits);
        }
        match nearest(written, INSTRUCTIONS) {
            Some(meant) => found
                .fix(Text::new(format!("Write `{meant}`"), format!("`{meant}` (으)로 쓰세요")))
                .edits([self.source.edit(from, to, meant)]),
            None => found.fix(Text::new(
                "Begin the line with an instruction such as `RUN`; where it belongs to the line above, end that one with `\\`",
                "`RUN` 같은 명령으로 시작하세요. 윗줄에 이어지는 내용이면 윗줄 끝에 `\\` 를 쓰세요",
            )),
        }
    }

    /// ` \` behind the last word of an instruction, unless a comment is between it and the next.
    fn continued(&self, index: usize) -> Option<Edit> {
        let (from, to) = self.span(index);
        let text = self.source.text.get(from..to)?;
        let written = text.trim_end();
        (!written.lines().skip(1).any(|line| line.trim_start().starts_with('#'))).then(|| {
            let at = from + written.len();
            self.source.edit(at, at, " \\")
        })
    }

    fn without_from(&self) -> Option<Diagnostic> {
        let first = self.instructions.iter().position(|instruction| instruction.keyword != "ARG");
        let known = |index: &usize| INSTRUCTIONS.contains(&self.instructions[*index].keyword.as_str());
        let at = match first {
            // What it was meant to be is told of itself.
            Some(index) if !known(&index) || self.instructions[index].keyword == "FROM" => return None,
            Some(index) => self.keyword(index).0,
            None => 0,
        };
        Some(
            self.placed(
                at,
                Diagnostic::error(
                    "dockerfile_no_from",
                    Text::new(
                        "Nothing says which image to start from: the first instruction must be `FROM`",
                        "어떤 이미지에서 시작하는지 없습니다. 첫 명령은 `FROM` 이어야 합니다",
                    ),
                ),
            )
            .fix(Text::new(
                format!("Begin with a base image of the class, such as `FROM {REGISTRY_HOST}/{BASE}/python:3`"),
                format!("`FROM {REGISTRY_HOST}/{BASE}/python:3` 처럼 수업의 기본 이미지로 시작하세요"),
            )),
        )
    }

    /// The line at which a here-document of the instruction ends.
    fn heredoc_end(&self, index: usize) -> Option<usize> {
        let instruction = &self.instructions[index];
        let after = instruction.arguments.split("<<").nth(1)?;
        let word = after.trim_start_matches('-').trim_start_matches(['"', '\'']);
        let word = &word[..word.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(word.len())];
        if word.is_empty() || word.starts_with(|c: char| c.is_ascii_digit()) {
            return None;
        }
        let lines = self.source.text.lines().enumerate().skip(instruction.line);
        lines.filter(|(_, line)| line.trim() == word).map(|(number, _)| number + 1).next()
    }

    fn needs_buildkit(&self, index: usize, what: &str) -> Diagnostic {
        let at = self.find(index, what).map_or_else(|| self.keyword(index).0, |(from, _)| from);
        let keyword = &self.instructions[index].keyword;
        let (fix_en, fix_ko) = match what {
            "<<" => (
                "Write the lines into a file and copy it, or join commands with `&& \\`",
                "내용을 파일로 만들어 복사하거나, 명령을 `&& \\` 로 이으세요",
            ),
            "--chmod" => ("Take it out, and set the rights with `RUN chmod` after it", "빼고, 다음 줄에서 `RUN chmod` 로 권한을 정하세요"),
            "--mount" | "--link" => {
                ("Take it out: the build does the same without it, only slower", "빼세요. 조금 느려질 뿐 결과는 같습니다")
            }
            _ => ("Take it out", "빼세요"),
        };
        self.placed(
            at,
            Diagnostic::error(
                "dockerfile_buildkit",
                Text::new(
                    format!("`{keyword}` uses `{what}`, which needs BuildKit; builds here do without it and stop at this"),
                    format!("`{keyword}` 의 `{what}` 은(는) BuildKit 에만 있습니다. 이곳의 빌드는 BuildKit 을 쓰지 않아 여기서 멈춥니다"),
                ),
            ),
        )
        .fix(Text::new(fix_en, fix_ko))
    }

    /// A list that is none: the builder would give it to a shell as it stands.
    fn broken_list(&self, index: usize) -> Option<Diagnostic> {
        let Instruction { keyword, arguments, .. } = &self.instructions[index];
        let lists = matches!(keyword.as_str(), "CMD" | "ENTRYPOINT" | "COPY" | "ADD" | "VOLUME" | "SHELL" | "RUN");
        let list = without_flags(arguments);
        if !lists || !(list.starts_with("[\"") || list.starts_with("['")) || is_list(list) {
            return None;
        }
        let at = self.find(index, list).map_or_else(|| self.keyword(index).0, |(from, _)| from);
        let found = self.placed(
            at,
            Diagnostic::error(
                "dockerfile_broken_list",
                Text::new(
                    format!("`{keyword}` has a list that does not hold together, so it is taken for a command of that name"),
                    format!("`{keyword}` 의 목록 형식이 잘못되어, 글자 그대로 명령으로 받아들입니다"),
                ),
            ),
        );
        let quoted = list.replace('\'', "\"");
        let closed = |text: &str| format!("{}]", text.trim_end_matches([',', ' ']));
        let tidy = |text: &str| text.strip_suffix(']').map_or_else(|| closed(text), closed);
        let candidates = [quoted.clone(), tidy(list), tidy(&quoted), format!("{list}\"]"), format!("{quoted}\"]")];
        Some(match candidates.iter().find(|candidate| is_list(candidate)) {
            Some(meant) => found
                .fix(Text::new(format!("Write `{meant}`"), format!("`{meant}` (으)로 쓰세요")))
                .edits(self.find(index, list).map(|(from, to)| self.source.edit(from, to, meant))),
            None => found.fix(Text::new(
                "Each word goes into double quotes, with commas between: `[\"python\", \"app.py\"]`",
                "낱말마다 큰따옴표로 싸고 쉼표로 나누세요: `[\"python\", \"app.py\"]`",
            )),
        })
    }

    fn lacks(&self, index: usize, wanted: (&str, &str)) -> Diagnostic {
        let keyword = &self.instructions[index].keyword;
        self.placed(
            self.keyword(index).0,
            Diagnostic::error(
                "dockerfile_missing_argument",
                Text::new(
                    format!("`{keyword}` lacks something: it is written `{}`", wanted.0),
                    format!("`{keyword}` 에 빠진 것이 있습니다"),
                ),
            ),
        )
        .fix(Text::new(format!("Write `{}`", wanted.0), format!("`{}` 형식으로 쓰세요", wanted.1)))
    }

    fn image(&self, index: usize, image: &str, images: Option<&Images>) -> Option<Diagnostic> {
        let place = self.word(index, image);
        let at = place.map_or_else(|| self.keyword(index).0, |(from, _)| from);
        let (name, tag) = split_tag(image);
        if !image.starts_with(&format!("{REGISTRY_HOST}/")) {
            if let Some(images) = images
                && !may_use(image, &images.login)
            {
                return Some(self.not_yours(at, image, images));
            }
            return (matches!(tag, None | Some("latest")) && !image.is_empty()).then(|| self.without_version(at, image));
        }
        let images = images?;
        if !may_use(image, &images.login) {
            return Some(self.not_yours(at, image, images));
        }
        let own = name.starts_with(&format!("{REGISTRY_HOST}/{}/", images.login));
        let same: Vec<&String> = images.known.iter().filter(|known| split_tag(known).0 == name).collect();
        // Of an image of one's own the newest is meant.
        if image.contains('@') || images.known.contains(image) || (own && tag.is_none_or(|tag| tag == "latest") && !same.is_empty()) {
            return None;
        }
        let meant = same.last().map(|known| known.as_str()).or_else(|| nearest(image, images.known.iter().map(String::as_str)));
        let found = self.placed(
            at,
            Diagnostic::error(
                "base_missing",
                Text::new(
                    format!("The class's registry has no image `{image}`: the build stops here"),
                    format!("수업의 레지스트리에 `{image}` 이미지가 없어 여기서 빌드가 멈춥니다"),
                ),
            ),
        );
        Some(match meant {
            Some(meant) => found
                .fix(Text::new(format!("Write `{meant}`"), format!("`{meant}` (으)로 쓰세요")))
                .edits(place.map(|(from, to)| self.source.edit(from, to, meant))),
            None => {
                let all: Vec<String> = images.known.iter().map(|known| format!("`{known}`")).collect();
                let all = all.join(", ");
                found.fix(Text::new(format!("There are {all}"), format!("쓸 수 있는 이미지: {all}")))
            }
        })
    }

    fn not_yours(&self, at: usize, image: &str, images: &Images) -> Diagnostic {
        self.placed(
            at,
            Diagnostic::error(
                "base_not_yours",
                Text::new(
                    format!("`{image}` is somebody else's image: the build is refused"),
                    format!("`{image}` 은(는) 다른 사람의 이미지여서 빌드가 거부됩니다"),
                ),
            ),
        )
        .fix(Text::new(
            format!("Use a base image of the class (`{REGISTRY_HOST}/{BASE}/…`) or one of your own (`{REGISTRY_HOST}/{}/…`)", images.login),
            format!("수업의 기본 이미지(`{REGISTRY_HOST}/{BASE}/…`)나 내 이미지(`{REGISTRY_HOST}/{}/…`)를 쓰세요", images.login),
        ))
    }

    fn without_version(&self, at: usize, image: &str) -> Diagnostic {
        Diagnostic::warning(
            "base_without_version",
            Text::new(
                format!("`{image}` names no version: the next build may start from another program"),
                format!("`{image}` 에 버전이 없어 다음 빌드는 다른 프로그램에서 시작할 수 있습니다"),
            ),
        )
        .at(self.source.path, self.source.mark(at))
        .fix(Text::new(format!("Name one: `{}:VERSION`", split_tag(image).0), format!("`{}:버전` 처럼 버전을 쓰세요", split_tag(image).0)))
    }
}

/// The name, and the tag where there is one; a digest is one too.
fn split_tag(image: &str) -> (&str, Option<&str>) {
    if let Some((name, digest)) = image.split_once('@') {
        return (name, Some(digest));
    }
    match image.rsplit_once(':') {
        // `host:5000/name`
        Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
        _ => (image, None),
    }
}

fn is_list(text: &str) -> bool {
    serde_json::from_str::<Vec<String>>(text).is_ok()
}

/// The arguments behind `--flags`.
fn without_flags(arguments: &str) -> &str {
    let mut rest = arguments;
    while rest.starts_with("--") {
        rest = rest.split_once(char::is_whitespace).map_or("", |(_, behind)| behind.trim_start());
    }
    rest
}

fn buildkit_flag(instruction: &Instruction) -> Option<&'static str> {
    let (_, flags) = BUILDKIT.iter().find(|(keyword, _)| *keyword == instruction.keyword)?;
    let given = instruction.arguments.split_whitespace().take_while(|word| word.starts_with("--"));
    let named: Vec<&str> = given.map(|word| word.split('=').next().unwrap_or(word)).collect();
    flags.iter().copied().find(|flag| named.contains(flag))
}

/// How an instruction is written that has too little, in both languages.
fn missing_argument(instruction: &Instruction) -> Option<(&'static str, &'static str)> {
    let rest = without_flags(&instruction.arguments);
    let (least, wanted) = match instruction.keyword.as_str() {
        "FROM" => (1, ("FROM image:version", "FROM 이미지:버전")),
        "COPY" => (2, ("COPY what where", "COPY 원본 대상")),
        "ADD" => (2, ("ADD what where", "ADD 원본 대상")),
        "WORKDIR" => (1, ("WORKDIR /folder", "WORKDIR /폴더")),
        "USER" => (1, ("USER name", "USER 이름")),
        "EXPOSE" => (1, ("EXPOSE 8080", "EXPOSE 8080")),
        "ENV" => (1, ("ENV NAME=value", "ENV 이름=값")),
        "ARG" => (1, ("ARG NAME", "ARG 이름")),
        _ => return None,
    };
    let count = serde_json::from_str::<Vec<String>>(rest).map_or_else(|_| rest.split_whitespace().count(), |list| list.len());
    (count < least).then_some(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_told_from_ports() {
        assert_eq!(split_tag("python:3"), ("python", Some("3")));
        assert_eq!(split_tag("registry:5000/a/b"), ("registry:5000/a/b", None));
        assert_eq!(split_tag("registry:5000/a/b:1"), ("registry:5000/a/b", Some("1")));
        assert_eq!(split_tag("a@sha256:00"), ("a", Some("sha256:00")));
    }

    #[test]
    fn flags_are_not_arguments() {
        assert_eq!(without_flags("--chown=1:1 --from=build [\"a\", \"b\"]"), "[\"a\", \"b\"]");
        assert_eq!(without_flags("--platform=linux/amd64"), "");
    }
}
