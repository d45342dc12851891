"""HTTP client on http.client. Each line of input is an order in JSON; each line of output says what came of it."""
import http.client
import json
import re
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


def answers(sock):
    """Statuses of the answers, each when it has been read whole."""
    rest = b""
    while True:
        end = rest.find(b"\r\n\r\n")
        length = int(re.search(rb"\r\ncontent-length: *(\d+)", rest[:end], re.IGNORECASE)[1]) if end >= 0 else 0
        if end >= 0 and len(rest) >= end + 4 + length:
            yield int(rest[9:12])
            rest = rest[end + 4 + length :]
        elif data := sock.recv(65536):
            rest += data
        else:
            return


def pipeline(order):
    """`requests` on each of `connections`, so many `together` in one write: request i asks for `prefix`/connection/i/, and up to 16
    more letters. A thread writes while another one reads, and no more than `open` are to be answered at a time."""
    answered = []

    def write(sock, number, room):
        for first in range(0, order["requests"], order["together"]):
            batch = range(first, min(first + order["together"], order["requests"]))
            for _ in batch:
                room.acquire()
            paths = [f"{order['prefix']}/{number}/{i}/{'x' * (i * 5 % 17)}" for i in batch]
            sock.sendall(b"".join(b"GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n" % path.encode() for path in paths))

    def run(number):
        with socket.create_connection((order["host"], order["port"])) as sock:
            room = threading.Semaphore(order["open"])
            writer = threading.Thread(target=write, args=(sock, number, room))
            writer.start()
            for _, status in zip(range(order["requests"]), answers(sock)):
                answered.append(status)
                room.release()
            writer.join()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(order["connections"])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {"answered": answered.count(200)}


def main():
    print(0)
    for line in sys.stdin:
        order = json.loads(line)
        print(json.dumps({"load": load, "bulk": bulk, "pipeline": pipeline}[order["do"]](order)))


main()
