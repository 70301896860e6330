use maru_model::Text;

/// How a container ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct End {
    pub(crate) code: i64,
    pub(crate) out_of_memory: bool,
    /// What the Engine said, for one that its program cannot be started.
    pub(crate) error: String,
}

impl End {
    /// In its owner's words; `words` are the last that the container wrote.
    pub(crate) fn text(&self, words: &str) -> Text {
        let last = if words.is_empty() { &self.error } else { words };
        let (mut en, mut ko) = match (self.out_of_memory, self.code) {
            (true, _) => (
                "The workspace needed more memory than it may use and was ended.".to_owned(),
                "작업 공간이 허용된 메모리보다 많이 써서 종료되었습니다.".to_owned(),
            ),
            (false, code) => {
                (format!("The container ended with exit code {code}."), format!("컨테이너가 종료 코드 {code}(으)로 끝났습니다."))
            }
        };
        if !last.is_empty() {
            en.push_str(&format!(" Its last words: {last}"));
            ko.push_str(&format!(" 마지막 출력: {last}"));
        }
        Text::new(en, ko)
    }
}
