//! What kustomize says when it refuses, brought back to the line that it means. It names objects, fields and files, hardly
//! ever a line; what it names is looked for in the kustomization and in the files that it uses.

use maru_model::Text;

use crate::diagnostic::text;
use crate::kustomization;
use crate::object::Object;
use crate::source::{Files, Sources, folder_of, lines, normal};
use crate::yaml::Node;
use crate::{Diagnostic, Mark, nearest};

/// The finding that tells of a refusal. `said` are kustomize's words, `folder` is what it was to put together. Where its words
/// are not known, they stand as they are, at the beginning of the kustomization.
#[must_use]
pub fn kustomize_refused(said: &str, files: &Files, folder: &str) -> Diagnostic {
    let said = said.trim().trim_start_matches("error: ").trim();
    let refusal = Refusal::new(said, files, folder);
    let known = refusal.known();
    let (place, message, fix) = match known {
        Some(Known { place, message, fix }) => {
            // Its own words stay there for whoever looks them up.
            let words: String = said.lines().next().unwrap_or_default().chars().take(300).collect();
            let Text { en, ko } = message;
            (place, text!("{en} (kustomize: {words})", "{ko} (kustomize: {words})"), Some(fix))
        }
        None => {
            let place = if folder.is_empty() { "." } else { folder };
            let message =
                text!("kustomize cannot put `{place}` together: {said}", "kustomize 가 `{place}` 을(를) 구성할 수 없습니다: {said}");
            (None, message, None)
        }
    };
    let mut found = Diagnostic::error("kustomize", message);
    found.fix = fix;
    let beginning = || refusal.kustomizations.first().map(|(file, root)| (file.clone(), root.mark));
    match place.or_else(|| refusal.named_file()).or_else(beginning) {
        Some((file, mark)) => found.at(&file, mark),
        None => found,
    }
}

type Place = (String, Mark);

struct Known {
    place: Option<Place>,
    message: Text,
    fix: Text,
}

struct Refusal<'a> {
    said: &'a str,
    sources: Sources<'a>,
    /// With what they say; the deployment's own first.
    kustomizations: Vec<(String, Node)>,
    /// Patches, replacements and the like.
    others: Vec<String>,
    /// Of the objects that are put together, and of patches that are a part of one.
    objects: Vec<Object>,
    patches: Vec<Object>,
}

impl<'a> Refusal<'a> {
    fn new(said: &'a str, files: &'a Files, folder: &str) -> Self {
        let mut sources = Sources::new(files);
        let mut ignored = Vec::new();
        let (mut kustomizations, mut others) = (Vec::new(), Vec::new());
        let (mut objects, mut patches) = (Vec::new(), Vec::new());
        if let Some(own) = kustomization::find(&sources, folder) {
            let followed = kustomization::follow(&mut sources, &own, &mut ignored);
            let rest = followed.used.iter().filter(|file| **file != own && !followed.resources.contains(file));
            for file in std::iter::once(&own).chain(rest) {
                if kustomization::is_named(file) {
                    kustomizations.extend(sources.documents(file, &mut ignored).into_iter().next().map(|root| (file.clone(), root)));
                } else {
                    patches.extend(sources.objects(file, &mut ignored));
                    others.push(file.clone());
                }
            }
            for file in &followed.resources {
                objects.extend(sources.objects(file, &mut ignored));
            }
        }
        Self { said, sources, kustomizations, others, objects, patches }
    }

