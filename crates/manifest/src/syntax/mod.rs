//! What is wrong with YAML that does not parse, in a beginner's words, with the line as it should be.

mod mistakes;

use maru_model::Text;

use crate::diagnostic::text;
use crate::edit::Lines;
use crate::yaml::{Duplicate, ParseError, mark};
use crate::{Diagnostic, Edit, Files, Mark, yaml};
use mistakes::{closer, odd_quote, scan};

pub(crate) fn explain(error: &ParseError, file: &str, source: &str) -> Diagnostic {
    match error {
        ParseError::TooBig(at) => Diagnostic::error(
            "yaml_too_big",
            Text::new("This file expands to too many values (aliases of aliases?)", "이 파일은 펼치면 값이 너무 많습니다 (별칭의 별칭?)"),
        )
        .at(file, *at),
        ParseError::TooDeep(at) => Diagnostic::error(
            "yaml_too_deep",
            Text::new("This file nests values too deeply to be a manifest", "이 파일은 매니페스트라기에는 값이 너무 깊게 겹쳐 있습니다"),
        )
        .at(file, *at)
        .fix(Text::new("Look for a bracket too many on this line", "이 줄에 남는 괄호가 있는지 보세요")),
        ParseError::Scan(error) => {
            let at = mark(error.marker());
            let found = scan(error.kind(), at, file, source);
            let edits = mends(&found, source).into_iter().find(|edits| better(edits, at, file, source));
            // What is told is what is done.
            let done =
                edits.iter().flatten().find(|edit| edit.line == found.line).map(|edit| (edit.text.trim().to_owned(), edit.text.len()));
            let found = match (found.code.as_str(), done, edits.iter().flatten().next()) {
                ("yaml_tab", _, Some(edit)) => {
                    let mended = write(&edit.text);
                    found.fix(mended)
                }
                ("yaml_indentation", Some((body, length)), _) => {
                    let width = length - body.len();
                    found.fix(text!("Indent `{body}` with {width} spaces", "`{body}` 를 {width}칸 들여쓰세요"))
                }
                _ => found,
            };
            found.edits(edits.into_iter().flatten())
        }
    }
}

