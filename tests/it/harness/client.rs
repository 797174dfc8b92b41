//! Those who call the service: platforms and colleagues, over HTTP.

use recourse::domain::people::partners::NewPartner;
use recourse::domain::people::platforms::NewCredential;
use reqwest::Method;
use serde_json::{Value, json};

use super::{World, contract};

/// An answer of the service.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    /// The body as JSON; null when it is none.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }

    /// A header as text; empty when it is absent.
    pub(crate) fn header(&self, name: &str) -> String {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
    }

    /// The code of a problem.
    pub(crate) fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    /// The pointers and codes of a problem's errors, such as `/statement required`.
    pub(crate) fn errors(&self) -> Vec<String> {
        let errors = self.json()["errors"].as_array().cloned().unwrap_or_default();
        errors.iter().map(|e| format!("{} {}", e["pointer"].as_str().unwrap(), e["code"].as_str().unwrap())).collect()
    }

    /// The same answer, which must have this status.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }
}

/// Somebody with a bearer token.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) http: reqwest::Client,
    pub(crate) base: String,
    pub(crate) token: String,
}

impl Caller {
    pub(crate) fn new(world: &World, token: String) -> Self {
        Self { http: world.http.clone(), base: world.base.clone(), token }
    }

    /// A request, to be completed and given to [`Caller::send`].
    pub(crate) fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        if self.token.is_empty() { request } else { request.bearer_auth(&self.token) }
    }

    /// The answer, which must be as the API document says.
    pub(crate) async fn send(request: reqwest::RequestBuilder) -> Answer {
        Self::try_send(request).await.unwrap()
    }

    /// The same, where there may be no answer.
    pub(crate) async fn try_send(request: reqwest::RequestBuilder) -> reqwest::Result<Answer> {
        let (http, request) = request.build_split();
        let request = request?;
        let (method, path) = (request.method().clone(), request.url().path().to_owned());
        let response = http.execute(request).await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let answer = Answer { status, headers, text: response.text().await? };
        contract::check(method.as_str(), &path, &answer);
        Ok(answer)
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        Self::send(self.request(Method::GET, path)).await
    }

    /// A POST with a new key.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.post_with(path, &new_key(), None, body).await
    }

    /// A POST with a key, and an `If-Match` when one is given.
    pub(crate) async fn post_with(&self, path: &str, key: &str, tag: Option<&str>, body: &Value) -> Answer {
        let mut request = self.request(Method::POST, path).header("Idempotency-Key", key).json(body);
        if let Some(tag) = tag {
            request = request.header("If-Match", tag);
        }
        Self::send(request).await
    }
}

/// A key that was never used.
pub(crate) fn new_key() -> String {
    recourse::base::secret::hex(&recourse::base::secret::random_bytes::<16>())
}

/// A platform's server.
#[derive(Clone, Debug)]
pub(crate) struct Platform {
    pub(crate) caller: Caller,
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
}

impl Platform {
    pub(crate) async fn sign_in(world: &World, new: &NewCredential) -> Self {
        let (client_id, client_secret) = (new.client.to_string(), new.secret.expose().clone());
        let mut caller = Caller::new(world, String::new());
        let answer = token(&caller, &client_id, &client_secret, "").await.expect(200);
        answer.json()["access_token"].as_str().unwrap().clone_into(&mut caller.token);
        Self { caller, client_id, client_secret }
    }

    /// Submits a report, which must be stored. Its id.
    pub(crate) async fn submit(&self, body: &Value) -> String {
        let answer = self.caller.post("/v1/reports", body).await.expect(201);
        answer.json()["id"].as_str().unwrap().to_owned()
    }
}

/// A service's machine.
#[derive(Clone, Debug)]
pub(crate) struct Partner {
    pub(crate) caller: Caller,
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
}