    /// What stands after some words of the refusal.
    fn after(&self, before: &str) -> Option<&'a str> {
        let (_, rest) = self.said.split_once(before)?;
        Some(rest.trim()).filter(|found| !found.is_empty())
    }

    /// What stands between two words of it.
    fn between(&self, before: &str, after: &str) -> Option<&'a str> {
        let (found, _) = self.after(before)?.split_once(after)?;
        Some(found.trim()).filter(|found| !found.is_empty())
    }

    fn known(&self) -> Option<Known> {
        self.unmatched_patch()
            .or_else(|| self.operation())
            .or_else(|| self.patch_without_meaning())
            .or_else(|| self.replacement())
            .or_else(|| self.type_of_field())
            .or_else(|| self.generator())
            .or_else(|| self.named())
    }

    /// `no resource matches strategic merge patch "Deployment.v1.apps/wbe.[noNs]"`
    fn unmatched_patch(&self) -> Option<Known> {
        let id = self.between("no resource matches strategic merge patch \"", "\"")?;
        let (kind, name) = kind_and_name(id)?;
        let of_kind: Vec<&str> = self.objects.iter().filter(|object| object.kind == kind).map(|object| object.name.as_str()).collect();
        let fix = match nearest(name, of_kind.iter().copied()) {
            Some(near) => text!("Write `name: {near}` in the patch", "패치에 `name: {near}` 라고 쓰세요"),
            None if of_kind.is_empty() => text!(
                "List the file with the {kind} under `resources`, or remove the patch",
                "{kind} 이(가) 든 파일을 `resources` 에 적거나 패치를 지우세요"
            ),
            None => {
                let names = of_kind.join("`, `");
                text!("Name one of those that are there: `{names}`", "있는 것 가운데 하나를 적으세요: `{names}`")
            }
        };
        let place = self.patch_of(kind, name).or_else(|| self.line_with(name));
        let message = text!(
            "This patch is for a {kind} named `{name}`, and no resource is that",
            "이 패치는 이름이 `{name}` 인 {kind} 을(를) 고치는데, 그런 리소스가 없습니다"
        );
        Some(Known { place, message, fix })
    }

    /// The file with a patch for this object.
    fn patch_of(&self, kind: &str, name: &str) -> Option<Place> {
        let patch = self.patches.iter().find(|object| object.kind == kind && object.name == name)?;
        Some((patch.file.clone(), patch.mark("metadata.name")))
    }

    /// `replace operation does not apply: doc is missing path: /spec/x: missing value`, `Unexpected kind: change`
    fn operation(&self) -> Option<Known> {
        if let Some(kind) = self.after("Unexpected kind: ") {
            return Some(Known {
                place: self.line_with(kind),
                message: text!("`{kind}` is no operation of a JSON patch", "`{kind}` 은(는) JSON 패치의 연산이 아닙니다"),
                fix: Text::new(
                    "Write `op: add`, `remove`, `replace`, `move`, `copy` or `test`",
                    "`op: add`, `remove`, `replace`, `move`, `copy`, `test` 가운데 하나를 쓰세요",
                ),
            });
        }
        let (before, after) = self.said.split_once(" operation does not apply: ")?;
        let op = before.rsplit([' ', '\n', '`']).next().unwrap_or_default();
        let pointer = after.split([' ', '"', '\'']).map(|word| word.trim_end_matches(':')).find(|word| word.starts_with('/'))?;
        Some(Known {
            place: self.line_with(pointer),
            message: text!(
                "The patch would {op} `{pointer}`, which the object does not have",
                "패치가 `{pointer}` 에 {op} 연산을 하는데, 오브젝트에 그 자리가 없습니다"
            ),
            fix: Text::new(
                "Correct the path (items of a list count from 0), or add what is not there yet with `op: add`, from the part that is there",
                "경로를 고치거나(목록의 항목은 0부터 셉니다), 아직 없는 것은 `op: add` 로 있는 부분부터 추가하세요",
            ),
        })
    }

    /// `unable to parse SM or JSON patch from [path: "p.yaml"]`
    fn patch_without_meaning(&self) -> Option<Known> {
        let from = self.between("unable to parse SM or JSON patch from [", "]")?;
        let (key, value) = from.split_once(": ")?;
        let value = value.trim().trim_matches('"');
        let first = Mark { line: 1, column: 1 };
        let place = match key {
            "path" => self.file(value).map(|file| (file, first)),
            _ => self.line_with(value.lines().next().unwrap_or_default()),
        };
        Some(Known {
            place,
            message: Text::new(
                "This is neither a part of an object nor a list of operations, so it is no patch",
                "오브젝트의 일부도 연산의 목록도 아니어서 패치가 될 수 없습니다",
            ),
            fix: Text::new(
                "Begin it with `apiVersion:`, `kind:` and `metadata: name:` of the object to change, or write a list with `op:` and `path:` and name the object in `target:`",
                "바꿀 오브젝트의 `apiVersion:`, `kind:`, `metadata: name:` 으로 시작하거나, `op:` 와 `path:` 의 목록을 쓰고 `target:` 에 오브젝트를 적으세요",
            ),
        })
    }

    /// `unable to find field "spec.x" in replacement target`, `nothing selected by ConfigMap.[noVer].[noGrp]/x.[noNs]:data.y`
    fn replacement(&self) -> Option<Known> {
        if let Some(field) = self.between("unable to find field \"", "\" in replacement target") {
            return Some(Known {
                place: self.line_with(field),
                message: text!("The target of this replacement has no field `{field}`", "이 치환의 대상에 `{field}` 필드가 없습니다"),
                fix: Text::new(
                    "Correct the path, or let it be made with `options: {create: true}`",
                    "경로를 고치거나 `options: {create: true}` 로 만들게 하세요",
                ),
            });
        }
        let selected = self.after("nothing selected by ")?.split_whitespace().next()?;
        let (kind, name) = kind_and_name(selected.rsplit_once(':').map_or(selected, |(id, _)| id))?;
        let source = |item: &Node| item.at("source.name").and_then(Node::str) == Some(name);
        let place = self.item("replacements", source).or_else(|| self.line_with(name));
        Some(Known {
            place,
            message: text!(
                "This replacement reads from a {kind} named `{name}`, and no resource is that",
                "이 치환은 이름이 `{name}` 인 {kind} 에서 읽는데, 그런 리소스가 없습니다"
            ),
            fix: text!("Correct the name, or list the {kind} under `resources`", "이름을 고치거나 {kind} 을(를) `resources` 에 적으세요"),
        })
    }

    /// `json: cannot unmarshal string into Go struct field Kustomization.resources of type []string`, `json: unknown field "x"`,
    /// `apiVersion for Kustomization should be kustomize.config.k8s.io/v1beta1`
    fn type_of_field(&self) -> Option<Known> {
        if let Some(version) = self.after("apiVersion for Kustomization should be ") {
            return Some(Known {
                place: self.entry("apiVersion"),
                message: text!("A kustomization's apiVersion is `{version}`", "kustomization 의 apiVersion 은 `{version}` 입니다"),
                fix: text!("Write `apiVersion: {version}`", "`apiVersion: {version}` 라고 쓰세요"),
            });
        }
        if let Some(field) = self.between("json: unknown field \"", "\"") {
            return Some(Known {
                place: self.line_with(field),
                message: text!("kustomize knows no field `{field}` in this place", "kustomize 는 이 자리의 `{field}` 필드를 모릅니다"),
                fix: Text::new("Correct its name, or remove it", "이름을 고치거나 지우세요"),
            });
        }
        let found = self.between("cannot unmarshal ", " into Go struct field ")?;
        let (field, wanted) = self.after(" into Go struct field ")?.split_once(" of type ")?;
        let field = field.split_once('.').map_or(field, |(_, path)| path);
        let (en, ko) = if wanted.starts_with("[]") {
            ("a list: lines that begin with `- `", "`- ` 로 시작하는 줄의 목록")
        } else if wanted.starts_with("map[") {
            ("pairs, `key: value`", "`키: 값` 쌍")
        } else if wanted.starts_with("string") {
            ("text; numbers and `true` need quotes", "글자 (숫자와 `true` 는 따옴표로 감쌉니다)")
        } else if wanted.starts_with("int") {
            ("a whole number", "정수")
        } else if wanted.starts_with("bool") {
            ("`true` or `false`", "`true` 또는 `false`")
        } else {
            ("fields with names, `name: ...`", "이름이 있는 필드 (`name: ...`)")
        };
        let top = field.split('.').next().unwrap_or(field);
        Some(Known {
            place: self.entry(top),
            message: text!("`{field}` has to be {en}, and is a {found}", "`{field}` 에는 {ko} 이(가) 와야 하는데 {found} 이(가) 있습니다"),
            fix: text!("Write {en}", "{ko} 을(를) 쓰세요"),
        })
    }

    /// What the generators of ConfigMaps and Secrets complain of.
    fn generator(&self) -> Option<Known> {
        if let Some(literal) = self.between("invalid literal source ", ", expected key=value") {
            return Some(Known {
                place: self.line_with(literal),
                message: text!("`{literal}` is no pair of key and value", "`{literal}` 은(는) 키와 값의 쌍이 아닙니다"),
                fix: text!("Write `{literal}=...`", "`{literal}=...` 라고 쓰세요"),
            });
        }
        if let Some(rest) = self.between("illegally repeats the key `", "`") {
            let name = self.said.split_whitespace().skip_while(|word| !matches!(*word, "configmap" | "secret")).nth(1).unwrap_or_default();
            return Some(Known {
                place: self.generator_named(name, 0),
                message: text!("`{name}` is given the key `{rest}` twice", "`{name}` 에 키 `{rest}` 이(가) 두 번 있습니다"),
                fix: Text::new("Remove one of the two", "둘 가운데 하나를 지우세요"),
            });
        }
        let name = self.between("Name:\"", "\"")?;
        if self.said.contains("exists; behavior must be merge or replace") {
            return Some(Known {
                place: self.generator_named(name, 1).or_else(|| self.generator_named(name, 0)),
                message: text!("`{name}` is there already", "`{name}` 이(가) 이미 있습니다"),
                fix: Text::new(
                    "Give it another name, or say `behavior: merge` or `behavior: replace`",
                    "다른 이름을 주거나 `behavior: merge` 또는 `behavior: replace` 를 쓰세요",
                ),
            });
        }
        self.said.contains("does not exist; cannot merge or replace").then(|| Known {
            place: self.generator_named(name, 0),
            message: text!("There is no `{name}` yet to merge with or to replace", "합치거나 바꿀 `{name}` 이(가) 아직 없습니다"),
            fix: Text::new("Remove the line `behavior:`, or correct the name", "`behavior:` 줄을 지우거나 이름을 고치세요"),
        })
    }

    /// Of what else is told by a name.
    fn named(&self) -> Option<Known> {
        if let Some(name) = self.between("resource with name ", " does not match a config") {
            let fix = match nearest(name, self.objects.iter().map(|object| object.name.as_str())) {
                Some(near) => text!("Write `name: {near}`", "`name: {near}` 라고 쓰세요"),
                None => Text::new(
                    "Name a Deployment or StatefulSet of this deployment",
                    "이 배포의 Deployment 나 StatefulSet 의 이름을 적으세요",
                ),
            };
            return Some(Known {
                place: self.item("replicas", |item| item.get("name").and_then(Node::str) == Some(name)).or_else(|| self.line_with(name)),
                message: text!(
                    "`replicas` names `{name}`, which no resource here is called",
                    "`replicas` 에 `{name}` 이(가) 있는데, 그런 이름의 리소스가 없습니다"
                ),
                fix,
            });
        }
        if let Some(kind) = self.after("unable to load builtin ") {
            let kind = kind.split('.').next().unwrap_or(kind);
            return Some(Known {
                place: self.line_with(kind),
                message: text!(
                    "kustomize has no transformer or generator `{kind}`",
                    "kustomize 에 변환기나 생성기 `{kind}` 이(가) 없습니다"
                ),
                fix: Text::new("Correct the name of its kind", "kind 의 이름을 고치세요"),
            });
        }
        let cycle = self.said.contains("cycle detected").then(|| self.between("accumulating resources from '", "'"))??;
        Some(Known {
            place: self.line_with(cycle),
            message: text!("`{cycle}` leads back to where it is named", "`{cycle}` 은(는) 자기 자신으로 되돌아갑니다"),
            fix: Text::new("Remove this line", "이 줄을 지우세요"),
        })
    }

    /// A field at the top of the first kustomization that has it.
    fn entry(&self, key: &str) -> Option<Place> {
        self.kustomizations.iter().find_map(|(file, root)| Some((file.clone(), root.entry(key)?.mark)))
    }

    /// An item of a list at the top of a kustomization.
    fn item(&self, list: &str, is: impl Fn(&Node) -> bool) -> Option<Place> {
        self.kustomizations.iter().find_map(|(file, root)| {
            let item = root.get(list)?.items().iter().find(|item| is(item))?;
            Some((file.clone(), item.mark))
        })
    }

    fn generator_named(&self, name: &str, skipped: usize) -> Option<Place> {
        let named = |item: &&Node| item.get("name").and_then(Node::str) == Some(name);
        self.kustomizations
            .iter()
            .flat_map(|(file, root)| {
                let lists = ["configMapGenerator", "secretGenerator"].into_iter().filter_map(|list| root.get(list));
                lists.flat_map(Node::items).filter(named).map(|item| (file.clone(), item.mark))
            })
            .nth(skipped)
    }

    /// The first place in kustomizations and patches where this stands by itself.
    fn line_with(&self, wanted: &str) -> Option<Place> {
        if wanted.is_empty() {
            return None;
        }
        self.kustomizations.iter().map(|(file, _)| file).chain(&self.others).find_map(|file| {
            let text = self.sources.text(file);
            lines(text.trim_start_matches('\u{feff}')).iter().zip(1..).find_map(|(line, number)| {
                let column = alone(line, wanted)?;
                Some((file.clone(), Mark { line: number, column }))
            })
        })
    }

    /// A file as a kustomization names it.
    fn file(&self, name: &str) -> Option<String> {
        self.kustomizations.iter().find_map(|(file, _)| normal(folder_of(file), name).filter(|path| self.sources.has_file(path)))
    }

    /// The file that the refusal names in quotes, where it is one of ours.
    fn named_file(&self) -> Option<Place> {
        let words = self.said.split(['\'', '"', '`', ' ', '\n']).map(|word| word.trim_end_matches(':'));
        let file = words.filter(|word| word.contains('.')).find_map(|word| {
            let whole = (self.sources.has_file(word) && !word.ends_with('/')).then(|| word.to_owned());
            whole.or_else(|| self.file(word))
        })?;
        Some((file, Mark { line: 1, column: 1 }))
    }
}

/// `Deployment.v1.apps/web.[noNs]`: the kind and the name.
fn kind_and_name(id: &str) -> Option<(&str, &str)> {
    let (gvk, name) = id.split_once('/')?;
    let kind = gvk.split('.').next().filter(|kind| !kind.is_empty())?;
    let (name, _) = name.rsplit_once('.')?;
    (!name.is_empty()).then_some((kind, name))
}

/// The column, from 1, where `wanted` stands in a line without being a part of a longer word.
fn alone(line: &str, wanted: &str) -> Option<u32> {
    let part = |char: char| char.is_alphanumeric() || matches!(char, '-' | '_' | '.' | '/');
    line.match_indices(wanted).find_map(|(at, _)| {
        let before = line[..at].chars().next_back().is_some_and(part);
        let after = line[at + wanted.len()..].chars().next().is_some_and(part);
        (!before && !after).then(|| u32::try_from(line[..at].chars().count() + 1).unwrap_or(u32::MAX))
    })
}
