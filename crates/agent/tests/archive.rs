//! Folders as archives, and archives made to do harm.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::io::{Cursor, Read, Write};
use std::os::unix::fs::{PermissionsExt, symlink};

use serde_json::{Value, json};
use support::World;
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

type Zip = ZipWriter<Cursor<Vec<u8>>>;

fn zipped(make: impl FnOnce(&mut Zip)) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    make(&mut zip);
    zip.finish().unwrap().into_inner()
}

fn put(zip: &mut Zip, name: &str, content: &[u8]) {
    zip.start_file(name, SimpleFileOptions::default()).unwrap();
    zip.write_all(content).unwrap();
}

async fn upload(world: &World, query: &str, archive: Vec<u8>) -> (u16, Value) {
    let answer = world.call("POST", &format!("/upload?{query}"), &[], archive).await;
    (answer.status().as_u16(), serde_json::from_slice(answer.body()).unwrap_or_default())
}

#[tokio::test]
async fn what_is_downloaded_is_there_again_when_uploaded() {
    let world = World::new().await;
    let home = world.home();
    std::fs::create_dir_all(home.join("p/empty")).unwrap();
    std::fs::write(home.join("p/한글.txt"), "내용".repeat(100_000)).unwrap();
    std::fs::write(home.join("p/run.sh"), "#!/bin/sh\n").unwrap();
    std::fs::set_permissions(home.join("p/run.sh"), std::fs::Permissions::from_mode(0o755)).unwrap();
    symlink("run.sh", home.join("p/link")).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(home.join("p/pipe")).status().unwrap().success());
    let got = world.get("/archive.zip?path=p").await;
    assert_eq!((got.status().as_u16(), got.headers()["content-type"].to_str().unwrap()), (200, "application/zip"));
    assert!(got.headers()["content-disposition"].to_str().unwrap().ends_with("''p.zip"));
    let mut zip = ZipArchive::new(Cursor::new(got.body().to_vec())).unwrap();
    assert!(zip.by_name("p/run.sh").unwrap().last_modified().unwrap().is_valid());
    let mut left_out = String::new();
    zip.by_name("NOT-INCLUDED.txt").unwrap().read_to_string(&mut left_out).unwrap();
    assert!(left_out.contains("p/pipe"), "{left_out}");

    let (status, done) = upload(&world, "path=copy", got.body().to_vec()).await;
    assert_eq!((status, &done["files"], &done["links"], &done["names"]), (201, &json!(3), &json!(1), &json!(["NOT-INCLUDED.txt", "p"])));
    assert_eq!(std::fs::read(home.join("copy/p/한글.txt")).unwrap(), std::fs::read(home.join("p/한글.txt")).unwrap());
    assert_eq!(std::fs::metadata(home.join("copy/p/run.sh")).unwrap().permissions().mode() & 0o777, 0o755);
    assert_eq!(std::fs::read_link(home.join("copy/p/link")).unwrap().to_str(), Some("run.sh"));
    assert!(home.join("copy/p/empty").is_dir());
    assert_eq!(std::fs::read_dir(home.join(".local/share/maru/unpacking")).unwrap().count(), 0, "nothing is left behind");

    // Several, and one file alone; the programs of others read it, too.
    let both = world.get("/archive.zip?path=p/run.sh&path=copy").await;
    assert!(ZipArchive::new(Cursor::new(both.body().to_vec())).unwrap().by_name("copy/p/link").is_ok());
    std::fs::write(home.join("x.zip"), both.body()).unwrap();
    let listed = std::process::Command::new("python3").args(["-m", "zipfile", "-t"]).arg(home.join("x.zip")).output().unwrap();
    assert!(String::from_utf8_lossy(&listed.stdout).contains("Done testing"), "{listed:?}");
    for (path, status) in [("nothing", 404), ("../x", 400), ("p/pipe", 409)] {
        assert_eq!(world.get(&format!("/archive.zip?path={path}")).await.status(), status, "{path}");
    }
}

