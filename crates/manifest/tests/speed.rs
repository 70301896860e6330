//! A thousand files are checked in under a second on an idle machine; under load they may take longer, but not as the square.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod corpus_trees;

use std::time::{Duration, Instant};

use corpus_trees::{context, corpus};
use maru_manifest::{Files, check};

#[test]
fn a_thousand_files_are_checked_in_a_second() {
    let read = |path: &str| std::fs::read_to_string(corpus().join(path)).unwrap();
    let (web, database) = (read("guestbook_good/k8s/web.yaml"), read("guestbook_good/k8s/db.yaml"));
    let mut files = Files::new();
    for i in 0..500 {
        let renamed = |text: &str| {
            text.replace("web", &format!("web{i}")).replace("mariadb", &format!("db{i}")).replace("path: /\n", &format!("path: /{i}\n"))
        };
        files.insert(format!("k8s/{i}-web.yaml"), renamed(&web).into_bytes());
        files.insert(format!("k8s/{i}-db.yaml"), renamed(&database.replace("mariadb:11.4", "db")).into_bytes());
    }
    // What the schema costs once.
    let _ = check(&Files::from([("k8s/web.yaml".to_owned(), web.into_bytes())]), "k8s", &context());
    let start = Instant::now();
    let report = check(&files, "k8s", &context());
    let took = start.elapsed();
    println!("{} files, {} objects, {} findings: {took:?}", files.len(), report.objects.len(), report.diagnostics.len());
    assert!(report.ok, "{:?}", report.diagnostics.iter().find(|found| found.is_error()));
    assert_eq!(report.objects.len(), 3000);
    assert!(took < Duration::from_secs(10), "{took:?}");
}
