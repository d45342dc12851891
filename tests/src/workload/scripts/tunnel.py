"""A proxy that is spoken to over TLS and knows CONNECT alone. The first line of output is its port."""
import json
import socket
import ssl
import sys
import threading

ARGUMENTS = json.loads(sys.argv[1])


def copy(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def serve(plain, secure):
    with secure.wrap_socket(plain, server_side=True) as near:
        head = b""
        while b"\r\n\r\n" not in head:
            head += near.recv(4096)
        host, port = head.split()[1].decode().split(":")
        with socket.create_connection((host, int(port))) as far:
            near.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=copy, args=(far, near))
            back.start()
            copy(near, far)
            back.join()


secure = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
secure.load_cert_chain(ARGUMENTS["certificate"], ARGUMENTS["key"])
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
threading.Thread(target=lambda: sys.exit(sys.stdin.read()), daemon=True).start()
while True:
    threading.Thread(target=serve, args=(listener.accept()[0], secure), daemon=True).start()
