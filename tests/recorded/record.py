"""Records what a binary of the service answers to everything that can be asked of it, and compares two of them.

    record.py compare BEFORE AFTER [--keep FOLDER]   records both on one demo; fails and shows where they differ
    record.py world BINARY FOLDER                    makes a demo, to be recorded on
    record.py run BINARY WORLD FILE                  records a binary on a copy of that demo
"""

import argparse
import difflib
import sys
import tempfile
import time
from pathlib import Path

import apps
import colleagues
import public
import stored
import terminal
from calls import FORM, Caller, Record
from plain import Plain, now
from service import Service, copy_of, make_world, settle

# How many lines of difference are shown.
SHOWN = 200


def filled(binary, place):
    """What the binary makes of a fresh folder. One report: more are posted side by side, in any order."""
    plain = Plain(now())
    service = make_world(binary, place, reports=1)
    files = sorted(str(path.relative_to(place)) for path in service.data.rglob("*"))
    return [*files, *plain.text(service.command("check", "--data", "data")[1]).splitlines()]


def run(binary, world, file):
    """Records a binary on a copy of the world."""
    begin = now()
    with tempfile.TemporaryDirectory() as place, tempfile.TemporaryDirectory() as empty, open(file, "w") as out:
        record = Record(out, Plain(begin))
        copy_of(world, place)
        service = Service(binary, place)
        known(record.plain, service)
        terminal.before(record, Service(binary, empty))
        try:
            serve(record, service)
        finally:
            if service.process:
                service.stop()
        throttled(record, Service(binary, place, limit=1))
        after(record, service)


def known(plain, service):
    """Names for what the world and the run drew."""
    note = service.note()
    plain.call(service.base, "<base>")
    plain.call(f"127.0.0.1:{service.port}", "<address>")
    plain.call(service.place, "<place>")
    plain.call(note["window"], "<window>")


def serve(record, service):
    service.start()
    record.plain.call(service.metrics(), "<metrics>")
    record.heading("What the demo says")
    record.write(record.plain.text(service.said))
    note = service.note()
    anyone = Caller(record, service.base, "anyone")
    record.heading("Anybody")
    public.wait(anyone)
    public.walk(anyone)
    record.heading("Dating apps")
    spark, meetly, orbit, trials, narrow = apps.tokens(anyone, note)
    everybody = colleagues.sign_in(anyone, note)
    apps.reports(spark, meetly, orbit, trials)
    apps.reading(spark, meetly, trials)
    settle()
    apps.deliver(spark)
    apps.events(spark, meetly)
    apps.webhooks(spark, trials, note["window"])
    record.heading("Colleagues")
    colleagues.looking(everybody)
    colleagues.working(everybody, spark, trials)
    colleagues.claiming(everybody)
    record.heading("What is asked of dating apps")
    apps.answers(spark, meetly)
    settle()
    apps.deliver(spark)
    apps.events(spark, meetly)
    colleagues.looking(everybody)
    record.heading("Doors")
    nobody = Caller(record, service.base, "a made-up token", "nonsense")
    public.doors(anyone, [anyone, nobody, spark, trials, narrow, *everybody.values()])
    record.heading("Beside the service")
    terminal.looks(record, service)
    metrics = Caller(record, f"http://{service.metrics()}", "operator")
    answer = metrics.ask("GET", "/metrics")
    del answer.headers["content-length"]
    answer.body = public.metric_names(answer.body.decode()).encode()
    record.answer("metrics", answer)
    colleagues.signing_out(everybody)
    every_operation(record, anyone)
    record.write(f"\nstopped: {service.stop()}")


def every_operation(record, anyone):
    """Nothing that the document names was left out."""
    for method, path, operation in public.operations(anyone):
        parts = path.split("/")
        succeeded = [
            status
            for asked, at, status in record.done
            if asked == method
            and status < 300
            and len(at.split("/")) == len(parts)
            and all(a == b or b.startswith("{") for a, b in zip(at.split("/"), parts))
        ]
        if not succeeded:
            raise SystemExit(f"{method} {path} never succeeded: mend the recorded run")


def throttled(record, service):
    """One call a second, and then the next."""
    record.heading("Limits")
    record.plain.call(service.base, "<base>")
    service.start()
    record.plain.call(service.metrics(), "<metrics>")
    anyone = Caller(record, service.base, "anyone")
    try:
        public.wait(anyone)
        for method, path, headers in (
            ("POST", "/oauth/token", FORM),
            ("GET", "/healthz", {}),
            ("GET", "/openapi.json", {}),
            ("GET", "/v1/status", {"Authorization": "Bearer nonsense"}),
            ("GET", "/transparency", {}),
        ):
            answer = anyone.ask(method, path, headers=headers)
            deadline = time.monotonic() + 10
            while answer.status != 429 and time.monotonic() < deadline:
                answer = anyone.ask(method, path, headers=headers)
            record.answer(f"anyone too often: {method} {path}", answer)
    finally:
        service.stop()


def after(record, service):
    record.heading("Without the service")
    terminal.editions(record, service)
    terminal.administers(record, service)
    terminal.looks(record, service)
    stored.write(record, service)
    record.command(service, "migrate", "down", "--lose-all-data", "--data", "data")
    record.command(service, "migrate", "up", "--data", "data")


def compare(before, after, keep):
    """Whether both answer alike, on the demo of the first, and make the same of a fresh folder."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(keep or folder)
        place.mkdir(parents=True, exist_ok=True)
        world = Path(folder) / "world"
        make_world(before, world)
        made = [filled(binary, Path(folder) / name) for name, binary in (("one", before), ("other", after))]
        texts = []
        for name, binary, said in zip(("before", "after"), (before, after), made):
            file = place / f"{name}.txt"
            run(binary, world, file)
            texts.append([*said, *file.read_text().splitlines()])
    difference = list(difflib.unified_diff(*texts, "before", "after", lineterm="", n=8))
    print("\n".join(difference[:SHOWN]))
    print(f"{len(texts[0])} lines, {'no difference' if not difference else 'and they differ'}", file=sys.stderr)
    return 1 if difference else 0


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = arguments.add_subparsers(dest="command", required=True)
    one = commands.add_parser("compare")
    one.add_argument("before")
    one.add_argument("after")
    one.add_argument("--keep", help="a folder for the two records")
    one = commands.add_parser("world")
    one.add_argument("binary")
    one.add_argument("folder")
    one = commands.add_parser("run")
    one.add_argument("binary")
    one.add_argument("world")
    one.add_argument("file")
    given = arguments.parse_args()
    if given.command == "compare":
        return compare(given.before, given.after, given.keep)
    if given.command == "world":
        make_world(given.binary, given.folder)
    else:
        run(given.binary, given.world, given.file)
    return 0


if __name__ == "__main__":
    sys.exit(main())
