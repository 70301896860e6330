//! The tree of a home read and brought back, with what is in the way of both.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt, symlink};

use maru_protocol::snapshot::{End, Frame, LeftOut, Node, NodeKind, Outcome, Put, RestoreReport, Version, Why, escape};
use support::World;

async fn scan(world: &World) -> (BTreeMap<String, Node>, BTreeMap<String, Why>) {
    let answer = world.call("POST", "/snapshot/scan", &[], "").await;
    assert_eq!(answer.status(), 200);
    let (mut nodes, mut left_out, mut buffer) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
    let mut from = answer.body().as_ref();
    loop {
        match Frame::read(&mut from, &mut buffer).unwrap() {
            Frame::Node(node) => drop(nodes.insert(node.path.clone(), node)),
            Frame::LeftOut(LeftOut { path, why }) => drop(left_out.insert(path, why)),
            Frame::Last => return (nodes, left_out),
            other => panic!("{other:?}"),
        }
    }
}

/// Data and bytes of holes of each file, and how it ended.
async fn read(world: &World, paths: &[&str]) -> Vec<(Vec<u8>, u64, End)> {
    let body = serde_json::json!({ "paths": paths });
    let answer = world.call("POST", "/snapshot/read", &[], body.to_string()).await;
    let (mut files, mut data, mut holes, mut buffer) = (Vec::new(), Vec::new(), 0, Vec::new());
    let mut from = answer.body().as_ref();
    loop {
        match Frame::read(&mut from, &mut buffer).unwrap() {
            Frame::Data(more) => data.extend_from_slice(more),
            Frame::Hole(bytes) => holes += bytes,
            Frame::End(end) => files.push((std::mem::take(&mut data), std::mem::take(&mut holes), end)),
            Frame::Last => return files,
            other => panic!("{other:?}"),
        }
    }
}

fn put(path: &str, kind: NodeKind, mode: u32, held: Option<Version>) -> Frame<'static> {
    let target = (kind == NodeKind::Link).then(|| "../f".to_owned());
    let node =
        Node { path: path.to_owned(), kind, mode, size: 0, modified: 1_000_000_000_000_000_001, target, version: None, allocated: 0 };
    Frame::Put(Put { node, held })
}

