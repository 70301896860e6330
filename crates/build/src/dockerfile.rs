//! As much of a Dockerfile as must be known before the Engine sees it: which line an instruction is on, and which images
//! it starts from or copies from. The Engine keeps the images of all users side by side and lets any Dockerfile
//! name any of them, so what a user may not pull must be refused here.

use std::collections::HashMap;

use maru_model::{Login, Text};

use crate::{BASE, REGISTRY_HOST};

/// Those that the builder knows.
pub const INSTRUCTIONS: [&str; 18] = [
    "ADD",
    "ARG",
    "CMD",
    "COPY",
    "ENTRYPOINT",
    "ENV",
    "EXPOSE",
    "FROM",
    "HEALTHCHECK",
    "LABEL",
    "MAINTAINER",
    "ONBUILD",
    "RUN",
    "SHELL",
    "STOPSIGNAL",
    "USER",
    "VOLUME",
    "WORKDIR",
];

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instruction {
    /// Counted from 1: where it begins.
    pub line: usize,
    /// In capitals.
    pub keyword: String,
    /// Its lines joined.
    pub arguments: String,
}

/// Splits a Dockerfile as the classic builder does: comments and empty lines go, continued lines are joined.
#[must_use]
pub fn parse(text: &str) -> Vec<Instruction> {
    let text = text.trim_start_matches('\u{feff}');
    let mut escape = '\\';
    for line in text.lines() {
        let Some((key, value)) = line.trim().strip_prefix('#').and_then(|comment| comment.split_once('=')) else { break };
        if key.trim().eq_ignore_ascii_case("escape") {
            escape = value.trim().chars().next().unwrap_or('\\');
        }
    }
    let mut instructions = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (number, line) in text.lines().enumerate() {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            continue;
        }
        let (piece, goes_on) = match line.trim_end().strip_suffix(escape) {
            Some(piece) => (piece, true),
            None => (line, false),
        };
        let (begin, mut joined) = open.take().unwrap_or_else(|| (number + 1, String::new()));
        joined.push_str(piece);
        if goes_on {
            open = Some((begin, joined));
        } else {
            instructions.extend(instruction(begin, &joined));
        }
    }
    if let Some((begin, joined)) = open {
        instructions.extend(instruction(begin, &joined));
    }
    instructions
}

fn instruction(line: usize, joined: &str) -> Option<Instruction> {
    let joined = joined.trim();
    let (keyword, arguments) = joined.split_once(char::is_whitespace).unwrap_or((joined, ""));
    (!keyword.is_empty()).then(|| Instruction { line, keyword: keyword.to_ascii_uppercase(), arguments: arguments.trim().to_owned() })
}

/// Every image that a Dockerfile names, with the line of it. Stages, numbers and `scratch` are no images.
#[must_use]
pub fn images(instructions: &[Instruction]) -> Vec<(usize, String)> {
    let mut arguments = HashMap::new();
    let mut stages: Vec<String> = Vec::new();
    let mut found = Vec::new();
    let mut in_stage = false;
    for instruction in instructions {
        let words: Vec<&str> = instruction.arguments.split_whitespace().collect();
        match instruction.keyword.as_str() {
            "ARG" if !in_stage => {
                for word in words {
                    let (name, value) = word.split_once('=').unwrap_or((word, ""));
                    let value = expanded(value, &arguments);
                    arguments.insert(name.to_owned(), value);
                }
            }
            "FROM" => {
                in_stage = true;
                let mut words = words.into_iter().skip_while(|word| word.starts_with("--"));
                let image = expanded(words.next().unwrap_or(""), &arguments);
                let name = match (words.next(), words.next()) {
                    (Some(word), Some(name)) if word.eq_ignore_ascii_case("as") => name.to_ascii_lowercase(),
                    _ => String::new(),
                };
                if image != "scratch" && !stages.contains(&image.to_ascii_lowercase()) {
                    found.push((instruction.line, image));
                }
                stages.push(name);
            }
            "COPY" | "ADD" => {
                for flag in words.into_iter().take_while(|word| word.starts_with("--")) {
                    // Variables are looked at in flags as well, in case an Engine does.
                    if let Some(image) = flag.strip_prefix("--from=").map(|from| expanded(from, &arguments))
                        && image.parse::<usize>().is_err()
                        && !stages.contains(&image.to_ascii_lowercase())
                    {
                        found.push((instruction.line, image));
                    }
                }
            }
            _ => {}
        }
    }
    found
}

/// Replaces `$NAME`, `${NAME}`, `${NAME:-default}` and `${NAME:+other}`, and takes quotes and escapes away.
fn expanded(word: &str, arguments: &HashMap<String, String>) -> String {
    let mut result = String::new();
    let mut rest = word;
    while let Some(at) = rest.find(['$', '\\', '"', '\'']) {
        result.push_str(&rest[..at]);
        let (mark, after) = rest[at..].split_at(1);
        rest = after;
        if mark == "\\" {
            let mut characters = rest.chars();
            result.extend(characters.next());
            rest = characters.as_str();
        } else if mark == "$" {
            if let Some((inner, after)) = rest.strip_prefix('{').and_then(|inner| split_braces(inner)) {
                rest = after;
                let (name, operation) = inner.split_once(':').map_or((inner, ""), |(name, operation)| (name, operation));
                let value = arguments.get(name).map_or("", String::as_str);
                match (operation.get(..1), operation.get(1..)) {
                    (Some("-"), Some(default)) if value.is_empty() => result.push_str(&expanded(default, arguments)),
                    (Some("+"), Some(other)) if !value.is_empty() => result.push_str(&expanded(other, arguments)),
                    (Some("+"), _) => {}
                    _ => result.push_str(value),
                }
            } else {
                let length = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
                result.push_str(arguments.get(&rest[..length]).map_or("", String::as_str));
                rest = &rest[length..];
            }
        }
    }
    result.push_str(rest);
    result
}

