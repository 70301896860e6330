//! A page in words, where an application's answer should have been: for a browser HTML (dark and light), for a
//! program that asks for it JSON (RFC 9457), else plain text, in the reader's language.

use bytes::Bytes;
use http::header::{
    ACCEPT, ACCEPT_LANGUAGE, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER, VARY,
};
use http::{Response, StatusCode};
use maru_model::{Lang, Text};
use serde::Serialize;

const STYLE: &str = include_str!("page.css");

/// What happened, why, and what to do.
#[derive(Clone, Debug)]
pub struct Page {
    pub status: StatusCode,
    /// Stable, for programs.
    pub code: &'static str,
    pub tone: Tone,
    pub title: Text,
    pub lead: Text,
    pub facts: Vec<Fact>,
    pub logs: Vec<Log>,
    /// Where else to look.
    pub links: Option<Links>,
    /// What the reader can do, in order.
    pub steps: Vec<Text>,
    /// In how many seconds it is worth trying again. A browser does so by itself.
    pub retry: Option<u8>,
}

/// What a page is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Something is wrong: the status is shown.
    Failed,
    /// All is well, and it takes a moment.
    Waiting,
    /// All is well, and nothing happens.
    Resting,
}

/// One line of what is known.
#[derive(Clone, Debug)]
pub struct Fact {
    pub name: Text,
    pub value: Text,
}

/// The last words of a program.
#[derive(Clone, Debug)]
pub struct Log {
    pub title: Text,
    pub lines: String,
}

/// Other pages, each with its name.
#[derive(Clone, Debug)]
pub struct Links {
    pub title: Text,
    /// Name and URL.
    pub to: Vec<(Text, String)>,
}

impl Page {
    #[must_use]
    pub fn new(status: StatusCode, code: &'static str, title: Text, lead: Text) -> Self {
        Self {
            status,
            code,
            tone: Tone::Failed,
            title,
            lead,
            facts: Vec::new(),
            logs: Vec::new(),
            links: None,
            steps: Vec::new(),
            retry: None,
        }
    }

    #[must_use]
    pub fn tone(mut self, tone: Tone) -> Self {
        self.tone = tone;
        self
    }

    #[must_use]
    pub fn fact(mut self, name: Text, value: Text) -> Self {
        self.facts.push(Fact { name, value });
        self
    }

    #[must_use]
    pub fn links(mut self, links: Option<Links>) -> Self {
        self.links = links;
        self
    }

    #[must_use]
    pub fn step(mut self, step: Text) -> Self {
        self.steps.push(step);
        self
    }

    #[must_use]
    pub fn retry(mut self, seconds: u8) -> Self {
        self.retry = Some(seconds);
        self
    }

