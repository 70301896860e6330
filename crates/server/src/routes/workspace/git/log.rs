//! `git log`, one commit a line, read.

use jiff::Timestamp;
use serde::Serialize;

/// Fields end in NUL, which none of them has in it; a subject is one line.
pub const FORMAT: &str = "--format=%H%x00%P%x00%an%x00%ae%x00%at%x00%D%x00%s";

#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Commit {
    pub id: String,
    pub parents: Vec<String>,
    pub author: String,
    pub email: String,
    pub time: Timestamp,
    /// Branches and tags that are here; `HEAD -> main` where one is checked out.
    pub refs: Vec<String>,
    pub subject: String,
}

/// Lines that are not whole are left out.
pub fn parse(text: &str) -> Vec<Commit> {
    text.lines().filter_map(commit).collect()
}

fn commit(line: &str) -> Option<Commit> {
    let fields: [&str; 7] = line.split('\0').collect::<Vec<_>>().try_into().ok()?;
    let [id, parents, author, email, time, refs, subject] = fields;
    let words = |text: &str, by: &str| text.split(by).filter(|word| !word.is_empty()).map(str::to_owned).collect();
    Some(Commit {
        id: id.to_owned(),
        parents: words(parents, " "),
        author: author.to_owned(),
        email: email.to_owned(),
        time: Timestamp::from_second(time.parse().ok()?).ok()?,
        refs: words(refs, ", "),
        subject: subject.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_merge_with_its_branches_is_read_and_a_broken_line_is_not() {
        let text = "aa\0bb cc\0김하늘\0a@b\x000\0HEAD -> main, origin/main\0Merge, at last\nhalf\0a\n";
        let found = parse(text);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].parents, ["bb", "cc"]);
        assert_eq!(found[0].refs, ["HEAD -> main", "origin/main"]);
        assert_eq!((found[0].author.as_str(), found[0].subject.as_str()), ("김하늘", "Merge, at last"));
        assert_eq!(found[0].time.to_string(), "1970-01-01T00:00:00Z");
    }
}
