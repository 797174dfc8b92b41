"""A mail server for tests: aiosmtpd on a free port, with recipients that stand for trouble.

Prints its port, then keeps each mail as a line of JSON in the file that it was given.
refused-…: 550 for good. later-…: 451. slow-…: takes its time to answer. hang-…: never answers.
A second file, the first one's name with `.says`, may hold a step and a reply, such as `AUTH 535 5.7.8 not now`: then that
is what it says at this step. The reply `hang` is silence.
"""

import asyncio
import email
import json
import os
import sys

from aiosmtpd.smtp import SMTP, AuthResult


class Told:
    """What the test wants to be said."""

    def __init__(self, path):
        self.path = path + ".says"

    def at(self, step):
        if not os.path.exists(self.path):
            return None
        with open(self.path) as file:
            wanted, _, reply = file.read().strip().partition(" ")
        return reply if wanted == step else None


class Server(SMTP):
    def __init__(self, keep):
        self.told = keep.told
        super().__init__(keep, authenticator=self.sign_in, auth_require_tls=False)

    def sign_in(self, server, session, envelope, mechanism, auth_data):
        reply = self.told.at("AUTH")
        if reply is None:
            return AuthResult(success=True)
        return AuthResult(success=False, handled=False, message=reply)

    async def push(self, status):
        if isinstance(status, str) and status.startswith("220 ") and (reply := self.told.at("GREETING")):
            status = reply
            if reply == "hang":
                await asyncio.sleep(3600)
        await super().push(status)

    async def smtp_EHLO(self, hostname):
        if reply := self.told.at("EHLO"):
            await self.push(reply)
        else:
            await super().smtp_EHLO(hostname)


    async def smtp_QUIT(self, arg):
        if self.told.at("QUIT") == "hang":
            await asyncio.sleep(3600)
        await super().smtp_QUIT(arg)


class Keep:
    def __init__(self, path):
        self.path = path
        self.told = Told(path)

    async def handle_MAIL(self, server, session, envelope, address, options):
        if reply := self.told.at("MAIL"):
            return reply
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        if reply := self.told.at("RCPT"):
            return reply
        if address.startswith("refused-"):
            return "550 5.1.1 no such mailbox"
        if address.startswith("later-"):
            return "451 4.7.1 try again later"
        if address.startswith("hang-"):
            await asyncio.sleep(3600)
        if address.startswith("slow-"):
            await asyncio.sleep(2)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if reply := self.told.at("DATA"):
            return reply
        mail = email.message_from_bytes(envelope.content)
        line = {
            "to": envelope.rcpt_tos[0],
            "id": mail["Message-ID"],
            "subject": mail["Subject"],
            "text": mail.get_payload(decode=True).decode(),
        }
        with open(self.path, "a") as file:
            file.write(json.dumps(line) + "\n")
        return "250 OK"


async def main(path, port):
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Server(Keep(path)), "127.0.0.1", port)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


asyncio.run(main(sys.argv[1], int(sys.argv[2])))
