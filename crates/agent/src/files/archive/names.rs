//! Names in archives: bytes of whatever computer, made a path that lies in the folder unpacked to, or refused.

use encoding_rs::EUC_KR;
use maru_model::Text;

use crate::files::TEMPORARY;
use crate::files::new_name::composed;

/// Bytes of one name, of a whole path, and how deep it goes.
const NAME: usize = 255;
const PATH: usize = 3072;
const DEPTH: usize = 64;

fn refused(name: &str, en: &str, ko: &str) -> Text {
    let name: String = name.chars().take(100).collect();
    let name = name.escape_debug();
    Text::new(format!("“{name}” in the archive {en}."), format!("압축 파일 안의 “{name}” 항목{ko}."))
}

/// The text of a name: UTF-8, else what Korean Windows writes (CP949), else what DOS wrote, as far as it is ASCII.
fn decode(raw: &[u8]) -> String {
    if let Ok(text) = std::str::from_utf8(raw) {
        return text.to_owned();
    }
    let (korean, broken) = EUC_KR.decode_without_bom_handling(raw);
    if broken { raw.iter().map(|&b| if b.is_ascii() { char::from(b) } else { '_' }).collect() } else { korean.into_owned() }
}

/// The names from the top, composed (NFC); none for the folder itself.
pub(super) fn path_of(raw: &[u8], from_windows: bool) -> Result<Vec<String>, Text> {
    let mut text = decode(raw);
    if from_windows {
        text = text.replace('\\', "/");
    }
    let text = composed(&text);
    if text.starts_with('/') || text.as_bytes().get(1) == Some(&b':') && text.as_bytes()[0].is_ascii_alphabetic() {
        return Err(refused(&text, "has an absolute path", "의 경로가 절대 경로입니다"));
    }
    let names: Vec<String> = text.split('/').filter(|name| !name.is_empty() && *name != ".").map(str::to_owned).collect();
    for name in &names {
        if name == ".." {
            return Err(refused(&text, "leads out of the folder", "이 폴더 밖을 가리킵니다"));
        }
        if name.chars().any(char::is_control) || name.starts_with(TEMPORARY) {
            return Err(refused(&text, "has a name that cannot be used", "의 이름은 사용할 수 없습니다"));
        }
        if name.len() > NAME {
            return Err(refused(&text, "has too long a name", "의 이름이 너무 깁니다"));
        }
    }
    if text.len() > PATH || names.len() > DEPTH {
        return Err(refused(&text, "lies too deep", "의 경로가 너무 깊습니다"));
    }
    Ok(names)
}

/// What a link at `at` may say: a relative way that stays in what is unpacked, whatever else is a link there. So `..` may
/// only come first, and only as often as there are folders above.
pub(super) fn link_of(at: &[String], raw: &[u8]) -> Result<String, Text> {
    let text = decode(raw);
    let out = || refused(&at.join("/"), "is a link that leads out of the folder", "은 폴더 밖을 가리키는 링크입니다");
    let target = composed(&text).into_owned();
    if target.is_empty() || target.starts_with('/') || target.len() > PATH || target.chars().any(char::is_control) {
        return Err(out());
    }
    let steps: Vec<&str> = target.split('/').filter(|step| !step.is_empty() && *step != ".").collect();
    let up = steps.iter().take_while(|step| **step == "..").count();
    if up >= at.len() || steps[up..].contains(&"..") {
        return Err(out());
    }
    Ok(target)
}

/// What only macOS has a use for.
pub(super) fn is_junk(path: &[String]) -> bool {
    path.first().is_some_and(|top| top == "__MACOSX") || path.last().is_some_and(|name| name == ".DS_Store")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_of_all_computers() {
        let path = |raw: &[u8]| path_of(raw, false).map(|names| names.join("/"));
        assert_eq!(path(b"./a//b/").unwrap(), "a/b");
        assert_eq!(path(b"\xc7\xd1\xb1\xdb/\xb0\xf8\xc1\xf6.txt").unwrap(), "한글/공지.txt", "CP949, as Windows zips it");
        assert_eq!(path("\u{1112}\u{1161}\u{11ab}.txt".as_bytes()).unwrap(), "한.txt", "NFD, as macOS zips it");
        assert_eq!(path(b"caf\x82").unwrap(), "caf_");
        assert_eq!(path_of(b"a\\b", true).unwrap(), ["a", "b"]);
        assert!(path_of(b"a\\..\\..\\b", true).is_err());
        for bad in ["/etc/passwd", "../a", "a/../../b", "a/..", "C:/x", "c:x", "a\nb", "a\u{1b}[2Jb", "a\0b", ".maru-save-1"] {
            assert!(path(bad.as_bytes()).is_err(), "{bad:?}");
        }
        assert!(path("a".repeat(256).as_bytes()).is_err());
        assert!(path("a/".repeat(65).as_bytes()).is_err());
    }

    #[test]
    fn links_stay_inside() {
        let at: Vec<String> = ["a", "b", "link"].map(str::to_owned).to_vec();
        for good in ["c", "../c", "../../c/d", "./c", "c/"] {
            assert!(link_of(&at, good.as_bytes()).is_ok(), "{good}");
        }
        for bad in ["/etc/passwd", "../../../c", "c/../../../d", "c/..", "", "a\0"] {
            assert!(link_of(&at, bad.as_bytes()).is_err(), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn a_path_never_leads_out(raw in prop::collection::vec(any::<u8>(), 0..80), windows in any::<bool>()) {
            check(&raw, windows)?;
        }

        #[test]
        fn nor_does_one_that_tries(raw in "[./\\\\a한C:]{0,20}", windows in any::<bool>()) {
            check(raw.as_bytes(), windows)?;
        }

        #[test]
        fn a_link_never_leads_out(at in prop::collection::vec("[a-c]", 1..5), raw in "[./a]{0,16}") {
            if let Ok(target) = link_of(&at, raw.as_bytes()) {
                let mut depth = at.len() as i64 - 1;
                for step in target.split('/').filter(|s| !s.is_empty() && *s != ".") {
                    depth += if step == ".." { -1 } else { 1 };
                    prop_assert!(depth >= 0, "{:?} -> {:?}", at, target);
                }
            }
        }
    }

    fn check(raw: &[u8], windows: bool) -> Result<(), TestCaseError> {
        if let Ok(names) = path_of(raw, windows) {
            for name in names {
                prop_assert!(!name.is_empty() && name != "." && name != ".." && !name.contains(['/', '\0']));
            }
        }
        Ok(())
    }
}
