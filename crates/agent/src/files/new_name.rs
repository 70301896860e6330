//! Names of new files are in Unicode's composed form (NFC), as every keyboard but that of a file sent from macOS gives
//! them: else `한글.txt` could be there twice, and the one not found that a person types.

use std::borrow::Cow;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{Mode, OFlags};
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

use crate::home::Home;

pub(crate) fn composed(name: &str) -> Cow<'_, str> {
    if name.is_ascii() || is_nfc_quick(name.chars()) == IsNormalized::Yes {
        return Cow::Borrowed(name);
    }
    Cow::Owned(name.nfc().collect())
}

/// The path with every name that is not there yet composed. Names that are there stay as they are: a project cloned
/// from a Mac may have others.
pub(crate) fn of(home: &Home, path: PathBuf) -> PathBuf {
    let Some(text) = path.to_str() else { return path };
    if matches!(composed(text), Cow::Borrowed(_)) {
        return path;
    }
    let mut whole = PathBuf::new();
    for component in path.components() {
        let as_given = whole.join(component);
        let there = |path: &Path| home.beneath(path, OFlags::PATH | OFlags::NOFOLLOW, Mode::empty()).is_ok();
        whole = match component {
            Component::Normal(name) if !there(&as_given) => whole.join(composed(&name.to_string_lossy()).as_ref()),
            _ => as_given,
        };
    }
    whole
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn macos_names_become_those_a_person_types() {
        assert_eq!(composed("\u{1112}\u{1161}\u{11ab}\u{1100}\u{1173}\u{11af}.txt"), "한글.txt");
        assert_eq!(composed("cafe\u{301}"), "café");
        assert!(matches!(composed("한글 café.txt"), Cow::Borrowed(_)));
    }

    #[test]
    fn what_is_there_keeps_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::open(folder.path()).unwrap();
        let decomposed = "\u{1112}\u{1161}\u{11ab}";
        assert_eq!(of(&home, PathBuf::from(format!("{decomposed}/cafe\u{301}"))), Path::new("한/café"));
        std::fs::create_dir(folder.path().join(decomposed)).unwrap();
        assert_eq!(of(&home, PathBuf::from(format!("{decomposed}/cafe\u{301}"))), Path::new(decomposed).join("café"));
    }
}
