//! The mistakes that are known by how a file looks around the place where the parser stopped.

use maru_model::Text;
use serde_saphyr::granit_parser::ErrorKind;

use super::{clamp, column, line, write};
use crate::diagnostic::text;
use crate::{Diagnostic, Edit, Mark};

pub(super) fn scan(kind: &ErrorKind, at: Mark, file: &str, source: &str) -> Diagnostic {
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

pub(super) fn closer(open: char) -> char {
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

pub(super) fn odd_quote(text: &str) -> Option<char> {
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