#[tokio::test]
async fn nothing_is_overwritten_unless_asked_and_then_it_is_in_the_trash() {
    let world = World::new().await;
    world.call("PUT", "/files/a/b", &[], "old").await;
    let archive = zipped(|zip| {
        put(zip, "a/b", b"new");
        put(zip, "a/c", b"c");
    });
    let (status, problem) = upload(&world, "path=", archive.clone()).await;
    assert_eq!((status, &problem["code"], &problem["paths"]), (409, &json!("exists"), &json!(["a/b"])));
    assert!(!world.home().join("a/c").exists());
    let (status, done) = upload(&world, "path=&overwrite=1", archive).await;
    assert_eq!((status, &done["replaced"]), (201, &json!(1)));
    assert_eq!(world.get("/files/a/b").await.body(), "new");
    world.json("POST", "/trash/b/restore", json!({ "to": "restored" })).await;
    assert_eq!(world.get("/files/restored").await.body(), "old");
}

#[tokio::test]
async fn names_from_macos_and_korean_windows() {
    let world = World::new().await;
    let archive = zipped(|zip| {
        put(zip, "\u{1112}\u{1161}\u{11ab}\u{1100}\u{1173}\u{11af}/a.txt", b"nfd");
        put(zip, "__MACOSX/._a.txt", b"junk");
        put(zip, ".DS_Store", b"junk");
        zip.start_file_with_options(SimpleFileOptions::default().name(b"\xb0\xf8\xc1\xf6.txt")).unwrap();
        zip.write_all(b"cp949").unwrap();
    });
    let (status, done) = upload(&world, "path=m", archive).await;
    assert_eq!((status, &done["names"], &done["skipped"]), (201, &json!(["공지.txt", "한글"]), &json!(2)), "{done}");
    assert_eq!(std::fs::read_to_string(world.home().join("m/한글/a.txt")).unwrap(), "nfd");
    // A single file of such a name, too.
    world.call("PUT", "/files/%E1%84%92%E1%85%A1%E1%86%AB.txt", &[], "x").await;
    assert!(world.home().join("한.txt").exists());
}

#[tokio::test]
async fn archives_that_would_do_harm_leave_nothing() {
    let world = World::new().await;
    let outside = world.folder.path().join("outside");
    let zip_with = |name: &str| zipped(|zip| put(zip, name, b"x"));
    let mut evil = vec![
        zip_with("../outside"),
        zip_with("/etc/outside"),
        zip_with("a/../../outside"),
        zip_with("C:/outside"),
        zip_with("a\nb"),
        zip_with(&"deep/".repeat(80)),
        zipped(|zip| zip.add_symlink("l", "../outside", SimpleFileOptions::default()).unwrap()),
        zipped(|zip| zip.add_symlink("l", "/etc/passwd", SimpleFileOptions::default()).unwrap()),
        // A file and a folder of one name; a link, and a file through it.
        zipped(|zip| {
            put(zip, "a", b"x");
            put(zip, "a/b", b"x");
        }),
        zipped(|zip| {
            zip.add_symlink("d", "e", SimpleFileOptions::default()).unwrap();
            put(zip, "d/x", b"x");
        }),
    ];
    // A device, by its mode.
    evil.push(zipped(|zip| {
        zip.start_file("dev", SimpleFileOptions::default().external_attributes(0o020_666 << 16)).unwrap();
    }));
    evil.push(tarred(|tar| append(tar, tar::EntryType::Char, "dev", "", b"")));
    evil.push(tarred(|tar| append(tar, tar::EntryType::Fifo, "fifo", "", b"")));
    evil.push(tarred(|tar| append(tar, tar::EntryType::Symlink, "l", "../../outside", b"")));
    evil.push(tarred(|tar| append(tar, tar::EntryType::Link, "l", "../outside", b"")));
    evil.push(tarred(|tar| append(tar, tar::EntryType::Regular, "../outside", "", b"x")));
    evil.push(tarred(|tar| {
        append(tar, tar::EntryType::Symlink, "d", "e", b"");
        append(tar, tar::EntryType::Regular, "d/x", "", b"x");
    }));
    evil.push(tarred(|tar| append(tar, tar::EntryType::GNULongName, "x", "", &vec![b'a'; 1024 * 1024])));
    // Cut short, and changed.
    let good = zipped(|zip| put(zip, "good", &b"content".repeat(1000)));
    evil.push(good[..good.len() - 30].to_vec());
    let mut changed = good.clone();
    changed[45] ^= 0xff;
    evil.push(changed);
    for (n, archive) in evil.into_iter().enumerate() {
        let (status, problem) = upload(&world, "path=in", archive).await;
        assert_eq!(status, 422, "{n}: {problem}");
        let left: Vec<_> = std::fs::read_dir(world.home().join(".local/share/maru/unpacking")).unwrap().collect();
        assert!(left.is_empty() && !world.home().join("in").exists() && !outside.exists(), "{n}");
    }
    assert_eq!(upload(&world, "path=in", b"neither".to_vec()).await.0, 415);
    assert_eq!(upload(&world, "path=../x", good).await.0, 400);
}

