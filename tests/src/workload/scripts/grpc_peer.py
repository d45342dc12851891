"""A gRPC server or client that does as it is told, on Google's C core, of a service of bytes without any generated code.

usage: grpc_peer.py {"role": "server"} | {"role": "client"}
The first line of output is the port. A client reads orders, {"address": A, "calls": [...]}, and answers each with a list of status codes.
A call: {"method": M, "code": what the server is to answer, "messages": how many each way that streams, "sleep": seconds before the answer,
"deadline": seconds or null, "cancel": after the first message}.
"""

import json
import sys
import time
from concurrent import futures

import grpc

CODES = {code.value[0]: code for code in grpc.StatusCode}
SERVICE = "e2e.Peer"


def obey(message, context):
    wish = json.loads(message)
    time.sleep(wish["sleep"])
    if wish["code"]:
        context.abort(CODES[wish["code"]], "as wished")
    return wish


def unary(message, context):
    obey(message, context)
    return b"done"


def upload(messages, context):
    for message in messages:
        obey(message, context)
    return b"done"


def download(message, context):
    for _ in range(obey(message, context)["messages"]):
        yield b"x" * 1000


def talk(messages, context):
    for message in messages:
        obey(message, context)
        yield message


def serve():
    server = grpc.server(futures.ThreadPoolExecutor(8))
    handlers = {
        "Unary": grpc.unary_unary_rpc_method_handler(unary),
        "Upload": grpc.stream_unary_rpc_method_handler(upload),
        "Download": grpc.unary_stream_rpc_method_handler(download),
        "Talk": grpc.stream_stream_rpc_method_handler(talk),
    }
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, handlers),))
    print(server.add_insecure_port("127.0.0.1:0"), flush=True)
    server.start()
    sys.stdin.read()
    server.stop(None).wait()


def call(channel, wish):
    method, message = f"/{SERVICE}/{wish['method']}", json.dumps(wish).encode()
    messages = iter([message] * wish["messages"])
    timeout = wish["deadline"]
    try:
        if wish["method"] == "Unary":
            started = channel.unary_unary(method).future(message, timeout=timeout)
        elif wish["method"] == "Upload":
            started = channel.stream_unary(method).future(messages, timeout=timeout)
        elif wish["method"] == "Download":
            started = channel.unary_stream(method)(message, timeout=timeout)
        else:
            started = channel.stream_stream(method)(messages, timeout=timeout)
        if wish["cancel"]:
            next(started)
            started.cancel()
        elif wish["method"] in ("Unary", "Upload"):
            started.result()
        else:
            for _ in started:
                pass
        return started.code().value[0]
    except grpc.RpcError as error:
        return error.code().value[0]


def ask():
    print(0, flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        with grpc.insecure_channel(order["address"]) as channel:
            print(json.dumps([call(channel, wish) for wish in order["calls"]]), flush=True)


serve() if json.loads(sys.argv[1])["role"] == "server" else ask()
