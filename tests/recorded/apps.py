"""What the servers of dating apps ask: tokens, reports, requests, events, webhooks."""

import json
import time

import bodies
from calls import FORM, Caller, basic, form

JSON = {"Content-Type": "application/json"}


def tokens(anyone, note):
    """Access tokens, got and refused. A caller for each platform, and one for trials."""
    one, *others = note["platforms"]
    name, secret = one["client_id"], one["client_secret"]
    grant = form(grant_type="client_credentials")
    tries = [
        ("by form", form(grant_type="client_credentials", client_id=name, client_secret=secret), {}),
        ("fewer scopes", form(grant_type="client_credentials", scope="reports:read"), basic(name, secret)),
        ("a scope that is none", form(grant_type="client_credentials", scope="reports:burn"), basic(name, secret)),
        ("another grant", form(grant_type="password"), basic(name, secret)),
        ("no grant", "", basic(name, secret)),
        ("a wrong secret", grant, basic(name, "rcs_live_wrong")),
        ("nobody", grant, basic("plc_nobody", secret)),
        ("no credential", grant, {}),
        ("a credential that cannot be read", grant, {"Authorization": "Basic %%%"}),
        ("the secret twice", form(grant_type="client_credentials", client_id=name, client_secret=secret), basic(name, secret)),
    ]
    for what, body, headers in tries:
        anyone.call("POST", "/oauth/token", body, headers={**FORM, **headers}, what=what)
    anyone.call("POST", "/oauth/token", {"grant_type": "client_credentials"}, what="JSON")
    signed_in = []
    for known in (one, *others, one["test"]):
        what = known.get("slug", "spark's trials")
        credential = basic(known["client_id"], known["client_secret"])
        token = anyone.call("POST", "/oauth/token", grant, headers={**FORM, **credential}, what=what)
        signed_in.append(Caller(anyone.record, anyone.base, what, token.json()["access_token"]))
    narrow = anyone.ask(
        "POST", "/oauth/token", form(grant_type="client_credentials", scope="requests:write"), {**FORM, **basic(name, secret)}
    )
    signed_in.append(Caller(anyone.record, anyone.base, "spark's requests only", narrow.json()["access_token"]))
    return signed_in


def reports(spark, meetly, orbit, trials):
    """The written reports as trials and in real life."""
    homes = {"MTL": meetly, "ORB": orbit}
    for report in bodies.written():
        trials.post("/v1/reports?validate_only=true", report, what=report["platform_report_ref"])
        home = homes.get(report["platform_report_ref"][:3], spark)
        home.post("/v1/reports", report, what=report["platform_report_ref"])
    for number, (pointer, value) in enumerate(bodies.ODD):
        body = bodies.having(f"odd-{number}", pointer, value)
        trials.post("/v1/reports", body, what=pointer)
        spark.post("/v1/reports", body, what=pointer)
    for number, (what, text) in enumerate(bodies.RAW):
        body = text % f"raw-{number}" if text else ""
        for caller in (trials, spark):
            caller.post("/v1/reports", body, headers=JSON, what=what)
    spark.post("/v1/reports", json.dumps(bodies.small("raw-latin")).replace("after", "apr\u00e8s").encode("latin-1"), headers=JSON)
    spark.post("/v1/reports", json.dumps(bodies.small("raw-wide")).encode("utf-16"), headers=JSON)
    spark.post("/v1/reports", json.dumps(bodies.small("raw-text")), headers={"Content-Type": "text/plain"})
    trials.post("/v1/reports", json.dumps(bodies.small("raw-text")), headers={"Content-Type": "text/plain"})
    spark.post("/v1/reports", b"\x1f\x8b", headers={**JSON, "Content-Encoding": "gzip"}, what="packed")
    long_chat = [{"from": "subject", "text": f"{n} " + "x" * 900} for n in range(400)]
    chat = bodies.example("a-long-chat", subject=None, platform_context={"messages": long_chat})
    for caller in (trials, spark):
        caller.post("/v1/reports", chat, what="a long chat")
    spark.post("/v1/reports", b'{"statement": "' + b"x" * 3_000_000 + b'"}', headers=JSON, what="three megabytes")
    repeated(spark)
    batches(spark, trials)


def repeated(spark):
    """Keys and references that are known already."""
    body = bodies.example("again-1")
    key = spark.new_key()
    spark.post("/v1/reports", body, key=key)
    spark.post("/v1/reports", body, key=key, what="the same again")
    spark.post("/v1/reports", bodies.small("again-2"), key=key, what="another body under the key")
    spark.post("/v1/reports", body, what="another key")
    spark.post("/v1/reports", bodies.example("again-1", statement="Something else."), what="another content")
    for key in (None, "", "caf\u00e9", "x" * 256):
        spark.post("/v1/reports", bodies.small("again-3"), key=key, what="a bad key")
    spark.post("/v1/reports?validate_only=true", bodies.small("again-4"))
    spark.post("/v1/reports?validate_only=perhaps", bodies.small("again-4"))


