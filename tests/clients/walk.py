"""A platform's server and an advocate's tool, written with what openapi-python-client makes of the API document."""

import itertools
import json
import os

from recourse_client import AuthenticatedClient, Client
from recourse_client.api.platform import (
    add_to_report,
    answer_request,
    ask_withdrawal,
    create_webhook_endpoint,
    delete_webhook_endpoint,
    get_event,
    get_report,
    get_request,
    get_status,
    get_webhook_endpoint,
    issue_token,
    list_categories,
    list_events,
    list_reports,
    list_requests,
    list_webhook_endpoints,
    rotate_webhook_endpoint,
    submit_report,
    submit_reports,
    test_webhook_endpoint,
)
from recourse_client.api.triage import (
    ask_platform,
    claim_case,
    decide_case,
    get_case,
    list_cases,
    list_queues,
    move_case,
    sign_in,
    sign_out,
    write_note,
)
from recourse_client import models as m

told = json.loads(os.environ.get("TOLD", "{}"))
numbers = itertools.count()


def key():
    return f"walk-{told['client']}-{next(numbers)}"


def must(answer, kind):
    """The value, which must be of this kind."""
    assert isinstance(answer.parsed, kind), (answer.status_code, answer.content, answer.parsed)
    return answer.parsed


def refused(answer, status):
    """The code of the problem that must have been answered."""
    assert answer.status_code == status, (answer.status_code, answer.content)
    return must(answer, m.Problem).code


def strict(base, token=None):
    """A client that refuses a status which the document does not know."""
    if token is None:
        return Client(base_url=base, raise_on_unexpected_status=True)
    return AuthenticatedClient(base_url=base, token=token, raise_on_unexpected_status=True)


def platform():
    form = m.TokenForm(grant_type="client_credentials", client_id=told["client"], client_secret=told["secret"])
    token = must(issue_token.sync_detailed(client=strict(told["base"]), body=form), m.TokenAnswer)
    return strict(told["base"], token.access_token)


def advocate():
    body = m.SignIn(username=told["username"], password=told["password"], code=told["code"])
    session = must(sign_in.sync_detailed(client=strict(told["base"]), body=body), m.Session)
    assert session.role == m.Role.ADVOCATE
    return strict(told["base"], session.access_token)


def report_body(reference, statement):
    answers = m.Answers()
    answers["repeated"] = m.Answer.YES
    answers["not_safe_now"] = m.Answer.NO
    return m.ReportBody(
        platform_report_ref=reference,
        category="stalking_offline",
        reporter=m.Reporter(relation=m.Relation.SELF, country="GB", country_source=m.Source.SAID_NOW),
        subject=m.SubjectBody(identifiers=[m.IdentifierBody(type_=m.IdentifierKind.PHONE, value="+447700900123")]),
        statement=statement,
        answers=answers,
        contact=m.ContactBody(may_contact=True, source=m.Source.SAID_NOW, device_shared=m.YesNoUnknown.NO),
    )


def submit(spark, reference):
    status = must(get_status.sync_detailed(client=spark), m.Credential)
    assert status.mode == m.Mode.LIVE and m.Scope.REPORTSWRITE in status.scopes and status.platform.slug == "spark"
    words = must(list_categories.sync_detailed(client=spark), m.Categories)
    assert "stalking_offline" in [one.code for one in words.categories]
    assert all(one.question for one in words.answer_keys)
    body = report_body(reference, "He waits outside my office. I never told him where I work.")
    trial = submit_report.sync_detailed(client=spark, body=body, validate_only=True, idempotency_key=key())
    assert must(trial, m.Validity).valid
    once = key()
    answer = submit_report.sync_detailed(client=spark, body=body, idempotency_key=once)
    receipt = must(answer, m.Receipt)
    assert answer.status_code == 201 and receipt.acknowledgement.emergency[0].number == "999"
    again = submit_report.sync_detailed(client=spark, body=body, idempotency_key=once)
    assert again.headers["Idempotency-Replayed"] == "true" and again.content == answer.content
    known = submit_report.sync_detailed(client=spark, body=body, idempotency_key=key())
    assert known.status_code == 200 and must(known, m.Receipt).id == receipt.id
    other = report_body(reference, "Something else.")
    taken = submit_report.sync_detailed(client=spark, body=other, idempotency_key=key())
    assert refused(taken, 409) == "duplicate_reference"
    batch = m.BatchBody(reports=[body, other])
    results = must(submit_reports.sync_detailed(client=spark, body=batch, idempotency_key=key()), m.BatchAnswer).results
    assert [one.status for one in results] == [200, 409] and results[1].problem.code == "duplicate_reference"
    return receipt.id


def read(spark, id):
    report = must(get_report.sync_detailed(id, client=spark), m.ReportView)
    assert report.status == m.ReportStatus.RECEIVED and not report.outcome
    page = must(list_reports.sync_detailed(client=spark, limit=1), m.ReportList)
    assert page.data[0].id == id and page.has_more == bool(page.next_cursor)
    addition = m.AdditionBody(statement="He was there again today.")
    must(add_to_report.sync_detailed(id, client=spark, body=addition, idempotency_key=key()), m.AdditionReceipt)
    events = must(list_events.sync_detailed(client=spark, report_id=id), m.EventList)
    assert events.data[0].type_ == "report.received" and events.data[0].data.report_id == id
    must(get_event.sync_detailed(events.data[0].id, client=spark), m.EventDetails)


