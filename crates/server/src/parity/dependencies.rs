//! Libraries that the program imports and the image would not have: they were installed by hand, in the workspace alone.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use maru_manifest::Diagnostic;
use maru_model::Text;
use regex::Regex;
use serde_json::Value;

use super::Subject;
use super::texts::Source;

/// What Python programs of a class import, and what it is called on PyPI.
const PYTHON: [(&str, &[&str]); 30] = [
    ("flask", &["flask"]),
    ("flask_cors", &["flask-cors"]),
    ("flask_sqlalchemy", &["flask-sqlalchemy"]),
    ("fastapi", &["fastapi"]),
    ("uvicorn", &["uvicorn", "fastapi"]),
    ("django", &["django"]),
    ("rest_framework", &["djangorestframework"]),
    ("requests", &["requests"]),
    ("httpx", &["httpx", "fastapi"]),
    ("aiohttp", &["aiohttp"]),
    ("numpy", &["numpy", "pandas", "scikit-learn", "torch"]),
    ("pandas", &["pandas"]),
    ("sklearn", &["scikit-learn"]),
    ("matplotlib", &["matplotlib"]),
    ("PIL", &["pillow"]),
    ("cv2", &["opencv-python", "opencv-python-headless"]),
    ("yaml", &["pyyaml"]),
    ("dotenv", &["python-dotenv"]),
    ("jwt", &["pyjwt"]),
    ("bs4", &["beautifulsoup4"]),
    ("sqlalchemy", &["sqlalchemy"]),
    ("psycopg2", &["psycopg2"]),
    ("pymysql", &["pymysql"]),
    ("pymongo", &["pymongo"]),
    ("redis", &["redis"]),
    ("boto3", &["boto3"]),
    ("openai", &["openai"]),
    ("streamlit", &["streamlit"]),
    ("pydantic", &["pydantic", "fastapi"]),
    ("jinja2", &["jinja2", "flask", "fastapi"]),
];
/// Files that may say what is installed.
const PYTHON_LISTS: [&str; 7] = ["requirements", "pyproject.toml", "Pipfile", "setup.py", "setup.cfg", "environment.yml", "uv.lock"];

const NODE_OWN: [&str; 36] = [
    "assert",
    "async_hooks",
    "buffer",
    "child_process",
    "cluster",
    "console",
    "constants",
    "crypto",
    "dgram",
    "diagnostics_channel",
    "dns",
    "domain",
    "events",
    "fs",
    "http",
    "http2",
    "https",
    "inspector",
    "module",
    "net",
    "os",
    "path",
    "perf_hooks",
    "process",
    "punycode",
    "querystring",
    "readline",
    "repl",
    "stream",
    "string_decoder",
    "timers",
    "tls",
    "url",
    "util",
    "vm",
    "zlib",
];
const NODE_ALSO: [&str; 5] = ["worker_threads", "v8", "tty", "wasi", "test"];

static PYTHON_IMPORT: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?m)^[ \t]*(?:import|from)[ \t]+([A-Za-z_][A-Za-z0-9_]*)").ok());
static NODE_IMPORT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r#"(?m)(?:\brequire\(\s*|^\s*import\s+(?:[^'"\n;]+\s+from\s+)?|^\s*export\s+[^'"\n;]+\s+from\s+)["']((?:@[a-z0-9._~-]+/)?[a-z0-9][a-z0-9._~-]*)(?:/[^"']*)?["']"#).ok()
});

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    python(subject, found);
    node(subject, found);
}

fn python(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    let Some(pattern) = PYTHON_IMPORT.as_ref() else { return };
    // All that is installed: by lists of any kind, and by the Dockerfile itself.
    let listed =
        |source: &&Source<'_>| source.path == subject.dockerfile || PYTHON_LISTS.iter().any(|list| source.name().starts_with(list));
    let installed: String = subject.sources.iter().filter(listed).map(|source| source.text.to_lowercase().replace('_', "-")).collect();
    let mut said = BTreeSet::new();
    for source in subject.sources.iter().filter(|source| source.ends_with(&[".py"])) {
        for name in pattern.captures_iter(&source.text).filter_map(|captures| captures.get(1)) {
            let Some((module, packages)) = PYTHON.iter().find(|(module, _)| *module == name.as_str()) else { continue };
            let local = subject.inside.iter().any(|path| path.split('/').any(|part| part == *module || part == format!("{module}.py")));
            if local || packages.iter().any(|package| installed.contains(package)) || !said.insert(*module) {
                continue;
            }
            let package = packages.first().copied().unwrap_or(module);
            found.push(missing(source, name.start(), module).fix(Text::new(
                format!("Write `{package}` into requirements.txt, which the Dockerfile installs"),
                format!("Dockerfile 이 설치하는 requirements.txt 에 `{package}` 을(를) 쓰세요"),
            )));
        }
    }
}

fn node(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    let Some(pattern) = NODE_IMPORT.as_ref() else { return };
    let packages: Vec<&Source<'_>> = subject.sources.iter().filter(|source| source.name() == "package.json").collect();
    // One package: where there are several, which of them counts is for their tool to say.
    let [package] = packages.as_slice() else { return };
    let Ok(described) = serde_json::from_str::<Value>(&package.text) else { return };
    let lists = ["dependencies", "devDependencies", "peerDependencies", "optionalDependencies"];
    let has = |name: &str| lists.iter().any(|list| described[*list].get(name).is_some()) || described["name"] == name;
    let folder = package.path.strip_suffix("package.json").unwrap_or_default();
    let mut said = BTreeSet::new();
    for source in subject.sources.iter().filter(|source| source.path.starts_with(folder)) {
        if !source.ends_with(&[".js", ".mjs", ".cjs", ".ts", ".jsx", ".tsx"]) {
            continue;
        }
        for name in pattern.captures_iter(&source.text).filter_map(|captures| captures.get(1)) {
            let module = name.as_str();
            let own = NODE_OWN.contains(&module) || NODE_ALSO.contains(&module);
            // A folder of the program under a shorter name.
            let local = subject.inside.iter().any(|path| path.split('/').any(|part| part.split('.').next() == Some(module)));
            if own || local || has(module) || source.is_comment(name.start()) || !said.insert(module) {
                continue;
            }
            found.push(missing(source, name.start(), module).fix(Text::new(
                format!("Run `npm install {module}` in the folder of package.json, so that it is written there"),
                format!("package.json 이 있는 폴더에서 `npm install {module}` 을 실행해 거기에 적히게 하세요"),
            )));
        }
    }
}

fn missing(source: &Source<'_>, at: usize, module: &str) -> Diagnostic {
    Diagnostic::warning(
        "dependency_missing",
        Text::new(
            format!("The program imports `{module}`, and the image would not have it"),
            format!("프로그램이 `{module}` 을(를) 불러오지만 이미지에는 설치되지 않습니다"),
        ),
    )
    .at(source.path, source.mark(at))
}
