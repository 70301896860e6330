use maru_manifest::{apply_edits, containers};
use proptest::prelude::*;

use super::*;

const IMAGE: &str = "registry.localhost/mina/web";

/// A project with one program in `web/` and a Deployment of it.
fn look(files: &[(&str, &str)]) -> Vec<Diagnostic> {
    let files: Files = files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect();
    look_at(&files)
}

fn look_at(files: &Files) -> Vec<Diagnostic> {
    let paths = files.keys().cloned().collect();
    let programs = [Program { image: IMAGE.to_owned(), context: "web".to_owned(), dockerfile: "Dockerfile".to_owned() }];
    check(&Project { paths: &paths, files, programs: &programs, containers: &containers(files, "k8s"), images: Some(&images()) })
}

/// What the class's registry has.
fn images() -> Images {
    let known = ["base/nginx:1", "base/postgres:17", "base/python:3", "mina/web:1"];
    Images { login: Login::parse("mina").unwrap(), known: known.map(|image| format!("registry.localhost/{image}")).into() }
}

fn codes(files: &[(&str, &str)]) -> Vec<String> {
    look(files).into_iter().map(|found| format!("{} {}:{}", found.code, found.file, found.line)).collect()
}

const DOCKERFILE: (&str, &str) = ("web/Dockerfile", "FROM python:3\nCOPY . .\nCMD [\"python\", \"app.py\"]\n");

#[test]
fn programs_that_listen_to_themselves_are_found_and_mended() {
    for (name, text, line) in [
        ("app.py", "import flask\napp = flask.Flask(__name__)\napp.run(host='127.0.0.1', port=8080)\n", 3),
        ("app.py", "from http.server import HTTPServer\nHTTPServer((\"localhost\", 8080), None).serve_forever()\n", 2),
        ("app.js", "app.listen(3000, '127.0.0.1', () => {})\n", 1),
        ("app.js", "Bun.serve({\n  port: 3000,\n  hostname: \"localhost\",\n})\n", 3),
        ("main.go", "func main() {\n\thttp.ListenAndServe(\"localhost:8080\", nil)\n}\n", 2),
        ("src/main.rs", "let listener = TcpListener::bind(\"127.0.0.1:8080\").await?;\n", 1),
        ("src/application.properties", "server.port=8080\nserver.address=127.0.0.1\n", 2),
        ("app.py", "from flask import Flask\napp = Flask(__name__)\napp.run()\n", 3),
        ("app.py", "from flask import Flask\napp = Flask(__name__)\napp.run(debug=True)\n", 3),
    ] {
        let path = format!("web/{name}");
        let files: Files = [(path.as_str(), text), ("web/requirements.txt", "flask"), DOCKERFILE]
            .iter()
            .map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec()))
            .collect();
        let found = look_at(&files);
        let [one] = found.as_slice() else { panic!("{name}: {found:?}") };
        assert_eq!((one.code.as_str(), one.file.as_str(), one.line), ("listens_on_loopback", path.as_str(), line));
        let mended = apply_edits(&files, &one.edits).unwrap();
        assert!(String::from_utf8_lossy(&mended[&path]).contains("0.0.0.0"), "{name}");
        assert_eq!(look_at(&mended), [], "{name}: after the fix");
    }
}

#[test]
fn what_connects_to_this_machine_or_listens_everywhere_is_left_alone() {
    for (name, text) in [
        ("app.py", "import os\nhost = os.environ.get('DB_HOST', 'localhost')\n"),
        ("app.py", "from flask import Flask\napp = Flask(__name__)\napp.run(host=\"0.0.0.0\")\n"),
        ("app.js", "const db = mysql.createConnection({ host: 'localhost' })\napp.listen(3000)\n"),
        ("app.js", "// app.listen(3000, '127.0.0.1')\n"),
        ("tests/app_test.py", "HTTPServer((\"localhost\", 0), None)\n"),
        ("main.go", "http.Get(\"http://localhost:8080\")\nhttp.ListenAndServe(\":8080\", nil)\n"),
    ] {
        assert_eq!(codes(&[(&format!("web/{name}"), text), ("web/requirements.txt", "flask"), DOCKERFILE]), [""; 0], "{name}: {text}");
    }
}

