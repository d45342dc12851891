"""A service on one thread: for /r/7 it calls its backend's /r/7/1 while it serves others."""
import asyncio
import json
import os
import sys
import threading

ARGUMENTS = json.loads(sys.argv[1])


async def call(path):
    reader, writer = await asyncio.open_connection("127.0.0.1", ARGUMENTS["backend"])
    writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    await reader.readuntil(b"\r\n\r\n")
    await reader.readexactly(2)
    writer.close()
    await writer.wait_closed()


async def serve(reader, writer):
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            path = head.split(b" ")[1].decode()
            await call(f"{path}/1")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n")
    except asyncio.IncompleteReadError:
        writer.close()


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=256)
    print(server.sockets[0].getsockname()[1])
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    await server.serve_forever()


asyncio.run(main())
