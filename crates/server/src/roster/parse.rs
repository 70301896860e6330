//! Reading a CSV: UTF-8 with or without a mark, UTF-16 as Excel's "Unicode text" has it, or CP949 as Korean Windows
//! writes it; with commas, semicolons or tabs; columns in any order, by Korean or English names.

use std::borrow::Cow;

use maru_model::Text;

/// Rows of a roster: more is no class.
const ROWS_MAX: usize = 5000;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roster {
    pub rows: Vec<Row>,
    /// How it was read, for whoever looks for a mistake.
    pub encoding: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The line that it begins at, from 1.
    pub line: u64,
    pub login: String,
    pub name: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    pub detail: Text,
    pub fix: Text,
}

fn unreadable(detail: Text) -> Unreadable {
    Unreadable {
        detail,
        fix: Text::new(
            "Send a CSV whose first line names the columns: login (or student id) and name.",
            "첫 줄에 열 이름(학번 또는 아이디, 이름)이 있는 CSV 파일을 보내세요.",
        ),
    }
}

const LOGINS: &[&str] =
    &["login", "id", "userid", "username", "user", "studentid", "studentnumber", "아이디", "학번", "로그인", "사용자", "사용자id", "계정"];
const NAMES: &[&str] = &["name", "fullname", "studentname", "이름", "성명", "학생명", "학생이름"];

/// # Errors
/// Where it is no text, has no column of logins, or is no table.
pub fn parse(bytes: &[u8]) -> Result<Roster, Unreadable> {
    let (text, encoding) = decode(bytes)?;
    let delimiter = delimiter(&text);
    let mut reader =
        csv::ReaderBuilder::new().delimiter(delimiter).has_headers(false).flexible(true).trim(csv::Trim::All).from_reader(text.as_bytes());
    let mut records = reader.records().filter(|record| !record.as_ref().is_ok_and(|record| record.iter().all(str::is_empty)));
    let broken =
        |error: csv::Error| unreadable(Text::new(format!("The CSV cannot be read: {error}."), format!("CSV를 읽을 수 없습니다: {error}")));
    let Some(header) = records.next() else {
        return Err(unreadable(Text::new("The roster is empty.", "명단이 비어 있습니다.")));
    };
    let header = header.map_err(broken)?;
    let column = |names: &[&str]| header.iter().position(|title| names.contains(&plain(title).as_str()));
    let Some(login) = column(LOGINS) else {
        let titles = header.iter().take(10).collect::<Vec<_>>().join(", ");
        return Err(unreadable(Text::new(
            format!("No column is named login. The first line says: {titles}"),
            format!("아이디나 학번 열이 없습니다. 첫 줄: {titles}"),
        )));
    };
    let name = column(NAMES);
    let mut rows = Vec::new();
    for record in records {
        let record = record.map_err(broken)?;
        if rows.len() == ROWS_MAX {
            return Err(unreadable(Text::new(
                format!("A roster has at most {ROWS_MAX} rows."),
                format!("명단은 {ROWS_MAX}줄까지 등록할 수 있습니다."),
            )));
        }
        let field = |index: Option<usize>| index.and_then(|index| record.get(index)).unwrap_or("").to_owned();
        let line = record.position().map_or(0, |position| line_of(&text, position));
        rows.push(Row { line, login: field(Some(login)), name: field(name) });
    }
    Ok(Roster { rows, encoding })
}

/// Empty lines before a record count as part of it.
fn line_of(text: &str, position: &csv::Position) -> u64 {
    let start = usize::try_from(position.byte()).unwrap_or(usize::MAX);
    let ends = text.bytes().skip(start).take_while(|byte| matches!(byte, b'\r' | b'\n')).filter(|&byte| byte == b'\n');
    position.line() + ends.count() as u64
}