#[test]
fn development_servers_are_told_where_to_listen() {
    let of = |command: &str| {
        let dockerfile = format!("FROM python:3\nCOPY . .\n{command}\n");
        codes(&[("web/Dockerfile", &dockerfile)])
    };
    for bad in [
        "CMD [\"uvicorn\", \"app:app\", \"--port\", \"8080\"]",
        "CMD uvicorn app:app",
        "CMD [\"sh\", \"-c\", \"exec /usr/bin/flask run --port 80\"]",
        "ENTRYPOINT [\"python\", \"manage.py\", \"runserver\"]",
        "CMD gunicorn app:app",
        "CMD gunicorn -b 127.0.0.1:8000 app:app",
        "ENTRYPOINT [\"php\"]\nCMD [\"-S\", \"localhost:8000\"]",
        "CMD npx vite preview",
    ] {
        assert!(of(bad).iter().any(|found| found.starts_with("listens_on_loopback web/Dockerfile:")), "{bad}");
    }
    for good in [
        "CMD [\"uvicorn\", \"app:app\", \"--host\", \"0.0.0.0\"]",
        "CMD uvicorn app:app --host=0.0.0.0",
        "ENV FLASK_RUN_HOST=0.0.0.0\nCMD flask run",
        "CMD python manage.py runserver 0.0.0.0:8000",
        "CMD gunicorn --bind :8000 app:app",
        "CMD [\"python\", \"app.py\"]",
        "CMD npx vite preview --host",
    ] {
        assert_eq!(of(good), [""; 0], "{good}");
    }
}

fn deployment(container: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec:\n  template:\n    spec:\n      containers:\n      - name: web\n        \
         image: {IMAGE}:latest\n{container}"
    )
}

#[test]
fn ports_of_image_and_manifest_are_compared() {
    let port = "        ports:\n        - containerPort: 80\n";
    let exposes = ("web/Dockerfile", "FROM nginx:1\nEXPOSE 8080/tcp\n");
    assert_eq!(codes(&[exposes, ("k8s/web.yaml", &deployment(port))]), ["port_differs k8s/web.yaml:11"]);
    assert_eq!(codes(&[exposes, ("k8s/web.yaml", &deployment(&port.replace("80", "8080")))]), [""; 0]);
    let variable = "        env:\n        - {name: PORT, value: \"9000\"}\n";
    let reads = ("web/app.js", "app.listen(process.env.PORT)");
    let plain = ("web/Dockerfile", "FROM node:1\nCOPY . .\n");
    assert_eq!(
        codes(&[plain, ("web/app.js", "app.listen(3000)"), ("k8s/web.yaml", &deployment(variable))]),
        ["ignores_port k8s/web.yaml:11"]
    );
    assert_eq!(codes(&[plain, reads, ("k8s/web.yaml", &deployment(variable))]), [""; 0]);
    let both = format!("{variable}{port}");
    assert_eq!(codes(&[plain, reads, ("k8s/web.yaml", &deployment(&both))]), ["port_differs k8s/web.yaml:13"]);
}

#[test]
fn secrets_that_would_be_committed_are_found() {
    let key = format!("token = \"ghp_{}\"\n", "a".repeat(36));
    assert_eq!(codes(&[DOCKERFILE, ("web/app.py", &key)]), ["secret_in_git web/app.py:1"]);
    assert_eq!(codes(&[DOCKERFILE, ("web/.env", "A=b"), ("web/.env.example", "A=b")]), ["secret_in_git web/.env:1"]);
    let pem = format!("# mine\n-----BEGIN RSA {} KEY-----\n", "PRIVATE");
    assert_eq!(codes(&[DOCKERFILE, ("deploy/id_rsa", &pem)]), ["secret_in_git deploy/id_rsa:2"]);
    assert_eq!(codes(&[DOCKERFILE, ("README.md", "postgres://user:password@localhost/db and sk-learn")]), [""; 0]);
}

#[test]
fn what_a_dockerfile_copies_must_be_there() {
    let of = |dockerfile: &str, more: &[(&str, &str)]| {
        let mut files = vec![("web/Dockerfile", dockerfile)];
        files.extend(more);
        codes(&files)
    };
    let app = ("web/src/App.js", "");
    assert_eq!(of("FROM node:1\nCOPY src/app.js .\n", &[app]), ["copy_missing web/Dockerfile:2"]);
    assert_eq!(of("FROM node:1\nCOPY [\"package.json\", \"./\"]\n", &[app]), ["copy_missing web/Dockerfile:2"]);
    for good in
        ["COPY src .", "COPY ./src/ .", "COPY src/*.js /app/", "COPY . .", "COPY --from=0 /x /y", "ADD https://x.y/z .", "COPY $FILE ."]
    {
        assert_eq!(of(&format!("FROM node:1\n{good}\n"), &[app]), [""; 0], "{good}");
    }
    assert_eq!(codes(&[("web/dockerfile", "FROM node:1")]), ["no_dockerfile :0"]);
}

