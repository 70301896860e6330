//! docs/checks: every code has a page in both languages, whose bad example is told the code and whose good one is not.
#![allow(clippy::unwrap_used)]

mod corpus_trees;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use corpus_trees::{context, corpus};
use maru_manifest::{Files, check, locate};

fn pages() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/checks")
}

/// The files below a folder.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] }).collect()
}

/// The codes that the sources give to diagnostics.
fn codes() -> BTreeSet<String> {
    let mut codes = codes_below("src");
    // Its words are read here, and it is the rollout that runs it.
    codes.remove("kustomize");
    assert!(codes.len() > 60, "{}", codes.len());
    codes
}

/// What only a cluster says, and what the plan of a Deploy finds in programs (its examples are run in the server's tests).
fn codes_elsewhere() -> BTreeSet<String> {
    let mut codes = codes_below("../rollout/src");
    codes.extend(codes_below("../server/src/parity"));
    codes.difference(&self::codes()).cloned().collect()
}

/// What stands before the code of a finding, in the crates that make some.
const MAKE: [&str; 7] = [
    "Diagnostic::error(",
    "Diagnostic::warning(",
    "Diagnostic::info(",
    // Troubles of a rollout, and reasons why it stopped.
    " code: ",
    "failed(",
    "say(",
    "&str = ",
];

fn codes_below(place: &str) -> BTreeSet<String> {
    let mut codes = BTreeSet::new();
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join(place);
    for path in if place.is_dir() { sources(&place) } else { vec![place] } {
        let text = std::fs::read_to_string(path).unwrap();
        let text = text.split("#[cfg(test)]\nmod tests").next().unwrap();
        for made in MAKE {
            codes.extend(text.split(made).skip(1).filter_map(|rest| {
                let code = rest.trim_start().strip_prefix('"')?.split('"').next()?;
                is_code(code).then(|| code.to_owned())
            }));
        }
        // Some are chosen by the kind that is missing.
        codes.extend(text.split("=> \"missing_").skip(1).filter_map(|rest| Some(format!("missing_{}", rest.split('"').next()?))));
    }
    codes
}

fn is_code(text: &str) -> bool {
    text.len() > 4 && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// A code that is not written where its finding is made is written at one of these.
#[test]
fn every_code_is_found_where_it_is_written() {
    // Of the crate that makes them: what a trouble has, what a failure was given, and constants.
    let handed_on = ["code,", "trouble.code,", "NOT_VERIFIED,"];
    for place in ["src", "../rollout/src", "../server/src/parity", "../server/src/deploy"] {
        for path in sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join(place)) {
            let text = std::fs::read_to_string(&path).unwrap();
            for made in ["Diagnostic::error(", "Diagnostic::warning(", "Diagnostic::info("] {
                for rest in text.split(made).skip(1) {
                    let rest = rest.trim_start();
                    let known = rest.starts_with('"') || handed_on.iter().any(|name| rest.starts_with(name));
                    assert!(known, "{}: what code is this? {}", path.display(), rest.lines().next().unwrap_or_default());
                }
            }
        }
    }
    let elsewhere = codes_elsewhere();
    for code in ["kustomize", "not_verified", "degraded", "crash_loop", "image_unknown", "rollout_aborted", "image_not_built"] {
        assert!(elsewhere.contains(code), "{code} is not found in the sources");
    }
}

/// The files of an example: fences that say a path.
fn example(page: &str, title: &str) -> Files {
    let (_, section) = page.split_once(&format!("## {title}\n")).unwrap_or_else(|| panic!("no `## {title}`"));
    let section = section.split("\n## ").next().unwrap();
    let mut files = Files::new();
    let mut open: Option<(&str, String, Vec<u8>)> = None;
    for line in section.split_inclusive('\n') {
        match &mut open {
            None if line.starts_with("```") => {
                let fence = &line[..line.len() - line.trim_start_matches('`').len()];
                let (language, path) = line.trim_start_matches('`').trim().split_once(' ').unwrap();
                let (path, encoding) = path.split_once(' ').unwrap_or((path, ""));
                assert!(["yaml", "markdown", "dockerfile", "python", "text"].contains(&language), "{line}");
                open = Some((fence, path.to_owned(), if encoding == "cp949" { vec![0xb9, 0xe6] } else { Vec::new() }));
            }
            Some((fence, path, text)) if line.trim_end() == *fence => {
                files.insert(path.clone(), std::mem::take(text));
                open = None;
            }
            Some((.., text)) => text.extend_from_slice(line.as_bytes()),
            None => {}
        }
    }
    assert!(open.is_none() && !files.is_empty());
    files
}

#[test]
fn every_code_has_a_page_whose_examples_are_true() {
    let mut missing = BTreeSet::new();
    for code in codes() {
        let Ok(page) = std::fs::read_to_string(pages().join(format!("{code}.md"))) else {
            missing.insert(code);
            continue;
        };
        let (head, _) = page.split_once("\n## ").unwrap();
        assert!(head.starts_with(&format!("# {code}\n")), "{code}: the title");
        assert!(head.chars().any(|c| ('가'..='힣').contains(&c)) && head.chars().any(|c| c.is_ascii_lowercase()), "{code}: both languages");
        let told = |title| {
            let files = example(&page, title);
            check(&files, locate(&files), &context()).diagnostics
        };
        let bad = told("Bad · 나쁜 예");
        assert!(bad.iter().any(|found| found.code == code), "{code}: the bad example is told {bad:?}");
        let good = told("Good · 좋은 예");
        assert!(!good.iter().any(|found| found.code == code || found.is_error()), "{code}: the good example is told {good:?}");
    }
    assert!(missing.is_empty(), "codes without a page in docs/checks: {missing:?}");
}

/// What the API server says only when it is asked: the check before it has nothing against either example.
#[test]
fn what_is_said_elsewhere_has_pages_too() {
    for code in codes_elsewhere() {
        let page = std::fs::read_to_string(pages().join(format!("{code}.md"))).unwrap_or_else(|_| panic!("no page for {code}"));
        let (head, _) = page.split_once("\n## ").unwrap();
        assert!(head.starts_with(&format!("# {code}\n")), "{code}: the title");
        assert!(head.chars().any(|c| ('가'..='힣').contains(&c)), "{code}: both languages");
        for title in ["Bad · 나쁜 예", "Good · 좋은 예"] {
            let mut files = example(&page, title);
            files.retain(|path, _| path.ends_with(".yaml"));
            if !files.is_empty() {
                let found = check(&files, locate(&files), &context()).diagnostics;
                assert!(!found.iter().any(|found| found.is_error()), "{code}, {title}: {found:?}");
            }
        }
    }
}

#[test]
fn every_page_is_of_a_code() {
    let codes: BTreeSet<String> = codes().into_iter().chain(codes_elsewhere()).collect();
    for entry in std::fs::read_dir(pages()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let code = name.strip_suffix(".md").unwrap();
        assert!(code == "README" || codes.contains(code), "{name}");
    }
}

/// The list in README.md is the codes with the severities that the corpus and the pages show.
#[test]
fn the_list_of_codes_is_whole() {
    let list = std::fs::read_to_string(pages().join("README.md")).unwrap();
    let unlisted: Vec<_> =
        codes().into_iter().chain(codes_elsewhere()).filter(|code| !list.contains(&format!("[`{code}`]({code}.md)"))).collect();
    assert!(unlisted.is_empty(), "{unlisted:?}");
    assert!(corpus().is_dir());
}