/// A title without what people put around it.
fn plain(title: &str) -> String {
    title.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn decode(bytes: &[u8]) -> Result<(Cow<'_, str>, &'static str), Unreadable> {
    if let Some((encoding, mark)) = encoding_rs::Encoding::for_bom(bytes) {
        let (text, wrong) = encoding.decode_without_bom_handling(&bytes[mark..]);
        return if wrong { Err(no_text()) } else { Ok((text, encoding.name())) };
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        return if text.contains('\0') { Err(no_text()) } else { Ok((Cow::Borrowed(text), "UTF-8")) };
    }
    // What the web calls EUC-KR is CP949.
    match encoding_rs::EUC_KR.decode_without_bom_handling_and_without_replacement(bytes) {
        Some(text) if !text.contains('\0') => Ok((text, "CP949")),
        _ => Err(no_text()),
    }
}

fn no_text() -> Unreadable {
    unreadable(Text::new(
        "This is neither UTF-8 nor CP949 text: an Excel file is to be saved as CSV first.",
        "UTF-8이나 CP949 텍스트가 아닙니다. 엑셀 파일은 먼저 CSV로 저장하세요.",
    ))
}

/// The sign that the first line has most of; it has no fields with such signs in them.
fn delimiter(text: &str) -> u8 {
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or("");
    let count = |sign: u8| first.bytes().filter(|&byte| byte == sign).count();
    // The first of those that are as many.
    [b',', b';', b'\t'].into_iter().rev().max_by_key(|&sign| count(sign)).unwrap_or(b',')
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rows(bytes: &[u8]) -> Vec<(String, String)> {
        parse(bytes).unwrap().rows.into_iter().map(|row| (row.login, row.name)).collect()
    }

    fn is(bytes: &[u8], expected: &[(&str, &str)]) {
        let expected: Vec<_> = expected.iter().map(|(login, name)| ((*login).to_owned(), (*name).to_owned())).collect();
        assert_eq!(rows(bytes), expected);
    }

    #[test]
    fn as_schools_have_them() {
        let both = [("mina", "김미나"), ("juno", "이준호")];
        is("login,name\nmina,김미나\njuno,이준호\n".as_bytes(), &both);
        is("\u{feff}이름;학번\r\n김미나;mina\r\n이준호;juno".as_bytes(), &both);
        is("No\t성명\t아이디\t비고\n1\t김미나\tmina\t\n2\t이준호\tjuno\t휴학\n".as_bytes(), &both);
        let (cp949, _, _) = encoding_rs::EUC_KR.encode("학번,이름\nmina,김미나\njuno,이준호\n");
        is(&cp949, &both);
        assert_eq!(parse(&cp949).unwrap().encoding, "CP949");
        let utf16: Vec<u8> = "\u{feff}학번\t이름\nmina\t김미나\njuno\t이준호\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        is(&utf16, &both);
        is(b"Student ID , Full-Name\n\n mina ,\"Kim, Mina\"\n,,\n", &[("mina", "Kim, Mina")]);
        is(b"login\nmina\n", &[("mina", "")]);
        assert_eq!(parse(b"login,name\n\nmina,M\n").unwrap().rows[0].line, 3);
    }

    #[test]
    fn what_is_no_roster_says_so() {
        for wrong in [&b""[..], b"\n\n", b"name,mail\nMina,m@x\n", b"PK\x03\x04\x00\x00\xff\xfe\xff", b"login\0,name\n"] {
            assert!(parse(wrong).is_err(), "{wrong:?}");
        }
        let long = format!("login\n{}", "mina\n".repeat(ROWS_MAX + 1));
        assert!(parse(long.as_bytes()).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_judged(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = parse(&bytes);
        }

        #[test]
        fn what_is_written_is_read(
            table in proptest::collection::vec(("[a-z][a-z0-9]{1,10}", "[가-힣A-Za-z,;\t\"' ]{0,12}"), 0..20),
            delimiter in prop_oneof![Just(b','), Just(b';'), Just(b'\t')],
            korean in any::<bool>(),
        ) {
            let mut writer = csv::WriterBuilder::new().delimiter(delimiter).from_writer(Vec::new());
            writer.write_record(["학번", "이름"]).unwrap();
            for (login, name) in &table {
                writer.write_record([login, name]).unwrap();
            }
            let bytes = writer.into_inner().unwrap();
            let text = String::from_utf8(bytes.clone()).unwrap();
            let bytes = if korean { encoding_rs::EUC_KR.encode(&text).0.into_owned() } else { bytes };
            let expected: Vec<_> = table.iter().map(|(login, name)| (login.clone(), name.trim().to_owned())).collect();
            prop_assert_eq!(rows(&bytes), expected);
        }
    }
}
