"""What is read and typed at the operator's terminal."""

import json
import re

SHIFT = ("--from", "2027-01-01T18:00:00Z", "--until", "2027-01-02T06:00:00Z")


def helps(record, service, *command):
    """The help of a command and of all below it."""
    text = record.command(service, *command, "--help")
    listed = text.partition("Commands:\n")[2].partition("\n\n")[0]
    for name in re.findall(r"^  ([a-z]+)", listed, re.M):
        if name != "help":
            helps(record, service, *command, name)


def before(record, service):
    """Where nothing stands yet."""
    helps(record, service)
    for arguments in (
        ("--version",),
        ("openapi",),
        ("admin", "roles"),
        ("admin", "roles", "--json"),
        ("check",),
        ("migrate", "status"),
        ("admin", "platform", "list"),
        ("edition", "list"),
        ("work",),
        ("serve", "--no-jobs", "--listen", "127.0.0.1:0"),
        ("dance",),
        ("demo", "--reports", "0"),
        ("check", "--data", "/dev/null"),
        ("check", "--config", "missing.toml"),
    ):
        record.command(service, *arguments)
    for name, value in (
        ("RECOURSE_LIMITS__INGEST", "many"),
        ("RECOURSE_LIMITS__INGEST", "0"),
        ("RECOURSE_LIMITS__INGESTION", "5"),
        ("RECOURSE_LIMIT", "5"),
        ("RECOURSE_LISTEN", "here"),
        ("RECOURSE_LISTEN", "127.0.0.1:0"),
        ("RECOURSE_LOG_FORMAT", "xml"),
        ("RECOURSE_OUTBOUND__ALLOW", "localhost:9000"),
        ("RECOURSE_OUTBOUND__ALLOW", '["localhost:9000"]'),
        ("RECOURSE_MAIL__URL", "secret-word"),
        ("RECOURSE_MAIL", "secret-word"),
        ("RECOURSE_DATABASE_URL", "mysql://secret-word"),
        ("RECOURSE_DATABASE_URL", "17"),
        ("RECOURSE_BASE_URL", "https://example.org/"),
        ("RECOURSE_BASE_URL", "true"),
        ("RECOURSE_WORKERS", "0"),
        ("RECOURSE_WORKERS", "-1"),
        ("RECOURSE_WORKERS", "1.5"),
        ("RECOURSE_RULES_FILE", "7"),
        ("RECOURSE_SQLITE_READERS", "\"4\""),
    ):
        record.write(f"\n{name}={value}")
        record.command(service, "migrate", "status", environment={name: value})
    files(record, service)


def files(record, service):
    """Settings files, good and bad."""
    place = service.place / "some.toml"
    for text in (
        "",
        "\ufefflog_format = \"json\"\n",
        "log_format = 7\n",
        "workers = \"two\"\nsqlite_readers = -1\n",
        "[limits]\ningest = 5\nlisten = 3\n",
        "[limits]\ningset = 5\n",
        "limits = 5\n",
        "listen = \"127.0.0.1:1\"\nlisten = \"127.0.0.1:2\"\n",
        "base_url = \"https://example.org\n",
        "base_url = 2026-11-27\n",
        "[outbound]\nallow = [\"localhost:9000\", 7]\n",
        "[mail]\nurl = [\"secret-word\"]\n",
        "data = \"elsewhere\"\n",
        "workers = 99999999999999999999\n",
        "workers = 1.5\n",
    ):
        place.write_text(text)
        record.write(f"\nsome.toml: {text!r}")
        record.command(service, "migrate", "status", "--config", "some.toml")
    place.unlink()


def looks(record, service):
    """What can be looked at, beside a service and without one."""
    for arguments in (
        ("check",),
        ("check", "--json"),
        ("migrate", "status"),
        ("migrate", "down"),
        ("admin", "platform", "list"),
        ("admin", "webhook", "list"),
        ("admin", "webhook", "list", "--platform", "spark", "--json"),
        ("admin", "webhook", "list", "--platform", "nobody"),
        ("admin", "staff", "list"),
        ("admin", "staff", "list", "--json"),
        ("admin", "rota", "list"),
        ("admin", "rota", "list", "--json"),
        ("admin", "outbox", "status"),
        ("admin", "outbox", "status", "--json"),
        ("edition", "list"),
        ("edition", "key"),
    ):
        record.command(service, *arguments, "--data", "data")


