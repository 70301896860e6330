//! Each object against the schema: unknown keys, wrong types, missing fields; and where a misplaced key belongs.

use maru_model::Text;

use crate::diagnostic::text;
use crate::nearest::nearest;
use crate::object::Object;
use crate::schema::{Fields, Kind, SCHEMA};
use crate::syntax::glued;
use crate::yaml::{Entry, Node, Value};
use crate::{Diagnostic, Edit, Mark};

/// Checks one object, whose kind the schema knows; others pass.
pub(crate) fn check(object: &Object, out: &mut Vec<Diagnostic>) {
    if crate::ingress::is_old(&object.api_version, &object.kind) {
        return;
    }
    // Under a wrong version it is still what it will be under the right one.
    let Some(kind) =
        SCHEMA.kind(&object.api_version, &object.kind).or_else(|| SCHEMA.newest(&object.kind).filter(|_| !object.api_version.is_empty()))
    else {
        return;
    };
    let mut walk = Walk { object, out, above: Vec::new() };
    walk.mapping(&object.node, kind.root, "");
}

struct Walk<'a> {
    object: &'a Object,
    out: &'a mut Vec<Diagnostic>,
    /// The types on the way down, with their paths: where a misplaced key may belong.
    above: Vec<(&'static str, String, &'a Node)>,
}

impl<'a> Walk<'a> {
    fn say(&mut self, diagnostic: Diagnostic, mark: Mark, path: &str) {
        self.out.push(self.object.on(diagnostic, mark, path));
    }

    fn value(&mut self, node: &'a Node, kind: &Kind, path: &str, key: Mark) {
        if node.is_null() {
            return;
        }
        match kind {
            Kind::Any => {}
            Kind::Type(name) => match &node.value {
                Value::Map(_) => self.mapping(node, name, path),
                _ => match node.str().and_then(glued) {
                    Some((inner, value)) => self.say(
                        Diagnostic::error(
                            "yaml_missing_space",
                            text!("There is no space after `{inner}:`", "`{inner}:` 뒤에 공백이 없습니다"),
                        )
                        .fix(text!("Write: `{inner}: {value}`", "이렇게 쓰세요: `{inner}: {value}`"))
                        .edits(self.object.pen().within(node, &format!("{inner}:"), &format!("{inner}: "))),
                        node.mark,
                        path,
                    ),
                    None => self.wrong_type(node, "a mapping (`key: value` lines)", "매핑(`키: 값` 줄들)", path, key),
                },
            },
            Kind::List(item) => match &node.value {
                Value::List(items) => {
                    for (i, value) in items.iter().enumerate() {
                        self.value(value, item, &format!("{path}[{i}]"), value.mark);
                    }
                }
                Value::Map(entries) if !entries.is_empty() => self.not_a_list(node, item, path),
                _ => self.wrong_type(node, "a list (lines that begin with `- `)", "목록(`- ` 로 시작하는 줄들)", path, key),
            },
            Kind::Map(item) => match &node.value {
                Value::Map(entries) => {
                    for entry in entries {
                        self.value(&entry.value, item, &join(path, &entry.key), entry.mark);
                    }
                }
                _ => self.wrong_type(node, "a mapping (`key: value` lines)", "매핑(`키: 값` 줄들)", path, key),
            },
            scalar => self.scalar(node, scalar, path, key),
        }
    }

