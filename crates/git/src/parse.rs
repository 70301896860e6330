//! What git prints, read. Each parser takes any bytes: what it does not understand is an error, never a panic.

/// One commit, as `git log` tells it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Commit {
    /// 40 hexadecimal digits (64 in a SHA-256 repository).
    pub id: String,
    pub author: String,
    /// Unix seconds.
    pub time: i64,
    /// The first line of the message.
    pub subject: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EntryKind {
    File,
    Executable,
    Symlink,
    Folder,
    Submodule,
}

/// One entry of a tree.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Entry {
    pub kind: EntryKind,
    /// The object's id.
    pub id: String,
    /// Bytes; `None` for what has none.
    pub size: Option<u64>,
    /// Relative to the folder that was listed. Bytes that are not UTF-8 are replaced.
    pub path: String,
}

/// The separators of [`LOG_FORMAT`]: bytes that a commit cannot hold in these fields, whoever wrote it.
const FIELD: u8 = 0x1f;
pub(crate) const LOG_FORMAT: &str = "--format=%H%x1f%an%x1f%ct%x1f%s%x00";

/// Reads `git log --format=`[`LOG_FORMAT`].
pub(crate) fn log(output: &[u8]) -> Result<Vec<Commit>, String> {
    output
        .split(|&byte| byte == 0)
        .map(|record| record.strip_prefix(b"\n").unwrap_or(record))
        .filter(|record| !record.is_empty())
        .map(|record| {
            let mut fields = record.splitn(4, |&byte| byte == FIELD);
            let mut next = || fields.next().map(|field| String::from_utf8_lossy(field).into_owned());
            match (next(), next(), next(), next()) {
                (Some(id), Some(author), Some(time), Some(subject)) if is_object_id(&id) => {
                    let time = time.parse().map_err(|_| format!("{time:?} is no time"))?;
                    Ok(Commit { id, author, time, subject })
                }
                _ => Err(format!("{:?} is no commit", String::from_utf8_lossy(record))),
            }
        })
        .collect()
}

/// Reads `git ls-tree -z --long`.
pub(crate) fn tree(output: &[u8]) -> Result<Vec<Entry>, String> {
    output
        .split(|&byte| byte == 0)
        .filter(|record| !record.is_empty())
        .map(|record| entry(record).ok_or_else(|| format!("{:?} is no tree entry", String::from_utf8_lossy(record))))
        .collect()
}

/// `<mode> SP <type> SP <object> SP+ <size> TAB <path>`
fn entry(record: &[u8]) -> Option<Entry> {
    let tab = record.iter().position(|&byte| byte == b'\t')?;
    let (head, path) = record.split_at(tab);
    let path = String::from_utf8_lossy(path.get(1..)?).into_owned();
    let mut words = std::str::from_utf8(head).ok()?.split_ascii_whitespace();
    let (mode, kind, id, size) = (words.next()?, words.next()?, words.next()?, words.next()?);
    if words.next().is_some() || !is_object_id(id) || path.is_empty() {
        return None;
    }
    let kind = match (kind, mode) {
        ("blob", "120000") => EntryKind::Symlink,
        ("blob", "100755") => EntryKind::Executable,
        ("blob", _) => EntryKind::File,
        ("tree", _) => EntryKind::Folder,
        ("commit", _) => EntryKind::Submodule,
        _ => return None,
    };
    let size = if size == "-" { None } else { Some(size.parse().ok()?) };
    Some(Entry { kind, id: id.to_owned(), size, path })
}

/// Reads one answer of `git cat-file --batch-check`: id, type and size; `None` where there is no such object.
pub(crate) fn object(output: &[u8]) -> Result<Option<(String, String, u64)>, String> {
    let text = String::from_utf8_lossy(output);
    let line = text.trim_end_matches('\n');
    if line.ends_with(" missing") {
        return Ok(None);
    }
    let words: Vec<&str> = line.split(' ').collect();
    match words[..] {
        [id, kind, size] if is_object_id(id) => {
            let size = size.parse().map_err(|_| format!("{line:?} has no size"))?;
            Ok(Some((id.to_owned(), kind.to_owned(), size)))
        }
        _ => Err(format!("{line:?} is no object")),
    }
}

