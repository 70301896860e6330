//! The starter project's deployment as its student mina gets it.
#![allow(clippy::unwrap_used)]

use maru_manifest::Files;

/// The files of `k8s/`, with the template's words put in.
pub fn starter() -> Files {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../templates/guestbook/k8s");
    let files: Files = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            let text = std::fs::read_to_string(&path).unwrap();
            let text = text.replace("{{login}}", "mina").replace("{{apps_domain}}", "apps.localhost");
            assert!(!text.contains("{{"), "a word of the template that this does not know: {text}");
            (format!("k8s/{}", path.file_name().unwrap().to_str().unwrap()), text.into_bytes())
        })
        .collect();
    assert!(files.len() >= 5, "{:?}", files.keys());
    files
}
