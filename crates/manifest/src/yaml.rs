//! YAML to a tree in which every value and every key knows its place.

use std::borrow::Cow;
use std::collections::HashMap;

use serde_saphyr::granit_parser::{ErrorKind, Event, Parser, ScalarStyle, ScanError, Span, options};

use crate::Mark;

/// More nodes than this in one file is an attack with aliases, not a manifest.
const NODE_LIMIT: usize = 400_000;
/// Manifests nest some fifteen levels. What walks a tree recurses, and so does every reader of it as JSON, which stop at 128.
const DEPTH_LIMIT: usize = 100;

#[derive(Clone, Debug)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    String(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub value: Value,
    pub mark: Mark,
    /// Behind its last character; line 0 where it is in no file.
    pub end: Mark,
}

#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub key: String,
    pub mark: Mark,
    /// Behind the key's last character.
    pub end: Mark,
    pub value: Node,
}

/// A key that a mapping has twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Duplicate {
    pub key: String,
    pub first: Mark,
    pub second: Mark,
}

/// What a text holds: its documents up to the first mistake, and the mistake.
#[derive(Debug, Default)]
pub(crate) struct Parsed {
    pub documents: Vec<Node>,
    pub duplicates: Vec<Duplicate>,
    pub error: Option<ParseError>,
}

#[derive(Debug)]
pub(crate) enum ParseError {
    Scan(ScanError),
    TooBig(Mark),
    TooDeep(Mark),
}

impl Node {
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.value)
    }

    pub(crate) fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| entry.key == key)
    }

    /// The value at a dotted path of keys.
    pub(crate) fn at(&self, path: &str) -> Option<&Node> {
        path.split('.').try_fold(self, |node, key| node.get(key))
    }

    pub(crate) fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    pub(crate) fn items(&self) -> &[Node] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    pub(crate) fn str(&self) -> Option<&str> {
        match &self.value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn int(&self) -> Option<i64> {
        match self.value {
            Value::Int(number) => Some(number),
            _ => None,
        }
    }

    pub(crate) fn bool(&self) -> Option<bool> {
        match self.value {
            Value::Bool(flag) => Some(flag),
            _ => None,
        }
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(self.value, Value::Null)
    }

    /// A scalar as people read it.
    pub(crate) fn text(&self) -> Option<Cow<'_, str>> {
        Some(match &self.value {
            Value::String(text) => Cow::Borrowed(text.as_str()),
            Value::Int(number) => Cow::Owned(number.to_string()),
            Value::Float(number) => Cow::Owned(number.to_string()),
            Value::Bool(flag) => Cow::Borrowed(if *flag { "true" } else { "false" }),
            Value::Null | Value::List(_) | Value::Map(_) => return None,
        })
    }

    pub(crate) fn to_json(&self) -> serde_json::Value {
        use serde_json::Value as Json;
        match &self.value {
            Value::Null => Json::Null,
            Value::Bool(flag) => Json::Bool(*flag),
            Value::Int(number) => Json::from(*number),
            Value::Float(number) => serde_json::Number::from_f64(*number).map_or(Json::Null, Json::Number),
            Value::String(text) => Json::String(text.clone()),
            Value::List(items) => Json::Array(items.iter().map(Node::to_json).collect()),
            Value::Map(entries) => Json::Object(entries.iter().map(|e| (e.key.clone(), e.value.to_json())).collect()),
        }
    }

    /// Without places.
    pub(crate) fn from_json(json: &serde_json::Value) -> Self {
        use serde_json::Value as Json;
        let value = match json {
            Json::Null => Value::Null,
            Json::Bool(flag) => Value::Bool(*flag),
            Json::Number(number) => match number.as_i64() {
                Some(whole) => Value::Int(whole),
                None => Value::Float(number.as_f64().unwrap_or_default()),
            },
            Json::String(text) => Value::String(text.clone()),
            Json::Array(items) => Value::List(items.iter().map(Self::from_json).collect()),
            Json::Object(fields) => Value::Map(
                fields
                    .iter()
                    .map(|(key, value)| Entry {
                        key: key.clone(),
                        mark: Mark::default(),
                        end: Mark::default(),
                        value: Self::from_json(value),
                    })
                    .collect(),
            ),
        };
        Self { value, mark: Mark::default(), end: Mark::default() }
    }

    /// How many levels it has.
    fn depth(&self) -> usize {
        let inner = self.items().iter().chain(self.entries().iter().map(|entry| &entry.value));
        1 + inner.map(Node::depth).max().unwrap_or(0)
    }

    fn count(&self) -> usize {
        1 + self.items().iter().map(Node::count).sum::<usize>() + self.entries().iter().map(|e| e.value.count()).sum::<usize>()
    }
}

