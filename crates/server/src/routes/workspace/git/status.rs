//! `git status --porcelain=v2 --branch -z`, read.

use serde::Serialize;

#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct Status {
    /// None where no branch is checked out.
    pub branch: Option<String>,
    /// None before the first commit.
    pub commit: Option<String>,
    pub upstream: Option<String>,
    /// Commits that the upstream branch does not have, and those that only it has.
    pub ahead: u64,
    pub behind: u64,
    pub entries: Vec<Entry>,
    /// There were more than could be told.
    pub truncated: bool,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// From the top of the project.
    pub path: String,
    /// Where it was, if it was renamed or copied.
    pub from: Option<String>,
    /// What is staged, and what of the working tree is not.
    pub staged: Option<Change>,
    pub unstaged: Option<Change>,
    /// Changed on both sides of a merge, and not yet settled.
    pub conflict: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    Modified,
    Added,
    Deleted,
    Renamed,
    Copied,
    TypeChanged,
    Untracked,
}

impl Change {
    fn of(letter: u8) -> Option<Self> {
        Some(match letter {
            b'M' => Self::Modified,
            b'A' => Self::Added,
            b'D' => Self::Deleted,
            b'R' => Self::Renamed,
            b'C' => Self::Copied,
            b'T' => Self::TypeChanged,
            _ => return None,
        })
    }
}

/// What cannot be read is left out: a newer git may say more than we know.
pub fn parse(text: &str, truncated: bool) -> Status {
    let mut found = Status { truncated, ..Status::default() };
    // Each ends in NUL; what follows the last one was cut off.
    let mut records: Vec<&str> = text.split('\0').collect();
    records.pop();
    let mut records = records.into_iter();
    while let Some(record) = records.next() {
        match record.as_bytes().first() {
            Some(b'#') => head(&mut found, record),
            Some(b'1') => found.entries.extend(entry(record, 8, None)),
            // The path it was renamed from follows on its own.
            Some(b'2') => {
                let Some(from) = records.next() else { break };
                found.entries.extend(entry(record, 9, Some(from)));
            }
            Some(b'u') => {
                found.entries.extend(entry(record, 10, None).map(|entry| Entry { staged: None, unstaged: None, conflict: true, ..entry }))
            }
            Some(b'?') => found.entries.extend(record.get(2..).map(|path| Entry {
                path: path.to_owned(),
                from: None,
                staged: None,
                unstaged: Some(Change::Untracked),
                conflict: false,
            })),
            _ => {}
        }
    }
    found
}

fn head(found: &mut Status, record: &str) {
    let mut words = record.splitn(3, ' ').skip(1);
    let (Some(name), Some(value)) = (words.next(), words.next()) else { return };
    match name {
        "branch.oid" if value != "(initial)" => found.commit = Some(value.to_owned()),
        "branch.head" if value != "(detached)" => found.branch = Some(value.to_owned()),
        "branch.upstream" => found.upstream = Some(value.to_owned()),
        "branch.ab" => {
            let mut counts = value.split(' ').map(|count| count.trim_start_matches(['+', '-']).parse().unwrap_or(0));
            found.ahead = counts.next().unwrap_or(0);
            found.behind = counts.next().unwrap_or(0);
        }
        _ => {}
    }
}

/// `fields` come before the path, which may have spaces itself.
fn entry(record: &str, fields: usize, from: Option<&str>) -> Option<Entry> {
    let mut parts = record.splitn(fields + 1, ' ');
    let letters = parts.nth(1)?.as_bytes();
    let path = parts.nth(fields - 2)?;
    Some(Entry {
        path: path.to_owned(),
        from: from.map(str::to_owned),
        staged: letters.first().and_then(|letter| Change::of(*letter)),
        unstaged: letters.get(1).and_then(|letter| Change::of(*letter)),
        conflict: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ZERO: &str = "0000000000000000000000000000000000000000";

    fn ordinary(letters: &str, path: &str) -> String {
        format!("1 {letters} N... 100644 100644 100644 {ZERO} {ZERO} {path}\0")
    }

    #[test]
    fn every_kind_of_record_is_read() {
        let text = [
            format!("# branch.oid {ZERO}\0# branch.head main\0# branch.upstream origin/main\0# branch.ab +2 -1\0"),
            ordinary("M.", "web/app.py"),
            ordinary(".D", "a b/한글.txt"),
            format!("2 R. N... 100644 100644 100644 {ZERO} {ZERO} R100 new name\0old name\0"),
            format!("u UU N... 100644 100644 100644 100644 {ZERO} {ZERO} {ZERO} both.txt\0"),
            "? new.txt\0".to_owned(),
        ]
        .concat();
        let found = parse(&text, false);
        assert_eq!(
            (found.branch.as_deref(), found.upstream.as_deref(), found.ahead, found.behind),
            (Some("main"), Some("origin/main"), 2, 1)
        );
        let told: Vec<_> = found.entries.iter().map(|e| (e.path.as_str(), e.from.as_deref(), e.staged, e.unstaged, e.conflict)).collect();
        assert_eq!(
            told,
            [
                ("web/app.py", None, Some(Change::Modified), None, false),
                ("a b/한글.txt", None, None, Some(Change::Deleted), false),
                ("new name", Some("old name"), Some(Change::Renamed), None, false),
                ("both.txt", None, None, None, true),
                ("new.txt", None, None, Some(Change::Untracked), false),
            ]
        );
    }

    #[test]
    fn before_the_first_commit_there_is_a_branch_and_no_commit() {
        let found = parse("# branch.oid (initial)\0# branch.head main\0", false);
        assert_eq!((found.branch.as_deref(), found.commit), (Some("main"), None));
        assert_eq!(parse("# branch.head (detached)\0", false).branch, None);
    }

    proptest! {
        #[test]
        fn any_path_comes_back_as_it_is(paths in prop::collection::vec("[^\0]{1,40}", 0..20), untracked in any::<bool>()) {
            let text: String = paths.iter().map(|p| if untracked { format!("? {p}\0") } else { ordinary(".M", p) }).collect();
            let found: Vec<_> = parse(&text, false).entries.into_iter().map(|entry| entry.path).collect();
            prop_assert_eq!(found, paths);
        }

        /// Whatever git says, cut off anywhere: no panic, and no half path.
        #[test]
        fn nothing_breaks_it(text in "\\PC*", cut in any::<prop::sample::Index>()) {
            let whole = ordinary("MM", "a/b.txt") + &text;
            let at = (0..=cut.index(whole.len() + 1)).rev().find(|at| whole.is_char_boundary(*at)).unwrap_or(0);
            for entry in parse(whole.get(..at).unwrap_or(""), true).entries {
                prop_assert!(entry.path == "a/b.txt" || text.contains(&entry.path));
            }
        }
    }
}
