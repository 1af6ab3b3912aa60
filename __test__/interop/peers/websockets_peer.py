"""A client and a server of the library `websockets`."""

import asyncio
import ssl

from websockets.asyncio.client import connect
from websockets.asyncio.server import serve
from websockets.extensions.permessage_deflate import (
    ClientPerMessageDeflateFactory,
    ServerPerMessageDeflateFactory,
)

import driver

NAMES = {
    "serverNoContextTakeover": "server_no_context_takeover",
    "clientNoContextTakeover": "client_no_context_takeover",
    "serverMaxWindowBits": "server_max_window_bits",
    "clientMaxWindowBits": "client_max_window_bits",
}


def extensions(factory, deflate):
    """The library's own default is a window of 12 bits; here it is what is asked for."""
    if deflate is False:
        return None
    return [factory(**{NAMES[name]: value for name, value in (deflate or {}).items()})]


class Connection:
    def __init__(self, websocket):
        self.websocket = websocket
        self.extensions = websocket.response.headers.get("Sec-WebSocket-Extensions", "")

    async def send(self, messages):
        for message in messages:
            await self.websocket.send(driver.from_wire(message))

    async def receive(self, count):
        return [driver.to_wire(await self.websocket.recv()) for _ in range(count)]

    async def echo(self, count):
        for _ in range(count):
            await self.websocket.send(await self.websocket.recv())

    async def fragments(self, parts):
        await self.websocket.send([driver.from_wire(part) for part in parts])
        return 0

    async def ping(self, data):
        pong = await self.websocket.ping(data)
        await pong

    async def close(self, code, reason):
        await self.websocket.close(code, reason)
        return await self.closed()

    async def closed(self):
        await self.websocket.wait_closed()
        return {"code": self.websocket.close_code, "reason": self.websocket.close_reason}


class Peer(driver.Peer):
    async def connect(self, url, deflate=None, **_):
        secure = {}
        if url.startswith("wss:"):
            secure["ssl"] = ssl.create_default_context()
            secure["ssl"].check_hostname = False
            secure["ssl"].verify_mode = ssl.CERT_NONE
        websocket = await connect(
            url,
            compression=None,
            extensions=extensions(ClientPerMessageDeflateFactory, deflate),
            max_size=None,
            ping_interval=None,
            proxy=None,
            **secure,
        )
        return self.add(Connection(websocket))

    async def listen(self, deflate=None, tls=None):
        async def handle(websocket):
            await self.accepted.put(Connection(websocket))
            await websocket.wait_closed()

        secure = None
        if tls is not None:
            secure = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            secure.load_cert_chain(tls)
        server = await serve(
            handle,
            "127.0.0.1",
            0,
            compression=None,
            extensions=extensions(ServerPerMessageDeflateFactory, deflate),
            max_size=None,
            ping_interval=None,
            ssl=secure,
        )
        self.server = server
        return server.sockets[0].getsockname()[1]

    async def stop(self):
        self.server.close()
        await self.server.wait_closed()


asyncio.run(driver.run(Peer))