pub(crate) fn parse(text: &str) -> Parsed {
    let mut builder = Builder::default();
    for next in Parser::new_from_str_with_options(text, options! { emit_comments: false }) {
        match next {
            Ok((event, span)) => builder.take(event, &span),
            Err(error) if matches!(error.kind(), ErrorKind::RecursionLimitExceeded) => {
                builder.parsed.error = Some(ParseError::TooDeep(mark(error.marker())));
            }
            Err(error) => builder.parsed.error = Some(ParseError::Scan(error)),
        }
        if builder.parsed.error.is_some() {
            break;
        }
    }
    builder.parsed
}

pub(crate) fn mark(marker: &serde_saphyr::granit_parser::Marker) -> Mark {
    let one_based = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Mark { line: one_based(marker.line()), column: one_based(marker.col() + 1) }
}

/// Where a collection in brackets ends; one in lines ends with its last value.
fn closing(span: &Span) -> Option<Mark> {
    (span.start != span.end).then(|| mark(&span.end))
}

enum Frame {
    List { mark: Mark, anchor: usize, items: Vec<Node> },
    Map { mark: Mark, anchor: usize, entries: Vec<Entry>, index: HashMap<String, Mark>, key: Option<(String, Mark, Mark)> },
}

#[derive(Default)]
struct Builder {
    frames: Vec<Frame>,
    anchors: HashMap<usize, Node>,
    nodes: usize,
    deepest: usize,
    parsed: Parsed,
}

impl Builder {
    fn take(&mut self, event: Event<'_>, span: &Span) {
        let at = mark(&span.start);
        match event {
            Event::DocumentStart(..) => self.anchors.clear(),
            Event::Scalar(text, style, anchor, tag) => {
                let tagged = tag.as_ref().and_then(|tag| tag.core_suffix());
                let value = match (style, tagged) {
                    (ScalarStyle::Plain, None) => plain(&text),
                    (_, None | Some("str")) => Value::String(text.into_owned()),
                    (_, Some(_)) => plain(&text),
                };
                self.finish(Node { value, mark: at, end: mark(&span.end) }, anchor);
            }
            Event::SequenceStart(_, anchor, _) => self.frames.push(Frame::List { mark: at, anchor, items: Vec::new() }),
            Event::MappingStart(_, anchor, _) => {
                self.frames.push(Frame::Map { mark: at, anchor, entries: Vec::new(), index: HashMap::new(), key: None });
            }
            Event::SequenceEnd | Event::MappingEnd => match self.frames.pop() {
                Some(Frame::List { mark, anchor, items }) => {
                    let end = closing(span).or_else(|| items.last().map(|item| item.end)).unwrap_or(mark);
                    self.finish(Node { value: Value::List(items), mark, end }, anchor);
                }
                Some(Frame::Map { mark, anchor, entries, .. }) => {
                    let end = closing(span).or_else(|| entries.last().map(|entry| entry.value.end.max(entry.end))).unwrap_or(mark);
                    self.finish(Node { value: Value::Map(merged(entries)), mark, end }, anchor);
                }
                None => {}
            },
            Event::Alias(id) => {
                let node = self.anchors.get(&id).cloned().unwrap_or(Node { value: Value::Null, mark: at, end: at });
                self.nodes += node.count();
                self.deepest = self.deepest.max(self.frames.len() + node.depth());
                self.finish(Node { mark: at, end: mark(&span.end), ..node }, 0);
            }
            _ => {}
        }
        self.deepest = self.deepest.max(self.frames.len());
        if self.nodes > NODE_LIMIT {
            self.parsed.error = Some(ParseError::TooBig(at));
        } else if self.deepest > DEPTH_LIMIT {
            self.parsed.error = Some(ParseError::TooDeep(at));
        }
    }

    fn finish(&mut self, node: Node, anchor: usize) {
        self.nodes += 1;
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        match self.frames.last_mut() {
            None => self.parsed.documents.push(node),
            Some(Frame::List { items, .. }) => items.push(node),
            Some(Frame::Map { entries, index, key, .. }) => match key.take() {
                None => *key = Some((node.text().map_or_else(String::new, Cow::into_owned), node.mark, node.end)),
                Some((key, mark, end)) => {
                    if let Some(&first) = index.get(&key) {
                        self.parsed.duplicates.push(Duplicate { key, first, second: mark });
                    } else {
                        index.insert(key.clone(), mark);
                        entries.push(Entry { key, mark, end, value: node });
                    }
                }
            },
        }
    }
}