def batches(spark, trials):
    some = [bodies.small("batch-1"), bodies.small("batch-1"), bodies.having("batch-2", "/category", "gossip"), 7]
    key = spark.new_key()
    for caller in (spark, trials):
        caller.post("/v1/reports/batch", {"reports": some}, key=key)
        caller.post("/v1/reports/batch", {"reports": some}, key=key, what="the same again")
    for wrong in ({"reports": []}, {"reports": [bodies.small("b")] * 101}, {"reports": 1}, {}, []):
        spark.post("/v1/reports/batch", wrong, what=f"wrong: {str(wrong)[:30]}")
    spark.post("/v1/reports/batch", '{"reports": [', headers=JSON)


def reading(spark, meetly, trials):
    spark.get("/v1/status")
    trials.get("/v1/status")
    spark.get("/v1/categories")
    spark.every_page("/v1/reports?limit=100")
    page = spark.get("/v1/reports?limit=1").json()
    for query in ("limit=0", "limit=5000", "limit=-1", "limit=many", "limits=5", "limit=5&limit=6", "cursor=abc", "cursor=%00"):
        spark.get(f"/v1/reports?{query}")
    spark.get(f"/v1/requests?cursor={page['next_cursor']}", what="the cursor of another list")
    spark.get("/v1/reports?platform_report_ref=again-1")
    spark.get("/v1/reports?platform_report_ref=nobody")
    id = spark.ask("GET", "/v1/reports?platform_report_ref=again-1").json()["data"][0]["id"]
    one = f"/v1/reports/{id}"
    tag = spark.get(one).tag()
    for known in (tag, f"W/{tag}", f'"other", {tag}', '"other"', "*", tag.replace('"', "")):
        spark.get(one, headers={"If-None-Match": known}, what="If-None-Match")
    meetly.get(one)
    trials.get(one)
    more = {"statement": "He was there again today.", "answers": {"not_safe_now": "yes"}}
    key = spark.new_key()
    spark.post(f"{one}/additions", more, key=key)
    spark.post(f"{one}/additions", more, key=key, what="the same again")
    spark.post(f"{one}/additions", {"identifiers": [{"type": "phone", "value": "+447700900303"}]}, tag='"0"')
    spark.post(f"{one}/additions", {"identifiers": [{"type": "phone", "value": "+447700900303"}]}, tag=spark.ask("GET", one).tag())
    for wrong in ({}, {"statement": ""}, {"answers": 7}, {"verdict": "guilty"}):
        spark.post(f"{one}/additions", wrong, what=str(wrong))
    meetly.post(f"{one}/additions", more)
    spark.post(f"{one}/withdrawal")
    spark.post(f"{one}/withdrawal", what="again")
    meetly.post(f"{one}/withdrawal")
    spark.get(one)


def until(what, name):
    """Waits for what the service does by itself."""
    deadline = time.monotonic() + 120
    while not what():
        if time.monotonic() > deadline:
            raise SystemExit(f"{name}: nothing came of it")
        time.sleep(0.1)


def deliver(spark):
    pending = "/v1/events?delivery=pending&limit=1"
    until(lambda: not spark.ask("GET", pending).json()["data"], "what is owed to spark")


def events(spark, meetly):
    spark.every_page("/v1/events?limit=100")
    entries = spark.ask("GET", "/v1/events?limit=3").json()["data"]
    first = entries[0]["id"]
    spark.get(f"/v1/events?limit=2&after={first}")
    for query in (
        "after=evt_1",
        f"after=evt_{'0' * 26}",
        "type=report.closed&limit=2",
        "type=report.read",
        "delivery=delivered&limit=1",
        "delivery=failed",
        "delivery=lost",
        "since=2020-01-01T00:00:00Z&limit=1",
        "until=2020-01-01T00:00:00Z",
        "since=yesterday",
        "since=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z",
        "report_id=rep_1",
    ):
        spark.get(f"/v1/events?{query}")
    one = next(entry for entry in spark.ask("GET", "/v1/events?limit=100").json()["data"] if entry["data"].get("report_id"))
    spark.get(f"/v1/events?report_id={one['data']['report_id']}")
    spark.get(f"/v1/events/{one['id']}")
    meetly.get(f"/v1/events/{one['id']}")
    spark.post(f"/v1/events/{one['id']}/replay")
    meetly.post(f"/v1/events/{one['id']}/replay")
    replay = "/v1/events/replay"
    key = spark.new_key()
    spark.post(replay, {"failed": True}, key=key)
    spark.post(replay, {"failed": True}, key=key, what="the same again")
    spark.post(replay, {"since": "2020-01-01T00:00:00Z", "until": "2020-01-02T00:00:00Z", "types": ["report.closed"]})
    for wrong in ({}, {"failed": False}, {"failed": True, "since": "2020-01-01T00:00:00Z"}, {"since": "now"}, {"types": ["x"]}):
        spark.post(replay, wrong, what=str(wrong))