def problems(spark):
    assert refused(get_report.sync_detailed("rep_" + "0" * 26, client=spark), 404) == "not_found"
    wrong = m.ReportBody(
        platform_report_ref="", category="harassment", reporter=m.Reporter(relation=m.Relation.SELF), statement=""
    )
    answer = submit_report.sync_detailed(client=spark, body=wrong, idempotency_key=key())
    assert refused(answer, 422) == "validation_failed"
    assert "/statement" in [one.pointer for one in answer.parsed.errors]
    assert refused(get_status.sync_detailed(client=strict(told["base"])), 401) == "credential_missing"


def hooks(spark):
    body = m.EndpointBody(url=told["hook"], types=[m.EventType.REPORT_RECEIVED])
    made = must(create_webhook_endpoint.sync_detailed(client=spark, body=body, idempotency_key=key()), m.NewEndpointView)
    assert made.secret.startswith("whsec_") and made.public_key.startswith("whpk_")
    tag = get_webhook_endpoint.sync_detailed(made.id, client=spark).headers["ETag"]
    rotate = m.RotateBody(overlap_hours=1)
    turned = rotate_webhook_endpoint.sync_detailed(
        made.id, client=spark, body=rotate, idempotency_key=key(), if_match=tag
    )
    assert must(turned, m.NewEndpointView).secret != made.secret and len(turned.parsed.public_keys) == 2
    stale = delete_webhook_endpoint.sync_detailed(made.id, client=spark, if_match=tag)
    assert refused(stale, 412) == "precondition_failed"
    trial = must(test_webhook_endpoint.sync_detailed(made.id, client=spark, idempotency_key=key()), m.TestView)
    must(get_event.sync_detailed(trial.event_id, client=spark), m.EventDetails)
    assert made.id in [one.id for one in must(list_webhook_endpoints.sync_detailed(client=spark), m.EndpointList).data]


def triage(amina, reference):
    assert must(list_queues.sync_detailed(client=amina), m.QueueList).data
    found = must(list_cases.sync_detailed(client=amina, platform_report_ref=reference), m.CaseList)
    id = found.data[0].id
    must(claim_case.sync_detailed(id, client=amina, idempotency_key=key()), m.CaseSummary)
    view = get_case.sync_detailed(id, client=amina)
    words = must(view, m.CaseView).reports[0].content.statement
    assert words == "He waits outside my office. I never told him where I work."
    start = m.TransitionBody(action=m.CaseAction.START)
    tag = view.headers["ETag"]
    must(move_case.sync_detailed(id, client=amina, body=start, idempotency_key=key(), if_match=tag), m.CaseSummary)
    note = m.NewNote(text="Read; evidence is to be kept.")
    must(write_note.sync_detailed(id, client=amina, body=note, idempotency_key=key()), m.NoteView)
    ask = m.NewRequest(action=m.RequestAction.PRESERVE_EVIDENCE)
    asked = must(ask_platform.sync_detailed(id, client=amina, body=ask, idempotency_key=key()), m.CaseSummary)
    assert asked.state == m.CaseState.AWAITING_PLATFORM
    return id


def answer(spark, reference):
    open_ones = must(list_requests.sync_detailed(client=spark, state=m.RequestState.OPEN), m.RequestList).data
    (request,) = [one for one in open_ones if one.platform_report_ref == reference]
    assert request.action == m.RequestAction.PRESERVE_EVIDENCE and request.confidential
    body = m.NewAnswer(state=m.AnswerState.DONE, subject_notified=False)
    done = must(answer_request.sync_detailed(request.id, client=spark, body=body, idempotency_key=key()), m.RequestView)
    assert done.state == m.RequestState.DONE and done.answered_at
    must(get_request.sync_detailed(request.id, client=spark), m.RequestView)


def decide(amina, spark, id, report):
    tag = get_case.sync_detailed(id, client=amina).headers["ETag"]
    body = m.DecisionBody(outcome=m.CaseOutcome.PLATFORM_ACTED, reason="Evidence is kept.")
    closed = decide_case.sync_detailed(id, client=amina, body=body, idempotency_key=key(), if_match=tag)
    assert must(closed, m.CaseSummary).state == m.CaseState.CLOSED
    seen = must(get_report.sync_detailed(report, client=spark), m.ReportView)
    assert seen.status == m.ReportStatus.CLOSED and seen.outcome == m.ReportOutcome.PLATFORM_ACTED
    must(ask_withdrawal.sync_detailed(report, client=spark, idempotency_key=key()), m.WithdrawalAnswer)
    assert sign_out.sync_detailed(client=amina).status_code == 204


def strangers():
    """What is new since this client was made is no end of it."""
    print(refused(get_status.sync_detailed(client=strict(os.environ["PROBLEM"], "a token")), 401))
    log = must(list_events.sync_detailed(client=strict(os.environ["EVENTS"], "a token")), m.EventList)
    print(" ".join(entry.type_ for entry in log.data))


def walk():
    spark = platform()
    reference = f"PY-{told['client']}"
    report = submit(spark, reference)
    read(spark, report)
    problems(spark)
    hooks(spark)
    amina = advocate()
    id = triage(amina, reference)
    answer(spark, reference)
    decide(amina, spark, id, report)
    print("walked")


if "PROBLEM" in os.environ:
    strangers()
else:
    walk()
