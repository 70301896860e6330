//! What went wrong, in the student's words.

use maru_model::Text;

use crate::AgentError;

impl AgentError {
    pub(super) fn title(&self) -> Text {
        match self {
            Self::Outside { .. } | Self::BadPath { .. } => Text::new("This path cannot be used", "사용할 수 없는 경로입니다"),
            Self::NotFound { .. } | Self::NoTerminal { .. } | Self::NoRoute { .. } => Text::new("Not found", "찾을 수 없습니다"),
            Self::IsFolder { .. } | Self::NotFolder { .. } | Self::NotRegular { .. } => {
                Text::new("This is another kind of file", "다른 종류의 파일입니다")
            }
            Self::Exists { .. } | Self::AllTaken { .. } => Text::new("The name is taken", "이미 있는 이름입니다"),
            Self::Conflict { .. } => Text::new("The file has changed meanwhile", "그사이 파일이 바뀌었습니다"),
            Self::NoSpace { .. } => Text::new("The disk is full", "디스크가 가득 찼습니다"),
            Self::Denied { .. } => Text::new("Permission denied", "권한이 없습니다"),
            Self::Range { .. } => Text::new("No such range", "범위를 벗어났습니다"),
            Self::Io { .. } => Text::new("The file system reported an error", "파일 시스템 오류입니다"),
            Self::Request(_) => Text::new("The request makes no sense", "잘못된 요청입니다"),
            Self::TooManyTerminals { .. } => Text::new("Too many terminals", "터미널이 너무 많습니다"),
            Self::NoLanguageServer { .. } => Text::new("No language server", "언어 서버가 없습니다"),
            Self::TooManyLanguageServers { .. } => Text::new("Too many language servers", "언어 서버가 너무 많습니다"),
            Self::Start { .. } => Text::new("The program did not start", "프로그램을 시작하지 못했습니다"),
            Self::Port { .. } => Text::new("Nothing answers on this port", "포트에서 응답하는 프로그램이 없습니다"),
            Self::TooLarge { .. } => Text::new("Too large", "너무 큽니다"),
            Self::BadArchive { .. } | Self::NoArchive => Text::new("This archive cannot be unpacked", "압축을 풀 수 없습니다"),
            Self::HoldsTrash { .. } => Text::new("This folder holds the trash", "휴지통이 들어 있는 폴더입니다"),
            Self::NotInTrash { .. } => Text::new("Not in the trash", "휴지통에 없습니다"),
            Self::NoUpload { .. } => Text::new("No such upload", "업로드를 찾을 수 없습니다"),
            Self::UploadOffset { .. } | Self::UploadTaken => Text::new("The upload stands elsewhere", "업로드 위치가 다릅니다"),
        }
    }

