// A platform's server and an advocate's tool, written against the types that openapi-typescript makes of the API
// document. The compiler checks that the document fits the calls; the service, that the calls fit it.
import createClient, { type Client } from "openapi-fetch";
import type { components, paths } from "./schema.js";

declare const process: { env: Record<string, string | undefined>; exit(code: number): never };
type Api = Client<paths>;
type Problem = components["schemas"]["Problem"];
type Told = { base: string; client: string; secret: string; username: string; password: string; code: string; hook: string };

const told: Told = JSON.parse(process.env["TOLD"] ?? "{}");
let keys = 0;
const keyed = () => ({ "Idempotency-Key": `walk-${told.client}-${keys++}` });

/** The value, or the end of the walk with what stands against it. */
function must<T>(what: string, answer: { data?: T; error?: unknown; response: Response }): T {
  if (answer.data === undefined) {
    throw new Error(`${what}: ${answer.response.status} ${JSON.stringify(answer.error)}`);
  }
  return answer.data;
}

function check(what: string, holds: boolean): void {
  if (!holds) throw new Error(`not so: ${what}`);
}

/** The code of the problem that must have been answered. */
function refused(answer: { error?: Problem; response: Response }, status: number): string {
  check(`refused with ${status}, was ${answer.response.status}`, answer.response.status === status);
  return answer.error === undefined ? "none" : answer.error.code;
}

async function platform(): Promise<Api> {
  const open = createClient<paths>({ baseUrl: told.base });
  const token = must("token", await open.POST("/oauth/token", {
    body: { grant_type: "client_credentials" },
    headers: {
      Authorization: `Basic ${btoa(`${told.client}:${told.secret}`)}`,
      "Content-Type": "application/x-www-form-urlencoded",
    },
  }));
  return createClient<paths>({ baseUrl: told.base, headers: { Authorization: `Bearer ${token.access_token}` } });
}

async function advocate(): Promise<Api> {
  const open = createClient<paths>({ baseUrl: told.base });
  const { username, password, code } = told;
  const session = must("sign in", await open.POST("/v1/triage/sessions", { body: { username, password, code } }));
  check("the role", session.role === "advocate");
  return createClient<paths>({ baseUrl: told.base, headers: { Authorization: `Bearer ${session.access_token}` } });
}

async function submit(spark: Api, reference: string): Promise<string> {
  const status = must("status", await spark.GET("/v1/status"));
  check("live", status.mode === "live" && status.scopes.includes("reports:write") && status.platform.slug === "spark");
  const words = must("categories", await spark.GET("/v1/categories"));
  const category = words.categories.find((one) => one.code === "stalking_offline");
  check("a question", words.answer_keys.some((one) => one.key === "repeated" && one.question.length > 0));
  const body: components["schemas"]["ReportBody"] = {
    platform_report_ref: reference,
    category: category?.code ?? "not_sure",
    reporter: { relation: "self", country: "GB", country_source: "said_now" },
    subject: { identifiers: [{ type: "phone", value: "+447700900123" }] },
    statement: "He waits outside my office. I never told him where I work.",
    answers: { repeated: "yes", not_safe_now: "no" },
    contact: { source: "said_now", may_contact: true, channels: [{ type: "portal" }], device_shared: "no" },
  };
  const trial = must("validate_only", await spark.POST("/v1/reports", {
    params: { query: { validate_only: true }, header: keyed() }, body,
  }));
  check("valid", "valid" in trial && trial.valid && trial.errors.length === 0);
  const header = keyed();
  const receipt = must("submit", await spark.POST("/v1/reports", { params: { header }, body }));
  if (!("id" in receipt)) throw new Error("a verdict in place of a receipt");
  check("what to tell", receipt.acknowledgement.text.length > 0 && receipt.acknowledgement.emergency[0]?.number === "999");
  const again = await spark.POST("/v1/reports", { params: { header }, body });
  check("replayed", again.response.headers.get("Idempotency-Replayed") === "true");
  const known = must("the same again", await spark.POST("/v1/reports", { params: { header: keyed() }, body }));
  check("the same report", "id" in known && known.id === receipt.id);
  const other = { ...body, statement: "Something else." };
  const taken = await spark.POST("/v1/reports", { params: { header: keyed() }, body: other });
  check("taken", refused(taken, 409) === "duplicate_reference");
  const batch = must("batch", await spark.POST("/v1/reports/batch", { params: { header: keyed() }, body: { reports: [body, other] } }));
  check("one of two", batch.results.map((one) => one.status).join() === "200,409" && batch.results[1]?.problem?.code === "duplicate_reference");
  return receipt.id;
}

