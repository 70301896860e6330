//! What is wrong with YAML that does not parse, in a beginner's words, with the line as it should be.

use maru_model::Text;
use serde_saphyr::granit_parser::ErrorKind;

use crate::diagnostic::text;
use crate::edit::Lines;
use crate::yaml::{Duplicate, ParseError, mark};
use crate::{Diagnostic, Edit, Files, Mark, yaml};

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

fn scan(kind: &ErrorKind, at: Mark, file: &str, source: &str) -> Diagnostic {
    let lines = crate::source::lines(source);
    if let Some((at, mended)) = tab(&lines, at) {
        return Diagnostic::error(
            "yaml_tab",
            Text::new("This line is indented with a tab; YAML allows only spaces", "이 줄은 탭으로 들여썼습니다. YAML은 공백만 허용합니다"),
        )
        .at(file, at)
        .fix(write(&mended));
    }
    if let Some(found) = left_by_git(&lines, file).or_else(|| dashes(&lines, at, file)) {
        return found;
    }
    if let Some(found) = missing_space(&lines, at, file) {
        return found;
    }
    if let Some(found) = quote(kind, &lines, at, file) {
        return found;
    }
    if let Some(found) = indentation(kind, &lines, at, file) {
        return found;
    }
    if let Some(found) = behind_quotes(kind, &lines, at, file).or_else(|| bracket_above(&lines, at, file)) {
        return found;
    }
    let said = kind.to_string();
    Diagnostic::error("yaml_syntax", text!("This is not YAML: {said}", "YAML 문법이 아닙니다: {said}")).at(file, clamp(at, &lines))
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

/// The nearest line at or before `at` that is indented with a tab.
fn tab(lines: &[&str], at: Mark) -> Option<(Mark, String)> {
    let last = clamp(at, lines).line;
    let tabbed = |number: u32| {
        let text = line(lines, number)?;
        let indent = &text[..text.len() - text.trim_start().len()];
        let position = indent.find('\t')?;
        if text.trim_start().is_empty() {
            return None;
        }
        Some((Mark { line: number, column: column(text, position) }, format!("{}{}", indent.replace('\t', "  "), text.trim_start())))
    };
    (last.saturating_sub(2)..=last + 1).rev().find_map(tabbed)
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

/// The marks of a merge that was not finished.
fn left_by_git(lines: &[&str], file: &str) -> Option<Diagnostic> {
    let (number, _) = (1..).zip(lines).find(|(_, line)| line.starts_with("<<<<<<< ") || line.starts_with(">>>>>>> "))?;
    Some(
        Diagnostic::error(
            "yaml_merge_conflict",
            Text::new(
                "git left a conflict here, between two versions of these lines",
                "git 이 합치지 못한 두 버전의 줄이 여기 함께 남아 있습니다",
            ),
        )
        .at(file, Mark { line: number, column: 1 })
        .fix(Text::new(
            "Keep the lines that are right, and remove those with `<<<<<<<`, `=======` and `>>>>>>>`",
            "맞는 줄만 남기고 `<<<<<<<`, `=======`, `>>>>>>>` 줄을 지우세요",
        )),
    )
}

/// `--` between objects, and `-name:` for an item of a list.
fn dashes(lines: &[&str], at: Mark, file: &str) -> Option<Diagnostic> {
    let last = clamp(at, lines).line;
    (last.saturating_sub(1).max(1)..=last).rev().find_map(|number| {
        let text = line(lines, number)?;
        if matches!(text.trim_end(), "--" | "----" | "-----") {
            return Some(
                Diagnostic::error(
                    "missing_separator",
                    text!("`{text}` does not separate objects", "`{text}` 은(는) 오브젝트를 나누지 않습니다"),
                )
                .at(file, Mark { line: number, column: 1 })
                .fix(Text::new("Write `---`, three hyphens", "`---` 처럼 하이픈 세 개를 쓰세요"))
                .edits([Edit::of_line(file, number, text, "---")]),
            );
        }
        let body = text.trim_start();
        let item = body.strip_prefix('-')?;
        if !item.starts_with(|c: char| c.is_ascii_alphabetic()) {
            return None;
        }
        let column = column(text, text.len() - body.len());
        Some(
            Diagnostic::error("yaml_missing_space", text!("There is no space after `-`", "`-` 뒤에 공백이 없습니다"))
                .at(file, Mark { line: number, column })
                .fix(write(&format!("- {item}"))),
        )
    })
}

/// Text behind a closing quote: a quote inside, or no comma between two items.
fn behind_quotes(kind: &ErrorKind, lines: &[&str], at: Mark, file: &str) -> Option<Diagnostic> {
    let at = clamp(at, lines);
    if !kind.to_string().starts_with("invalid trailing content after") {
        return None;
    }
    let body = line(lines, at.line)?.trim();
    let found = Diagnostic::error(
        "yaml_quote",
        Text::new(
            "The text ends at the quote before, and this stands behind it",
            "문자열은 앞의 따옴표에서 끝났는데 그 뒤에 글자가 있습니다",
        ),
    )
    .at(file, at);
    Some(match body.split_once(": ").filter(|(_, value)| value.starts_with('\'') && value.ends_with('\'') && value.len() > 2) {
        Some((key, value)) => found.fix(write(&format!("{key}: {}", serde_json::Value::from(&value[1..value.len() - 1])))),
        None => found.fix(Text::new(
            "Put a comma between two items, or other quotes around a text that has quotes in it",
            "항목 사이에 쉼표를 쓰거나, 따옴표가 든 글은 다른 따옴표로 감싸세요",
        )),
    })
}

/// A bracket that a line above opens and nothing closes.
fn bracket_above(lines: &[&str], at: Mark, file: &str) -> Option<Diagnostic> {
    let last = clamp(at, lines).line;
    (last.saturating_sub(2).max(1)..=last).rev().find_map(|number| {
        let text = line(lines, number)?;
        let open = ['[', '{'].into_iter().find(|&open| text.matches(open).count() > text.matches(closer(open)).count())?;
        Some(
            Diagnostic::error(
                "yaml_bracket",
                text!("The bracket `{open}` is not closed by its partner", "괄호 `{open}` 가 짝과 함께 닫히지 않았습니다"),
            )
            .at(file, Mark { line: number, column: column(text, text.find(open)?) })
            .fix(write(&format!("{}{}", text.trim(), closer(open)))),
        )
    })
}

fn closer(open: char) -> char {
    if open == '[' { ']' } else { '}' }
}

/// `name:web`: no space after the colon, so that the line is a text and the next key has nowhere to go.
fn missing_space(lines: &[&str], at: Mark, file: &str) -> Option<Diagnostic> {
    let last = clamp(at, lines).line;
    (last.saturating_sub(1).max(1)..=last).rev().find_map(|number| {
        let text = line(lines, number)?;
        let body = text.trim_start().trim_start_matches("- ");
        let colon = body.find(':')?;
        let (key, value) = (&body[..colon], &body[colon + 1..]);
        let is_key = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || "_-./".contains(c));
        if !is_key || value.is_empty() || value.starts_with([' ', '/', '\t']) || body[..colon].contains("//") || value.contains(": ") {
            return None;
        }
        let at = Mark { line: number, column: column(text, text.len() - body.len() + colon) };
        let mended = format!("{}{key}: {value}", &text[..text.len() - body.len()]);
        Some(
            Diagnostic::error("yaml_missing_space", text!("There is no space after `{key}:`", "`{key}:` 뒤에 공백이 없습니다"))
                .at(file, at)
                .fix(write(mended.trim())),
        )
    })
}

fn quote(kind: &ErrorKind, lines: &[&str], at: Mark, file: &str) -> Option<Diagnostic> {
    match kind {
        ErrorKind::UnclosedQuotedScalar | ErrorKind::InvalidQuotedScalarIndent | ErrorKind::DocumentIndicatorInQuotedScalar => {
            // Where the quote opens, not where the file ends.
            let number = (1..=clamp(at, lines).line).rev().find(|&n| line(lines, n).is_some_and(|text| odd_quote(text).is_some()))?;
            let text = line(lines, number)?;
            let open = odd_quote(text)?;
            Some(
                Diagnostic::error(
                    "yaml_quote",
                    text!("The quote {open} opens here and is never closed", "따옴표 {open} 가 여기서 열리고 닫히지 않습니다"),
                )
                .at(file, Mark { line: number, column: column(text, text.rfind(open)?) })
                .fix(write(&format!("{}{open}", text.trim()))),
            )
        }
        ErrorKind::UnclosedFlowCollection { open } | ErrorKind::MismatchedFlowCollectionEnd { open, .. } => Some(
            Diagnostic::error(
                "yaml_bracket",
                text!("The bracket `{open}` is not closed by its partner", "괄호 `{open}` 가 짝과 함께 닫히지 않았습니다"),
            )
            .at(file, clamp(at, lines)),
        ),
        ErrorKind::UnexpectedCharacter { character: c @ ('@' | '`' | '%') } => Some(
            Diagnostic::error(
                "yaml_needs_quotes",
                text!("A value cannot begin with `{c}` without quotes", "값은 따옴표 없이 `{c}` 로 시작할 수 없습니다"),
            )
            .at(file, clamp(at, lines))
            .fix(Text::new("Put the value in double quotes", "값을 큰따옴표로 감싸세요")),
        ),
        _ => None,
    }
}

fn odd_quote(text: &str) -> Option<char> {
    ['"', '\''].into_iter().find(|&quote| text.matches(quote).count() % 2 == 1)
}

fn indentation(kind: &ErrorKind, lines: &[&str], at: Mark, file: &str) -> Option<Diagnostic> {
    if !matches!(
        kind,
        ErrorKind::MappingValueNotAllowed
            | ErrorKind::InvalidIndentation
            | ErrorKind::ExpectedBlockMappingKey
            | ErrorKind::ExpectedBlockSequenceEntry
            | ErrorKind::BlockSequenceEntryNotAllowed
            | ErrorKind::SimpleKeyExpected
            | ErrorKind::InvalidSimpleKey
            | ErrorKind::ExpectedDocumentStart
    ) {
        return None;
    }
    let at = clamp(at, lines);
    let text = line(lines, at.line)?;
    // `message: hello: world`: two colons in one plain value.
    if let Some((key, value)) = text.trim().split_once(": ")
        && value.contains(": ")
        && !value.starts_with(['"', '\'', '{', '['])
        && matches!(kind, ErrorKind::MappingValueNotAllowed)
    {
        let mended = format!("{key}: \"{value}\"");
        return Some(
            Diagnostic::error(
                "yaml_needs_quotes",
                text!("A value that contains `: ` needs quotes", "`: ` 를 포함한 값은 따옴표가 필요합니다"),
            )
            .at(file, at)
            .fix(write(&mended)),
        );
    }
    if kind == &ErrorKind::SimpleKeyExpected || kind == &ErrorKind::InvalidSimpleKey {
        // The parser stands behind the lone word; the word itself is what lacks a colon.
        let (number, lone) = (1..=at.line).rev().filter_map(|n| Some((n, line(lines, n)?))).find(|(_, text)| {
            let body = text.trim();
            !body.is_empty() && !body.starts_with('#') && !body.contains(':')
        })?;
        let body = lone.trim();
        let column = column(lone, lone.len() - lone.trim_start().len());
        return Some(
            Diagnostic::error(
                "yaml_missing_colon",
                text!("`{body}` has no colon: a line here is `key: value`", "`{body}` 에 콜론이 없습니다. 이 줄은 `키: 값` 이어야 합니다"),
            )
            .at(file, Mark { line: number, column })
            .fix(write(&format!("{body}: ..."))),
        );
    }
    if let Some(found) = lone_word(lines, at.line, file) {
        return Some(found);
    }
    let have = text.len() - text.trim_start().len();
    let mut found = Diagnostic::error(
        "yaml_indentation",
        text!(
            "The indentation of this line ({have} spaces) fits nothing above it",
            "이 줄의 들여쓰기({have}칸)가 위의 어떤 줄과도 맞지 않습니다"
        ),
    )
    .at(file, Mark { line: at.line, column: column(text, have) });
    if let Some((number, width)) =
        above(lines, at.line).map(|(number, width)| (number, width + dash(lines, number, text))).filter(|&(_, width)| width != have)
    {
        let mended = text.trim();
        found = found.fix(text!(
            "Indent `{mended}` with {width} spaces, as line {number}",
            "`{mended}` 를 {number}번째 줄처럼 {width}칸 들여쓰세요"
        ));
    }
    Some(found)
}

/// `labels` above a deeper `app: web`: what should open a mapping has no colon.
fn lone_word(lines: &[&str], number: u32, file: &str) -> Option<Diagnostic> {
    let (above, width) = above(lines, number)?;
    let (body, here) = (line(lines, above)?.trim(), line(lines, number)?);
    let is_key = body.chars().all(|c| c.is_ascii_alphanumeric());
    if !is_key || here.len() - here.trim_start().len() <= width {
        return None;
    }
    let mark = Mark { line: above, column: u32::try_from(width).ok()? + 1 };
    let found = Diagnostic::error(
        "yaml_missing_colon",
        text!("`{body}` has no colon, and what is below belongs into it", "`{body}` 에 콜론이 없습니다. 아래 줄들이 이 안에 들어갑니다"),
    );
    Some(found.at(file, mark).fix(write(&format!("{body}:"))))
}

/// What a list item's first key is further in than its dash: the keys below go under the key.
fn dash(lines: &[&str], number: u32, here: &str) -> usize {
    let above = line(lines, number).unwrap_or_default().trim_start();
    let item = |text: &str| text.starts_with("- ");
    if item(above) && !item(here.trim_start()) { above.len() - above[1..].trim_start().len() } else { 0 }
}

/// The indentation of the nearest line above that holds something, with its number.
fn above(lines: &[&str], number: u32) -> Option<(u32, usize)> {
    (1..number).rev().find_map(|n| {
        let text = line(lines, n)?;
        let body = text.trim_start();
        (!body.is_empty() && !body.starts_with('#')).then_some((n, text.len() - body.len()))
    })
}