    fn scalar(&mut self, node: &Node, kind: &Kind, path: &str, key: Mark) {
        match (kind, &node.value) {
            (Kind::String, Value::String(_))
            | (Kind::Int, Value::Int(_))
            | (Kind::Number, Value::Int(_) | Value::Float(_))
            | (Kind::Bool, Value::Bool(_))
            | (Kind::Quantity, Value::String(_) | Value::Int(_) | Value::Float(_)) => {}
            (Kind::OneOf(values), Value::String(given)) => {
                if !values.split('|').any(|value| value == given) {
                    let list = values.replace('|', ", ");
                    let mut found = Diagnostic::error(
                        "invalid_value",
                        text!("`{given}` is not allowed here; one of: {list}", "여기에 `{given}` 은(는) 쓸 수 없습니다. 가능한 값: {list}"),
                    );
                    if let Some(near) = nearest(given, values.split('|')) {
                        found = found.fix(text!("Write `{near}`", "`{near}` 라고 쓰세요")).edits(self.object.pen().replace(node, near));
                    }
                    self.say(found, node.mark, path);
                }
            }
            (Kind::String | Kind::OneOf(_), Value::Int(_) | Value::Float(_) | Value::Bool(_)) => {
                // As it is written: `1.10` would be read as 1.1.
                let raw = self.object.pen().raw(node).map(str::to_owned);
                let given = raw.unwrap_or_else(|| node.text().unwrap_or_default().into_owned());
                let name = path.rsplit('.').next().unwrap_or(path);
                self.say(
                    Diagnostic::error(
                        "wrong_type",
                        text!(
                            "This must be a text, and `{given}` without quotes is not",
                            "이 값은 문자열이어야 하는데 따옴표 없는 `{given}` 은(는) 문자열이 아닙니다"
                        ),
                    )
                    .fix(text!("Write `{name}: \"{given}\"`", "`{name}: \"{given}\"` 라고 쓰세요"))
                    .edits(self.object.pen().replace(node, format!("\"{given}\""))),
                    node.mark,
                    path,
                );
            }
            (Kind::Int | Kind::Number, Value::String(given)) => {
                let name = path.rsplit('.').next().unwrap_or(path);
                let mut found = Diagnostic::error(
                    "wrong_type",
                    text!("This must be a number, not the text `{given}`", "이 값은 문자열 `{given}` 이(가) 아니라 숫자여야 합니다"),
                );
                if given.trim().parse::<i64>().is_ok() {
                    found = found
                        .fix(text!("Write `{name}: {given}`, without quotes", "따옴표 없이 `{name}: {given}` 라고 쓰세요"))
                        .edits(self.object.pen().replace(node, given.trim()));
                }
                self.say(found, node.mark, path);
            }
            (Kind::Int | Kind::Number, _) => self.wrong_type(node, "a whole number", "정수", path, key),
            (Kind::Bool, _) => self.wrong_type(node, "`true` or `false`", "`true` 또는 `false`", path, key),
            (Kind::Quantity, _) => self.wrong_type(node, "a number or a text", "숫자 또는 문자열", path, key),
            _ => self.wrong_type(node, "a text", "문자열", path, key),
        }
    }

    /// A mapping where a list of them is needed: one item without its dash, or variables as `NAME: value`.
    fn not_a_list(&mut self, node: &'a Node, item: &Kind, path: &str) {
        let name = path.rsplit('.').next().unwrap_or(path);
        let pen = self.object.pen();
        let indent = " ".repeat((node.mark.column as usize).saturating_sub(1));
        let found = Diagnostic::error(
            "wrong_type",
            text!("`{name}` must be a list (lines that begin with `- `)", "`{name}` 은(는) 목록(`- ` 로 시작하는 줄들)이어야 합니다"),
        );
        let found = if *item == Kind::Type("EnvVar") && node.entries().iter().all(|entry| entry.value.text().is_some()) {
            let variable = |entry: &Entry| {
                Some(format!(
                    "- name: {}\n{indent}  value: {}",
                    entry.key,
                    crate::adapt::plain(&serde_json::Value::from(entry.value.text()?.as_ref()))
                ))
            };
            let lines: Option<Vec<String>> = node.entries().iter().map(variable).collect();
            found
                .fix(Text::new(
                    "Write each as `- name: NAME` and, below it, `value: \"...\"`",
                    "각각 `- name: 이름` 과 그 아래 `value: \"...\"` 로 쓰세요",
                ))
                .edits(
                    lines.and_then(|lines| pen.rewrite(node.mark, node, lines.join(&format!("\n{indent}")))).filter(|_| !pen.is_flow(node)),
                )
        } else {
            let end = crate::edit::last(node).line;
            let lines: Option<Vec<Edit>> = (node.mark.line..=end)
                .map(|number| {
                    let line = pen.lines.line(number)?;
                    let new = if number == node.mark.line { format!("{indent}- {}", line.trim_start()) } else { format!("  {line}") };
                    Some(Edit::of_line(pen.file, number, line, new))
                })
                .collect();
            found
                .fix(Text::new(
                    "Write `- ` before the first key, and indent the others two more spaces",
                    "첫 키 앞에 `- ` 를 쓰고 나머지를 두 칸 더 들여쓰세요",
                ))
                .edits(lines.into_iter().flatten().filter(|_| !pen.is_flow(node)))
        };
        self.say(found, node.mark, path);
    }

    fn wrong_type(&mut self, node: &Node, en: &str, ko: &str, path: &str, key: Mark) {
        let name = path.rsplit('.').next().unwrap_or(path).to_owned();
        let mark = if node.mark.line == 0 { key } else { node.mark };
        self.say(Diagnostic::error("wrong_type", text!("`{name}` must be {en}", "`{name}` 은(는) {ko}이어야 합니다")), mark, path);
    }

