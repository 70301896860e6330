//! What students really push: a tree for each mistake, and what is said of it, in both languages. The snapshots are the
//! expectation; `cargo insta review` shows what a change does to them.
#![allow(clippy::unwrap_used)]

mod corpus_trees;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use corpus_trees::{context, trees};
use maru_manifest::{Diagnostic, Files, Severity, apply_edits, check, locate};
use maru_model::Lang;

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
        for edit in &found.edits {
            let text = format!("{:?}", edit.text).replace("\\n", "\n     ");
            writeln!(said, "  = {}:{}:{}-{}:{} {text}", edit.file, edit.line, edit.column, edit.end_line, edit.end_column).unwrap();
        }
    }
    said
}

#[test]
fn every_tree_is_told_what_is_wrong_with_it() {
    let trees = trees();
    assert!(trees.len() >= 150, "{}", trees.len());
    for (name, files) in trees {
        insta::assert_snapshot!(name, told(&files));
    }
}

/// What a finding is, wherever edits have moved it.
fn gist(found: &Diagnostic) -> (String, String) {
    let message: String = found.message.en.split_inclusive(':').map(|part| part.trim_start_matches(|c: char| c.is_ascii_digit())).collect();
    let message = message.split(" line ").next().unwrap_or_default().to_owned();
    (found.code.clone(), message)
}

fn counts<'a>(found: impl Iterator<Item = &'a Diagnostic>) -> BTreeMap<(String, String), usize> {
    let mut counts = BTreeMap::new();
    found.for_each(|found| *counts.entry(gist(found)).or_default() += 1);
    counts
}

#[test]
fn every_edit_mends_what_it_is_offered_for_and_breaks_nothing() {
    let (mut tried, mut codes, mut wrong) = (0, BTreeSet::new(), String::new());
    for (name, files) in trees() {
        let before = check(&files, locate(&files), &context());
        let all = counts(before.diagnostics.iter());
        for found in before.diagnostics.iter().filter(|found| !found.edits.is_empty()) {
            let mended = apply_edits(&files, &found.edits).unwrap_or_else(|| panic!("{name}: no such place: {found:?}"));
            let after = check(&mended, locate(&mended), &context());
            let left = counts(after.diagnostics.iter());
            let gone = left.get(&gist(found)).copied().unwrap_or(0) < all[&gist(found)];
            let errors = counts(after.diagnostics.iter().filter(|found| found.is_error()));
            // Behind what did not parse there may be more; what was there before is no news.
            let unread = found.code.starts_with("yaml_");
            let new: Vec<_> = errors.iter().filter(|(gist, many)| !unread && **many > all.get(*gist).copied().unwrap_or(0)).collect();
            if !gone || !new.is_empty() {
                writeln!(wrong, "{name}: {} {}:{} {:?}\n  gone: {gone}, new: {new:?}", found.code, found.file, found.line, found.edits)
                    .unwrap();
            }
            tried += 1;
            codes.insert(found.code.clone());
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(tried >= 60 && codes.len() >= 20, "{tried} edits of {codes:?}");
}
