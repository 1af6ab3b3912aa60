"""A client and a server of the library `aiohttp`."""

import asyncio
import ssl

import aiohttp
from aiohttp import web

import driver

CLOSED = (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSING, aiohttp.WSMsgType.CLOSED)


class Connection:
    def __init__(self, websocket, extensions):
        self.websocket = websocket
        self.extensions = extensions
        self.reason = None
        self.over = asyncio.Event()

    async def send_one(self, message):
        if isinstance(message, str):
            await self.websocket.send_str(message)
        else:
            await self.websocket.send_bytes(message)

    async def receive_one(self):
        message = await self.websocket.receive()
        if message.type not in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY):
            raise RuntimeError(f"{message.type!r} instead of a message: {message.data!r}")
        return message.data

    async def send(self, messages):
        for message in messages:
            await self.send_one(driver.from_wire(message))

    async def receive(self, count):
        return [driver.to_wire(await self.receive_one()) for _ in range(count)]

    async def echo(self, count):
        for _ in range(count):
            await self.send_one(await self.receive_one())

    async def ping(self, data):
        await self.websocket.ping(data.encode())
        message = await self.websocket.receive()
        if message.type is not aiohttp.WSMsgType.PONG or message.data != data.encode():
            raise RuntimeError(f"{message!r} instead of the pong")

    async def close(self, code, reason):
        await self.websocket.close(code=code, message=reason.encode())
        self.over.set()
        return {"code": self.websocket.close_code, "reason": None}

    async def closed(self):
        message = await self.websocket.receive()
        if message.type not in CLOSED:
            raise RuntimeError(f"{message.type!r} instead of the close frame: {message.data!r}")
        self.over.set()
        return {"code": self.websocket.close_code, "reason": message.extra}


class Peer(driver.Peer):
    async def connect(self, url, deflate=None, pongs=False):
        """The library answers pings by itself, or shows pongs: it does not do both."""
        bits = 0 if deflate is False else (deflate or {}).get("serverMaxWindowBits", 15)
        session = aiohttp.ClientSession()
        try:
            websocket = await session.ws_connect(
                url, compress=bits, max_msg_size=0, autoping=not pongs, ssl=False
            )
        except Exception:
            await session.close()
            raise
        headers = websocket._response.headers
        connection = Connection(websocket, headers.get("Sec-WebSocket-Extensions", ""))

        async def end():
            await connection.over.wait()
            await session.close()

        self.ending = asyncio.create_task(end())
        return self.add(connection)

    async def listen(self, deflate=None, tls=None):
        self.handled = []

        async def handle(request):
            websocket = web.WebSocketResponse(
                compress=deflate is not False,
                max_msg_size=0,
                autoping="pongs" not in request.query,
            )
            await websocket.prepare(request)
            extensions = websocket.headers.get("Sec-WebSocket-Extensions", "")
            connection = Connection(websocket, extensions)
            self.handled.append(connection)
            await self.accepted.put(connection)
            await connection.over.wait()
            return websocket

        secure = None
        if tls is not None:
            secure = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            secure.load_cert_chain(tls)
        app = web.Application()
        app.router.add_get("/", handle)
        self.runner = web.AppRunner(app)
        await self.runner.setup()
        site = web.TCPSite(self.runner, "127.0.0.1", 0, ssl_context=secure)
        await site.start()
        return self.runner.addresses[0][1]

    async def stop(self):
        for connection in self.handled:
            connection.over.set()
        await self.runner.cleanup()


asyncio.run(driver.run(Peer))
