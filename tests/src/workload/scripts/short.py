"""A parent whose children live for one request each. `servers` children inherit the listening socket and answer one
connection; `clients` children, half of them curl, ask the backend for /c/NUMBER."""
import json
import os
import socket
import subprocess
import sys
import time

ARGUMENTS = json.loads(sys.argv[1])


def serve(listener):
    sock, _ = listener.accept()
    head = b""
    while b"\r\n\r\n" not in head:
        head += sock.recv(4096)
    sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n")
    sock.close()


def ask(number):
    with socket.create_connection(("127.0.0.1", ARGUMENTS["backend"])) as sock:
        sock.sendall(b"GET /c/%d HTTP/1.1\r\nHost: localhost\r\n\r\n" % number)
        answer = b""
        while not answer.endswith(b"ok"):
            answer += sock.recv(4096)


def forked(work, *arguments):
    begin = time.monotonic()
    child = os.fork()
    if child == 0:
        work(*arguments)
        os._exit(0)
    os.waitpid(child, 0)
    return time.monotonic() - begin


def curl(number):
    begin = time.monotonic()
    url = f"http://127.0.0.1:{ARGUMENTS['backend']}/c/{number}"
    subprocess.run(["curl", "-s", "-o", "/dev/null", url], check=True)
    return time.monotonic() - begin


def main():
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)
    print(listener.getsockname()[1])
    sys.stdin.readline()
    lives = []
    for number in range(ARGUMENTS["clients"]):
        lives.append(curl(number) if number % 2 else forked(ask, number))
    print(json.dumps({"lives": lives}))
    sys.stdin.readline()
    lives = [forked(serve, listener) for _ in range(ARGUMENTS["servers"])]
    print(json.dumps({"lives": lives}))
    sys.stdin.read()


main()
