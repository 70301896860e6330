//! The command of a Dockerfile: development servers that listen on 127.0.0.1 unless they are told otherwise.

use maru_manifest::{Diagnostic, Mark};
use maru_model::Text;

use super::{Subject, listens};

/// A server, the options by which it is told where to listen, and the variables that do so as well.
struct Server {
    words: &'static [&'static str],
    options: &'static [&'static str],
    variables: &'static [&'static str],
    say: &'static str,
}

const SERVERS: [Server; 7] = [
    Server { words: &["uvicorn"], options: &["--host", "--uds", "--fd"], variables: &["UVICORN_HOST"], say: "--host 0.0.0.0" },
    Server { words: &["fastapi", "dev"], options: &["--host"], variables: &[], say: "--host 0.0.0.0" },
    Server { words: &["flask", "run"], options: &["--host", "-h"], variables: &["FLASK_RUN_HOST"], say: "--host 0.0.0.0" },
    Server {
        words: &["gunicorn"],
        options: &["-b", "--bind", "-c", "--config"],
        variables: &["GUNICORN_CMD_ARGS", "PORT"],
        say: "--bind 0.0.0.0:8000",
    },
    Server { words: &["hypercorn"], options: &["-b", "--bind", "-c", "--config"], variables: &[], say: "--bind 0.0.0.0:8000" },
    Server { words: &["manage.py", "runserver"], options: &["0.0.0.0", "0", "[::]"], variables: &[], say: "0.0.0.0:8000" },
    Server { words: &["vite"], options: &["--host"], variables: &[], say: "--host" },
];
/// Options that are followed by an address.
const ADDRESSES: [&str; 8] = ["--host", "-h", "-b", "--bind", "--address", "-H", "--listen", "-S"];

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    // The manifest says what is run.
    if !subject.containers.is_empty() && subject.containers.iter().all(|container| container.has_command) {
        return;
    }
    let Some(command) = subject.last("CMD").or_else(|| subject.last("ENTRYPOINT")) else { return };
    let entry = subject.last("ENTRYPOINT").filter(|entry| entry.line != command.line);
    let mut words = entry.map(|entry| words(&entry.arguments)).unwrap_or_default();
    words.extend(self::words(&command.arguments));
    let mark = Mark { line: u32::try_from(command.line).unwrap_or(u32::MAX), column: 1 };
    if let Some(address) = told_loopback(&words) {
        found.push(listens::loopback(&subject.dockerfile, mark, &address));
        return;
    }
    let Some(server) = SERVERS.iter().find(|server| runs(&words, server.words)) else { return };
    let has_variable = |name: &&str| {
        subject.instructions.iter().any(|instruction| instruction.keyword == "ENV" && instruction.arguments.contains(*name))
            || subject.containers.iter().any(|container| container.env.iter().any(|(given, ..)| given == name))
    };
    let has_configuration = subject.inside.iter().any(|path| *path == "gunicorn.conf.py" || path.starts_with("vite.config."));
    let reads_file = matches!(server.words, ["gunicorn"] | ["vite"]) && has_configuration;
    if told(&words, server.options) || server.variables.iter().any(has_variable) || reads_file {
        return;
    }
    let (name, say) = (server.words.join(" "), server.say);
    found.push(listens::loopback(&subject.dockerfile, mark, "127.0.0.1").fix(Text::new(
        format!("`{name}` listens on 127.0.0.1 by itself: add `{say}` to the command"),
        format!("`{name}` 은(는) 기본으로 127.0.0.1 에서 듣습니다. 명령에 `{say}` 을(를) 더하세요"),
    )));
}

/// `["uvicorn", "app:app"]` or `uvicorn app:app`.
fn words(arguments: &str) -> Vec<String> {
    let shell = |text: &str| text.split_whitespace().map(|word| word.trim_matches(['"', '\'']).to_owned()).collect::<Vec<_>>();
    match serde_json::from_str::<Vec<String>>(arguments) {
        // `["sh", "-c", "uvicorn app:app"]`
        Ok(words) if words.iter().any(|word| word == "-c" || word == "-lc") => words.iter().flat_map(|word| shell(word)).collect(),
        Ok(words) => words,
        Err(_) => shell(arguments),
    }
}

/// These words one after another, each as a whole or as the end of a path.
fn runs(words: &[String], wanted: &[&str]) -> bool {
    let is = |word: &String, wanted: &&str| word == wanted || word.ends_with(&format!("/{wanted}"));
    words.windows(wanted.len()).any(|window| window.iter().zip(wanted).all(|(word, wanted)| is(word, wanted)))
}

fn told(words: &[String], options: &[&str]) -> bool {
    let is = |word: &str, option: &str| word == option || word.strip_prefix(option).is_some_and(|rest| rest.starts_with(['=', ':']));
    words.iter().any(|word| options.iter().any(|option| is(word, option)))
}

/// The address that the command itself names.
fn told_loopback(words: &[String]) -> Option<String> {
    let is_loopback = |address: &str| {
        let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
        host == "127.0.0.1" || host == "localhost"
    };
    let pairs = words.windows(2).filter(|pair| ADDRESSES.contains(&pair[0].as_str())).map(|pair| pair[1].as_str());
    let joined = words.iter().filter_map(|word| {
        let (option, address) = word.split_once('=')?;
        ADDRESSES.contains(&option).then_some(address)
    });
    pairs.chain(joined).find(|address| is_loopback(address)).map(str::to_owned)
}
