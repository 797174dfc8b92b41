"""Calls over HTTP, and the record of what was answered."""

import base64
import gzip
import hashlib
import http.client
import itertools
import json
import re
from urllib.parse import urlencode

# A longer body, a file of an edition, or what is no text, is told by its hash.
LONGEST = 60_000
# Where an answer has no say: what is left of a limit, and the time.
LOOSE = {"date": r".*", "ratelimit": r"(?<=;r=)\d+|(?<=;t=)\d+", "retry-after": r"\d+"}


class Answer:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    def json(self):
        return json.loads(self.body)

    def tag(self):
        return self.headers.get("etag", "")


class Record:
    """What is written down, and which operations of the API document were seen to succeed."""

    def __init__(self, out, plain):
        self.out = out
        self.plain = plain
        self.numbers = itertools.count(1)
        self.done = set()

    def heading(self, text):
        self.write(f"\n==== {text}\n")

    def write(self, text):
        self.out.write(text + "\n")

    def command(self, service, *arguments, **more):
        code, said, remarked = service.command(*arguments, **more)
        self.write(f"\n$ recourse {self.plain.text(' '.join(arguments))}\n-> {code}")
        for name, text in (("", said), ("! ", remarked)):
            for line in self.plain.text(text).splitlines():
                self.write(name + line)
        return said

    def answer(self, title, answer):
        self.write(f"\n{next(self.numbers)}. {self.plain.text(title)}\n-> {answer.status}")
        for name, value in sorted(answer.headers.items()):
            if name == "content-length" and int(value) == len(answer.body):
                value = "that of the body"
            if name in LOOSE:
                value = re.sub(LOOSE[name], "#", value, count=0 if name != "date" else 1)
            if name == "etag":
                value = re.sub(r"(?<=\")[\w+/=-]{16,}", lambda tag: self.plain.number("tag", tag[0]), value)
            self.write(f"{name}: {self.plain.text(value)}")
        self.write(self.body(answer, is_file="/transparency/" in title))

    def body(self, answer, is_file):
        kind = answer.headers.get("content-type", "")
        body = gzip.decompress(answer.body) if answer.headers.get("content-encoding") == "gzip" else answer.body
        try:
            text = self.plain.text(body.decode())
        except UnicodeDecodeError:
            return f"({len(body)} bytes, SHA-256 {hashlib.sha256(body).hexdigest()})"
        if is_file or len(text) > LONGEST:
            return f"({len(text)} characters, SHA-256 {hashlib.sha256(text.encode()).hexdigest()})"
        # A line for each member, so that a difference is seen where it is.
        return re.sub(r",(?=[\"{])", ",\n  ", text) if "json" in kind else text


class Caller:
    """Somebody who calls, over one connection of their own."""

    keys = itertools.count(1)

    def __init__(self, record, base, name, token=None):
        self.record = record
        self.name = name
        self.token = token
        self.base = base
        self.connection = http.client.HTTPConnection(base.removeprefix("http://"), timeout=60)

    def as_sent(self, method, path, body, headers, key, tag):
        sent = {"Accept": "*/*"}
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        if key is not None:
            sent["Idempotency-Key"] = key
        if tag is not None:
            sent["If-Match"] = tag
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
            sent["Content-Type"] = "application/json"
        if isinstance(body, str):
            body = body.encode()
        sent.update(headers)
        self.connection.request(method, path, body, sent)
        answer = self.connection.getresponse()
        headers = {}
        for name, value in answer.getheaders():
            name = name.lower()
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        return Answer(answer.status, headers, answer.read())

    def ask(self, method, path, body=None, headers=(), key=None, tag=None):
        """A call that is not written down."""
        try:
            return self.as_sent(method, path, body, dict(headers), key, tag)
        except (http.client.HTTPException, ConnectionError):
            # The service may close a connection after it has refused a body.
            self.connection.close()
            return self.as_sent(method, path, body, dict(headers), key, tag)

    def call(self, method, path, body=None, headers=(), key=None, tag=None, what=""):
        answer = self.ask(method, path, body, headers, key, tag)
        self.record.answer(f"{self.name}: {method} {path}{what and f' ({what})'}", answer)
        self.record.done.add((method, path.partition("?")[0], answer.status))
        return answer

    def get(self, path, **more):
        return self.call("GET", path, **more)

    def post(self, path, body=None, **more):
        """A POST under a key of its own, unless one is given."""
        return self.call("POST", path, body, **{"key": self.new_key(), **more})

    def new_key(self):
        return f"recorded-{next(self.keys)}"

    def every_page(self, path):
        """The pages of a list to its end."""
        joint = "&" if "?" in path else "?"
        page = self.get(path).json()
        while page.get("next_cursor"):
            page = self.get(f"{path}{joint}cursor={page['next_cursor']}").json()


def basic(name, secret):
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()}


def form(**members):
    return urlencode(members)


FORM = {"Content-Type": "application/x-www-form-urlencoded"}
