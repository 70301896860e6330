//! `git blame --porcelain`, read: which commit each line of a file is of.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct Blame {
    pub commits: BTreeMap<String, Author>,
    /// From the first line on.
    pub lines: Vec<Line>,
}

#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct Author {
    pub author: String,
    pub time: Timestamp,
    pub subject: String,
    /// Not committed yet: the line is of the file as it is.
    pub uncommitted: bool,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    pub commit: String,
    pub text: String,
}

/// A header comes with the first line of each commit; lines that are not whole are left out.
pub fn parse(output: &str) -> Blame {
    let mut blame = Blame::default();
    let mut commit = String::new();
    for line in output.split('\n') {
        if let Some(text) = line.strip_prefix('\t') {
            blame.lines.push(Line { commit: commit.clone(), text: text.to_owned() });
            continue;
        }
        let (key, value) = line.split_once(' ').unwrap_or((line, ""));
        if key.len() >= 40 && key.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            key.clone_into(&mut commit);
            let author = blame.commits.entry(commit.clone()).or_default();
            author.uncommitted = key.bytes().all(|byte| byte == b'0');
            continue;
        }
        let Some(author) = blame.commits.get_mut(&commit) else { continue };
        match key {
            "author" => value.clone_into(&mut author.author),
            "author-time" => author.time = value.parse().ok().and_then(|at| Timestamp::from_second(at).ok()).unwrap_or_default(),
            "summary" => value.clone_into(&mut author.subject),
            _ => {}
        }
    }
    blame
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_have_the_commits_that_they_are_of() {
        let (a, none) = ("a".repeat(40), "0".repeat(40));
        let output = format!(
            "{a} 1 1 1\nauthor 김하늘\nauthor-mail <a@b>\nauthor-time 60\nsummary first, at last\nfilename x\n\tone\n\
             {none} 2 2 1\nauthor Not Committed Yet\nauthor-time 120\nsummary Version of x from x\n\t\ttwo\n{a} 2 3\n\tthree\n"
        );
        let found = parse(&output);
        let told: Vec<(&str, &str)> = found.lines.iter().map(|line| (&line.commit[..1], line.text.as_str())).collect();
        assert_eq!(told, [("a", "one"), ("0", "\ttwo"), ("a", "three")]);
        assert_eq!((found.commits[&a].author.as_str(), found.commits[&a].subject.as_str()), ("김하늘", "first, at last"));
        assert_eq!(found.commits[&a].time.to_string(), "1970-01-01T00:01:00Z");
        assert!(found.commits[&none].uncommitted && !found.commits[&a].uncommitted);
    }
}
