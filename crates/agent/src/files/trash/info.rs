//! The `.trashinfo` file beside each thing in the trash: where it was, and when it was deleted.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// What is written. Other programs show the time as local, which in a workspace is UTC.
pub(super) fn write(original: &Path, seconds: i64) -> String {
    let deleted = crate::clock::rfc3339(seconds);
    format!("[Trash Info]\nPath={}\nDeletionDate={}\n", encode(original.as_os_str().as_bytes(), b"/"), deleted.trim_end_matches('Z'))
}

/// The original path; none for a file that is no `.trashinfo`.
pub(super) fn read(text: &[u8]) -> Option<PathBuf> {
    let mut lines = text.split(|&b| b == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty());
    if lines.next() != Some(b"[Trash Info]") {
        return None;
    }
    let path = lines.take_while(|line| !line.starts_with(b"[")).find_map(|line| line.strip_prefix(b"Path="))?;
    let path = decode(path)?;
    (!path.is_empty() && !path.contains(&0)).then(|| PathBuf::from(OsString::from_vec(path)))
}

/// Percent-encodes all but unreserved characters (RFC 3986, 2.3) and those of `also`.
pub(super) fn encode(bytes: &[u8], also: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for &byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || also.contains(&byte) {
            out.push(char::from(byte));
        } else {
            const HEX: &[u8; 16] = b"0123456789ABCDEF";
            out.push('%');
            out.push(char::from(HEX[usize::from(byte >> 4)]));
            out.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
    out
}

fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.iter();
    while let Some(&byte) = rest.next() {
        if byte == b'%' {
            let mut digit = || rest.next().and_then(|&d| char::from(d).to_digit(16));
            let (high, low) = (digit()?, digit()?);
            out.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            out.push(byte);
        }
    }
    Some(out)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn as_the_specification_has_it() {
        let text = write(Path::new("/home/student/한 글.txt"), 0);
        assert_eq!(text, "[Trash Info]\nPath=/home/student/%ED%95%9C%20%EA%B8%80.txt\nDeletionDate=1970-01-01T00:00:00\n");
        assert_eq!(read(text.as_bytes()).unwrap(), Path::new("/home/student/한 글.txt"));
        assert_eq!(read(b"[Trash Info]\r\nDeletionDate=x\r\nPath=a%2fb\r\n[Other]\nPath=c").unwrap(), Path::new("a/b"));
        for bad in
            ["", "Path=a", "[Trash Info]\nPath=", "[Trash Info]\nPath=a%0", "[Trash Info]\nPath=a%00", "[Trash Info]\n[Other]\nPath=c"]
        {
            assert_eq!(read(bad.as_bytes()), None, "{bad}");
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_written_is_read(path in proptest::collection::vec(1u8..=255, 1..64)) {
            let path = PathBuf::from(OsString::from_vec(path));
            proptest::prop_assert_eq!(read(write(&path, 1).as_bytes()), Some(path));
        }

        #[test]
        fn anything_is_read(text in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..256)) {
            let _ = read(&text);
            let _ = read(&[b"[Trash Info]\nPath=", &text[..]].concat());
        }
    }
}
