"""The guestbook's API · 방명록 API

GET  /api/entries   the newest entries · 최근 글 목록
POST /api/entries   writes one: JSON or a form with "author" and "message" · 글 쓰기
GET  /healthz       is this program alive? · 이 프로그램이 살아 있나?
GET  /readyz        can it do its work (is the database there)? · 일할 수 있나 (데이터베이스가 있나)?
"""

import json
import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import psycopg

# Settings come from outside, from k8s/kustomization.yaml and k8s/secret.yaml, so the image is the same everywhere.
# 설정은 바깥(k8s/)에서 오므로, 이미지는 어디서나 같습니다.
DATABASE = {
    "host": os.environ.get("DB_HOST", "localhost"),
    "dbname": os.environ.get("DB_NAME", "guestbook"),
    "user": os.environ.get("DB_USER", "guestbook"),
    "password": os.environ.get("DB_PASSWORD", ""),
    "connect_timeout": 3,
}
ENTRIES_SHOWN = int(os.environ.get("ENTRIES_SHOWN", "50"))
MAX_BODY = 16 * 1024


def database():
    # A new connection each time: slower by a few milliseconds, and right again at once after the database was away.
    # 매번 새로 연결합니다: 조금 느리지만, 데이터베이스가 다시 시작되어도 바로 잘 됩니다.
    return psycopg.connect(**DATABASE)


def newest_entries():
    with database() as db:
        rows = db.execute(
            "SELECT id, author, message, written_at FROM entries ORDER BY id DESC LIMIT %s",
            [ENTRIES_SHOWN],
        )
        return [{"id": id, "author": author, "message": message, "written_at": at.isoformat()} for id, author, message, at in rows]


def write_entry(author, message):
    with database() as db:
        # %s and a list, never an f-string: what people write must not become SQL.
        # f-string이 아니라 %s와 목록: 사람들이 쓴 글이 SQL이 되면 안 됩니다.
        row = db.execute("INSERT INTO entries (author, message) VALUES (%s, %s) RETURNING id", [author, message]).fetchone()
        return row[0]


class Api(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        path = urlsplit(self.path).path
        if path == "/healthz":
            self.answer(200, {"alive": True})
        elif path == "/readyz":
            with database() as db:
                db.execute("SELECT 1 FROM entries LIMIT 1")
            self.answer(200, {"ready": True})
        elif path == "/api/entries":
            self.answer(200, {"entries": newest_entries()})
        else:
            self.answer(404, {"error": "There is nothing here. 여기에는 아무것도 없습니다."})

    def do_POST(self):
        body = self.body()
        if urlsplit(self.path).path != "/api/entries":
            return self.answer(404, {"error": "There is nothing here. 여기에는 아무것도 없습니다."})
        author = str(body.get("author", "")).strip()
        message = str(body.get("message", "")).strip()
        if not 1 <= len(author) <= 40 or not 1 <= len(message) <= 500:
            return self.answer(400, {"error": "Name (up to 40 letters) and message (up to 500), please. 이름(40자)과 남길 말(500자)을 써 주세요."})
        self.answer(201, {"id": write_entry(author, message)})

    def body(self):
        length = min(int(self.headers.get("Content-Length", 0)), MAX_BODY)
        text = self.rfile.read(length).decode("utf-8", "replace")
        if self.headers.get_content_type() == "application/json":
            try:
                value = json.loads(text)
            except ValueError:
                return {}
            return value if isinstance(value, dict) else {}
        return {name: values[0] for name, values in parse_qs(text).items()}

    def answer(self, status, value):
        body = json.dumps(value, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def handle_one_request(self):
        try:
            super().handle_one_request()
        except psycopg.OperationalError as error:
            # The database is starting, or away: say so, and go on. Kubernetes asks /readyz again in a second.
            # 데이터베이스가 시작 중이거나 없습니다: 알려 주고 계속합니다. 쿠버네티스가 곧 /readyz를 다시 묻습니다.
            print(f"database: {str(error).splitlines()[0]}", file=sys.stderr)
            self.answer(503, {"error": "The database does not answer. 데이터베이스가 응답하지 않습니다."})

    def log_request(self, code="-", size="-"):
        # Kubernetes' questions would drown everything else. · 쿠버네티스의 질문은 로그에 남기지 않습니다.
        if getattr(self, "path", "") not in ("/healthz", "/readyz"):
            super().log_request(code, size)


if __name__ == "__main__":
    # Kubernetes ends a pod with SIGTERM. · 쿠버네티스는 SIGTERM으로 파드를 끝냅니다.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    print("listening on port 8080")
    ThreadingHTTPServer(("", 8080), Api).serve_forever()