/// What may mend a mistake, the likeliest first.
fn mends(found: &Diagnostic, source: &str) -> Vec<Vec<Edit>> {
    let lines = crate::source::lines(source);
    let (file, at) = (found.file.as_str(), Mark { line: found.line, column: found.column });
    let Some(text) = line(&lines, at.line) else { return Vec::new() };
    let body = text.trim();
    let (have, indent) = (text.len() - text.trim_start().len(), &text[..text.len() - text.trim_start().len()]);
    let whole = |new: String| vec![vec![Edit::of_line(file, at.line, text, new)]];
    match found.code.as_str() {
        "yaml_tab" => ["  ", "    ", "        ", " "].iter().map(|spaces| without_tabs(&lines, file, spaces)).collect(),
        "yaml_missing_space" => vec![vec![Edit::insert(file, Mark { column: at.column + 1, ..at }, " ")]],
        "yaml_bracket" => match text.chars().nth(at.column as usize - 1) {
            Some(open @ ('[' | '{')) => whole(format!("{}{}", text.trim_end(), closer(open))),
            _ => Vec::new(),
        },
        "yaml_quote" => match (odd_quote(text), body.split_once(": ")) {
            (_, Some((key, value))) if value.starts_with('\'') && value.ends_with('\'') && value.len() > 2 => {
                whole(format!("{indent}{key}: {}", serde_json::Value::from(&value[1..value.len() - 1])))
            }
            (quote, _) => quote.map_or_else(Vec::new, |quote| whole(format!("{}{quote}", text.trim_end()))),
        },
        "yaml_needs_quotes" => match body.split_once(": ") {
            Some((key, value)) => whole(format!("{indent}{key}: {}", serde_json::Value::from(value.trim()))),
            None => Vec::new(),
        },
        "yaml_missing_colon" => whole(format!("{}:", text.trim_end())),
        "yaml_indentation" => widths(&lines, at.line)
            .into_iter()
            .flat_map(|width| {
                let deeper = |line: &&&str| line.trim().is_empty() || line.len() - line.trim_start().len() > have;
                let below = lines.iter().skip(at.line as usize).take_while(deeper);
                let block = (at.line..).zip(std::iter::once(&text).chain(below));
                let shifted = block.filter(|(_, line)| !line.trim().is_empty()).map(|(number, line)| {
                    let deeper = line.len() - line.trim_start().len() - have;
                    Edit::of_line(file, number, line, format!("{}{}", " ".repeat(width + deeper), line.trim_start()))
                });
                [vec![Edit::of_line(file, at.line, text, format!("{}{}", " ".repeat(width), text.trim_start()))], shifted.collect()]
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// True where the text parses after the edits, or parses further.
fn better(edits: &[Edit], at: Mark, file: &str, source: &str) -> bool {
    let files = Files::from([(file.to_owned(), source.as_bytes().to_vec())]);
    let Some(text) = crate::apply_edits(&files, edits).and_then(|mut files| String::from_utf8(files.remove(file)?).ok()) else {
        return false;
    };
    match yaml::parse(&text).error {
        None => true,
        Some(ParseError::Scan(error)) => mark(error.marker()).line > at.line,
        Some(_) => false,
    }
}

fn without_tabs(lines: &[&str], file: &str, spaces: &str) -> Vec<Edit> {
    (1..)
        .zip(lines)
        .filter_map(|(number, line)| {
            let body = line.trim_start();
            let indent = &line[..line.len() - body.len()];
            indent.contains('\t').then(|| Edit::of_line(file, number, line, format!("{}{body}", indent.replace('\t', spaces))))
        })
        .collect()
}

/// The indentations of the lines above that this one may have been meant to have, the nearest first.
fn widths(lines: &[&str], number: u32) -> Vec<usize> {
    let have = line(lines, number).map_or(0, |text| text.len() - text.trim_start().len());
    let mut widths = Vec::new();
    for text in (number.saturating_sub(30).max(1)..number).rev().filter_map(|above| line(lines, above)) {
        let body = text.trim_start();
        let width = text.len() - body.len();
        let item = body.strip_prefix('-').map(|rest| width + 1 + rest.len() - rest.trim_start().len());
        widths.extend([Some(width), item].into_iter().flatten().filter(|width| *width != have && !body.is_empty()));
    }
    widths.sort_by_key(|width| (width.abs_diff(have), std::cmp::Reverse(*width)));
    widths.dedup();
    widths.truncate(4);
    widths
}

/// `name:web`: how YAML reads a key without a space after its colon.
pub(crate) fn glued(text: &str) -> Option<(&str, &str)> {
    let (key, value) = text.split_once(':')?;
    let is_key = key.starts_with(|c: char| c.is_ascii_alphabetic()) && key.chars().all(|c| c.is_ascii_alphanumeric());
    (is_key && !value.is_empty() && !value.starts_with([' ', '/', ':']) && !value.contains(char::is_whitespace)).then_some((key, value))
}

/// The keys that are twice in a file's objects. Where an object's beginning is, it is another object, and said once.
pub(crate) fn duplicates(found: &[Duplicate], file: &str) -> Vec<Diagnostic> {
    let mut out = Vec::new();
    let mut said = None;
    for twice in found {
        let begins = matches!(twice.key.as_str(), "apiVersion" | "kind") && twice.second.column == 1;
        // The other keys of the object that begins there are not worth a word each.
        if said.is_some_and(|first: Mark| twice.second.column == 1 && twice.first < first) {
            continue;
        }
        if begins {
            said = Some(twice.second);
            let key = &twice.key;
            out.push(
                Diagnostic::error(
                    "missing_separator",
                    text!("`{key}` begins a new object here, inside another", "`{key}` 로 새 오브젝트가 다른 오브젝트 안에서 시작됩니다"),
                )
                .at(file, twice.second)
                .path(key.clone())
                .fix(Text::new("Write a line `---` between two objects", "두 오브젝트 사이에 `---` 줄을 넣으세요"))
                .edits([Edit::insert(file, twice.second, "---\n")]),
            );
        } else {
            out.push(duplicate(twice, file));
        }
    }
    out
}

fn duplicate(found: &Duplicate, file: &str) -> Diagnostic {
    let Duplicate { key, first, second } = found;
    let line = first.line;
    Diagnostic::error(
        "yaml_duplicate_key",
        text!(
            "The key `{key}` is here a second time; it is already on line {line}",
            "키 `{key}`가 두 번 나옵니다. 이미 {line}번째 줄에 있습니다"
        ),
    )
    .at(file, *second)
    .path(key.clone())
    .fix(text!(
        "Keep one `{key}`: put both contents under it, or, if a new object begins here, write a line `---` before it",
        "`{key}`를 하나만 남기고 내용을 그 아래에 모으세요. 여기서 새 오브젝트가 시작된다면 그 앞에 `---` 줄을 넣으세요"
    ))
}

fn write(mended: &str) -> Text {
    text!("Write: `{mended}`", "이렇게 쓰세요: `{mended}`")
}

/// The parser reports what it missed at the end behind the last line; a person wants a line that exists.
fn clamp(at: Mark, lines: &[&str]) -> Mark {
    let last = u32::try_from(lines.len()).unwrap_or(u32::MAX).max(1);
    if at.line > last { Mark { line: last, column: 1 } } else { at }
}

fn line<'a>(lines: &[&'a str], number: u32) -> Option<&'a str> {
    lines.get(number.checked_sub(1)? as usize).copied()
}

/// The column of a byte of a line: columns count characters, from 1.
fn column(text: &str, byte: usize) -> u32 {
    u32::try_from(text[..byte].chars().count() + 1).unwrap_or(u32::MAX)
}

/// Spaces of other alphabets before a line's text, as web pages and word processors put them: YAML takes them for letters.
pub(crate) fn foreign_spaces(file: &str, source: &str) -> Option<Diagnostic> {
    const FOREIGN: [char; 3] = ['\u{a0}', '\u{3000}', '\u{2003}'];
    if !source.contains(FOREIGN) {
        return None;
    }
    let lines = Lines::new(source);
    let mut edits = Vec::new();
    for number in 1..=lines.count() {
        let text = lines.line(number)?;
        let indent = &text[..text.len() - text.trim_start().len()];
        if indent.contains(FOREIGN) && !text.trim().is_empty() {
            edits.push(Edit::of_line(file, number, text, format!("{}{}", indent.replace(FOREIGN, " "), text.trim_start())));
        }
    }
    let first = edits.first()?;
    let (line, mended) = (first.line, first.text.clone());
    let at = lines.line(line)?.chars().position(|c| FOREIGN.contains(&c))?;
    Some(
        Diagnostic::error(
            "yaml_foreign_space",
            Text::new(
                "This line is indented with spaces that are not plain ones (copied from a web page?)",
                "이 줄의 들여쓰기에 일반 공백이 아닌 공백이 있습니다 (웹 페이지에서 복사했나요?)",
            ),
        )
        .at(file, Mark { line, column: u32::try_from(at + 1).ok()? })
        .fix(write(&mended))
        .edits(edits),
    )
}