/// The head of a CGI answer (RFC 3875, 6): status and headers, and how many bytes it took with its empty line.
/// `Ok(None)` where it is not complete yet.
pub(crate) fn cgi_head(bytes: &[u8]) -> Result<Option<(http::StatusCode, http::HeaderMap, usize)>, String> {
    let (mut status, mut headers, mut at) = (http::StatusCode::OK, http::HeaderMap::new(), 0);
    loop {
        let Some(length) = bytes[at..].iter().position(|&byte| byte == b'\n') else { return Ok(None) };
        let line = bytes[at..at + length].strip_suffix(b"\r").unwrap_or(&bytes[at..at + length]);
        at += length + 1;
        if line.is_empty() {
            return Ok(Some((status, headers, at)));
        }
        let line = std::str::from_utf8(line).map_err(|_| "a header is not UTF-8".to_owned())?;
        let (name, value) = line.split_once(':').ok_or_else(|| format!("{line:?} is no header"))?;
        let value = value.trim();
        if name.eq_ignore_ascii_case("status") {
            let code = value.split(' ').next().unwrap_or("");
            status = code.parse().map_err(|_| format!("{value:?} is no status"))?;
        } else {
            let name: http::HeaderName = name.parse().map_err(|_| format!("{name:?} is no header name"))?;
            headers.append(name, value.parse().map_err(|_| format!("{value:?} is no header value"))?);
        }
    }
}

/// A full object id. Everything that is asked of git by id is held to this, so that an id is never an option or a range.
pub(crate) fn is_object_id(id: &str) -> bool {
    matches!(id.len(), 40 | 64) && id.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

/// A path inside a project, without leading or doubled slashes; "" is the root. `None` for what leaves it.
#[must_use]
pub fn inside(path: &str) -> Option<String> {
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => return None,
            part if part.contains('\0') || part.contains('\n') => return None,
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ID: &str = "0123456789abcdef0123456789abcdef01234567";

    #[test]
    fn reads_what_git_prints() {
        let listing = format!("100644 blob {ID}      12\ta file.txt\0040000 tree {ID}       -\tsrc\0120000 blob {ID}       3\tlink\0");
        let entries = tree(listing.as_bytes()).unwrap();
        assert_eq!(entries[0], Entry { kind: EntryKind::File, id: ID.into(), size: Some(12), path: "a file.txt".into() });
        assert_eq!((entries[1].kind, entries[1].size), (EntryKind::Folder, None));
        assert_eq!(entries[2].kind, EntryKind::Symlink);

        let commits = log(format!("{ID}\x1f김민수\x1f1700000000\x1fA change: with \x1f in it\0\n").as_bytes()).unwrap();
        assert_eq!(
            commits,
            [Commit { id: ID.into(), author: "김민수".into(), time: 1_700_000_000, subject: "A change: with \x1f in it".into() }]
        );

        let answer = b"Status: 403 Forbidden\r\nContent-Type: text/plain\r\n\r\nbody";
        let (status, headers, length) = cgi_head(answer).unwrap().unwrap();
        assert_eq!((status.as_u16(), headers["content-type"].as_bytes(), &answer[length..]), (403, &b"text/plain"[..], &b"body"[..]));
        assert!(cgi_head(b"Content-Type: text/plain\r\n").unwrap().is_none());
    }

    #[test]
    fn paths_stay_inside() {
        assert_eq!(inside("/web//./src/").as_deref(), Some("web/src"));
        assert_eq!(inside("").as_deref(), Some(""));
        assert_eq!(inside("web/../../etc"), None);
        assert_eq!(inside("a\nb"), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_taken(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = (log(&bytes), tree(&bytes), cgi_head(&bytes), object(&bytes));
        }

        #[test]
        fn near_misses_are_taken(text in "[0-9a-f \t\u{0}\u{1f}\r\n:A-Z-]{0,200}") {
            let _ = (log(text.as_bytes()), tree(text.as_bytes()), cgi_head(text.as_bytes()), object(text.as_bytes()));
        }

        #[test]
        fn an_entry_comes_back(path in "[^\u{0}\t]{1,60}", size in any::<u64>(), executable in any::<bool>()) {
            let mode = if executable { "100755" } else { "100644" };
            let entries = tree(format!("{mode} blob {ID} {size:>7}\t{path}\0").as_bytes()).unwrap();
            prop_assert_eq!(&entries[0].path, &path);
            prop_assert_eq!(entries[0].size, Some(size));
            prop_assert_eq!(entries[0].kind == EntryKind::Executable, executable);
        }

        #[test]
        fn a_path_never_leaves(path in "[a./\u{0}]{0,20}") {
            if let Some(inside) = inside(&path) {
                prop_assert!(!inside.starts_with('/') && inside.split('/').all(|part| part != ".."));
            }
        }
    }
}
