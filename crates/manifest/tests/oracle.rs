//! kubernetes-validate (PyPI) on the corpus: what it refuses is refused here too, and what is refused beyond it is listed with
//! its reason in docs/checks/README.md. `./test` installs it; without it the test says so and passes.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod corpus_trees;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::Command;

use corpus_trees::{context, corpus, trees};
use maru_manifest::{Diagnostic, check, locate};

/// Refused by Kubernetes, and understood here: they are deployed as what they mean, with a warning.
const UNDERSTOOD: [&str; 4] = ["ingress_old_version", "ingress_path_in_backend", "ingress_old_backend", "ingress_path_type"];

#[derive(serde::Deserialize)]
struct Said {
    /// `TREE/path`
    file: String,
    line: u32,
    end: u32,
    refused: Option<String>,
}

fn python() -> Option<PathBuf> {
    let of = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let cache = of("MARU_CACHE").or_else(|| Some(of("XDG_CACHE_HOME").or_else(|| Some(of("HOME")?.join(".cache")))?.join("maru")))?;
    let python = cache.join("tools/validate/bin/python");
    Command::new(&python).args(["-c", "import kubernetes_validate"]).output().is_ok_and(|done| done.status.success()).then_some(python)
}

#[test]
fn what_kubernetes_validate_refuses_is_refused() {
    let Some(python) = python() else {
        eprintln!("skipped: kubernetes-validate is not installed; `./test rust` installs it from PyPI where that can be reached");
        return;
    };
    let done = Command::new(python).arg(corpus().join("../oracle.py")).arg(corpus()).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let said: Vec<Said> = String::from_utf8(done.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(said.len() > 500, "{}", said.len());

    let mut reports = BTreeMap::new();
    for (name, files) in trees() {
        reports.insert(name, check(&files, locate(&files), &context()).diagnostics);
    }
    let (mut missed, mut beyond) = (String::new(), BTreeSet::new());
    for document in &said {
        let (tree, file) = document.file.split_once('/').unwrap();
        let here: Vec<&Diagnostic> =
            reports[tree].iter().filter(|found| found.file == file && (document.line..=document.end).contains(&found.line)).collect();
        match &document.refused {
            // What nothing deploys is not read.
            Some(_)
                if here.iter().any(|found| found.is_error() || UNDERSTOOD.contains(&found.code.as_str()) || found.code == "not_listed") => {
            }
            Some(why) => writeln!(missed, "{}:{}: {why}", document.file, document.line).unwrap(),
            None => beyond.extend(here.iter().filter(|found| found.is_error()).map(|found| found.code.clone())),
        }
    }
    assert!(missed.is_empty(), "refused by kubernetes-validate alone:\n{missed}");

    let page = std::fs::read_to_string(corpus().join("../../../../docs/checks/README.md")).unwrap();
    let (_, listed) = page.split_once("## Beyond the schema").unwrap();
    let unlisted: Vec<_> = beyond.iter().filter(|code| !listed.contains(&format!("`{code}`"))).collect();
    assert!(unlisted.is_empty(), "refused here alone, without a reason in docs/checks/README.md: {unlisted:?}");
}