/// Spreads merge keys (`<<: *defaults`): what the mapping says itself wins.
fn merged(mut entries: Vec<Entry>) -> Vec<Entry> {
    let Some(at) = entries.iter().position(|entry| entry.key == "<<") else { return entries };
    let merge = entries.remove(at).value;
    let sources = if merge.items().is_empty() { std::slice::from_ref(&merge) } else { merge.items() };
    for inherited in sources.iter().flat_map(Node::entries) {
        if !entries.iter().any(|entry| entry.key == inherited.key) {
            entries.push(inherited.clone());
        }
    }
    entries
}

/// True for what is a text without quotes too.
pub(crate) fn is_text(text: &str) -> bool {
    !text.starts_with('-') && matches!(plain(text), Value::String(_))
}

/// What an unquoted scalar means to Kubernetes' YAML reader (YAML 1.2's core schema, and octal numbers as in 1.1).
fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        ".inf" | "+.inf" | "-.inf" | ".nan" => return Value::String(text.to_owned()),
        _ => {}
    }
    let (sign, digits) = match text.as_bytes()[0] {
        b'-' => (-1, &text[1..]),
        b'+' => (1, &text[1..]),
        _ => (1, text),
    };
    // Rust would take a second sign: `0-5` is a text.
    let whole = |digits: &str, radix| {
        digits.starts_with(|c: char| c.is_ascii_alphanumeric()).then(|| i64::from_str_radix(digits, radix).ok()).flatten()
    };
    let radix = |prefix: &str, radix: u32| digits.strip_prefix(prefix).and_then(|digits| whole(digits, radix));
    let octal = || digits.strip_prefix('0').and_then(|digits| whole(digits, 8));
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return Value::String(text.to_owned());
    }
    let number = radix("0x", 16).or_else(|| radix("0o", 8)).or_else(|| radix("0b", 2)).or_else(octal);
    if let Some(number) = number.or_else(|| digits.parse().ok()) {
        return Value::Int(sign * number);
    }
    let numeric = digits.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-'));
    match text.parse::<f64>() {
        Ok(number) if numeric && number.is_finite() => Value::Float(number),
        _ => Value::String(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_read_as_kubernetes_reads_them() {
        assert!(matches!(plain("0644"), Value::Int(420)));
        assert!(matches!(plain("8080"), Value::Int(8080)));
        assert!(matches!(plain("1.5"), Value::Float(_)));
        assert!(matches!(plain("1.2.3"), Value::String(_)));
        assert!(matches!(plain("100m"), Value::String(_)));
        assert!(matches!(plain("yes"), Value::String(_)));
        assert!(matches!(plain("-"), Value::String(_)));
        assert!(matches!(plain("-0x10"), Value::Int(-16)));
        // With a second sign it is no number, and at the end of the numbers it does not overflow.
        for text in ["0-5", "0+5", "0x-8000000000000000", "-0x-8000000000000000", "-0-1"] {
            assert!(matches!(plain(text), Value::String(_)), "{text}");
        }
    }

    #[test]
    fn anchors_and_merges() {
        let parsed = parse("a: &x {k: 1, l: 2}\nb:\n  <<: *x\n  k: 3\n");
        assert_eq!(parsed.documents[0].to_json().to_string(), r#"{"a":{"k":1,"l":2},"b":{"k":3,"l":2}}"#);
    }

    #[test]
    fn duplicates_know_both_places() {
        let parsed = parse("a: 1\nb: 2\na: 3\n");
        let twice = Duplicate { key: "a".into(), first: Mark { line: 1, column: 1 }, second: Mark { line: 3, column: 1 } };
        assert_eq!(parsed.duplicates, [twice]);
    }

    #[test]
    fn alias_bombs_end() {
        let mut text = String::from("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
        for i in 1..30 {
            let p = i - 1;
            text.push_str(&format!("a{i}: &a{i} [*a{p},*a{p},*a{p},*a{p},*a{p},*a{p},*a{p},*a{p},*a{p}]\n"));
        }
        assert!(matches!(parse(&text).error, Some(ParseError::TooBig(_))));
    }

    #[test]
    fn deep_nesting_ends_before_the_stack_does() {
        let deep = 200_000;
        let ladder: String = (1..2000).map(|i| format!("a{i}: &a{i} [*a{}]\n", i - 1)).collect();
        for text in [
            "[".repeat(deep) + &"]".repeat(deep),
            "{a: ".repeat(deep) + &"}".repeat(deep),
            "- ".repeat(deep) + "x\n",
            format!("a0: &a0 [x]\n{ladder}"),
        ] {
            let parsed = parse(&text);
            assert!(matches!(parsed.error, Some(ParseError::TooDeep(at)) if at.line > 0), "{:.20}: {:?}", text, parsed.error);
        }
        assert!(parse(&("[".repeat(90) + &"]".repeat(90))).error.is_none());
    }
}