/// What is found in a Dockerfile, and the Dockerfile after the fixes that can be made.
fn mended(dockerfile: &str) -> (Vec<String>, String) {
    let files: Files = [("web/Dockerfile".to_owned(), dockerfile.as_bytes().to_vec()), ("web/app.py".to_owned(), Vec::new())].into();
    let found = look_at(&files);
    let edits: Vec<_> = found.iter().flat_map(|found| found.edits.clone()).collect();
    let after = apply_edits(&files, &edits).unwrap();
    let places = found.iter().map(|found| format!("{} {}:{}", found.code, found.line, found.column)).collect();
    (places, String::from_utf8_lossy(&after["web/Dockerfile"]).into_owned())
}

#[test]
fn mistakes_of_a_dockerfile_are_told_at_their_place_and_mended() {
    const BASE: &str = "registry.localhost/base/python:3";
    for (written, code, meant) in [
        (format!("FORM {BASE}\n"), "dockerfile_unknown_instruction 1:1", format!("FROM {BASE}\n")),
        (format!("FROM {BASE}\n  cpoy . .\n"), "dockerfile_unknown_instruction 2:3", format!("FROM {BASE}\n  COPY . .\n")),
        (
            format!("FROM {BASE}\nRUN true\n\n && false\n"),
            "dockerfile_unknown_instruction 4:2",
            format!("FROM {BASE}\nRUN true \\\n\n && false\n"),
        ),
        (
            format!("FROM {BASE}\nCMD ['python', \"app.py\"]\n"),
            "dockerfile_broken_list 2:5",
            format!("FROM {BASE}\nCMD [\"python\", \"app.py\"]\n"),
        ),
        (
            format!("FROM {BASE}\nCOPY --chown=1:1 [\"app.py\", \".\"\n"),
            "dockerfile_broken_list 2:18",
            format!("FROM {BASE}\nCOPY --chown=1:1 [\"app.py\", \".\"]\n"),
        ),
        (
            format!("FROM {BASE}\nCMD [\"python\", \"app.py\",]\n"),
            "dockerfile_broken_list 2:5",
            format!("FROM {BASE}\nCMD [\"python\", \"app.py\"]\n"),
        ),
        ("FROM registry.localhost/base/python:4\n".to_owned(), "base_missing 1:6", format!("FROM {BASE}\n")),
        ("FROM registry.localhost/base/pyhton:3 AS a\n".to_owned(), "base_missing 1:6", format!("FROM {BASE} AS a\n")),
        (format!("FROM {BASE}\nCOPY App.py /App.py\n"), "copy_missing 2:6", format!("FROM {BASE}\nCOPY app.py /App.py\n")),
    ] {
        let (found, after) = mended(&written);
        assert_eq!(found.first().map(String::as_str), Some(code), "{written}");
        assert_eq!(after, meant);
        assert_eq!(mended(&after).0, [""; 0], "after the fix of {written}");
    }
}

#[test]
fn mistakes_of_a_dockerfile_without_one_certain_mend_are_told() {
    for (written, expected) in [
        ("", "dockerfile_no_from 1:1"),
        ("# nothing yet\nARG A=1\n", "dockerfile_no_from 1:1"),
        ("RUN true\n", "dockerfile_no_from 1:1"),
        ("FROM\n", "dockerfile_missing_argument 1:1"),
        ("FROM a:1\nCOPY app.py\n", "dockerfile_missing_argument 2:1"),
        ("FROM a:1\nCMD [\"python\" \"app.py\"]\n", "dockerfile_broken_list 2:5"),
        ("FROM a:1\nRUN <<EOF\nnonsense\nEOF\nUSER 1\n", "dockerfile_buildkit 2:5"),
        ("FROM a:1\nRUN --mount=type=cache,target=/x true\n", "dockerfile_buildkit 2:5"),
        ("FROM a:1\necho hello\n", "dockerfile_unknown_instruction 2:1"),
        ("FROM python\n", "base_without_version 1:6"),
        ("FROM python:latest\n", "base_without_version 1:6"),
        ("FROM registry.localhost/juno/web:1\n", "base_not_yours 1:6"),
        ("FROM localhost:5000/x:1\n", "base_not_yours 1:6"),
        ("FROM registry.localhost/mina/other\n", "base_missing 1:6"),
    ] {
        assert_eq!(mended(written).0, [expected], "{written}");
    }
}