    fn mapping(&mut self, node: &'a Node, type_name: &'static str, path: &str) {
        let Some(fields) = SCHEMA.fields(type_name) else { return };
        self.above.push((type_name, path.to_owned(), node));
        let mut typos = Vec::new();
        for entry in node.entries() {
            match fields.get(entry.key.as_str()) {
                // Nobody writes the status; kubectl's output has it.
                Some(_) if path.is_empty() && entry.key == "status" => {}
                Some(field) => self.value(&entry.value, &field.kind, &join(path, &entry.key), entry.mark),
                None if old_ingress(type_name, &entry.key) => {}
                None => typos.extend(self.unknown(entry, type_name, fields, node, path)),
            }
        }
        for (name, field) in fields {
            let missing = node.get(name).is_none_or(Node::is_null) && field.required;
            if missing && *name == "selector" && path == "spec" {
                // Below, it is at a wrong depth, which is said there.
                if node.at("template.selector").is_none() && !typos.contains(name) {
                    self.no_selector(node);
                }
                continue;
            }
            if missing && !typos.contains(name) && !(type_name == "IngressBackend" || type_name == "HTTPIngressPath") {
                let mark = node.entries().first().map_or(node.mark, |first| first.mark);
                self.say(
                    Diagnostic::error("missing_field", text!("`{name}` is missing here", "여기에 `{name}` 이(가) 없습니다"))
                        .fix(text!("Add `{name}:` at this indentation", "이 들여쓰기에 `{name}:` 을(를) 추가하세요")),
                    mark,
                    &join(path, name),
                );
            }
        }
        self.above.pop();
    }

    /// Labels right under `selector:`, as a Service has them.
    fn labels_bare(&mut self, node: &'a Node, mark: Mark, path: &str) {
        let pen = self.object.pen();
        let lines: Option<Vec<String>> =
            node.entries().iter().map(|label| Some(format!("{}: {}", label.key, pen.raw(&label.value)?))).collect();
        let text = lines.map(|lines| {
            if pen.is_flow(node) {
                return format!("{{matchLabels: {{{}}}}}", lines.join(", "));
            }
            let indent = format!("\n{}", " ".repeat(node.mark.column as usize + 1));
            format!("matchLabels:{indent}{}", lines.join(&indent))
        });
        let found = Diagnostic::error(
            "misplaced_field",
            Text::new("These labels belong under `matchLabels:`", "이 라벨들은 `matchLabels:` 아래에 있어야 합니다"),
        )
        .fix(Text::new(
            "Write a line `matchLabels:` above them, and indent them two more spaces",
            "위에 `matchLabels:` 줄을 쓰고 두 칸 더 들여쓰세요",
        ))
        .edits(text.and_then(|text| pen.rewrite(node.mark, node, text)));
        self.say(found, mark, path);
    }

    /// A workload without a selector, whose pods' labels say what it is.
    fn no_selector(&mut self, node: &'a Node) {
        let mark = node.entries().first().map_or(node.mark, |first| first.mark);
        let labels: Vec<String> = node
            .at("template.metadata.labels")
            .map(Node::entries)
            .unwrap_or_default()
            .iter()
            .filter_map(|label| Some(format!("{}: {}", label.key, self.object.pen().raw(&label.value)?)))
            .collect();
        let mut found = Diagnostic::error("missing_field", Text::new("`selector` is missing here", "여기에 `selector` 이(가) 없습니다"));
        found = if labels.is_empty() {
            found.fix(Text::new(
                "Add `selector: {matchLabels: {app: NAME}}`, and the same label in `template.metadata.labels`",
                "`selector: {matchLabels: {app: 이름}}` 을 추가하고 `template.metadata.labels` 에도 같은 라벨을 쓰세요",
            ))
        } else {
            let list = labels.join(", ");
            let indent = " ".repeat(mark.column as usize - 1);
            let text = format!("selector:\n{indent}  matchLabels:\n{indent}    {}", labels.join(&format!("\n{indent}    ")));
            found
                .fix(text!("Add `selector: {{matchLabels: {{{list}}}}}`", "`selector: {{matchLabels: {{{list}}}}}` 을(를) 추가하세요"))
                .edits(self.object.pen().add(node, &text).filter(|_| !self.object.pen().is_flow(node)))
        };
        self.say(found, mark, "spec.selector");
    }

