"""A service that calls its backend twice for every request it serves: /r/7 calls /r/7/1, then /r/7/2."""
import http.client
import http.server
import json
import os
import sys
import threading

ARGUMENTS = json.loads(sys.argv[1])


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        connection = http.client.HTTPConnection("127.0.0.1", ARGUMENTS["backend"])
        for call in (1, 2):
            connection.request("GET", f"{self.path}/{call}")
            connection.getresponse().read()
        connection.close()
        self.send_response(200)
        self.send_header("Content-Length", "3")
        self.end_headers()
        self.wfile.write(b"ok\n")

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 256


server = Server(("127.0.0.1", 0), Handler)
print(server.server_address[1])
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
server.serve_forever()
