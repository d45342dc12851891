"""HTTPS on asyncio, which moves ciphertext by itself. With a certificate, a server, whose port is the first line of output. Each line of
input is an order in JSON for a client; each further line of output says what came of it."""
import asyncio
import json
import os
import ssl
import sys
import threading

ARGUMENTS = json.loads(sys.argv[1])


async def serve(reader, writer):
    try:
        while True:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n")
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def load(order):
    """Request i of `requests` asks for `prefix`/i, on one of `connections`, which are kept or not."""
    trusting, answered = ssl._create_unverified_context(), []

    async def run(first):
        reader = writer = None
        for number in range(first, order["requests"], order["connections"]):
            if writer is None:
                reader, writer = await asyncio.open_connection("127.0.0.1", order["port"], ssl=trusting)
            writer.write(f"GET {order['prefix']}/{number} HTTP/1.1\r\nHost: 127.0.0.1:{order['port']}\r\n\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            length = head.lower().split(b"content-length: ")[1].split(b"\r\n")[0]
            await reader.readexactly(int(length))
            answered.append(head.startswith(b"HTTP/1.1 200"))
            if not order["keep"]:
                writer.close()
                await writer.wait_closed()
                writer = None
        if writer is not None:
            writer.close()
            await writer.wait_closed()

    await asyncio.gather(*(run(first) for first in range(order["connections"])))
    return {"answered": sum(answered)}


def orders(loop):
    for line in sys.stdin:
        future = asyncio.run_coroutine_threadsafe(load(json.loads(line)), loop)
        print(json.dumps(future.result()))
    os._exit(0)


async def main():
    port = 0
    if "certificate" in ARGUMENTS:
        secure = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        secure.load_cert_chain(ARGUMENTS["certificate"], ARGUMENTS["key"])
        server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=256, ssl=secure)
        port = server.sockets[0].getsockname()[1]
    print(port)
    threading.Thread(target=orders, args=(asyncio.get_running_loop(),), daemon=True).start()
    await asyncio.Event().wait()


asyncio.run(main())
