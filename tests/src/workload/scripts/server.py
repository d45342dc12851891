"""HTTP/1.1 server, a thread per connection. What it answers depends on the path, what it calls on the arguments."""
import ctypes
import json
import os
import socket
import sys
import threading

LIBC = ctypes.CDLL(None, use_errno=True)
MSG_WAITFORONE = 0x10000
BLOCK = bytes(1 << 20)


class IoVec(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]


class MessageHeader(ctypes.Structure):
    _fields_ = [
        ("name", ctypes.c_void_p), ("name_length", ctypes.c_uint32),
        ("vectors", ctypes.POINTER(IoVec)), ("vector_count", ctypes.c_size_t),
        ("control", ctypes.c_void_p), ("control_length", ctypes.c_size_t), ("flags", ctypes.c_int),
    ]


class MultiHeader(ctypes.Structure):
    _fields_ = [("header", MessageHeader), ("length", ctypes.c_uint32)]


def multi(buffers):
    headers = (MultiHeader * len(buffers))()
    for header, buffer in zip(headers, buffers):
        header.header.vectors = ctypes.pointer(IoVec(ctypes.addressof(buffer), len(buffer)))
        header.header.vector_count = 1
    return headers


def receive_many(sock):
    buffers = [(ctypes.c_char * 16)(), (ctypes.c_char * 65536)()]
    headers = multi(buffers)
    count = LIBC.recvmmsg(sock.fileno(), headers, len(buffers), MSG_WAITFORONE, None)
    if count < 0:
        raise OSError(ctypes.get_errno(), "recvmmsg")
    return b"".join(buffers[i].raw[: headers[i].length] for i in range(count))


def send_many(sock, parts):
    buffers = [(ctypes.c_char * len(part)).from_buffer_copy(part) for part in parts]
    headers = multi(buffers)
    count = LIBC.sendmmsg(sock.fileno(), headers, len(buffers), 0)
    if count < 0:
        raise OSError(ctypes.get_errno(), "sendmmsg")
    return sum(headers[i].length for i in range(count))


def receive_vector(sock):
    first, second = bytearray(7), bytearray(65536)
    count = os.readv(sock.fileno(), [first, second])
    return bytes(first + second)[:count]


def receive_message(sock):
    first, second = bytearray(11), bytearray(65536)
    count = sock.recvmsg_into([first, second])[0]
    return bytes(first + second)[:count]


CALLS = {
    "recv": (lambda s: s.recv(65536), lambda s, parts: s.send(b"".join(parts))),
    "read": (lambda s: os.read(s.fileno(), 65536), lambda s, parts: os.write(s.fileno(), b"".join(parts))),
    "readv": (receive_vector, lambda s, parts: os.writev(s.fileno(), parts)),
    "recvmsg": (receive_message, lambda s, parts: s.sendmsg(parts)),
    "recvmmsg": (receive_many, send_many),
}


class Connection:
    def __init__(self, sock, calls):
        self.sock, self.buffer = sock, b""
        self.receive, self.write = CALLS[calls]

    def send(self, *parts):
        parts = [part for part in parts if part]
        while parts:
            sent = self.write(self.sock, parts)
            while parts and sent >= len(parts[0]):
                sent -= len(parts.pop(0))
            if parts:
                parts[0] = parts[0][sent:]

    def fill(self):
        data = self.receive(self.sock)
        self.buffer += data
        return bool(data)

    def until(self, mark):
        while mark not in self.buffer:
            if not self.fill():
                return None
        found, _, self.buffer = self.buffer.partition(mark)
        return found

    def discard(self, length):
        left = length
        while left:
            if not self.buffer and not self.fill():
                raise EOFError
            taken = min(left, len(self.buffer))
            self.buffer = self.buffer[taken:]
            left -= taken
        return length

    def body(self, headers):
        if headers.get("transfer-encoding") == "chunked":
            total = 0
            while size := int(self.until(b"\r\n"), 16):
                total += self.discard(size)
                self.discard(2)
            while self.until(b"\r\n"):
                pass
            return total
        return self.discard(int(headers.get("content-length", 0)))

    def serve(self):
        while (head := self.until(b"\r\n\r\n")) is not None:
            first, *lines = head.decode("latin-1").split("\r\n")
            method, path, _ = first.split(" ")
            headers = {n.strip().lower(): v.strip() for n, _, v in (line.partition(":") for line in lines)}
            if headers.get("expect") == "100-continue":
                self.send(b"HTTP/1.1 100 Continue\r\n\r\n")
            received = self.body(headers)
            if not self.answer(method, path, received) or headers.get("connection") == "close":
                return

    def answer(self, method, path, received):
        kind = path.split("/")[1]
        if kind == "download":
            size = int(path.split("/")[2])
            self.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
            while size:
                part = BLOCK[: min(size, len(BLOCK))]
                self.send(part)
                size -= len(part)
        elif kind == "chunked":
            self.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n")
            self.send(b"5\r\nhello\r\n", b"7;ext=1\r\n, world\r\n")
            self.send(b"0\r\nX-Sum: 12\r\n\r\n")
        elif kind == "nothing":
            self.send(b"HTTP/1.1 204 No Content\r\n\r\n")
        elif kind == "unchanged":
            self.send(b"HTTP/1.1 304 Not Modified\r\nContent-Length: 100\r\n\r\n")
        elif kind == "broken":
            self.send(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n\r\n", b"sad\n")
        elif kind == "old":
            self.send(b"HTTP/1.0 200 OK\r\n\r\n", b"until the end")
            return False
        elif kind == "upgrade":
            self.send(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
            while self.buffer or self.fill():
                self.send(self.buffer)
                self.buffer = b""
            return False
        else:
            body = b"%d\n" % received
            head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)
            self.send(head, b"" if method == "HEAD" else body)
        return True


def serve(sock, calls):
    with sock:
        try:
            Connection(sock, calls).serve()
        except (ConnectionError, EOFError):
            pass


def listen(where):
    if where.startswith("/"):
        sock = socket.socket(socket.AF_UNIX)
        sock.bind(where)
    else:
        family = socket.AF_INET6 if ":" in where else socket.AF_INET
        sock = socket.socket(family)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((where, 0))
    sock.listen(1024)
    return sock


def main():
    arguments = json.loads(sys.argv[1])
    listener = listen(arguments["listen"])
    name = listener.getsockname()
    print(0 if isinstance(name, str) else name[1])
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    while True:
        sock, _ = listener.accept()
        if sock.family != socket.AF_UNIX:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=serve, args=(sock, arguments["calls"]), daemon=True).start()


main()