    pub(super) fn detail(&self) -> Text {
        match self {
            Self::Outside { path } => {
                Text::new(format!("“{path}” leads out of your home folder."), format!("“{path}” 경로는 홈 폴더 밖을 가리킵니다."))
            }
            Self::BadPath { path } => Text::new(
                format!("“{}” is not a usable path.", path.escape_debug()),
                format!("“{}” 경로는 사용할 수 없습니다.", path.escape_debug()),
            ),
            Self::NotFound { path } => Text::new(format!("“{path}” does not exist."), format!("“{path}” 파일이나 폴더가 없습니다.")),
            Self::IsFolder { path } => {
                Text::new(format!("“{path}” is a folder, not a file."), format!("“{path}” 항목은 파일이 아니라 폴더입니다."))
            }
            Self::NotFolder { path } => Text::new(
                format!("“{path}” is, or passes through, something that is no folder."),
                format!("“{path}” 경로에 폴더가 아닌 항목이 있습니다."),
            ),
            Self::NotRegular { path } => Text::new(
                format!("“{path}” is a pipe, socket or device, not a file."),
                format!("“{path}” 항목은 일반 파일이 아니라 파이프, 소켓 또는 장치입니다."),
            ),
            Self::Exists { path } => {
                Text::new(format!("There is something at “{path}” already."), format!("“{path}” 이름은 이미 쓰이고 있습니다."))
            }
            Self::Conflict { path, etag: Some(_), .. } => Text::new(
                format!("“{path}” is no longer what you read: somebody or some program has changed it since."),
                format!("“{path}” 파일을 읽은 뒤에 다른 사람이나 프로그램이 내용을 바꾸었습니다."),
            ),
            Self::Conflict { path, etag: None, .. } => Text::new(
                format!("“{path}” has been removed since you read it."),
                format!("“{path}” 파일을 읽은 뒤에 파일이 지워졌습니다."),
            ),
            Self::NoSpace { path } => Text::new(
                format!("There was no room to save “{path}”. What was there before is untouched."),
                format!("“{path}” 파일을 저장할 공간이 없습니다. 이전 내용은 그대로 남아 있습니다."),
            ),
            Self::Denied { path } => {
                Text::new(format!("Your user may not do this to “{path}”."), format!("“{path}” 항목에 대해 이 작업을 할 권한이 없습니다."))
            }
            Self::Range { size } => Text::new(format!("The file has {size} bytes."), format!("파일 크기는 {size}바이트입니다.")),
            Self::Io { what, path, source } => {
                Text::new(format!("Could not {what} “{path}”: {source}."), format!("“{path}” 작업에 실패했습니다 ({what}): {source}."))
            }
            Self::Request(why) => Text::verbatim(why.clone()),
            Self::NoTerminal { .. } => Text::new("This terminal has been closed.", "이미 닫힌 터미널입니다."),
            Self::TooManyTerminals { limit } => {
                Text::new(format!("A workspace has at most {limit} terminals."), format!("작업 공간의 터미널은 최대 {limit}개입니다."))
            }
            Self::NoLanguageServer { id } => Text::new(
                format!("No program that serves “{id}” is installed in this workspace."),
                format!("이 작업 공간에는 “{id}” 언어 서버가 설치되어 있지 않습니다."),
            ),
            Self::TooManyLanguageServers { limit } => Text::new(
                format!("At most {limit} language servers run in a workspace at once."),
                format!("작업 공간에서 언어 서버는 동시에 최대 {limit}개까지 실행됩니다."),
            ),
            Self::Start { program, source } => Text::new(
                format!("“{program}” could not be started: {source}."),
                format!("“{program}” 프로그램을 시작할 수 없습니다: {source}."),
            ),
            Self::Port { port, source } => {
                Text::new(format!("Connecting to port {port} failed: {source}."), format!("{port}번 포트에 연결하지 못했습니다: {source}."))
            }
            Self::NoRoute { path } => Text::new(format!("The agent knows no “{path}”."), format!("에이전트에 “{path}” 경로가 없습니다.")),
            Self::TooLarge { what, limit } => {
                Text::new(format!("{}: at most {limit}.", what.en), format!("{}: 최대 {limit}까지 가능합니다.", what.ko))
            }
            Self::BadArchive { why } => why.clone(),
            Self::NoArchive => Text::new("This is neither a zip nor a tar archive.", "zip 또는 tar 압축 파일이 아닙니다."),
            Self::AllTaken { paths } => {
                let (first, others) = (paths.first().map_or("", String::as_str), paths.len().saturating_sub(1));
                Text::new(
                    format!("There is something at “{first}” already, and at {others} other names. Nothing was unpacked."),
                    format!("“{first}” 외 {others}개의 이름이 이미 쓰이고 있습니다. 아무것도 풀지 않았습니다."),
                )
            }
            Self::HoldsTrash { path } => Text::new(
                format!("“{path}” holds the trash itself, so it cannot be moved there."),
                format!("“{path}” 폴더에는 휴지통이 들어 있어서 휴지통으로 옮길 수 없습니다."),
            ),
            Self::NotInTrash { id } => {
                Text::new(format!("“{id}” is not in the trash (any more)."), format!("“{id}” 항목은 휴지통에 없습니다."))
            }
            Self::NoUpload { .. } => Text::new(
                "This upload was finished, cancelled, or given up after a week.",
                "완료 또는 취소되었거나 일주일이 지난 업로드입니다.",
            ),
            Self::UploadOffset { offset } => {
                Text::new(format!("The upload goes on at byte {offset}."), format!("업로드는 {offset}바이트부터 이어집니다."))
            }
            Self::UploadTaken => Text::new("Another request goes on with this upload.", "다른 요청이 이 업로드를 이어받았습니다."),
        }
    }

    pub(super) fn fix(&self) -> Option<Text> {
        match self {
            Self::Conflict { .. } => Some(Text::new(
                "Compare with the file as it is now, then save again or take the other version.",
                "현재 파일과 비교한 다음 다시 저장하거나 바뀐 내용을 불러오세요.",
            )),
            Self::NoSpace { .. } => Some(Text::new(
                "Empty the trash or remove files you no longer need (du -sh ~/* ~/.cache shows the biggest), then try again.",
                "휴지통을 비우거나 필요 없는 파일을 지운 뒤 다시 시도하세요 (du -sh ~/* ~/.cache 명령으로 큰 폴더를 찾을 수 있습니다).",
            )),
            Self::TooManyTerminals { .. } => Some(Text::new("Close one first.", "먼저 다른 터미널을 닫으세요.")),
            Self::NoLanguageServer { .. } => {
                Some(Text::new("GET /languages says what installs one.", "GET /languages 응답에 설치 방법이 있습니다."))
            }
            Self::TooManyLanguageServers { .. } => Some(Text::new("Close other windows of the IDE.", "IDE를 연 다른 창을 닫으세요.")),
            Self::Port { .. } => Some(Text::new(
                "Start the program, and look in its output for the port it listens on.",
                "프로그램을 시작하고, 출력에서 어느 포트를 쓰는지 확인하세요.",
            )),
            Self::Exists { .. } | Self::AllTaken { .. } => {
                Some(Text::new("Choose another name, or move what is there.", "다른 이름을 쓰거나 있는 항목을 먼저 옮기세요."))
            }
            Self::HoldsTrash { .. } => Some(Text::new("Delete what is in it instead.", "안에 있는 항목을 지우세요.")),
            _ => None,
        }
    }
}
