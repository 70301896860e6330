"""A program in a workspace or a pod that tells what reaches it, and how: one piece after the other, as they come."""
import base64, hashlib, json, socketserver, sys, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Probe(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def start(self, status=200, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def chunk(self, data):
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def whole(self, body, status=200, **headers):
        self.start(status, Content_Length=str(len(body)), **headers)
        self.wfile.write(body)

    def do_GET(self):
        if self.path == "/ws":
            return self.websocket()
        if self.path == "/events":
            self.start(Content_Type="text/event-stream", Transfer_Encoding="chunked")
            for n in range(10_000):
                self.chunk(b"data: %d\n\n" % n)
                time.sleep(0.1)
        if self.path == "/cookie":
            return self.whole(b"", Set_Cookie="sid=1; Path=/; Domain=localhost; HttpOnly")
        if self.path == "/away":
            return self.whole(b"", 302, Location=f"http://localhost:{self.server.server_port}/there")
        if self.path.startswith("/bytes/"):
            left = int(self.path.split("/")[2])
            self.start(Content_Type="application/octet-stream", Content_Length=str(left))
            while left:
                left -= self.wfile.write(b"x" * min(left, 65536))
            return None
        body = json.dumps({"path": self.path, "headers": dict(self.headers)}).encode()
        return self.whole(body, Content_Type="application/json")

    def do_POST(self):
        """Says the size of each piece of the body when it has come."""
        self.start(Content_Type="text/plain", Transfer_Encoding="chunked")
        if self.headers["Transfer-Encoding"] == "chunked":
            while size := int(self.rfile.readline(), 16):
                self.rfile.read(size + 2)
                self.chunk(b"%d\n" % size)
        else:
            left, total = int(self.headers["Content-Length"] or 0), 0
            while left:
                got = len(self.rfile.read1(min(left, 65536)))
                left, total = left - got, total + got
            self.chunk(b"%d\n" % total)
        self.chunk(b"")

    def websocket(self):
        key = self.headers["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        accept = base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()
        self.start(101, Upgrade="websocket", Connection="Upgrade", Sec_WebSocket_Accept=accept)
        while True:
            kind, size = self.rfile.read(2)
            size &= 127
            if size == 126:
                size = int.from_bytes(self.rfile.read(2), "big")
            mask, data = self.rfile.read(4), self.rfile.read(size)
            data = bytes(b ^ mask[n % 4] for n, b in enumerate(data))
            head = bytes([kind, size]) if size < 126 else bytes([kind, 126]) + size.to_bytes(2, "big")
            self.wfile.write(head + data)
            self.wfile.flush()
            if kind & 15 == 8:
                self.close_connection = True
                return

socketserver.TCPServer.allow_reuse_address = True
ThreadingHTTPServer.daemon_threads = True
address = sys.argv[2] if len(sys.argv) > 2 else "127.0.0.1"
ThreadingHTTPServer((address, int(sys.argv[1])), Probe).serve_forever()