async fn restore(world: &World, frames: &[Frame<'_>]) -> RestoreReport {
    let mut body = Vec::new();
    frames.iter().chain([&Frame::Last]).for_each(|frame| frame.write_to(&mut body).unwrap());
    let answer = world.call("POST", "/snapshot/restore", &[], body).await;
    assert_eq!(answer.status(), 200, "{:?}", answer.body());
    serde_json::from_slice(answer.body()).unwrap()
}

const WHOLE: Frame<'_> = Frame::End(End { outcome: Outcome::Whole, node: None });

fn trashed(world: &World) -> Vec<String> {
    let files = fs::read_dir(world.home().join(".local/share/Trash/files"));
    let mut names: Vec<_> = files.into_iter().flatten().map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn what_there_is_and_what_is_left_out() {
    let world = World::new().await;
    let home = world.home();
    for folder in ["a/b", "a/node_modules/x", ".cache/y", "env/lib", "target/debug", "shut", ".local/share/Trash/files"] {
        fs::create_dir_all(home.join(folder)).unwrap();
    }
    for file in ["a/b/한글.txt", "a/node_modules/x/i.js", "env/pyvenv.cfg", "target/debug/big", "shut/f", ".local/share/Trash/files/f"] {
        fs::write(home.join(file), file).unwrap();
    }
    fs::write(home.join("target/CACHEDIR.TAG"), "Signature: 8a477f597d28d172789f06886806bc55\n").unwrap();
    fs::create_dir(home.join("odd")).unwrap();
    fs::write(home.join(std::ffi::OsStr::from_bytes(b"n\xff%")), "x").unwrap();
    symlink("a/b", home.join("link")).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(home.join("pipe")).status().unwrap().success());
    let (nodes, left_out) = scan(&world).await;
    let paths: Vec<&str> = nodes.keys().map(String::as_str).collect();
    assert_eq!(paths, [".local", ".local/share", "a", "a/b", "a/b/한글.txt", "link", "n%FF%25", "odd", "shut", "shut/f"]);
    assert_eq!(nodes["link"].target.as_deref(), Some("a/b"));
    // It was only just written, so nobody can tell it from what may be written next.
    assert_eq!(nodes["shut/f"].version, None);
    let expected = [
        (".cache", Why::Cache),
        (".local/share/Trash", Why::Own),
        ("a/node_modules", Why::Cache),
        ("env", Why::Cache),
        ("pipe", Why::Special),
        ("target", Why::Cache),
    ];
    assert_eq!(left_out, expected.into_iter().map(|(path, why)| (path.to_owned(), why)).collect());
    let files = read(&world, &["n%FF%25", "pipe", "link", "gone", "a", "../x"]).await;
    let ends: Vec<Outcome> = files.iter().map(|(_, _, end)| end.outcome).collect();
    assert_eq!(ends[0], Outcome::Whole);
    assert!(ends[1..].iter().all(|end| *end == Outcome::Gone), "{ends:?}");
    tokio::time::sleep(std::time::Duration::from_millis(1200)).await;
    assert!(scan(&world).await.0["shut/f"].version.is_some());
}

#[tokio::test]
async fn a_giant_of_holes_is_read_at_once() {
    let world = World::new().await;
    let file = fs::File::create(world.home().join("giant")).unwrap();
    file.set_len(1 << 40).unwrap();
    file.write_all_at(b"in the middle", 1 << 39).unwrap();
    file.write_all_at(b"the end", (1 << 40) - 7).unwrap();
    let files = read(&world, &["giant"]).await;
    let (data, holes, end) = &files[0];
    assert_eq!(end.outcome, Outcome::Whole);
    assert_eq!(data.len() as u64 + holes, 1 << 40);
    assert!(data.len() < 1 << 20 && data.ends_with(b"the end") && data.windows(13).any(|w| w == b"in the middle"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_written_to_is_noted() {
    let world = World::new().await;
    let path = world.home().join("log");
    fs::write(&path, vec![b'x'; 32 << 20]).unwrap();
    let writing = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(true));
    let still = writing.clone();
    let writer = std::thread::spawn(move || {
        let file = fs::OpenOptions::new().write(true).open(path).unwrap();
        while still.load(std::sync::atomic::Ordering::Relaxed) {
            file.write_all_at(b"y", 5).unwrap();
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
    });
    let files = read(&world, &["log"]).await;
    writing.store(false, std::sync::atomic::Ordering::Relaxed);
    writer.join().unwrap();
    assert_eq!((files[0].2.outcome, files[0].0.len()), (Outcome::Changed, 32 << 20));
    assert_eq!(files[0].2.node.as_ref().unwrap().version, None);
}

#[tokio::test]
async fn nothing_is_lost_by_a_restore() {
    let world = World::new().await;
    let home = world.home();
    for file in ["held", "edited", "extra/in", "was-folder/in"] {
        fs::create_dir_all(home.join(file).parent().unwrap()).unwrap();
        fs::write(home.join(file), "now").unwrap();
    }
    symlink("/etc", home.join("was-link")).unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(1200)).await;
    let (nodes, _) = scan(&world).await;
    // Somebody saves between the snapshot and the restore.
    fs::write(home.join("edited"), "just saved").unwrap();
    let frames = [
        Frame::Discard("extra".to_owned()),
        Frame::Discard("not-there".to_owned()),
        put("held", NodeKind::File, 0o755, nodes["held"].version),
        Frame::Data(b"th"),
        Frame::Data(b"en"),
        WHOLE,
        put("edited", NodeKind::File, 0o644, nodes["edited"].version),
        Frame::Data(b"then"),
        WHOLE,
        put("was-folder", NodeKind::File, 0o644, None),
        Frame::Hole(1 << 30),
        Frame::Data(b"!"),
        WHOLE,
        put("was-link", NodeKind::Folder, 0o500, None),
        put("was-link/deep", NodeKind::Folder, 0o755, None),
        put("was-link/deep/f", NodeKind::File, 0o600, None),
        WHOLE,
        put("was-link/l", NodeKind::Link, 0o777, None),
        put("damaged", NodeKind::File, 0o644, None),
        Frame::Data(b"half"),
        Frame::End(End { outcome: Outcome::Unreadable, node: None }),
        put("../out", NodeKind::File, 0o644, None),
        WHOLE,
        put(".local/share/Trash/files/f", NodeKind::File, 0o644, None),
        WHOLE,
    ];
    let report = restore(&world, &frames).await;
    assert_eq!((report.files, report.folders, report.links, report.trashed), (4, 2, 1, 4), "{report:?}");
    let failed: Vec<&str> = report.failed.iter().map(|failed| failed.path.as_str()).collect();
    assert_eq!(failed, ["damaged", "../out", ".local/share/Trash/files/f"]);
    assert_eq!(
        (fs::read_to_string(home.join("held")).unwrap(), fs::read_to_string(home.join("edited")).unwrap()),
        ("then".to_owned(), "then".to_owned())
    );
    let held = fs::metadata(home.join("held")).unwrap();
    assert_eq!((held.permissions().mode() & 0o7777, held.mtime(), held.mtime_nsec()), (0o755, 1_000_000_000, 1));
    let giant = fs::metadata(home.join("was-folder")).unwrap();
    assert!(giant.len() == (1 << 30) + 1 && giant.blocks() < 100);
    assert_eq!(fs::metadata(home.join("was-link")).unwrap().permissions().mode() & 0o777, 0o500);
    assert_eq!(fs::read_link(home.join("was-link/l")).unwrap().to_str(), Some("../f"));
    assert!(!home.join("damaged").exists() && !world.folder.path().join("out").exists());
    // The one that a snapshot holds is replaced; all else is in the trash.
    assert_eq!(trashed(&world), ["edited", "extra", "was-folder", "was-link"]);
    assert_eq!(fs::read_to_string(home.join(".local/share/Trash/files/edited")).unwrap(), "just saved");
    // Once more, nothing is to be done for folders, and what is the same link stays.
    let report = restore(&world, &[put("was-link", NodeKind::Folder, 0o500, None), put("was-link/l", NodeKind::Link, 0o777, None)]).await;
    assert_eq!((report.unchanged, report.trashed), (2, 0));
}

#[tokio::test]
async fn a_restore_that_breaks_off_leaves_whole_files() {
    let world = World::new().await;
    let mut body = Vec::new();
    for frame in
        [put("a", NodeKind::File, 0o644, None), Frame::Data(b"a"), WHOLE, put("b", NodeKind::File, 0o644, None), Frame::Data(b"half")]
    {
        frame.write_to(&mut body).unwrap();
    }
    let answer = world.call("POST", "/snapshot/restore", &[], body).await;
    assert_eq!(answer.status(), 400);
    let names: Vec<_> = fs::read_dir(world.home()).unwrap().map(|entry| escape(entry.unwrap().file_name().as_encoded_bytes())).collect();
    assert_eq!(names, ["a"]);
}
