"""The back of the demo: quick answers, a slow one and a broken one."""

import json
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def answer(path):
    match path.strip("/").split("/"):
        case ["items", number] if number.isdigit():
            time.sleep(0.002)
            return 200, {"item": number, "left": 3}
        case ["report"]:
            time.sleep(0.3)
            return 200, {"items": 100}
        case ["broken"]:
            return 500, {"error": "on purpose"}
        case [""]:
            return 200, {"stock": "open"}
    return 404, {"error": "no such page"}


class Stock(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self):
        status, body = answer(self.path)
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Stock).serve_forever()
