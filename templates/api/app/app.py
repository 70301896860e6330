"""A small web API · 작은 웹 API

GET /api/hello?name=Mina   a greeting · 인사
GET /healthz               is this program alive? · 이 프로그램이 살아 있나?
"""

import json
import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


def answer(path, query):
    """What is said to a GET: the status and a value. · GET 에 대한 답: 상태와 값."""
    if path == "/healthz":
        return 200, {"alive": True}
    if path == "/api/hello":
        name = query.get("name", ["world"])[0].strip() or "world"
        return 200, {"message": f"Hello, {name}! 안녕하세요, {name}!"}
    return 404, {"error": "There is nothing here. 여기에는 아무것도 없습니다."}


class Api(BaseHTTPRequestHandler):
    def do_GET(self):
        url = urlsplit(self.path)
        status, value = answer(url.path, parse_qs(url.query))
        body = json.dumps(value, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_request(self, code="-", size="-"):
        # Kubernetes' questions would drown everything else. · 쿠버네티스의 질문은 로그에 남기지 않습니다.
        if self.path != "/healthz":
            super().log_request(code, size)


if __name__ == "__main__":
    # Kubernetes ends a pod with SIGTERM. · 쿠버네티스는 SIGTERM 으로 파드를 끝냅니다.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    port = int(os.environ.get("PORT", "8080"))
    print(f"listening on port {port}", flush=True)
    ThreadingHTTPServer(("", port), Api).serve_forever()
