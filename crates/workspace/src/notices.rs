//! What ran out in a workspace, in its owner's words: what happened, to which process, at which limit, and what to do.

use maru_model::Text;
use maru_protocol::{Notice, NoticeKind};

/// Bytes as people read them.
fn bytes(bytes: u64) -> String {
    let mib = bytes as f64 / (1 << 20) as f64;
    if mib < 1024.0 { format!("{mib:.0} MiB") } else { format!("{:.1} GiB", mib / 1024.0) }
}

/// What happened, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoticeWords {
    pub text: Text,
    pub fix: Text,
}

impl NoticeWords {
    #[must_use]
    pub fn of(notice: &Notice) -> Self {
        let (limit, size) = (notice.limit, notice.size.unwrap_or(0));
        let process = notice.process.as_deref();
        let (text, fix) = match notice.kind {
            NoticeKind::OutOfMemory => (out_of_memory(process, notice.pid, size, limit), memory_fix()),
            NoticeKind::TooManyProcesses => (too_many(process, size, limit), too_many_fix()),
            NoticeKind::DiskFull => (disk_full(process, size, limit), room_fix()),
            NoticeKind::DiskLow => (
                Text::new(
                    format!("Your home folder is over 90 % full (of {}).", bytes(limit)),
                    format!("홈 폴더가 90% 넘게 찼습니다(전체 {}).", bytes(limit)),
                ),
                room_fix(),
            ),
            NoticeKind::InodesFull => (
                Text::new(
                    format!("Your home folder holds as many files as it can ({limit}), so no new one can be made."),
                    format!("홈 폴더에 만들 수 있는 파일 수({limit}개)를 다 써서 새 파일을 만들 수 없습니다."),
                ),
                files_fix(),
            ),
            NoticeKind::InodesLow => (
                Text::new(
                    format!("Your home folder holds over 90 % of the files that it can ({limit})."),
                    format!("홈 폴더에 만들 수 있는 파일 수({limit}개)의 90%를 넘게 썼습니다."),
                ),
                files_fix(),
            ),
        };
        Self { text, fix }
    }
}

fn out_of_memory(process: Option<&str>, pid: Option<i32>, size: u64, limit: u64) -> Text {
    let limit = bytes(limit);
    match (process, pid) {
        (Some(name), Some(pid)) => Text::new(
            format!(
                "“{name}” (process {pid}) was ended: the workspace may use {limit} of memory, and it was all in use, {} of it by this process.",
                bytes(size)
            ),
            format!(
                "메모리 한도 {limit}를 모두 써서 “{name}”(프로세스 {pid})이(가) 종료되었습니다. 이 프로세스가 쓰던 메모리는 {}입니다.",
                bytes(size)
            ),
        ),
        _ => Text::new(
            format!("A process was ended: the workspace may use {limit} of memory, and it was all in use."),
            format!("메모리 한도 {limit}를 모두 써서 프로세스 하나가 종료되었습니다."),
        ),
    }
}

fn memory_fix() -> Text {
    Text::new(
        "Run less at once, read large files in parts, and remember that files in /tmp are memory, too.",
        "동시에 실행하는 프로그램을 줄이고, 큰 파일은 나누어 읽으세요. /tmp의 파일도 메모리를 씁니다.",
    )
}

fn too_many(process: Option<&str>, size: u64, limit: u64) -> Text {
    match process {
        Some(name) => Text::new(
            format!("No more processes could be started: the workspace may have {limit}, and “{name}” has {size} of them."),
            format!("작업 공간의 프로세스 한도 {limit}개를 다 써서 새 프로세스를 시작하지 못했습니다. 그중 {size}개가 “{name}”입니다."),
        ),
        None => Text::new(
            format!("No more processes could be started: the workspace may have {limit}."),
            format!("작업 공간의 프로세스 한도 {limit}개를 다 써서 새 프로세스를 시작하지 못했습니다."),
        ),
    }
}

fn too_many_fix() -> Text {
    Text::new(
        "End the program that starts them (Ctrl-C in its terminal); if that does not help, restart the workspace. Your files stay.",
        "프로세스를 만드는 프로그램을 끝내세요(터미널에서 Ctrl-C). 그래도 안 되면 작업 공간을 다시 시작하세요. 파일은 그대로 남습니다.",
    )
}

fn disk_full(process: Option<&str>, size: u64, limit: u64) -> Text {
    let limit = bytes(limit);
    match process {
        Some(name) => Text::new(
            format!("Your home folder is full ({limit}). Of what runs, “{name}” has written most: {}.", bytes(size)),
            format!("홈 폴더가 가득 찼습니다({limit}). 실행 중인 프로그램 가운데 “{name}”이(가) 가장 많이 썼습니다: {}.", bytes(size)),
        ),
        None => Text::new(format!("Your home folder is full ({limit})."), format!("홈 폴더가 가득 찼습니다({limit}).")),
    }
}

fn room_fix() -> Text {
    Text::new(
        "Empty the trash and delete what you do not need; the largest files are in the list of the safe mode, or by `du -sh ~/* ~/.[!.]*`.",
        "휴지통을 비우고 필요 없는 파일을 지우세요. 큰 파일은 안전 모드 목록이나 `du -sh ~/* ~/.[!.]*`로 볼 수 있습니다.",
    )
}

fn files_fix() -> Text {
    Text::new(
        "Delete folders with many small files that can be had again, such as node_modules or __pycache__, and empty the trash.",
        "node_modules나 __pycache__처럼 다시 만들 수 있는 작은 파일이 많은 폴더를 지우고 휴지통을 비우세요.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_names_the_process_and_the_limit() {
        let notice = Notice {
            id: 1,
            kind: NoticeKind::OutOfMemory,
            process: Some("python3".to_owned()),
            pid: Some(42),
            size: Some(1900 << 20),
            limit: 2 << 30,
            count: 1,
        };
        let words = NoticeWords::of(&notice).text;
        for text in [&words.en, &words.ko] {
            assert!(["python3", "42", "2.0 GiB", "1.9 GiB"].iter().all(|part| text.contains(part)), "{text}");
        }
        let nobody = Notice { process: None, pid: None, size: None, kind: NoticeKind::DiskFull, ..notice };
        assert_eq!(NoticeWords::of(&nobody).text.en, "Your home folder is full (2.0 GiB).");
    }
}
