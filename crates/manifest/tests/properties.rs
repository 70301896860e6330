//! Whatever the bytes are, the answer is a report whose places exist: no panic, no line beyond the end of a file.
#![allow(clippy::unwrap_used)]

mod starter;

use std::collections::{BTreeMap, BTreeSet};

use maru_manifest::{
    Context, Diagnostic, Files, Report, adapt, check, check_rendered, find_object, implied_kustomization, kustomize_refused, locate,
    read_rendered,
};
use maru_model::Login;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use starter::starter;

fn context() -> Context {
    let keys = BTreeMap::from([("db".to_owned(), BTreeSet::from(["password".to_owned()]))]);
    Context { login: Some(Login::parse("mina").unwrap()), secrets: Some(keys), repositories: Some(BTreeSet::new()), ..Context::default() }
}

/// The lines of a text as YAML and editors break it.
fn lines(bytes: &[u8]) -> Vec<usize> {
    let text = String::from_utf8_lossy(bytes).replace("\r\n", "\n");
    text.split(['\n', '\r']).map(|line| line.chars().count()).collect()
}

fn assert_sound(files: &Files, report: &Report) {
    assert_eq!(report.ok, !report.diagnostics.iter().any(Diagnostic::is_error));
    for found in &report.diagnostics {
        assert!(!found.code.is_empty() && !found.message.en.is_empty() && !found.message.ko.is_empty(), "{found:?}");
        assert!(found.fix.as_ref().is_none_or(|fix| !fix.en.is_empty() && !fix.ko.is_empty()), "{found:?}");
        if found.file.is_empty() {
            assert_eq!((found.line, found.column), (0, 0), "{found:?}");
            continue;
        }
        let bytes = files.get(&found.file).unwrap_or_else(|| panic!("a file that is not there: {found:?}"));
        let lines = lines(bytes);
        assert!(found.line >= 1 && found.column >= 1, "no place: {found:?}");
        let length = lines.get(found.line as usize - 1);
        assert!(
            length.is_some_and(|length| found.column as usize <= length + 1),
            "beyond the end: {found:?} of {:?}",
            String::from_utf8_lossy(bytes)
        );
    }
}

/// What kustomize may say of files that are anything.
const REFUSALS: [&str; 6] = [
    "error: no resource matches strategic merge patch \"Deployment.v1.apps/web.[noNs]\": no matches for Id",
    "replace operation does not apply: doc is missing path: /spec/x: missing value",
    "json: cannot unmarshal string into Go struct field Kustomization.resources of type []string",
    "unable to parse SM or JSON patch from [path: \"a.yaml\"]",
    "unable to find field \"spec\" in replacement target",
    "nothing selected by /.: '' Name:\"\" exists; behavior must be merge or replace",
];

/// Everything that reads files of others, with and without a user.
fn try_all(files: &Files) {
    let folder = locate(files);
    for context in [Context::default(), context()] {
        assert_sound(files, &check(files, folder, &context));
        assert_sound(files, &check(files, "", &context));
    }
    let _ = implied_kustomization(files, folder);
    for said in REFUSALS {
        let report = Report { ok: false, diagnostics: vec![kustomize_refused(said, files, folder)], ..Report::default() };
        assert_sound(files, &report);
    }
    let _ = find_object(files, "Deployment", "web", "spec.template.spec.containers[0].ports[web].x");
    for bytes in files.values() {
        for mut object in read_rendered(&String::from_utf8_lossy(bytes)).unwrap_or_default() {
            adapt(&mut object, &Login::parse("mina").unwrap(), "apps.localhost", &["db".to_owned()]);
            let _ = check_rendered(&[object], &context());
        }
    }
}

/// What hands and editors put into manifests.
const PIECES: [&str; 44] = [
    "\t",
    " ",
    "  ",
    "\n",
    "\r\n",
    "\r",
    "\n\n",
    ":",
    ": ",
    "-",
    "- ",
    "---\n",
    "...\n",
    "#",
    "\"",
    "'",
    "[",
    "]",
    "{",
    "}",
    "&a ",
    "*a",
    "<<: *a\n",
    "!!str ",
    "|\n",
    ">-\n",
    "%",
    "@",
    "`",
    "?",
    ",",
    "~",
    "null",
    "0-5",
    "-0x-8000000000000000",
    "1e999",
    "가나다",
    "\u{a0}",
    "\u{3000}",
    "\u{feff}",
    "\u{85}",
    "\u{2028}",
    "apiVersion: v1\n",
    "kind: Ingress\n",
];