    /// Says what is known about a key that does not belong here; the answer is the field that was meant, where one was.
    fn unknown(&mut self, entry: &'a Entry, type_name: &str, fields: &'static Fields, node: &'a Node, path: &str) -> Option<&'static str> {
        let key = &entry.key;
        let here = if path.is_empty() { self.object.kind.clone() } else { path.to_owned() };
        let mark = entry.mark;
        if key == "apiVersion" || key == "kind" {
            // Two objects without a line between them.
            self.say(
                Diagnostic::error(
                    "missing_separator",
                    text!("`{key}` begins a new object here, inside another", "`{key}` 로 새 오브젝트가 다른 오브젝트 안에서 시작됩니다"),
                )
                .fix(Text::new("Write a line `---` between two objects", "두 오브젝트 사이에 `---` 줄을 넣으세요"))
                .edits((mark.column == 1).then(|| self.object.pen().insert_line(mark.line, "---"))),
                mark,
                &join(path, key),
            );
            return None;
        }
        if type_name == "LabelSelector" && node.entries().iter().all(|label| label.value.text().is_some()) {
            let first = node.entries().first().is_some_and(|first| first.mark == mark);
            if first {
                self.labels_bare(node, mark, path);
            }
            return None;
        }
        let absent = fields.keys().copied().filter(|name| node.get(name).is_none());
        if let Some(near) = nearest(key, absent) {
            self.say(
                Diagnostic::error(
                    "unknown_field",
                    text!(
                        "`{key}` is not a field of {here}; `{near}` is",
                        "`{key}` 은(는) {here} 의 필드가 아닙니다. `{near}` 이(가) 맞습니다"
                    ),
                )
                .fix(text!("Write `{near}:`", "`{near}:` 라고 쓰세요"))
                .edits(self.object.pen().rename(entry, near)),
                mark,
                &join(path, key),
            );
            return Some(near);
        }
        if let Some((home, node_there)) = self.home(key, type_name, path) {
            let there = node_there.or_else(|| only(&self.object.node, &home));
            let edits = there.and_then(|there| self.object.pen().shift(node, entry, there));
            self.say(
                Diagnostic::error(
                    "misplaced_field",
                    text!(
                        "`{key}` is a right name at a wrong depth: it belongs under `{home}`",
                        "`{key}` 은(는) 이름은 맞지만 위치가 틀렸습니다. `{home}` 아래에 있어야 합니다"
                    ),
                )
                .fix(text!("Move `{key}` to `{home}.{key}`", "`{key}` 을(를) `{home}.{key}` 로 옮기세요"))
                .edits(edits.into_iter().flatten()),
                mark,
                &join(path, key),
            );
            return None;
        }
        let known: Vec<&str> = fields.keys().copied().filter(|name| *name != "status").collect();
        let list = known.join(", ");
        let mut found =
            Diagnostic::error("unknown_field", text!("`{key}` is not a field of {here}", "`{key}` 은(는) {here} 의 필드가 아닙니다"));
        if known.len() <= 12 {
            found = found.fix(text!("The fields here are: {list}", "여기에 쓸 수 있는 필드: {list}"));
        }
        self.say(found, mark, &join(path, key));
        None
    }

    /// The nearest place, above first, then up to three levels below, where this key is a field.
    fn home(&self, key: &str, type_name: &str, path: &str) -> Option<(String, Option<&'a Node>)> {
        let above = self.above.iter().rev().skip(1).find(|(name, ..)| SCHEMA.fields(name).is_some_and(|f| f.contains_key(key)));
        if let Some((_, place, node)) = above.filter(|(_, place, _)| !place.is_empty()) {
            return Some((place.clone(), Some(node)));
        }
        // Below this place, or beside it.
        let root = self.above.first().map(|(name, ..)| (*name).to_owned());
        below(key, type_name, path).or_else(|| below(key, &root?, "")).map(|place| (place, None))
    }
}

/// The nearest place of up to three levels below a type where this key is a field.
fn below(key: &str, type_name: &str, path: &str) -> Option<String> {
    let mut level = vec![(type_name.to_owned(), path.to_owned())];
    for _ in 0..3 {
        let mut next = Vec::new();
        for (name, place) in level {
            for (field, what) in SCHEMA.fields(&name).into_iter().flatten() {
                let (inner, place) = match &what.kind {
                    Kind::Type(inner) => (*inner, join(&place, field)),
                    Kind::List(item) => match &**item {
                        Kind::Type(inner) => (*inner, format!("{}[0]", join(&place, field))),
                        _ => continue,
                    },
                    _ => continue,
                };
                if *field == "status" || *field == "metadata" && key != "labels" {
                    continue;
                }
                if SCHEMA.fields(inner).is_some_and(|fields| fields.contains_key(key)) {
                    return Some(place);
                }
                next.push((inner.to_owned(), place));
            }
        }
        level = next;
    }
    None
}

/// The value at a path such as `spec.containers[0]`, where it is the only one of its list.
fn only<'a>(root: &'a Node, path: &str) -> Option<&'a Node> {
    path.split('.').try_fold(root, |node, key| match key.strip_suffix("[0]") {
        Some(list) => node.get(list).map(Node::items).filter(|items| items.len() == 1)?.first(),
        None => node.get(key),
    })
}

/// What an Ingress of before Kubernetes 1.19 has in these places; `ingress` understands and says it.
fn old_ingress(type_name: &str, key: &str) -> bool {
    matches!((type_name, key), ("IngressBackend", "serviceName" | "servicePort" | "path" | "pathType") | ("IngressSpec", "backend"))
}

pub(crate) fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}
