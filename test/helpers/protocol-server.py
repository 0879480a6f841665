# The stream service (docs/protocol.md) on the library `websockets`: an implementation that shares nothing with `ws`.
#
# argv: key events-file [close-code]; prints {"port": n} when it listens. Each line of the file is one event; after
# the last one the connection stays open, or is closed with the code.
import asyncio
import http
import json
import sys

import websockets

KEY = sys.argv[1]
CLOSE_CODE = int(sys.argv[3]) if len(sys.argv) > 3 else None
JSON_TYPE = [("Content-Type", "application/json")]
with open(sys.argv[2], encoding="utf-8", newline="\n") as file:
    EVENTS = file.read().splitlines()


async def answer_http(path, headers):
    """None to continue with the upgrade, else the refusal of docs/protocol.md."""
    if path.endswith("/healthz"):
        return http.HTTPStatus.OK, JSON_TYPE, b'{"status":"ok"}'
    answer = [*JSON_TYPE, ("X-Request-Id", headers.get("X-Request-Id", "req_python"))]
    if not path.split("?")[0].endswith("/v1/stream"):
        return refuse(http.HTTPStatus.NOT_FOUND, "not_found", answer)
    if headers.get("X-API-Key") != KEY:
        return refuse(http.HTTPStatus.UNAUTHORIZED, "unauthorized", answer)
    return None


def refuse(status, code, headers):
    body = {"error": {"code": code, "message": f"{status.phrase} (python)"}}
    return status, headers, json.dumps(body).encode()


async def stream(socket):
    await socket.send(json.dumps({"type": "welcome", "key": KEY[:16]}))
    sending = asyncio.ensure_future(send_events(socket))
    try:
        async for message in socket:
            if message == "ping":
                await socket.send("pong")
    finally:
        sending.cancel()


async def send_events(socket):
    for event in EVENTS:
        await socket.send(event)
    if CLOSE_CODE is not None:
        await socket.close(CLOSE_CODE, "the file is over")


async def main():
    async with websockets.serve(stream, "127.0.0.1", 0, process_request=answer_http) as server:
        print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
        await asyncio.Future()


asyncio.run(main())