    /// The answer to a request with these headers.
    #[must_use]
    pub fn answer(&self, request: &HeaderMap) -> Response<Bytes> {
        let accept = request.get(ACCEPT).and_then(|v| v.to_str().ok()).unwrap_or("");
        let languages = request.get(ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok()).unwrap_or("");
        let lang = Lang::from_accept_language(languages);
        let (kind, body) = if accept.contains("text/html") || accept.contains("application/xhtml") {
            ("text/html; charset=utf-8", self.html(lang))
        } else if accept.contains("json") {
            ("application/problem+json", self.json(lang))
        } else {
            ("text/plain; charset=utf-8", self.text(lang))
        };
        let mut response = Response::new(Bytes::from(body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(VARY, HeaderValue::from_static("accept, accept-language"));
        headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'"));
        if let Some(seconds) = self.retry {
            headers.insert(RETRY_AFTER, HeaderValue::from(u16::from(seconds)));
        }
        response
    }

    fn html(&self, lang: Lang) -> String {
        let mut out = String::with_capacity(4096);
        out.push_str("<!doctype html><html lang=\"");
        out.push_str(lang.as_str());
        out.push_str("\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">");
        if let Some(seconds) = self.retry {
            out.push_str(&format!("<meta http-equiv=\"refresh\" content=\"{seconds}\">"));
        }
        out.push_str(&format!("<title>{}</title><style>{STYLE}</style></head><body><main>", escape(self.title.get(lang))));
        if self.tone == Tone::Failed {
            out.push_str(&format!("<p class=\"status\">{}</p>", self.status.as_u16()));
        }
        out.push_str(&format!("<h1>{}</h1><p class=\"lead\">{}</p>", escape(self.title.get(lang)), escape(self.lead.get(lang))));
        if self.tone == Tone::Waiting {
            out.push_str("<p class=\"wait\" aria-hidden=\"true\"><span></span></p>");
        }
        if !self.facts.is_empty() {
            out.push_str("<dl>");
            for fact in &self.facts {
                out.push_str(&format!("<dt>{}</dt><dd>{}</dd>", escape(fact.name.get(lang)), escape(fact.value.get(lang))));
            }
            out.push_str("</dl>");
        }
        for log in &self.logs {
            out.push_str(&format!("<h2>{}</h2><pre tabindex=\"0\">{}</pre>", escape(log.title.get(lang)), escape(&log.lines)));
        }
        if let Some(links) = &self.links {
            out.push_str(&format!("<h2>{}</h2><ul>", escape(links.title.get(lang))));
            for (name, url) in &links.to {
                out.push_str(&format!("<li><a href=\"{}\">{}</a></li>", escape(url), escape(name.get(lang))));
            }
            out.push_str("</ul>");
        }
        match self.steps.as_slice() {
            [] => {}
            [only] => out.push_str(&format!("<h2>{}</h2><p>{}</p>", what_to_do(lang), marked(only.get(lang)))),
            steps => {
                out.push_str(&format!("<h2>{}</h2><ol>", what_to_do(lang)));
                for step in steps {
                    out.push_str(&format!("<li>{}</li>", marked(step.get(lang))));
                }
                out.push_str("</ol>");
            }
        }
        if let Some(seconds) = self.retry {
            let line = match lang {
                Lang::En if self.tone != Tone::Failed => "This page opens the application as soon as it answers.".to_owned(),
                Lang::Ko if self.tone != Tone::Failed => "앱이 응답하면 이 페이지가 저절로 열립니다.".to_owned(),
                Lang::En => format!("This page tries again every {seconds} seconds."),
                Lang::Ko => format!("이 페이지는 {seconds}초마다 다시 시도합니다."),
            };
            // One thing that moves is enough.
            let dot = if self.tone == Tone::Waiting { "" } else { "<span></span>" };
            out.push_str(&format!("<p class=\"retry\" role=\"status\">{dot}{line}</p>"));
        }
        out.push_str("<footer>Maru</footer></main></body></html>");
        out
    }

    fn text(&self, lang: Lang) -> String {
        let mut out = format!("{} {}\n\n{}\n", self.status.as_u16(), self.title.get(lang), self.lead.get(lang));
        if !self.facts.is_empty() {
            out.push('\n');
        }
        for fact in &self.facts {
            out.push_str(&format!("{}: {}\n", fact.name.get(lang), fact.value.get(lang)));
        }
        for log in &self.logs {
            out.push_str(&format!("\n{}\n", log.title.get(lang)));
            for line in log.lines.lines() {
                out.push_str(&format!("  | {line}\n"));
            }
        }
        if let Some(links) = &self.links {
            out.push_str(&format!("\n{}\n", links.title.get(lang)));
            for (name, url) in &links.to {
                out.push_str(&format!("  {}  {url}\n", name.get(lang)));
            }
        }
        if !self.steps.is_empty() {
            out.push_str(&format!("\n{}\n", what_to_do(lang)));
        }
        for (n, step) in self.steps.iter().enumerate() {
            out.push_str(&format!("{}. {}\n", n + 1, step.get(lang)));
        }
        out
    }

    fn json(&self, lang: Lang) -> String {
        #[derive(Serialize)]
        struct Problem<'a> {
            r#type: &'static str,
            title: &'a str,
            status: u16,
            code: &'static str,
            detail: &'a str,
            #[serde(skip_serializing_if = "Vec::is_empty")]
            facts: Vec<(&'a str, &'a str)>,
            #[serde(skip_serializing_if = "Vec::is_empty")]
            logs: Vec<(&'a str, &'a str)>,
            #[serde(skip_serializing_if = "Vec::is_empty")]
            links: Vec<(&'a str, &'a str)>,
            #[serde(skip_serializing_if = "Option::is_none")]
            fix: Option<String>,
        }
        let steps: Vec<&str> = self.steps.iter().map(|s| s.get(lang)).collect();
        let problem = Problem {
            r#type: "about:blank",
            title: self.title.get(lang),
            status: self.status.as_u16(),
            code: self.code,
            detail: self.lead.get(lang),
            facts: self.facts.iter().map(|f| (f.name.get(lang), f.value.get(lang))).collect(),
            logs: self.logs.iter().map(|l| (l.title.get(lang), l.lines.as_str())).collect(),
            links: self.links.iter().flat_map(|links| &links.to).map(|(name, url)| (name.get(lang), url.as_str())).collect(),
            fix: (!steps.is_empty()).then(|| steps.join("\n")),
        };
        // Strings and numbers always serialize.
        serde_json::to_string(&problem).unwrap_or_default()
    }
}

fn what_to_do(lang: Lang) -> &'static str {
    match lang {
        Lang::En => "What to do",
        Lang::Ko => "할 일",
    }
}

/// Markup of a text in which commands stand between backticks, as they do in the plain answers.
fn marked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let pairs = text.matches('`').count() / 2;
    for (n, part) in text.splitn(pairs * 2 + 1, '`').enumerate() {
        let part = escape(part);
        out.push_str(&if n % 2 == 1 { format!("<code>{part}</code>") } else { part });
    }
    out
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page() -> Page {
        let mut page = Page::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "no_ready_pod",
            Text::new("No pod is ready", "준비된 파드가 없습니다"),
            Text::new("Service <web>", "서비스 <web>"),
        )
        .step(Text::new("Look at the log", "로그를 보세요"))
        .retry(3);
        page.logs.push(Log { title: Text::verbatim("web-0"), lines: "<script>alert(1)</script>\nbye".into() });
        page
    }

    fn answer(accept: &str, language: &str) -> (Response<()>, String) {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, accept.parse().unwrap());
        headers.insert(ACCEPT_LANGUAGE, language.parse().unwrap());
        let (parts, body) = page().answer(&headers).into_parts();
        (Response::from_parts(parts, ()), String::from_utf8(body.to_vec()).unwrap())
    }

    #[test]
    fn a_browser_gets_html_in_its_language_and_nothing_of_the_log_is_markup() {
        let (response, body) = answer("text/html,*/*;q=0.8", "ko-KR,ko;q=0.9");
        assert_eq!(response.headers()[CONTENT_TYPE], "text/html; charset=utf-8");
        assert!(body.contains("준비된 파드가 없습니다") && body.contains("lang=\"ko\""));
        assert!(body.contains("&lt;script&gt;") && !body.contains("<script"));
        assert_eq!(response.headers()[RETRY_AFTER], "3");
    }

    #[test]
    fn what_is_only_asleep_does_not_look_like_a_failure() {
        let waiting = Page { tone: Tone::Waiting, ..page() }.html(Lang::Ko);
        assert!(!waiting.contains("503") && waiting.contains("class=\"wait\"") && waiting.contains("저절로 열립니다"));
        assert_eq!(waiting.matches("<span>").count(), 1, "the bar alone moves");
        let resting = Page { tone: Tone::Resting, ..page() }.html(Lang::En);
        assert!(!resting.contains("503") && !resting.contains("class=\"wait\"") && resting.contains("<p>Look at the log</p>"));
        assert!(page().html(Lang::En).contains("503") && page().html(Lang::En).contains("tries again every 3 seconds"));
    }

    #[test]
    fn a_command_is_set_apart_and_a_lone_backtick_stays() {
        assert_eq!(marked("Run `a <b>` or `c`."), "Run <code>a &lt;b&gt;</code> or <code>c</code>.");
        assert_eq!(marked("`a` and ` alone"), "<code>a</code> and ` alone");
        assert_eq!((marked("none"), marked("`")), ("none".to_owned(), "`".to_owned()));
    }

    #[test]
    fn a_program_gets_json_and_a_shell_gets_text() {
        let (response, body) = answer("application/json", "");
        assert_eq!(response.headers()[CONTENT_TYPE], "application/problem+json");
        let json: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!(json["code"], "no_ready_pod");
        assert_eq!(json["status"], 503);
        assert_eq!(json["fix"], "Look at the log");
        let (_, body) = answer("*/*", "");
        assert!(body.starts_with("503 No pod is ready\n") && body.contains("  | bye"));
    }
}
