"""A mail server on loopback: EHLO, STARTTLS, AUTH PLAIN, MAIL, RCPT, DATA, QUIT."""

import asyncio
import base64
import threading


class FakeMailServer:
    """Keeps what it accepted in `mails`, as (sender, recipients, text).

    Args:
        tls: an `ssl.SSLContext` of a server, where STARTTLS is to be offered.
        login: (user, password) that AUTH must give.
        down: so many connections are closed at once with a 421.
        refuse: recipients that get a 550.
        leave_after_data: the connection is cut after DATA was accepted, before QUIT is answered.
        port: where to listen; any free one if 0.
    """

    def __init__(self, tls=None, login=None, down=0, refuse=(), leave_after_data=False, port=0):
        self.mails, self.commands, self.logins = [], [], []
        self._tls, self._login, self._down = tls, login, down
        self._refuse, self._leave, self.port = refuse, leave_after_data, port
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self):
        asyncio.set_event_loop(self._loop)
        self._server = self._loop.run_until_complete(
            asyncio.start_server(self._serve, "127.0.0.1", self.port)
        )
        self.port = self._server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        self._server.close()
        pending = asyncio.all_tasks(self._loop)
        for task in pending:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*pending, return_exceptions=True))
        self._loop.run_until_complete(self._server.wait_closed())
        self._loop.close()

    def __enter__(self):
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *_):
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    async def _serve(self, reader, writer):
        try:
            await self._converse(reader, writer)
        except ConnectionError:
            pass
        finally:
            writer.close()

    async def _converse(self, reader, writer):
        async def say(*lines):
            writer.write("".join(f"{line}\r\n" for line in lines).encode())
            await writer.drain()

        if self._down > 0:
            self._down -= 1
            return await say("421 down for a minute")
        await say("220 fake mail server")
        secure, sender, recipients, known = False, None, [], self._login is None
        while line := (await reader.readline()).decode().rstrip("\r\n"):
            verb = line.split()[0].upper()
            self.commands.append(verb)
            if verb in ("EHLO", "HELO"):
                offers = ["STARTTLS"] if self._tls and not secure else []
                offers += ["AUTH PLAIN"] if self._login else []
                await say(*(f"250-{o}" for o in ["fake", *offers]), "250 8BITMIME")
            elif verb == "STARTTLS" and self._tls:
                await say("220 go on")
                await writer.start_tls(self._tls)
                secure = True
            elif verb == "AUTH" and line.split()[1].upper() == "PLAIN":
                _, user, password = base64.b64decode(line.split()[2]).decode().split("\0")
                self.logins.append((user, password, secure))
                known = (user, password) == self._login
                # As some servers do: what was sent stands in the answer.
                await say("235 ok" if known else f"535 no {user} {password}")
            elif verb == "MAIL" and known:
                sender = line.split(":", 1)[1].split()[0]
                await say("250 ok")
            elif verb == "RCPT" and known:
                address = line.split("<")[1].split(">")[0]
                if address in self._refuse:
                    await say("550 nobody here")
                else:
                    recipients.append(address)
                    await say("250 ok")
            elif verb == "DATA" and recipients:
                await say("354 go on")
                text = await reader.readuntil(b"\r\n.\r\n")
                self.mails.append((sender, tuple(recipients), text[:-5].decode()))
                recipients = []
                await say("250 kept")
                if self._leave:
                    return None
            elif verb == "RSET":
                recipients = []
                await say("250 ok")
            elif verb == "QUIT":
                return await say("221 bye")
            else:
                await say("503 not now")
        return None
