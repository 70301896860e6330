"""What kubernetes-validate says of every document below a folder: one JSON line each.

Usage: python3 oracle.py FOLDER
A line is {"file", "line", "end", "refused"}: the document's first and last line, and what is wrong with it, `null` where
nothing is. A file that is not YAML is one document. Kinds that Kubernetes itself does not have are left out.
"""
import json
import pathlib
import sys
import warnings

import kubernetes_validate
import yaml

VERSION = "1.37"
KNOWN = {}


def refused(document) -> str | None:
    key = json.dumps(document, sort_keys=True, default=str)
    if key not in KNOWN:
        try:
            kubernetes_validate.validate(document, VERSION, strict=True)
            KNOWN[key] = None
        except kubernetes_validate.ValidationError as error:
            KNOWN[key] = f"{error.message} (at {'.'.join(str(part) for part in error.path)})"
        except kubernetes_validate.SchemaNotFoundError as error:
            KNOWN[key] = None if foreign(error.api_version) else error.message
        except Exception as error:  # it falls over what is no object at all
            KNOWN[key] = f"{type(error).__name__}: {error}"
    return KNOWN[key]


def foreign(version: str) -> bool:
    group = version.split("/")[0] if "/" in version else ""
    return "." in group and not group.endswith(".k8s.io")


def patches(top: pathlib.Path) -> set[pathlib.Path]:
    """The files that are no whole objects."""
    found = set()
    for path in top.rglob("kustomization.yaml"):
        try:
            whole = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        except yaml.YAMLError:
            continue
        found |= {path.parent / patch["path"] for patch in whole.get("patches", []) if "path" in patch}
    return found


def objects(document):
    is_list = isinstance(document, dict) and document.get("kind") == "List"
    return document.get("items") or [] if is_list else [document]


def say(file: str, line: int, end: int, what: str | None) -> None:
    print(json.dumps({"file": file, "line": line, "end": end, "refused": what}))


def main() -> None:
    warnings.simplefilter("ignore")
    top = pathlib.Path(sys.argv[1])
    skipped = patches(top)
    for path in sorted(top.rglob("*")):
        if path.suffix not in {".yaml", ".yml", ".json"} or path.stem == "kustomization" or path in skipped:
            continue
        file = str(path.relative_to(top))
        try:
            text = path.read_text(encoding="utf-8")
            nodes = [node for node in yaml.compose_all(text, Loader=yaml.SafeLoader) if node]
            documents = [document for document in yaml.safe_load_all(text) if document is not None]
        except (UnicodeDecodeError, yaml.YAMLError) as error:
            say(file, 1, 1 << 30, f"not YAML: {error}")
            continue
        for node, document in zip(nodes, documents):
            found = [what for what in map(refused, objects(document)) if what]
            say(file, node.start_mark.line + 1, node.end_mark.line + 1, found[0] if found else None)


main()
