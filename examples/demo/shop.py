"""The front of the demo: answers what the load asks for by asking stock and prices over HTTP."""

import json
import sys
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

STOCK = PRICES = ""


def ask(url):
    with urllib.request.urlopen(url, timeout=5) as response:
        return json.load(response)


def order(number):
    item = ask(f"{STOCK}/items/{number}")
    return 200, {"order": number, "item": item, "price": ask(f"{PRICES}/prices/{number}")}


def user(number):
    if int(number) >= 90:
        return 404, {"error": "no such user"}
    return 200, {"user": number, "items": ask(f"{STOCK}/items/{number}")}


def slow():
    return 200, ask(f"{STOCK}/report")


def fail():
    try:
        return 200, ask(f"{STOCK}/broken")
    except urllib.error.HTTPError as error:
        return 502, {"error": f"stock answered {error.code}"}


def answer(path):
    match path.split("?")[0].strip("/").split("/"):
        case ["orders", number] if number.isdigit():
            return order(number)
        case ["users", number] if number.isdigit():
            return user(number)
        case ["slow"]:
            return slow()
        case ["fail"]:
            return fail()
        case [""]:
            return 200, {"shop": "open"}
    return 404, {"error": "no such page"}


class Shop(BaseHTTPRequestHandler):
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
    port, STOCK, PRICES = sys.argv[1:]
    ThreadingHTTPServer(("127.0.0.1", int(port)), Shop).serve_forever()