async function read(spark: Api, id: string): Promise<void> {
  const report = must("report", await spark.GET("/v1/reports/{id}", { params: { path: { id } } }));
  check("received", report.status === "received" && report.outcome == null);
  const page = must("reports", await spark.GET("/v1/reports", { params: { query: { limit: 1 } } }));
  check("listed", page.data[0]?.id === id && page.has_more === (page.next_cursor != null));
  must("addition", await spark.POST("/v1/reports/{id}/additions", {
    params: { path: { id }, header: keyed() }, body: { statement: "He was there again today." },
  }));
  const events = must("events", await spark.GET("/v1/events", { params: { query: { report_id: id } } }));
  check("first event", events.data[0]?.type === "report.received" && events.data[0].data.report_id === id);
  must("event", await spark.GET("/v1/events/{id}", { params: { path: { id: events.data[0]?.id ?? "" } } }));
}

async function problems(spark: Api): Promise<void> {
  const id = `rep_${"0".repeat(26)}`;
  check("not found", refused(await spark.GET("/v1/reports/{id}", { params: { path: { id } } }), 404) === "not_found");
  const body = { platform_report_ref: "", category: "harassment", reporter: { relation: "self" as const }, statement: "" };
  const wrong = await spark.POST("/v1/reports", { params: { header: keyed() }, body });
  check("invalid", refused(wrong, 422) === "validation_failed" && wrong.error !== undefined);
  check("with places", (wrong.error?.errors ?? []).some((one) => one.pointer === "/statement"));
  const open = createClient<paths>({ baseUrl: told.base });
  check("no token", refused(await open.GET("/v1/status"), 401) === "credential_missing");
}

async function hooks(spark: Api): Promise<void> {
  const made = must("endpoint", await spark.POST("/v1/webhook-endpoints", {
    params: { header: keyed() }, body: { url: told.hook, types: ["report.received"] },
  }));
  const path = { id: made.id };
  check("secrets", made.secret.startsWith("whsec_") && made.public_key.startsWith("whpk_"));
  const found = await spark.GET("/v1/webhook-endpoints/{id}", { params: { path } });
  const tag = found.response.headers.get("ETag") ?? "";
  const turned = must("rotate", await spark.POST("/v1/webhook-endpoints/{id}/rotate", {
    params: { path, header: { ...keyed(), "If-Match": tag } }, body: { overlap_hours: 1 },
  }));
  check("new keys", turned.secret !== made.secret && turned.public_keys.length === 2);
  const stale = await spark.DELETE("/v1/webhook-endpoints/{id}", { params: { path, header: { "If-Match": tag } } });
  check("stale", refused(stale, 412) === "precondition_failed");
  const trial = must("test", await spark.POST("/v1/webhook-endpoints/{id}/test", { params: { path, header: keyed() } }));
  must("its event", await spark.GET("/v1/events/{id}", { params: { path: { id: trial.event_id } } }));
  check("listed", must("endpoints", await spark.GET("/v1/webhook-endpoints")).data.some((one) => one.id === made.id));
}

