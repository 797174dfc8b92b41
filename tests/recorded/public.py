"""What anybody may ask: health, the document, problems, the public pages."""

import re
import time

LINK = re.compile(r"(?:href|src)=\"([^\"#?]*)\"")


def wait(anyone):
    """The published editions are read after the start."""
    deadline = time.monotonic() + 60
    while anyone.ask("GET", "/transparency").status != 302 or anyone.ask("GET", "/readyz").status != 200:
        if time.monotonic() > deadline:
            raise SystemExit("the service does not become ready")
        time.sleep(0.1)


def operations(anyone):
    """Method, path and body kind of each operation of the document."""
    document = anyone.ask("GET", "/openapi.json").json()
    for path, item in document["paths"].items():
        for method in ("get", "post", "put", "patch", "delete"):
            if method in item:
                yield method.upper(), path, item[method]


def walk(anyone):
    for path in ("/healthz", "/readyz", "/openapi.json", "/problems", "/", "/transparency"):
        anyone.get(path)
        anyone.call("HEAD", path)
    anyone.get("/problems", headers={"Accept": "text/html"})
    anyone.get("/openapi.json", headers={"Accept-Encoding": "gzip"})
    anyone.call("HEAD", "/transparency", headers={"Accept-Encoding": "br"})
    for path in ("/v1", "/v1/reports/", "/v2/reports", "/%00", "/transparency/1999-q1", "/transparency/../etc", "/favicon.ico"):
        anyone.get(path)
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "PATCH"):
        for path in ("/healthz", "/oauth/token", "/v1/reports", "/v1/triage/cases", "/transparency"):
            anyone.call(method, path)
    pages(anyone)


def pages(anyone):
    """Every file that the public pages lead to."""
    first = anyone.ask("GET", "/transparency").headers["location"]
    waiting, seen = ["/", first], set()
    while waiting:
        path = waiting.pop(0)
        if path in seen:
            continue
        seen.add(path)
        answer = anyone.get(path)
        if "html" in answer.headers.get("content-type", ""):
            links = LINK.findall(answer.body.decode())
            waiting += [link for link in links if link.startswith("/") and not link.startswith("//")]
    anyone.get(first, headers={"Accept-Encoding": "gzip"})
    etag = anyone.ask("GET", first).tag()
    anyone.get(first, headers={"If-None-Match": etag}, what="as known")


def missing(path):
    """The path with ids of nothing."""
    kind = "rep"
    for begin, prefix in (("/v1/triage", "case"), ("/v1/requests", "req"), ("/v1/events", "evt"), ("/v1/webhook", "whe")):
        if path.startswith(begin):
            kind = prefix
    nothing = "0" * 26
    return path.replace("{id}", f"{kind}_{nothing}").replace("{act}", f"act_{nothing}").replace("{queue}", "fraud")


def doors(anyone, callers):
    """Every operation, by everybody, on something that is not there, and on an id that is none."""
    for method, path, operation in operations(anyone):
        if path in ("/openapi.json", "/problems", "/v1/triage/sessions/current", "/v1/triage/queues/{queue}/claim"):
            continue
        body = {} if "requestBody" in operation else None
        for caller in callers:
            key = None if method == "GET" else caller.new_key()
            caller.call(method, missing(path), body, key=key, tag='"1"')
        if "{id}" in path:
            for caller in callers:
                caller.call(method, missing(path.replace("{id}", "nonsense")), body, key=caller.new_key(), tag='"1"')


def metric_names(text):
    """The metrics without their figures: names, labels, words. Those of pages are there once an alarm has rung, and so not
    at the same place in every run."""
    lines = (re.sub(r"(?<=[ }])[\d.eE+-]+$", "#", line) for line in text.splitlines())
    left_out = re.compile(r"_bucket\{|recourse_(?:alarm_rings|mails|outbox_attempts)")
    return "\n".join(sorted(line for line in lines if not left_out.search(line)))
