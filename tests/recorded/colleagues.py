"""What colleagues' tools ask: sessions, queues, claims, notes, priorities, requests, decisions, acts of two."""

import base64
import hmac
import time

import bodies
from calls import Caller

SESSIONS = "/v1/triage/sessions"


def code(secret):
    """The six digits of now (RFC 6238)."""
    digest = hmac.digest(base64.b32decode(secret), int(time.time() // 30).to_bytes(8, "big"), "sha1")
    place = digest[19] & 15
    return f"{(int.from_bytes(digest[place : place + 4], 'big') & 0x7FFFFFFF) % 10**6:06}"


def sign_in(anyone, note):
    """A session for each colleague, by name."""
    told = {one["username"]: one for one in note["staff"]}
    amina = told["amina"]
    for wrong in (
        {"username": "nobody", "password": "x", "code": "000000"},
        {"username": "amina", "password": "x", "code": "000000"},
        {"username": "a\0b", "password": "x", "code": "1"},
        {"username": "amina"},
        {"username": 7, "password": amina["password"], "code": "1"},
        [],
    ):
        anyone.call("POST", SESSIONS, wrong, what="wrong")
    everybody = {}
    for name, one in told.items():
        body = {"username": name, "password": one["password"], "code": code(one["totp_secret"])}
        answer = anyone.call("POST", SESSIONS, body, what=name)
        everybody[name] = Caller(anyone.record, anyone.base, name, answer.json()["access_token"])
        everybody[name].id = answer.json()["staff_id"]
        if name == "amina":
            anyone.call("POST", SESSIONS, body, what="the same code again")
    return everybody


class Case:
    """A case that colleagues work on."""

    def __init__(self, looker, reference):
        found = looker.ask("GET", f"/v1/triage/cases?platform_report_ref={reference}").json()["data"]
        self.id = found[0]["id"]
        self.path = f"/v1/triage/cases/{self.id}"
        self.looker = looker

    def act(self, who, act, body=None, tag=None, what=""):
        return who.post(f"{self.path}/{act}", body, tag=tag, what=what)

    def seen(self, who, act, body, what=""):
        """An act that needs the version that was seen."""
        version = self.looker.ask("GET", f"/v1/triage/cases?limit=100&platform_report_ref={self.reference()}")
        case = next(case for case in version.json()["data"] if case["id"] == self.id)
        return self.act(who, act, body, f'"{case["version"]}"', what)

    def reference(self):
        if not hasattr(self, "known"):
            reports = self.looker.ask("GET", self.path).json()["reports"]
            self.known = reports[0]["platform_report_ref"]
        return self.known

    def take(self, who):
        self.act(who, "claim")
        self.seen(who, "transitions", {"action": "start"})


def looking(everybody):
    """Lists and queues, by each role."""
    for who in everybody.values():
        for path in ("queues", "queues?mode=test", "cases?limit=2", "cases?mode=test&limit=2", "pending", "late-matches?limit=5"):
            who.get(f"/v1/triage/{path}")
    lena = everybody["lena"]
    lena.every_page("/v1/triage/cases?limit=100")
    lena.every_page("/v1/triage/late-matches?limit=100")
    page = lena.ask("GET", "/v1/triage/cases?limit=1").json()["next_cursor"]
    for query in (
        "queue=fraud&limit=3",
        "queue=children&limit=3",
        "state=closed&limit=3",
        "state=awaiting_platform&limit=3",
        "priority=p0&limit=3",
        "assigned_to=nobody&limit=3",
        f"assigned_to={everybody['amina'].id}&limit=3",
        "platform_report_ref=again-1",
        "platform_report_ref=nothing",
        f"cursor={page}&queue=fraud",
        "queue=gossip",
        "state=lost",
        "priority=p9",
        "assigned_to=you",
        "mode=dream",
        "limit=none",
    ):
        lena.get(f"/v1/triage/cases?{query}")
    lena.get("/v1/triage/queues?mode=dream")
    lena.get("/v1/triage/pending?state=approved")
    lena.get("/v1/triage/pending?state=lost")


def claiming(everybody):
    """The most urgent case of each queue, and what each role reads of it."""
    for queue in ("emergency", "children", "stalking_violence", "sexual_harm", "image_abuse", "fraud", "complaints", "other"):
        for name in ("amina", "sam", "audrey"):
            answer = everybody[name].post(f"/v1/triage/queues/{queue}/claim")
            if answer.status != 200:
                continue
            path = f"/v1/triage/cases/{answer.json()['id']}"
            for who in everybody.values():
                who.get(path)
            everybody[name].post(f"{path}/release")
    everybody["amina"].post("/v1/triage/queues/gossip/claim")
    everybody["amina"].post("/v1/triage/queues/other/claim?mode=test")


def working(everybody, spark, trials):
    amina, lena, sam, audrey, adam = (everybody[name] for name in ("amina", "lena", "sam", "audrey", "adam"))
    for number in range(9):
        spark.ask("POST", "/v1/reports", bodies.example(f"work-{number}", subject={"platform_account_ref": f"w-{number}"},
                  reporter={"relation": "self", "platform_account_ref": f"r-{number}"}), key=spark.new_key())
    claims(Case(lena, "work-0"), amina, lena, audrey, adam)
    notes(Case(lena, "work-1"), amina)
    priorities(Case(lena, "work-2"), amina, lena, sam)
    requests(Case(lena, "work-3"), amina, lena)
    endings(lena, amina)
    links(Case(lena, "work-6"), Case(lena, "work-7"), amina)


def claims(case, amina, lena, audrey, adam):
    case.act(amina, "notes", {"text": "Not mine yet."}, what="without a claim")
    for who in (audrey, adam, amina, lena, amina):
        case.act(who, "claim", what="claim")
    key = amina.new_key()
    for body in ({"text": "Read."}, {"text": "Read."}, {"text": "Other."}):
        amina.post(f"{case.path}/notes", body, key=key, what=f"one key: {body['text']}")
    amina.call("POST", f"{case.path}/heartbeat")
    lena.call("POST", f"{case.path}/heartbeat")
    case.act(amina, "transitions", {"action": "start"}, what="without a tag")
    case.act(amina, "transitions", {"action": "start"}, '"999"')
    case.seen(amina, "transitions", {"action": "start"})
    for wrong in ({"action": "start"}, {"action": "close"}, {"action": "hold"}, {"action": "fly"}, {}, {"action": "resume"}):
        case.seen(amina, "transitions", wrong, what=str(wrong))
    case.seen(amina, "transitions", {"action": "hold", "reason": "She sleeps.", "until": "2099-01-01T00:00:00Z"})
    case.seen(amina, "transitions", {"action": "hold", "reason": "She sleeps."})
    case.act(amina, "claim", what="after the hold")
    case.seen(amina, "transitions", {"action": "resume"})
    for who, whom in ((amina, lena.id), (lena, audrey.id), (lena, "stf_" + "0" * 26), (lena, "you"), (lena, amina.id)):
        case.seen(who, "assign", {"staff_id": whom})
    case.act(amina, "release")
    case.act(amina, "release", what="again")
    amina.call("POST", f"{case.path}/heartbeat", what="after the release")
    lena.get(case.path)


def notes(case, amina):
    case.take(amina)
    for body in (
        {"text": ""},
        {"text": "x" * 20_001},
        {"text": "Reached.", "records": "safe_contact"},
        {"text": "Reached.", "records": "gossip"},
        {"text": "Reached.", "records": "safe_contact", "channel_confirmed_safe": True, "check_in_by": "2020-01-01T00:00:00Z"},
        {"text": "Reached.", "records": "safe_contact", "channel_confirmed_safe": True, "channel": "email"},
        {"text": "She came.", "records": "safe_contact", "channel": "incoming"},
        {"text": "Not now.", "records": "standby"},
        {"text": "Not to the police.", "records": "escalation_decision"},
        {"text": "Looked again.", "records": "re_review"},
        {"text": "By the way.", "verdict": "guilty"},
    ):
        case.act(amina, "notes", body, what=str(body)[:70])
    amina.get(case.path)


def priorities(case, amina, lena, sam):
    case.take(amina)
    reason = {"text": "He stands at the door.", "reason_code": "immediate_danger"}
    for wrong in ({"priority": "p9", **reason}, {"priority": "p0"}, {"priority": "p0", **reason, "text": ""}, {}):
        case.seen(amina, "priority", wrong, what=str(wrong)[:40])
    case.seen(amina, "priority", {"priority": "p0", **reason}, what="raised")
    case.seen(amina, "priority", {"priority": "p0", **reason}, what="as it is")
    lower = {"priority": "p2", "reason_code": "safety_confirmed", "text": "She is with her sister."}
    for decide, who in (("refuse", lena), ("approve", lena), ("approve", sam)):
        waits = case.seen(amina, "priority", lower, what="lowered")
        for queue in (amina, lena):
            queue.get("/v1/triage/pending")
        if waits.status != 202:
            continue
        act = waits.json()["pending"]["id"]
        case.act(amina, f"pending/{act}/approve", what="by the same person")
        case.act(who, f"pending/{act}/{decide}")
        case.act(who, f"pending/{act}/{decide}", what="again")
    lena.get("/v1/triage/pending?state=approved")
    lena.get("/v1/triage/pending?state=refused")
    amina.get(case.path)


def requests(case, amina, lena):
    case.take(amina)
    agreed = {"agreement": "survivor", "agreement_record": "In the portal, today."}
    checked = {"single_contact_check": True}
    for body in (
        {},
        {"action": "shout"},
        {"action": "hide_account"},
        {"action": "hide_account", **agreed},
        {"action": "hide_account", "agreement": "survivor", **checked},
        {"action": "preserve_evidence", "details": "x" * 4_001},
        {"action": "preserve_evidence", "due_at": "2020-01-01T00:00:00Z"},
        {"action": "preserve_evidence", "report_id": "rep_" + "0" * 26},
        {"action": "preserve_evidence", "subject_notice": "policy_review", "confidential": True},
        {"action": "preserve_evidence", "details": "The messages too.", "preserve_until": "2029-01-01T00:00:00Z"},
        {"action": "hide_account", **agreed, **checked},
        {"action": "stop_contact", **agreed, **checked, "subject_notice": "none"},
        {"action": "remove_account", **agreed, **checked},
        {"action": "remove_image", **agreed},
        {"action": "restore_evidence", **agreed},
        {"action": "provide_information", **agreed, "details": "When was it made?"},
        {"action": "provide_information", "agreement": "two_person"},
        {"action": "provide_information", "agreement": "two_person", "agreement_record": "A child may be at risk."},
    ):
        answer = case.act(amina, "platform-requests", body, what=str(body)[:70])
    act = answer.json()["pending"]["id"]
    case.act(lena, f"pending/{act}/approve")
    lena.get(case.path)


def endings(lena, amina):
    first, second = Case(lena, "work-4"), Case(lena, "work-5")
    first.take(amina)
    for wrong in ({}, {"outcome": "won", "reason": "x"}, {"outcome": "recorded_only", "reason": ""}, {"outcome": "recorded_only"}):
        first.seen(amina, "decision", wrong, what=str(wrong))
    first.act(amina, "decision", {"outcome": "recorded_only", "reason": "As she wished."}, what="without a tag")
    for outcome in ("platform_acted", "supported_elsewhere", "withdrawn", "unable_to_contact"):
        first.seen(amina, "decision", {"outcome": outcome, "reason": "As it is."}, what=outcome)
        first.act(amina, "notes", {"text": "After the end."})
        first.act(amina, "claim", what="after the end")
        first.seen(amina, "transitions", {"action": "reopen", "reason": "She wrote again."})
        first.act(amina, "claim")
    second.take(amina)
    waits = second.seen(amina, "decision", {"outcome": "unfounded", "reason": "It was another man."})
    act = waits.json()["pending"]["id"]
    second.act(amina, f"pending/{act}/refuse", what="by the same person")
    second.act(lena, f"pending/{act}/approve")
    lena.get(second.path)
    lena.get(first.path)


def links(one, other, amina):
    one.take(amina)
    for id in (one.id, "case_" + "0" * 26, "nonsense", other.id, other.id):
        one.act(amina, "links", {"case_id": id})
    amina.get(one.path)


def signing_out(everybody):
    for who in everybody.values():
        who.call("DELETE", "/v1/triage/sessions/current")
        who.get("/v1/triage/queues")