#[test]
fn a_dockerfile_that_builds_is_left_alone() {
    for good in [
        "ARG V=3\nFROM registry.localhost/base/python:${V}\n",
        "# escape=`\nFROM a:1\nRUN true `\n && true\n",
        "FROM a:1 AS build\nFROM scratch\nCOPY --from=build /x /y\nCOPY --from=0 /x /y\n",
        "FROM registry.localhost/mina/web\nFROM registry.localhost/mina/web:latest\nFROM registry.localhost/mina/web:1\n",
        "FROM a@sha256:00\nonbuild run true\nHealthcheck CMD true\n",
        "FROM a:1\nRUN [ -f /x ] && [\"$A\" = b ]; echo $((1 << 2))\nRUN python3 -c 'print(1 <<2)'\n",
        "FROM ghcr.io:443/a/b:1\nCMD [\"a\", \"b\"]\nENTRYPOINT []\nCMD a b\n",
        "\u{feff}FROM a:1\r\nCOPY app.py .\r\n",
    ] {
        assert_eq!(mended(good).0, [""; 0], "{good}");
    }
}

#[test]
fn a_dockerfile_is_looked_at_in_the_folder_of_its_repository() {
    let files: Files = ["web/Dockerfile", "tools/Dockerfile.dev", "Dockerfile.dockerignore", "docs/Dockerfile.md.txt/x"]
        .map(|path| (path.to_owned(), b"FROM a:1\nCOPY app.py .\n".to_vec()))
        .into();
    let repository = Program { image: IMAGE.to_owned(), context: String::new(), dockerfile: "web/Dockerfile".to_owned() };
    let programs = programs_of(&files, &[repository]);
    let contexts: Vec<_> = programs.iter().map(|program| (program.context.as_str(), program.dockerfile.as_str())).collect();
    assert_eq!(contexts, [("", "web/Dockerfile"), ("tools", "Dockerfile.dev")]);
    let paths = ["app.py", "web/Dockerfile", "tools/Dockerfile.dev"].map(str::to_owned).into();
    let project = Project { paths: &paths, files: &files, programs: &programs, containers: &[], images: None };
    let told = |whole| dockerfiles(&project, whole).into_iter().map(|found| format!("{} {}", found.code, found.file)).collect::<Vec<_>>();
    assert_eq!(told(true), ["copy_missing tools/Dockerfile.dev"]);
    assert_eq!(told(false), [""; 0]);
}

#[test]
fn what_is_installed_from_must_have_been_copied() {
    let list = ("web/requirements.txt", "flask");
    let of = |dockerfile: &str, files: &[(&str, &str)]| {
        let mut all = vec![("web/Dockerfile", dockerfile)];
        all.extend(files);
        codes(&all)
    };
    assert_eq!(of("FROM python:1\nRUN pip install -r requirements.txt\nCOPY . .\n", &[list]), ["dependency_file_missing web/Dockerfile:2"]);
    assert_eq!(of("FROM python:1\nCOPY . .\nRUN pip install -r requirements.txt\n", &[]), ["dependency_file_missing web/Dockerfile:3"]);
    assert_eq!(of("FROM python:1\nCOPY requirements.txt .\nRUN pip install -r requirements.txt\n", &[list]), [""; 0]);
    assert_eq!(
        of("FROM node:1\nCOPY package*.json ./\nRUN npm ci\n", &[("web/package.json", "{}")]),
        ["dependency_file_missing web/Dockerfile:3"]
    );
    assert_eq!(of("FROM node:1\nRUN npm install express && true\n", &[]), [""; 0]);
    assert_eq!(of("FROM node:1\nCOPY package.json .\nRUN npm install --omit=dev\n", &[("web/package.json", "{}")]), [""; 0]);
}

#[test]
fn libraries_that_the_image_would_not_have_are_found() {
    let python = ("web/app.py", "import os\nimport flask\nfrom PIL import Image\n");
    assert_eq!(codes(&[DOCKERFILE, python, ("web/requirements.txt", "Flask>=3\n")]), ["dependency_missing web/app.py:3"]);
    assert_eq!(codes(&[DOCKERFILE, python, ("web/requirements.txt", "flask\nPillow\n")]), [""; 0]);
    let node = (
        "web/app.js",
        "import fs from 'node:fs'\nimport { x } from './x.js'\nconst e = require('express')\nimport y from \"@a/b/c\"\nimport 'path'\n",
    );
    assert_eq!(
        codes(&[DOCKERFILE, node, ("web/package.json", "{\"dependencies\": {\"@a/b\": \"1\"}}")]),
        ["dependency_missing web/app.js:3"]
    );
    assert_eq!(codes(&[DOCKERFILE, node]), [""; 0], "without package.json it is a page's script");
}

