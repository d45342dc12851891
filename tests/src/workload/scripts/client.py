"""HTTP client on http.client. Each line of input is an order in JSON; each line of output says what came of it."""
import http.client
import json
import socket
import ssl
import sys
import threading
import time

BLOCK = bytes(1 << 20)
HELD = {}


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost")
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)


def connect(order):
    if "unix" in order:
        return UnixConnection(order["unix"])
    if order.get("tls"):
        trusting = ssl._create_unverified_context()
        return http.client.HTTPSConnection(order["host"], order["port"], context=trusting)
    return http.client.HTTPConnection(order["host"], order["port"])


def load(order):
    """Request i of `requests` asks for `prefix`/i, on one of `connections` with a thread each. With `hold`, they stay open for
    the next order."""
    threads, answered, begin = [], [], time.monotonic()

    def run(first):
        connection = HELD.pop(first, None) or connect(order)
        for number in range(first, order["requests"], order["connections"]):
            if order.get("rate"):
                time.sleep(max(0, begin + number / order["rate"] - time.monotonic()))
            connection.request("GET", f"{order['prefix']}/{number}")
            response = connection.getresponse()
            response.read()
            answered.append(response.status)
            if not order["keep"]:
                connection.close()
        if order.get("hold"):
            HELD[first] = connection
        else:
            connection.close()

    for first in range(order["connections"]):
        threads.append(threading.Thread(target=run, args=(first,)))
        threads[-1].start()
    for thread in threads:
        thread.join()
    return {"answered": answered.count(200)}


def bulk(order):
    """One request with a large body in one of the directions."""
    connection, begin = connect(order), time.monotonic()
    if order["upload"]:
        starts = range(0, order["upload"], len(BLOCK))
        parts = (BLOCK[: order["upload"] - start] for start in starts)
        connection.request("PUT", order["path"], parts, {"Content-Length": str(order["upload"])})
    else:
        connection.request("GET", order["path"])
    response, received = connection.getresponse(), 0
    buffer = bytearray(1 << 20)
    while count := response.readinto(buffer):
        received += count
    seconds = time.monotonic() - begin
    connection.close()
    return {"status": response.status, "received": received, "seconds": seconds}


def pipeline(order):
    """All requests in one write, then all answers."""
    with socket.create_connection((order["host"], order["port"])) as sock:
        paths = [f"{order['prefix']}/{number}" for number in range(order["requests"])]
        sock.sendall(b"".join(b"GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n" % path.encode() for path in paths))
        received = b""
        while received.count(b"HTTP/1.1 200") < len(paths) or not received.endswith(b"\n"):
            data = sock.recv(65536)
            if not data:
                break
            received += data
    return {"answered": received.count(b"HTTP/1.1 200")}


def main():
    print(0)
    for line in sys.stdin:
        order = json.loads(line)
        print(json.dumps({"load": load, "bulk": bulk, "pipeline": pipeline}[order["do"]](order)))


main()
