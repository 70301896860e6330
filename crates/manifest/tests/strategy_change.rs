//! A strategy that is changed leaves manifests that check, on the starter and on all trees of the corpus.
#![allow(clippy::unwrap_used)]

mod corpus_trees;
mod starter;

use corpus_trees::{context, trees};
use maru_manifest::{Files, StrategyChoice, apply_edits, change_strategy, check, locate};
use starter::starter;

const WAYS: [StrategyChoice; 3] = [StrategyChoice::BlueGreen, StrategyChoice::Canary, StrategyChoice::Rolling];

fn errors(files: &Files) -> Vec<String> {
    let found = check(files, locate(files), &context()).diagnostics;
    found
        .into_iter()
        .filter(|found| found.is_error())
        .map(|found| format!("{} {}:{} {}", found.code, found.file, found.line, found.message.en))
        .collect()
}

fn deployments(files: &Files) -> Vec<String> {
    let objects = check(files, locate(files), &context()).objects;
    objects.into_iter().filter(|object| object.kind == "Deployment").map(|object| object.name).collect()
}

fn text(files: &Files, path: &str) -> String {
    String::from_utf8(files[path].clone()).unwrap()
}

#[test]
fn the_starter_goes_from_each_way_to_each_other() {
    let before = starter();
    let name = "guestbook-web";
    let mut files = before.clone();
    for to in WAYS {
        let edits = change_strategy(&files, name, to).unwrap();
        files = apply_edits(&files, &edits).unwrap();
        assert_eq!(errors(&files), [""; 0], "{to:?}\n{}", text(&files, "k8s/web.yaml"));
        assert_eq!(change_strategy(&files, name, to).unwrap(), [], "{to:?} once more");
        let web = text(&files, "k8s/web.yaml");
        match to {
            StrategyChoice::BlueGreen => {
                assert!(web.contains("previewService: guestbook-web-preview") && web.contains("kind: Rollout"), "{web}")
            }
            StrategyChoice::Canary => {
                assert!(web.contains("canaryService: guestbook-web-canary") && web.contains("stableIngress: guestbook"), "{web}")
            }
            StrategyChoice::Rolling => assert!(web.contains("kind: Deployment") && !web.contains("kind: Rollout"), "{web}"),
        }
        // What the student wrote for themselves is still there.
        for line in text(&before, "k8s/web.yaml").lines().filter(|line| line.trim_start().starts_with('#')) {
            assert!(web.contains(line), "{line}");
        }
    }
}

#[test]
fn no_tree_of_the_corpus_gets_worse() {
    let mut changed = 0;
    for (tree, files) in trees() {
        let before = errors(&files);
        if !before.is_empty() {
            continue;
        }
        for name in deployments(&files) {
            for to in WAYS {
                // Where it says no, it says why.
                let Ok(edits) = change_strategy(&files, &name, to) else { continue };
                let after = apply_edits(&files, &edits).unwrap();
                assert_eq!(
                    errors(&after),
                    [""; 0],
                    "{tree}: {name} {to:?}\n{}",
                    edits.iter().map(|edit| edit.text.as_str()).collect::<String>()
                );
                changed += usize::from(!edits.is_empty());
            }
        }
    }
    assert!(changed > 50, "{changed}");
}

#[test]
fn what_is_not_there_is_said() {
    let said = change_strategy(&starter(), "nobody", StrategyChoice::Canary).unwrap_err();
    assert!(said.en.contains("nobody") && said.ko.contains("nobody"));
}