/// `NAME:-${OTHER}} rest` at the brace that closes it.
fn split_braces(inner: &str) -> Option<(&str, &str)> {
    let mut depth = 1_usize;
    for (at, character) in inner.char_indices() {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some((&inner[..at], &inner[at + 1..]));
        }
    }
    None
}

/// False for what is not the user's: images of other users, and the registry under another of its names.
#[must_use]
pub fn may_use(image: &str, login: &Login) -> bool {
    let (host, path) = image.split_once('/').unwrap_or(("", image));
    let host = host.to_ascii_lowercase();
    let name = host.split(':').next().unwrap_or("");
    let loopback = name == "localhost" || name.starts_with("127.") || host.starts_with('[') || name.parse::<std::net::Ipv4Addr>().is_ok();
    let namespace = path.split('/').next().unwrap_or("");
    !(loopback || (name == REGISTRY_HOST && namespace != BASE && namespace != login.as_str()))
}

/// Refuses what [`may_use`] does not allow.
pub(crate) fn check_images(images: &[(usize, String)], login: &Login) -> Result<(), Text> {
    let Some((line, image)) = images.iter().find(|(_, image)| !may_use(image, login)) else { return Ok(()) };
    Err(Text::new(
        format!(
            "Line {line} of the Dockerfile uses the image `{image}`, which is not yours. Use a base image of the class \
             (`{REGISTRY_HOST}/{BASE}/...`) or an image of your own (`{REGISTRY_HOST}/{login}/...`)."
        ),
        format!(
            "Dockerfile {line}번째 줄이 쓰는 이미지 `{image}`은(는) 내 것이 아닙니다. 수업의 기본 이미지\
             (`{REGISTRY_HOST}/{BASE}/...`)나 내 이미지(`{REGISTRY_HOST}/{login}/...`)를 쓰세요."
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn named_images(text: &str) -> Vec<(usize, String)> {
        images(&parse(text))
    }

    #[test]
    fn instructions_have_their_lines() {
        let text = "# escape=`\n# a comment\n\nFROM debian:trixie\nRUN apt-get update `\n  # in between\n\n && apt-get install -y curl\ncopy . .\n";
        let got: Vec<_> = parse(text).into_iter().map(|i| (i.line, i.keyword, i.arguments)).collect();
        assert_eq!(got[0], (4, "FROM".into(), "debian:trixie".into()));
        assert_eq!((got[1].0, got[1].1.as_str()), (5, "RUN"));
        assert!(got[1].2.ends_with("&& apt-get install -y curl"));
        assert_eq!(got[2], (9, "COPY".into(), ". .".into()));
    }

    #[test]
    fn images_are_found_wherever_they_are_named() {
        let text = "ARG HOST=registry.localhost\nARG TAG=\"3\"\nFROM --platform=linux/amd64 ${HOST}/base/python:$TAG AS build\n\
                    FROM build\nFROM scratch\nCOPY --chown=1:1 --from=build /a /b\nCOPY --from=0 /a /b\nCOPY --from=${HOST}/juno/web:1 /a /b\n\
                    FROM ${NONE:-registry.localhost/${X:-juno}/web}\nADD --from=nginx /a /b\n";
        assert_eq!(
            named_images(text),
            [
                (3, "registry.localhost/base/python:3".into()),
                (8, "registry.localhost/juno/web:1".into()),
                (9, "registry.localhost/juno/web".into()),
                (10, "nginx".into()),
            ]
        );
    }

    #[test]
    fn others_images_are_refused() {
        let mina = Login::parse("mina").unwrap();
        let verdict = |image: &str| check_images(&[(1, image.to_owned())], &mina);
        for good in ["python:3", "registry.localhost/base/python:3", "registry.localhost/mina/web:4", "ghcr.io/a/b", "library/nginx"] {
            assert!(verdict(good).is_ok(), "{good}");
        }
        for bad in [
            "registry.localhost/juno/web:1",
            "127.0.0.1:32768/juno/web:1",
            "localhost:5000/mina/web",
            "10.213.4.3:5000/juno/web",
            "Registry.localhost/juno/web",
            "registry.localhost:80/juno/web",
            "[::1]:5000/juno/web",
            "registry.localhost/minax/web",
        ] {
            assert!(verdict(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_taken(text in "(FROM|COPY|ARG|RUN|[$#{}:+a-z\"'\\\\ \n=-]|é){0,60}", other in "(.|\n|\r|\u{a0}){0,80}") {
            for text in [text, other] {
                let lines = text.lines().count();
                let instructions = parse(&text);
                prop_assert!(instructions.iter().all(|i| (1..=lines).contains(&i.line) && !i.keyword.is_empty()), "{:?}", instructions);
                let _ = check_images(&images(&instructions), &Login::parse("mina").unwrap());
            }
        }

        #[test]
        fn an_image_of_another_is_found_wherever_it_is_named(before in "(RUN [a-z ]{0,9}\n|# [a-z]{0,9}\n|ENV A=b\n|\n){0,4}", copy in any::<bool>()) {
            let theirs = "registry.localhost/juno/web:1";
            let named = if copy { format!("COPY --from={theirs} /a /b\n") } else { format!("FROM {theirs}\n") };
            let text = format!("FROM scratch\n{before}{named}");
            let found = named_images(&text);
            prop_assert_eq!(found.last().map(|(line, image)| (*line, image.as_str())), Some((before.lines().count() + 2, theirs)));
        }
    }
}
