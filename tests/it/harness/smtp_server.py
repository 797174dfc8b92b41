"""A mail server for tests: aiosmtpd on a free port, with recipients that stand for trouble.

Prints its port, then keeps each mail as a line of JSON in the file that it was given.
refused-…: 550 for good. later-…: 451. slow-…: takes its time to answer.
"""

import asyncio
import email
import json
import sys

from aiosmtpd.smtp import SMTP


class Keep:
    def __init__(self, path):
        self.path = path

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("refused-"):
            return "550 5.1.1 no such mailbox"
        if address.startswith("later-"):
            return "451 4.7.1 try again later"
        if address.startswith("slow-"):
            await asyncio.sleep(2)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
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
    server = await loop.create_server(lambda: SMTP(Keep(path)), "127.0.0.1", port)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


asyncio.run(main(sys.argv[1], int(sys.argv[2])))