def editions(record, service):
    """Published editions hold, and are made again byte for byte from what an auditor is given."""
    key = service.command("edition", "key", "--data", "data")[1].split()[-1]
    record.command(service, "edition", "verify", "data/editions", "--key", key)
    record.command(service, "edition", "verify", "data/editions", "--key", "0" * 64)
    for bundle in sorted((service.data / "auditor").iterdir()):
        published = f"data/editions/{bundle.stem}"
        record.command(service, "edition", "rebuild", f"data/auditor/{bundle.name}", "--compare", published)
    newest = sorted((service.data / "editions").iterdir())[-2].name
    for arguments in (("build", newest), ("publish", newest), ("publish", "1999-q1"), ("build", "soon"), ("commit",)):
        record.command(service, "edition", *arguments, "--data", "data")
    record.command(service, "edition", "replace", newest, "--reason", "A fault of the method.", "--data", "data")


def administers(record, service):
    def admin(*arguments, said=""):
        return record.command(service, "admin", *arguments, "--data", "data", said=said)

    admin("platform", "add", "newcomer", "Newcomer")
    admin("platform", "add", "newcomer", "Newcomer")
    admin("platform", "add", "Bad Slug", "Newcomer")
    made = admin("client", "add", "newcomer", "--mode", "test", "--scopes", "reports:write")
    client = re.search(r"plc_[0-9a-z]{26}", made)[0]
    record.plain.number("plc", client.removeprefix("plc_"))
    admin("client", "add", "nobody")
    admin("client", "add", "newcomer", "--scopes", "reports:burn")
    admin("client", "scopes", client, "reports:read,requests:write")
    for act in ("rotate", "revoke", "rotate"):
        admin("client", act, client)
    admin("client", "revoke", "nonsense")
    for role in ("lead", "queen"):
        masked(record, service, "admin", "staff", "add", "rosa", "--role", role, "--data", "data")
    masked(record, service, "admin", "staff", "add", "rosa", "--role", "lead", "--data", "data")
    masked(record, service, "admin", "staff", "reset", "rosa", "--data", "data")
    admin("staff", "role", "rosa", "advocate")
    admin("staff", "role", "rosa", "queen")
    admin("staff", "queues", "rosa", "fraud,other")
    admin("staff", "queues", "rosa", "gossip")
    admin("staff", "declare", "rosa", "--kind", "phone", said="+447700900123\n")
    admin("staff", "declare", "rosa", "--kind", "phone", said="07700\n")
    admin("staff", "declare", "rosa", "--kind", "account", said="spark u_9020\n")
    admin("staff", "declare", "rosa", "--kind", "shoe", said="42\n")
    admin("rota", "mail", "rosa", said="rosa@staff.example\n")
    admin("rota", "mail", "rosa", said="nonsense\n")
    admin("rota", "add", "rosa", *SHIFT)
    admin("rota", "add", "nobody", *SHIFT)
    admin("rota", "add", "rosa", "--from", "soon", "--until", "later")
    (service.place / "rota.csv").write_text("# a week\nrosa,2027-01-03T18:00:00Z,2027-01-04T06:00:00Z\n")
    admin("rota", "load", "rota.csv")
    admin("rota", "load", "rota.csv")
    (service.place / "rota.csv").write_text("rosa,soon,later\nnobody\n")
    admin("rota", "load", "rota.csv")
    shifts = json.loads(service.command("admin", "rota", "list", "--json", "--data", "data")[1])
    first = next(value for value in re.findall(r"\b[a-z]+_[0-9a-z]{26}\b", json.dumps(shifts)))
    admin("rota", "remove", first)
    admin("rota", "remove", first)
    endpoints = service.command("admin", "webhook", "list", "--data", "data")[1]
    admin("webhook", "disable", re.search(r"whe_[0-9a-z]{26}", endpoints)[0])
    admin("staff", "close", "rosa")
    admin("staff", "close", "rosa")
    admin("outbox", "replay")


def masked(record, service, *arguments):
    """A command that prints a password and a second factor, which no form gives away."""
    code, said, remarked = service.command(*arguments)
    said = re.sub(r"(?m)^((?:password|totp secret):\s+)\S+", r"\1<secret>", said)
    said = re.sub(r"secret=[A-Z2-7]+", "secret=<secret>", said)
    record.write(f"\n$ recourse {' '.join(arguments)}\n-> {code}\n{record.plain.text(said)}{record.plain.text(remarked)}")
