//! The fields of the common kinds, out of Kubernetes 1.37's own OpenAPI (`schema/generate.py` says how).

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

/// What a field holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    String,
    OneOf(&'static str),
    Int,
    Number,
    Bool,
    /// A number or a string: ports, quantities.
    Quantity,
    Any,
    Type(&'static str),
    List(Box<Kind>),
    Map(Box<Kind>),
}

#[derive(Debug)]
pub(crate) struct Field {
    pub kind: Kind,
    pub required: bool,
}

pub(crate) type Fields = BTreeMap<&'static str, Field>;

#[derive(Debug)]
pub(crate) struct ObjectKind {
    pub root: &'static str,
    pub namespaced: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Schema {
    types: HashMap<&'static str, Fields>,
    /// By (apiVersion, kind).
    kinds: BTreeMap<(&'static str, &'static str), ObjectKind>,
}

pub(crate) static SCHEMA: LazyLock<Schema> = LazyLock::new(|| Schema::read(include_str!("../schema/kubernetes.txt")));

impl Schema {
    fn read(text: &'static str) -> Self {
        let mut schema = Self::default();
        for line in text.lines() {
            let mut cells = line.split('\t');
            let Some(head) = cells.next() else { continue };
            if let Some(object) = head.strip_prefix("kind ") {
                if let (Some((version, kind)), Some(root), Some(scope)) = (object.split_once(' '), cells.next(), cells.next()) {
                    schema.kinds.insert((version, kind), ObjectKind { root, namespaced: scope == "n" });
                }
                continue;
            }
            let fields = cells.filter_map(|cell| {
                let (name, kind) = cell.split_once('=')?;
                let required = name.ends_with('!');
                Some((name.trim_end_matches('!'), Field { kind: Kind::read(kind), required }))
            });
            schema.types.insert(head, fields.collect());
        }
        schema
    }

    pub(crate) fn fields(&self, type_name: &str) -> Option<&Fields> {
        self.types.get(type_name)
    }

    pub(crate) fn kind(&self, api_version: &str, kind: &str) -> Option<&ObjectKind> {
        self.kinds.iter().find(|((v, k), _)| *v == api_version && *k == kind).map(|(_, found)| found)
    }

    /// A kind by its name alone.
    pub(crate) fn newest(&self, kind: &str) -> Option<&ObjectKind> {
        self.kinds.iter().filter(|((_, name), _)| *name == kind).map(|(_, found)| found).next_back()
    }

    pub(crate) fn kinds(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.kinds.keys().copied()
    }
}

impl Kind {
    fn read(text: &'static str) -> Self {
        let inner = |open, close| text.strip_prefix(open).and_then(|t: &'static str| t.strip_suffix(close));
        if let Some(item) = inner('[', ']') {
            return Self::List(Box::new(Self::read(item)));
        }
        if let Some(item) = inner('{', '}') {
            return Self::Map(Box::new(Self::read(item)));
        }
        if let Some(values) = text.strip_prefix("s(").and_then(|t| t.strip_suffix(')')) {
            return Self::OneOf(values);
        }
        match text {
            "s" => Self::String,
            "i" => Self::Int,
            "n" => Self::Number,
            "b" => Self::Bool,
            "q" => Self::Quantity,
            "x" => Self::Any,
            name => Self::Type(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_named_exists() {
        fn walk(kind: &Kind) {
            match kind {
                Kind::Type(name) => assert!(SCHEMA.fields(name).is_some(), "{name}"),
                Kind::List(item) | Kind::Map(item) => walk(item),
                _ => {}
            }
        }
        for fields in SCHEMA.types.values() {
            fields.values().for_each(|field| walk(&field.kind));
        }
        for object in SCHEMA.kinds.values() {
            assert!(SCHEMA.fields(object.root).is_some(), "{}", object.root);
        }
        assert!(SCHEMA.kind("apps/v1", "Deployment").is_some_and(|kind| kind.namespaced));
    }
}
