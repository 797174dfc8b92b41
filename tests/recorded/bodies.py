"""Reports: those of the demo under other references, and such as depart from the contract in every way that is known."""

import copy
import json
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = json.loads((ROOT / "src/web/examples/report.json").read_text())
LINES = (ROOT / "tests/data/reports.jsonl").read_text().splitlines()
OTHERS = {
    "phone": "+4477009001{:02}",
    "email": "recorded{}@mail.example.net",
    "handle": "recorded_{}_example",
    "profile_url": "https://orbit.example.com/p/9{:04}",
    "device": "tag, serial ends R{}",
    "payment": "wallet name RECORDED-{}",
}


def small(reference):
    return {
        "platform_report_ref": reference,
        "category": "harassment",
        "reporter": {"relation": "self"},
        "statement": "He keeps writing to me after I said no.",
    }


def written():
    """The written reports of the triage tests, of other people: each opens a case of its own, and meets no other. What a
    job raises stands in lists by ids that are drawn, wherever two are raised at once."""
    for number, line in enumerate(LINES):
        report = json.loads(line)["report"]
        report["platform_report_ref"] += "-recorded"
        for person in ("reporter", "subject"):
            if "platform_account_ref" in (report.get(person) or {}):
                report[person]["platform_account_ref"] += "-recorded"
        for identifier in (report.get("subject") or {}).get("identifiers", []):
            identifier["value"] = OTHERS[identifier["type"]].format(number)
        yield report


def example(reference, **changes):
    return {**copy.deepcopy(EXAMPLE), "platform_report_ref": reference, **changes}


def having(reference, pointer, value):
    """The smallest report with one member set."""
    body = small(reference)
    *parents, last = pointer.strip("/").split("/")
    place = body
    for name in parents:
        place = place.setdefault(name, {})
    place[last] = value
    return body


# What test mode refuses, and real life takes with the most careful meaning.
ODD = [
    ("/answers", None),
    ("/answers", []),
    ("/answers", {"repeated": "perhaps", "not_safe_now": True, "strangulation": "YES", "no_such_key": "yes"}),
    ("/answers/not_safe_now", "ja"),
    ("/other_categories", ["hate"] * 11),
    ("/other_categories", ["gossip"]),
    ("/category", "gossip"),
    ("/category", None),
    ("/reporter/relation", "friend"),
    ("/reporter/country", "UK"),
    ("/reporter/country", "ZZ"),
    ("/reporter/region", "Sussex"),
    ("/reporter/locale", "en_GB"),
    ("/reporter/age_band", "17"),
    ("/reporter/platform_account_ref", 5512),
    ("/reporter/nickname", "J"),
    ("/reporter/is_minor", True),
    ("/occurred", {"from": "last week"}),
    ("/occurred", {"from": "2026-11-20", "to": "2026-11-02"}),
    ("/reported_at", 1_763_751_840),
    ("/statement", "x" * 20_001),
    ("/statement", ["He is", "outside."]),
    ("/statement", ""),
    ("/statement", 7),
    ("/verdict", "guilty"),
    ("/severity", "high"),
    ("/urgent", True),
    ("/subject", "J"),
    ("/subject/display_name", "x" * 201),
    ("/subject/identifiers", [{"type": "mobile", "value": "07700 900301"}]),
    ("/subject/identifiers", [{"type": "phone", "value": "not after six"}]),
    ("/subject/identifiers", [{"type": "handle", "value": "x" * 501}]),
    ("/platform_context/messages", [{"from": "subject", "text": "x" * 8_001}]),
    ("/platform_context/messages", [{"from": "him", "text": "hello"}]),
    ("/contact", {"may_contact": "maybe", "channels": [{"type": "pigeon"}], "no_sms": True}),
    ("/contact", {"source": "said_now", "may_contact": True, "channels": [{"type": "phone", "value": "+447700900302"}]}),
    ("/contact", "never"),
    ("/intimate_image", {"depicts_reporter": True}),
    ("/intimate_image", "yes"),
    ("/desired_outcome", "revenge"),
    ("/attachments", [{"name": "proof.png", "data": "AAAA"}]),
    ("/survivor", {"relation": "friend", "age_band": "under_18"}),
]

# Texts instead of bodies: what can be read for what it is meant to be, and what cannot.
RAW = [
    ("a comma too many", '{"platform_report_ref": "%s", "category": "harassment", "reporter": {"relation": "self"}, "statement": "He came.",}'),
    ("a comment", '{"platform_report_ref": "%s", /* why */ "category": "harassment", "reporter": {"relation": "self"}, "statement": "He came."}'),
    ("an object around it", '{"report": {"platform_report_ref": "%s", "category": "harassment", "reporter": {"relation": "self"}, "statement": "He came."}}'),
    ("a number that is none", '{"platform_report_ref": "%s", "category": "harassment", "reporter": {"relation": "self"}, "statement": "He came.", "answers": {"repeated": NaN}}'),
    ("a wrong escape", '{"platform_report_ref": "%s", "category": "harassment", "reporter": {"relation": "self"}, "statement": "He came\\. Twice\\x."}'),
    ("a member twice", '{"platform_report_ref": "%s", "category": "harassment", "reporter": {"relation": "self"}, "statement": "He came.", "answers": {"repeated": "no", "repeated": "yes"}}'),
    ("broken off", '{"platform_report_ref": "%s", "category": "harass'),
    ("a list", '[{"platform_report_ref": "%s"}]'),
    ("no JSON", "Hello, %s"),
    ("nothing", ""),
]
