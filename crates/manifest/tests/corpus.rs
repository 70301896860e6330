//! What students really push: a tree for each mistake, and what is said of it, in both languages. The snapshots are the
//! expectation; `cargo insta review` shows what a change does to them.
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use maru_manifest::{Context, Files, Severity, check, locate};
use maru_model::{Lang, Login};

fn read(folder: &Path, below: &str, files: &mut Files) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{below}{}", entry.file_name().to_str().unwrap());
        if entry.path().is_dir() {
            read(&entry.path(), &format!("{name}/"), files);
        } else {
            files.insert(name, std::fs::read(entry.path()).unwrap());
        }
    }
}

/// Mina has a Secret `db` in her namespace, and nothing else.
fn context() -> Context {
    let secrets = BTreeMap::from([("db".to_owned(), BTreeSet::from(["password".to_owned()]))]);
    Context { login: Some(Login::parse("mina").unwrap()), secrets: Some(secrets), ..Context::default() }
}

fn told(files: &Files) -> String {
    let report = check(files, locate(files), &context());
    let objects: Vec<String> = report.objects.iter().map(|object| format!("{}/{}", object.kind, object.name)).collect();
    let mut said = format!("{}: {}\n", if report.ok { "good" } else { "wrong" }, objects.join(", "));
    for found in &report.diagnostics {
        let severity = match found.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "info",
        };
        write!(said, "\n{severity} {} {}:{}:{} {}\n", found.code, found.file, found.line, found.column, found.path).unwrap();
        for lang in [Lang::En, Lang::Ko] {
            let found = found.view(lang);
            writeln!(said, "  {}", found.message).unwrap();
            if let Some(fix) = found.fix {
                writeln!(said, "  -> {}", fix.trim_end().replace('\n', "\n     ")).unwrap();
            }
        }
    }
    said
}

#[test]
fn every_tree_is_told_what_is_wrong_with_it() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let mut trees: Vec<_> = std::fs::read_dir(corpus).unwrap().map(|entry| entry.unwrap().path()).collect();
    trees.sort();
    assert!(trees.len() >= 60, "{}", trees.len());
    for tree in trees {
        let mut files = Files::new();
        read(&tree, "", &mut files);
        insta::assert_snapshot!(tree.file_name().unwrap().to_str().unwrap(), told(&files));
    }
}