async function triage(amina: Api, reference: string): Promise<string> {
  const queues = must("queues", await amina.GET("/v1/triage/queues"));
  check("a queue", queues.data.length > 0);
  const list = must("cases", await amina.GET("/v1/triage/cases", { params: { query: { platform_report_ref: reference } } }));
  const path = { id: list.data[0]?.id ?? "" };
  must("claim", await amina.POST("/v1/triage/cases/{id}/claim", { params: { path, header: keyed() } }));
  const view = await amina.GET("/v1/triage/cases/{id}", { params: { path } });
  const words = must("case", view).reports[0]?.content?.statement;
  check("the words", words === "He waits outside my office. I never told him where I work.");
  const tag = view.response.headers.get("ETag") ?? "";
  must("start", await amina.POST("/v1/triage/cases/{id}/transitions", {
    params: { path, header: { ...keyed(), "If-Match": tag } }, body: { action: "start" },
  }));
  must("note", await amina.POST("/v1/triage/cases/{id}/notes", {
    params: { path, header: keyed() }, body: { text: "Read; evidence is to be kept." },
  }));
  const asked = must("ask", await amina.POST("/v1/triage/cases/{id}/platform-requests", {
    params: { path, header: keyed() }, body: { action: "preserve_evidence" },
  }));
  check("asked at once", "state" in asked && asked.state === "awaiting_platform");
  return path.id;
}

async function answer(spark: Api, reference: string): Promise<void> {
  const open = must("requests", await spark.GET("/v1/requests", { params: { query: { state: "open" } } }));
  const request = open.data.find((one) => one.platform_report_ref === reference);
  check("asked", request?.action === "preserve_evidence" && request.confidential);
  const path = { id: request?.id ?? "" };
  const done = must("answer", await spark.POST("/v1/requests/{id}/response", {
    params: { path, header: keyed() }, body: { state: "done", subject_notified: false },
  }));
  check("done", done.state === "done" && done.answered_at != null);
  must("request", await spark.GET("/v1/requests/{id}", { params: { path } }));
}

async function decide(amina: Api, spark: Api, id: string, report: string): Promise<void> {
  const view = await amina.GET("/v1/triage/cases/{id}", { params: { path: { id } } });
  const tag = view.response.headers.get("ETag") ?? "";
  const closed = must("decision", await amina.POST("/v1/triage/cases/{id}/decision", {
    params: { path: { id }, header: { ...keyed(), "If-Match": tag } },
    body: { outcome: "platform_acted", reason: "Evidence is kept." },
  }));
  check("closed", "state" in closed && closed.state === "closed");
  const seen = must("outcome", await spark.GET("/v1/reports/{id}", { params: { path: { id: report } } }));
  check("the outcome", seen.status === "closed" && seen.outcome === "platform_acted");
  must("withdrawal", await spark.POST("/v1/reports/{id}/withdrawal", { params: { path: { id: report }, header: keyed() } }));
  const out = await amina.DELETE("/v1/triage/sessions/current");
  check("signed out", out.response.status === 204);
}

/** What is new since this client was made is no end of it. */
async function strangers(problem: string, events: string): Promise<void> {
  const one = createClient<paths>({ baseUrl: problem });
  const refusal = await one.GET("/v1/status");
  console.log(refused({ error: refusal.error as Problem, response: refusal.response }, 401));
  const other = createClient<paths>({ baseUrl: events });
  const log = must("events", await other.GET("/v1/events"));
  console.log(log.data.map((entry) => entry.type).join(" "));
}

async function walk(): Promise<void> {
  const spark = await platform();
  const reference = `TS-${told.client}`;
  const report = await submit(spark, reference);
  await read(spark, report);
  await problems(spark);
  await hooks(spark);
  const amina = await advocate();
  const id = await triage(amina, reference);
  await answer(spark, reference);
  await decide(amina, spark, id, report);
  console.log("walked");
}

const [problem, events] = [process.env["PROBLEM"], process.env["EVENTS"]];
try {
  if (problem !== undefined && events !== undefined) await strangers(problem, events);
  else await walk();
} catch (error) {
  console.error(error);
  process.exit(1);
}
