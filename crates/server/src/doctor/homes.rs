//! The students' homes: what holds each to its size.

use std::path::Path;

use maru_engine::Engine;
use maru_model::Text;
use maru_workspace::HomeKind;

use super::Finding;

/// Without these a home has no disk of its own.
const PROGRAMS: [&str; 4] = ["losetup", "mkfs.ext4", "e2fsck", "resize2fs"];
const FOLDERS: [&str; 4] = ["/usr/sbin", "/sbin", "/usr/bin", "/bin"];

pub(super) async fn homes(engine: &Engine, findings: &mut Vec<Finding>) {
    let what = Text::new("Homes", "홈 폴더");
    let Ok(volumes) = engine.list_volumes("workspace").await else { return };
    let count = |kind| volumes.iter().filter(|(_, options)| HomeKind::of(options) == kind).count();
    let (quota, image, shared) = (count(HomeKind::Quota), count(HomeKind::Image), count(HomeKind::Shared));
    let missing = missing();
    if !missing.is_empty() && quota == 0 {
        findings.push(Finding::bad(
            "homes_unlimited",
            what,
            Text::new(
                format!("new homes are not held to their size, so one student can fill this machine's disk; not there: {missing}"),
                format!("새 홈 폴더의 크기를 제한할 수 없어 학생 한 명이 이 컴퓨터의 디스크를 다 채울 수 있습니다. 없음: {missing}"),
            ),
            Text::new(
                "Run `apt-get install e2fsprogs util-linux` and `modprobe loop`, and restart the server.",
                "`apt-get install e2fsprogs util-linux`와 `modprobe loop`를 실행하고 서버를 다시 시작하세요.",
            ),
        ));
    } else if shared > 0 {
        findings.push(Finding::warning(
            "homes_shared",
            what,
            Text::new(
                format!("{shared} of {} are from before homes were held to their size, or were made where that was not possible", volumes.len()),
                format!("{}개 중 {shared}개는 크기 제한이 생기기 전이나 제한할 수 없을 때 만들어졌습니다", volumes.len()),
            ),
            Text::new(
                "They work as before. A factory reset of such a workspace gives it a home that is held to its size; the old one can be given back for 7 days.",
                "예전처럼 쓸 수 있습니다. 작업 공간을 초기화하면 크기가 제한된 홈 폴더가 만들어지고, 이전 홈은 7일 동안 되돌릴 수 있습니다.",
            ),
        ));
    } else {
        findings.push(Finding::good(
            "homes",
            what,
            Text::new(
                format!("each is held to its size: {image} by a disk of its own, {quota} by a quota"),
                format!("모두 크기가 제한되어 있습니다: 전용 디스크 {image}개, 쿼터 {quota}개"),
            ),
        ));
    }
}

fn missing() -> String {
    let there = |program: &str| FOLDERS.iter().any(|folder| Path::new(folder).join(program).exists());
    let mut missing: Vec<&str> = PROGRAMS.into_iter().filter(|program| !there(program)).collect();
    if !Path::new("/dev/loop-control").exists() {
        missing.push("/dev/loop-control");
    }
    missing.join(", ")
}