impl Partner {
    pub(crate) async fn sign_in(world: &World, new: &NewPartner) -> Self {
        let (client_id, client_secret) = (new.client.to_string(), new.secret.expose().clone());
        let mut caller = Caller::new(world, String::new());
        let answer = token(&caller, &client_id, &client_secret, "").await.expect(200);
        answer.json()["access_token"].as_str().unwrap().clone_into(&mut caller.token);
        Self { caller, client_id, client_secret }
    }

    /// An answer to a referral.
    pub(crate) async fn says(&self, referral: &str, answer: &str, body: &Value) -> Answer {
        self.caller.post(&format!("/v1/partner/referrals/{referral}/{answer}"), body).await
    }

    /// A referral, as it reads it.
    pub(crate) async fn read(&self, referral: &str) -> Answer {
        self.caller.get(&format!("/v1/partner/referrals/{referral}")).await
    }
}

/// Asks for a token with a credential.
pub(crate) async fn token(caller: &Caller, id: &str, secret: &str, more: &str) -> Answer {
    let request = caller
        .request(Method::POST, "/oauth/token")
        .basic_auth(id, Some(secret))
        .header("Content-Type", "application/x-www-form-urlencoded")
        .body(format!("grant_type=client_credentials{more}"));
    Caller::send(request).await
}

/// A colleague's tool.
#[derive(Clone, Debug)]
pub(crate) struct Staff {
    pub(crate) caller: Caller,
    pub(crate) id: String,
    pub(crate) username: String,
}

impl Staff {
    /// The id of the case of a platform's reference.
    pub(crate) async fn case_of(&self, reference: &str) -> String {
        let list =
            self.caller.get(&format!("/v1/triage/cases?platform_report_ref={reference}")).await.expect(200).json();
        list["data"][0]["id"].as_str().unwrap_or_else(|| panic!("no case of {reference}")).to_owned()
    }

    /// The case as it stands, with its tag.
    pub(crate) async fn case(&self, id: &str) -> (Value, String) {
        let answer = self.caller.get(&format!("/v1/triage/cases/{id}")).await.expect(200);
        (answer.json(), answer.header("etag"))
    }

    /// Does something to a case.
    pub(crate) async fn act(&self, id: &str, act: &str, body: &Value) -> Answer {
        self.caller.post(&format!("/v1/triage/cases/{id}/{act}"), body).await
    }

    /// The same, for acts that need the tag of what was seen: it is read first.
    pub(crate) async fn act_seen(&self, id: &str, act: &str, body: &Value) -> Answer {
        let (_, tag) = self.case(id).await;
        self.caller.post_with(&format!("/v1/triage/cases/{id}/{act}"), &new_key(), Some(&tag), body).await
    }

    /// Puts on record that help came, so that the case may be closed as `supported_elsewhere`.
    pub(crate) async fn confirm_support(&self, id: &str) {
        let note = json!({"text": "Her service rang: they have her.", "records": "support_confirmed"});
        self.act(id, "notes", &note).await.expect(201);
    }

    /// Claims a case, reads it and begins the work.
    pub(crate) async fn take(&self, id: &str) {
        self.act(id, "claim", &json!({})).await.expect(200);
        let (case, _) = self.case(id).await;
        if case["state"] == "received" {
            self.act_seen(id, "transitions", &json!({"action": "start"})).await.expect(200);
        } else {
            self.act(id, "notes", &json!({"text": "Taken up."})).await.expect(201);
        }
    }

    /// Reads a case and signs what waits in it.
    pub(crate) async fn approve(&self, id: &str, act: &str) -> Answer {
        self.case(id).await;
        self.act(id, &format!("pending/{act}/approve"), &json!({})).await
    }
}

/// The smallest report.
pub(crate) fn small(reference: &str) -> Value {
    json!({
        "platform_report_ref": reference,
        "category": "harassment",
        "reporter": {"relation": "self"},
        "statement": "He keeps writing to me after I said no."
    })
}

/// The contract's own example, under another reference.
pub(crate) fn full(reference: &str) -> Value {
    let mut body: Value = serde_json::from_str(include_str!("../../../src/web/examples/report.json")).unwrap();
    body["platform_report_ref"] = json!(reference);
    body
}