def webhooks(spark, trials, window):
    """Endpoints of trials lead nowhere and are removed before anything is tried twice."""
    path = "/v1/webhook-endpoints"
    spark.get(path)
    for url in (
        "http://hooks.spark-dating.com/recourse",
        "https://hooks.spark-dating.com:444/",
        "https://user:word@hooks.spark-dating.com/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://10.0.0.1/",
        "https://localhost/",
        "https://hooks",
        "ftp://hooks.spark-dating.com/",
        "hooks",
        "https://hooks.spark-dating.com/#part",
        "https://hooks.spark-dating.com/" + "x" * 2_048,
    ):
        spark.post(path, {"url": url}, what=url[:60])
    for wrong in ({}, {"url": 7}, {"url": f"http://{window}/hooks/spark", "types": ["report.read"]}, {"link": "x"}):
        spark.post(path, wrong, what="wrong")
    made = spark.post(path, {"url": f"http://{window}/hooks/nobody", "types": ["webhook.test"]}).json()
    one = f"{path}/{made['id']}"
    until(lambda: spark.ask("GET", one).json()["failing_since"], "the first call to an app that is none")
    tag = spark.get(one).tag()
    trials.get(one)
    spark.post(f"{one}/rotate", {"overlap_hours": 1}, what="without a tag")
    spark.post(f"{one}/rotate", {"overlap_hours": 1}, tag='"0"')
    spark.post(f"{one}/rotate", {"overlap_hours": 169}, tag=tag)
    spark.post(f"{one}/rotate", {"overlap_hours": 1}, tag=tag)
    spark.post(f"{one}/test")
    spark.post(f"{one}/enable")
    spark.call("DELETE", one)
    spark.call("DELETE", one, tag=tag)
    trials.call("DELETE", one, tag=tag)
    spark.call("DELETE", one, tag=spark.ask("GET", one).tag())
    spark.get(one)
    for number in range(10):
        trials.post(path, {"url": f"https://hooks{number}.invalid/"}, what=f"the endpoint number {number + 1}")
    trials.post(path, {"url": "https://hooks10.invalid/"}, what="one too many")
    for made in trials.ask("GET", path).json()["data"]:
        here = f"{path}/{made['id']}"
        trials.call("DELETE", here, tag=trials.ask("GET", here).tag())


def answers(spark, meetly):
    """What the platform says to what it is asked: each request in another way."""
    spark.every_page("/v1/requests?limit=100")
    for state in ("open", "acknowledged", "done", "overdue", "wished"):
        spark.get(f"/v1/requests?state={state}&limit=5")
    asked = spark.ask("GET", "/v1/requests?state=open&limit=100").json()["data"]
    if len(asked) < 4:
        raise SystemExit(f"only {len(asked)} requests are open")
    first = f"/v1/requests/{asked[0]['id']}"
    tag = spark.get(first).tag()
    spark.get(first, headers={"If-None-Match": tag}, what="as known")
    meetly.get(first)
    for wrong in (
        {},
        {"state": "gone"},
        {"state": "declined"},
        {"state": "declined", "reason_code": "not_intimate_image"},
        {"state": "done", "taken_at": "2099-01-01T00:00:00Z"},
        {"state": "done", "note": "x" * 4_001},
        {"state": "done", "verdict": "guilty"},
    ):
        spark.post(f"{first}/response", wrong, what=str(wrong)[:60])
    meetly.post(f"{first}/response", {"state": "done"})
    spark.post(f"{first}/response", {"state": "done"}, tag='"0"')
    ways = (
        [{"state": "acknowledged"}, {"state": "acknowledged"}, {"state": "done", "subject_notified": False}, {"state": "declined"}],
        [{"state": "partly_done", "note": "The half of it."}, {"state": "done", "taken_at": "2026-11-01T10:00:00Z"}],
        [{"state": "declined", "reason_code": "policy_not_broken"}, {"state": "done"}],
        [{"state": "done", "note": "Kept."}],
    )
    for number, request in enumerate(asked):
        for answer in ways[number % len(ways)]:
            spark.post(f"/v1/requests/{request['id']}/response", answer, what=str(answer))
        spark.get(f"/v1/requests/{request['id']}")