/// docs/checks: the bad example of each page is told its code, the good one is not.
#[test]
fn the_examples_of_the_pages_are_true() {
    let pages = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/checks");
    for code in [
        "listens_on_loopback",
        "ignores_port",
        "port_differs",
        "secret_in_git",
        "no_dockerfile",
        "copy_missing",
        "dependency_file_missing",
        "dependency_missing",
        "dockerfile_unknown_instruction",
        "dockerfile_no_from",
        "dockerfile_missing_argument",
        "dockerfile_broken_list",
        "dockerfile_buildkit",
        "base_missing",
        "base_not_yours",
        "base_without_version",
    ] {
        let page = std::fs::read_to_string(pages.join(format!("{code}.md"))).unwrap();
        let (bad, good) = page.split_once("## Good").unwrap();
        let told = |part: &str| {
            // Every second piece is within fences: its first line names the file.
            let examples = part.split("```").skip(1).step_by(2).filter_map(|example| example.split_once('\n'));
            let files = examples.map(|(head, text)| (head.split(' ').nth(1).unwrap().to_owned(), text.as_bytes().to_vec())).collect();
            look_at(&files)
        };
        assert!(told(bad).iter().any(|found| found.code == code), "{code}: the bad example");
        assert_eq!(told(good), [], "{code}: the good example");
    }
}

/// The files below a folder of a template, as mina gets them in a project `mine`.
fn template(folder: &std::path::Path, below: &str, files: &mut Files) {
    for entry in std::fs::read_dir(folder.join(below)).unwrap() {
        let entry = entry.unwrap();
        let path = if below.is_empty() { String::new() } else { format!("{below}/") } + entry.file_name().to_str().unwrap();
        if entry.file_type().unwrap().is_dir() {
            template(folder, &path, files);
        } else {
            let text = std::fs::read_to_string(entry.path()).unwrap();
            let text = text.replace("{{login}}", "mina").replace("{{project}}", "mine").replace("{{apps_domain}}", "apps.localhost");
            files.insert(path, text.into_bytes());
        }
    }
}

/// What students begin with and learn from has nothing to warn of.
#[test]
fn the_templates_are_in_order() {
    let templates = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../templates");
    let mut seen = 0;
    for folder in std::fs::read_dir(templates).unwrap().map(|entry| entry.unwrap().path()) {
        seen += 1;
        let mut files = Files::new();
        template(&folder, "", &mut files);
        let described = files.remove("template.json").unwrap();
        let described: serde_json::Value = serde_json::from_slice(&described).unwrap();
        assert_eq!(described["name"], folder.file_name().unwrap().to_str().unwrap());
        let word = |repository: &serde_json::Value, field: &str| repository[field].as_str().unwrap().to_owned();
        let programs: Vec<Program> = described["repositories"]
            .as_array()
            .unwrap()
            .iter()
            .map(|repository| Program {
                image: format!("registry.localhost/mina/{}", word(repository, "name")),
                context: word(repository, "context"),
                dockerfile: word(repository, "dockerfile"),
            })
            .collect();
        let paths = files.keys().cloned().collect();
        let found = check(&Project {
            paths: &paths,
            files: &files,
            programs: &programs,
            containers: &containers(&files, "k8s"),
            images: Some(&images()),
        });
        assert_eq!(found, [], "{}", folder.display());
        if files.keys().any(|path| path.starts_with("k8s/")) {
            let context = maru_manifest::Context { login: maru_model::Login::parse("mina").ok(), ..Default::default() };
            let report = maru_manifest::check(&files, "k8s", &context);
            let warned: Vec<_> = report.diagnostics.iter().filter(|found| found.severity != maru_manifest::Severity::Info).collect();
            assert!(warned.is_empty(), "{}: {warned:?}", folder.display());
        }
    }
    assert!(seen >= 4, "{seen}");
}

proptest! {
    #[test]
    fn any_files_are_taken(
        dockerfile in "((FROM|COPY|ADD|RUN|CMD|EXPOSE|ENV) [-a-z.*?/\\[\\]\" ,$=:0-9]{0,30}\n){0,6}",
        program in prop_oneof!["(app.run\\(|listen\\(|import |require\\(|'|\"|127.0.0.1|localhost|한|\n|[ ,(){}]){0,30}", "\\PC{0,80}"],
        name in "(app\\.py|app\\.js|main\\.go|\\.env|application\\.properties|package\\.json)",
    ) {
        let path = format!("web/{name}");
        let files: Files = [("web/Dockerfile".to_owned(), dockerfile.into_bytes()), (path, program.into_bytes())].into();
        for found in look_at(&files) {
            prop_assert!(found.file.is_empty() || files.contains_key(&found.file));
            prop_assert!(found.edits.is_empty() || apply_edits(&files, &found.edits).is_some(), "{:?}", found);
        }
    }
}
