//! The trees of the corpus, and whose they are.
// Each of the tests uses its part.
#![allow(clippy::unwrap_used, dead_code)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use maru_manifest::{Context, Files};
use maru_model::Login;

pub fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus")
}

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
pub fn context() -> Context {
    let secrets = BTreeMap::from([("db".to_owned(), BTreeSet::from(["password".to_owned()]))]);
    Context { login: Some(Login::parse("mina").unwrap()), secrets: Some(secrets), ..Context::default() }
}

pub fn trees() -> Vec<(String, Files)> {
    let mut trees: Vec<_> = std::fs::read_dir(corpus())
        .unwrap()
        .map(|entry| {
            let mut files = Files::new();
            let folder = entry.unwrap().path();
            read(&folder, "", &mut files);
            (folder.file_name().unwrap().to_str().unwrap().to_owned(), files)
        })
        .collect();
    trees.sort();
    trees
}
