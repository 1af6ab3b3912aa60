"""What the Python peers have in common: they do as lines of JSON on stdin say, and answer on stdout."""

import asyncio
import base64
import json
import sys


def to_wire(message):
    if isinstance(message, str):
        return ["text", message]
    return ["binary", base64.b64encode(message).decode()]


def from_wire(wire):
    kind, data = wire
    return data if kind == "text" else base64.b64decode(data)


class Peer:
    """The operations on a peer and its connections; a library's peer has connect and listen."""

    def __init__(self):
        self.connections = {}
        self.accepted = asyncio.Queue()

    def add(self, connection):
        number = len(self.connections)
        self.connections[number] = connection
        return {"connection": number, "extensions": connection.extensions}

    async def accept(self):
        return self.add(await self.accepted.get())

    async def answer(self, op, connection=None, **args):
        target = self if connection is None else self.connections[connection]
        return await getattr(target, op)(**args)


async def run(make_peer):
    peer = make_peer()
    loop = asyncio.get_running_loop()
    requests = asyncio.StreamReader(limit=2**28)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(requests), sys.stdin)

    async def answer(request):
        try:
            reply = {"result": await peer.answer(**request["call"])}
        except Exception as error:
            reply = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps({"id": request["id"], **reply}), flush=True)

    tasks = set()
    while line := await requests.readline():
        task = asyncio.create_task(answer(json.loads(line)))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