#[derive(Debug, Clone)]
enum Change {
    Insert(Index, &'static str),
    Remove(Index, usize),
    /// Indents a line by so many spaces more, or less.
    Indent(Index, i8),
    Double(Index),
    Swap(Index, Index),
    Byte(Index, u8),
}

fn changes() -> impl Strategy<Value = Vec<(Index, Change)>> {
    let index = any::<Index>;
    let change = prop_oneof![
        4 => (index(), select(&PIECES[..])).prop_map(|(at, piece)| Change::Insert(at, piece)),
        3 => (index(), 1..30_usize).prop_map(|(at, length)| Change::Remove(at, length)),
        3 => (index(), -6..6_i8).prop_map(|(line, by)| Change::Indent(line, by)),
        1 => index().prop_map(Change::Double),
        1 => (index(), index()).prop_map(|(one, other)| Change::Swap(one, other)),
        1 => (index(), any::<u8>()).prop_map(|(at, byte)| Change::Byte(at, byte)),
    ];
    proptest::collection::vec((index(), change), 1..8)
}

fn change(bytes: &mut Vec<u8>, change: &Change) {
    if bytes.is_empty() {
        return;
    }
    let length = bytes.len();
    match change {
        Change::Insert(at, piece) => drop(bytes.splice(at.index(length)..at.index(length), piece.bytes())),
        Change::Remove(at, many) => drop(bytes.drain(at.index(length)..(at.index(length) + many).min(length))),
        Change::Byte(at, byte) => bytes[at.index(length)] = *byte,
        Change::Indent(..) | Change::Double(_) | Change::Swap(..) => {
            let mut lines: Vec<Vec<u8>> = bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
            let many = lines.len();
            match change {
                Change::Indent(line, by) => {
                    let line = &mut lines[line.index(many)];
                    for _ in 0..by.unsigned_abs() {
                        if *by > 0 {
                            line.insert(0, b' ');
                        } else if line.first() == Some(&b' ') {
                            line.remove(0);
                        }
                    }
                }
                Change::Double(line) => lines.insert(line.index(many), lines[line.index(many)].clone()),
                Change::Swap(one, other) => lines.swap(one.index(many), other.index(many)),
                _ => {}
            }
            *bytes = lines.concat();
        }
    }
}

#[test]
fn the_starter_project_is_good() {
    let files = starter();
    assert_sound(&files, &check(&files, "k8s", &context()));
    let errors: Vec<_> = check(&files, "k8s", &context()).diagnostics.into_iter().filter(Diagnostic::is_error).collect();
    assert!(errors.is_empty(), "{errors:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_bytes_are_checked(kustomization in any::<Option<Vec<u8>>>(), manifest in proptest::collection::vec(any::<u8>(), 0..300)) {
        let mut files = Files::from([("k8s/web.yaml".to_owned(), manifest)]);
        files.extend(kustomization.map(|bytes| ("k8s/kustomization.yaml".to_owned(), bytes)));
        try_all(&files);
    }

    #[test]
    fn any_yaml_is_checked(pieces in proptest::collection::vec(select(&PIECES[..]), 0..40), letters in "[a-z가 :\n-]{0,40}") {
        let text = format!("{}{letters}", pieces.concat());
        let list = format!("resources:\n- web.yaml\n{text}");
        try_all(&Files::from([
            ("k8s/web.yaml".to_owned(), text.clone().into_bytes()),
            ("k8s/a.yaml".to_owned(), format!("apiVersion: networking.k8s.io/v1beta1\nkind: Ingress\nspec:\n  rules:\n  - {text}").into_bytes()),
            ("k8s/kustomization.yaml".to_owned(), list.into_bytes()),
        ]));
    }

    #[test]
    fn real_manifests_with_mistakes_are_checked(changes in changes()) {
        let mut files = starter();
        let names: Vec<String> = files.keys().cloned().collect();
        for (file, one) in &changes {
            change(files.get_mut(&names[file.index(names.len())]).unwrap(), one);
        }
        try_all(&files);
    }
}
