"""Collects garbage as often as it is told; GET on its port does so once, with much to look at."""

import gc
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

KEPT = [[number] for number in range(200_000)]


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        gc.collect()
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_):
        pass


gc.disable()
server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_port)
for line in sys.stdin:
    order = json.loads(line)
    for _ in range(order.get("collections", 0)):
        gc.collect()
    for module in order.get("imports", []):
        __import__(module)
    print("{}")
