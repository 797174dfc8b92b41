"""What differs from run to run, replaced by words that do not: ids, times, tokens, cursors, addresses."""

import base64
import json
import re
from datetime import datetime, timedelta, timezone

# A time is told by the quarter of an hour in which it lies, counted from the run's begin: a run is shorter than that, so
# that only a rule with another span moves it.
STEP = timedelta(minutes=15)
# What is older was written before the demo began, on days of the calendar.
OLD = timedelta(days=1)

ID = r"(?P<prefix>[a-z]{2,6})_(?P<id>[0-9a-hjkmnp-tv-z]{26})\b"
PATTERN = re.compile(
    r"(?P<token>eyJ[\w-]+\.(?P<claims>[\w-]+)\.[\w-]+)"
    r"|(?P<secret>(?:rcs_live|rcs_test|rcs_staff)_[0-9a-z]{47}|(?:whsec|whpk)_[\w+/]{43}=)"
    r"|\b" + ID + r"|\b(?P<request>[0-9a-hjkmnp-tv-z]{26})\b"
    r"|(?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?(?:\.\d{3,6})?(?:Z|\+00:00))"
    r"|(?P<mark>(?:cursor(?:\":\"|=))(?P<cursor>eyJ[\w-]+))"
)
# Clocks of one case. Those that are due at the same instant stand in the order of ids that are drawn.
CLOCKS = re.compile(r"(?<=\"clocks\":)(\[[^\]]*\])")


class Plain:
    """Replaces what differs. The same value has the same word throughout, numbered as it first appeared."""

    def __init__(self, begin):
        self.begin = begin
        self.words = {}
        self.seen = {}

    def call(self, value, word):
        """Whatever is known beforehand: an address, a folder, a secret."""
        self.words[str(value)] = word

    def number(self, kind, value):
        of_kind = self.seen.setdefault(kind, {})
        return f"<{kind} {of_kind.setdefault(value, len(of_kind) + 1)}>"

    def time(self, text):
        at = datetime.fromisoformat(text.replace("Z", "+00:00"))
        if at < self.begin - OLD or (at.second, at.microsecond) == (0, 0):
            return text
        quarters = (at - self.begin) // STEP
        return f"<time {quarters / 4:+} h>"

    def claims(self, text):
        """What an access token says, its times by how long it lives."""
        claims = decoded(text)
        claims["exp"] -= claims["iat"]
        claims["iat"] = "<time>"
        return f"<token {self.text(json.dumps(claims))}>"

    def one(self, match):
        found = match.groupdict()
        if found["token"]:
            return self.claims(found["claims"])
        if found["secret"]:
            return self.number(found["secret"].rpartition("_")[0], found["secret"])
        if found["id"]:
            missing = set(found["id"]) == {"0"}
            return match[0] if missing else self.number(found["prefix"], found["id"])
        if found["request"]:
            return self.number("request", found["request"])
        if found["time"]:
            return self.time(found["time"])
        key = re.sub(r"\d{13,}", "<time>", self.text(json.dumps(decoded(found["cursor"]))))
        return found["mark"].removesuffix(found["cursor"]) + f"<cursor {key}>"

    def text(self, text):
        for value in sorted(self.words, key=len, reverse=True):
            text = text.replace(value, self.words[value])
        text = CLOCKS.sub(lambda found: in_order(found[1]), text)
        text = re.sub(r"(?<=the process )\d+", "<number>", text)
        # A second of a session may have passed.
        text = text.replace('"expires_in":43199', '"expires_in":43200')
        return PATTERN.sub(self.one, text)


def decoded(text):
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def in_order(clocks):
    """The same clocks, those of one instant by their names."""
    parts = json.loads(clocks)
    parts.sort(key=lambda clock: (datetime.fromisoformat(clock["due_at"].replace("Z", "+00:00")), clock["kind"]))
    return json.dumps(parts, separators=(",", ":"))


def now():
    return datetime.now(timezone.utc)