#[tokio::test]
async fn bombs_do_not_go_off() {
    let world = World::new().await;
    let bomb = zipped(|zip| {
        zip.start_file("zeros", SimpleFileOptions::default()).unwrap();
        let zeros = vec![0; 1024 * 1024];
        for _ in 0..72 {
            zip.write_all(&zeros).unwrap();
        }
    });
    assert!(bomb.len() < 200 * 1024);
    let (status, problem) = upload(&world, "path=in", bomb).await;
    assert_eq!(status, 422, "{problem}");
    let many = tarred(|tar| {
        for _ in 0..100_001 {
            append(tar, tar::EntryType::Directory, "d", "", b"");
        }
    });
    assert_eq!(upload(&world, "path=in", many).await.0, 413);
    assert!(!world.home().join("in").exists());
    assert_eq!(std::fs::read_dir(world.home().join(".local/share/maru/unpacking")).unwrap().count(), 0);
    // A terabyte of holes is not sent as a zip either, nor read for its tag.
    std::fs::File::create(world.home().join("giant")).unwrap().set_len(1 << 40).unwrap();
    assert_eq!(world.get("/archive.zip").await.status(), 413);
    let part = world.call("GET", "/files/giant", &[("range", "bytes=0-9")], "").await;
    assert_eq!((part.status().as_u16(), part.body().len()), (206, 10));
}

#[tokio::test]
async fn tar_too_and_setuid_never() {
    let world = World::new().await;
    let archive = tarred(|tar| {
        append(tar, tar::EntryType::Directory, "t", "", b"");
        append(tar, tar::EntryType::Regular, "t/suid", "", b"x");
        append(tar, tar::EntryType::Link, "t/hard", "t/suid", b"");
        append(tar, tar::EntryType::Symlink, "t/soft", "suid", b"");
        append(tar, tar::EntryType::GNULongName, "././@LongLink", "", format!("t/{}\0", "n".repeat(200)).as_bytes());
        append(tar, tar::EntryType::Regular, "t/short", "", b"long");
    });
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(&archive).unwrap();
    for (to, bytes) in [("plain", archive), ("packed", packed.finish().unwrap())] {
        let (status, done) = upload(&world, &format!("path={to}"), bytes).await;
        assert_eq!((status, &done["files"]), (201, &json!(3)), "{done}");
        let top = world.home().join(to).join("t");
        assert_eq!(std::fs::metadata(top.join("suid")).unwrap().permissions().mode() & 0o7777, 0o755);
        assert_eq!(std::fs::read(top.join("n".repeat(200))).unwrap(), b"long");
        assert_eq!(std::fs::read(top.join("soft")).unwrap(), b"x");
    }
}

fn tarred(make: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut bytes = Vec::new();
    make(&mut bytes);
    bytes.extend_from_slice(&[0; 1024]);
    bytes
}

/// By hand: a library would refuse to write most of these.
fn append(tar: &mut Vec<u8>, kind: tar::EntryType, name: &str, link: &str, content: &[u8]) {
    let mut header = tar::Header::new_gnu();
    let raw = header.as_gnu_mut().unwrap();
    raw.name[..name.len()].copy_from_slice(name.as_bytes());
    raw.linkname[..link.len()].copy_from_slice(link.as_bytes());
    header.set_entry_type(kind);
    header.set_mode(0o6755);
    header.set_size(content.len() as u64);
    header.set_mtime(0);
    header.set_uid(0);
    header.set_gid(0);
    header.set_cksum();
    tar.extend_from_slice(header.as_bytes());
    tar.extend_from_slice(content);
    tar.resize(tar.len().next_multiple_of(512), 0);
}
