//! Everybody who calls operations, and something new for each call: for the table of who may do what.

use recourse::domain::casework::colleagues;
use recourse::domain::people::platforms::Scope;
use recourse::domain::people::staff::Role;
use recourse::domain::terms::Mode;
use recourse::domain::webhooks;
use reqwest::Method;
use serde_json::json;

use crate::harness::client::{Caller, Partner, Platform, Staff, new_key, small};
use crate::harness::operations::{self, Ids, Operation};
use crate::harness::{TEST, World};

/// Everybody, with everything they need.
pub(crate) struct Stage {
    pub(crate) spark: Platform,
    pub(crate) trial: Platform,
    pub(crate) meetly: Platform,
    pub(crate) lead: Staff,
    pub(crate) proposer: Staff,
    /// The machine of the service that cases are referred to, where there is one.
    pub(crate) harbour: Option<Partner>,
    /// Credentials that hold nowhere, by name.
    pub(crate) broken: Vec<(&'static str, Caller)>,
}

impl Stage {
    pub(crate) async fn set(world: &World) -> Self {
        let expired = world.platform("spark").await.caller;
        world.pass(601);
        let revoked = world.platform("spark").await;
        let client = revoked.client_id.parse().unwrap();
        world.app.write(TEST, move |tx| webhooks::revoke_client(tx, &client)).await.unwrap();
        let ended = world.staff(Role::SafeguardingLead).await.caller;
        Caller::send(ended.request(Method::DELETE, "/v1/triage/sessions/current")).await.expect(204);
        let closed = world.staff(Role::SafeguardingLead).await;
        world.app.write(TEST, move |tx| colleagues::close(tx, &closed.username)).await.unwrap();
        let broken = vec![
            ("a garbage token", world.caller("garbage")),
            ("an expired token", expired),
            ("a revoked client", revoked.caller),
            ("an ended session", ended),
            ("a closed account", closed.caller),
        ];
        Self {
            spark: world.platform("spark").await,
            trial: world.platform_with("spark", Mode::Test, Scope::ALL).await,
            meetly: world.platform("meetly").await,
            lead: world.staff(Role::Lead).await,
            proposer: world.staff(Role::Advocate).await,
            harbour: None,
            broken,
        }
    }

    /// A new case in the queue `stalking_violence`.
    async fn case(&self) -> String {
        let reference = format!("ref-{}", new_key());
        self.spark.submit(&small(&reference)).await;
        self.lead.case_of(&reference).await
    }

    /// A referral that the operation can be called on, of a case that nobody holds.
    async fn referral(&self, operation: &Operation, ids: &mut Ids) {
        self.lead.take(&ids.id).await;
        let all = self.lead.caller.get("/v1/triage/services").await.expect(200).json();
        all["data"][1]["id"].as_str().unwrap().clone_into(&mut ids.next_service);
        let mut given = crate::consents::given(&ids.service);
        given["fallbacks"] = json!([ids.next_service]);
        let consent = self.lead.act(&ids.id, "consents", &given).await.expect(201).json();
        consent["id"].as_str().unwrap().clone_into(&mut ids.consent);
        if operation.path.contains("{ref}") {
            let draft = self.lead.act(&ids.id, "referrals", &operations::draft(ids)).await.expect(201);
            draft.json()["id"].as_str().unwrap().clone_into(&mut ids.referral);
            if !matches!(operation.id.as_str(), "send_referral" | "sign_referral") {
                let path = format!("/v1/triage/cases/{}/referrals/{}/send", ids.id, ids.referral);
                let tag = draft.header("etag");
                self.lead.caller.post_with(&path, &new_key(), Some(&tag), &json!({})).await.expect(200);
            }
            if operation.id == "share_with_referral" {
                let report = self.lead.case(&ids.id).await.0["reports"][0]["id"].as_str().unwrap().to_owned();
                let more = json!({"statement": "He came again."});
                self.spark.caller.post(&format!("/v1/reports/{report}/additions"), &more).await.expect(201);
            }
        }
        self.lead.act(&ids.id, "release", &json!({})).await.expect(200);
    }

    /// A referral that its service can call the operation on.
    async fn handed(&self, operation: &Operation, ids: &mut Ids) {
        ids.id = self.case().await;
        let all = self.lead.caller.get("/v1/triage/services").await.expect(200).json();
        all["data"][0]["id"].as_str().unwrap().clone_into(&mut ids.service);
        self.lead.take(&ids.id).await;
        let consent =
            self.lead.act(&ids.id, "consents", &crate::consents::given(&ids.service)).await.expect(201).json();
        consent["id"].as_str().unwrap().clone_into(&mut ids.consent);
        let draft = self.lead.act(&ids.id, "referrals", &operations::draft(ids)).await.expect(201);
        let id = draft.json()["id"].as_str().unwrap().to_owned();
        let path = format!("/v1/triage/cases/{}/referrals/{id}/send", ids.id);
        self.lead.caller.post_with(&path, &new_key(), Some(&draft.header("etag")), &json!({})).await.expect(200);
        let harbour = self.harbour.as_ref().unwrap();
        match operation.id.as_str() {
            "contacted_partner_referral" | "unable_to_contact_partner_referral" | "close_partner_referral" => {
                harbour.says(&id, "accept", &json!({})).await.expect(200);
            }
            "acknowledge_partner_referral" => {
                harbour.read(&id).await.expect(200);
                let body = json!({"she_asked": true, "words": "No."});
                self.lead.act(&ids.id, &format!("referrals/{id}/withdraw"), &body).await.expect(200);
            }
            _ => {}
        }
        self.lead.act(&ids.id, "release", &json!({})).await.expect(200);
        ids.id = id;
    }

    /// Something new that the operation can be called on.
    pub(crate) async fn fresh(&self, operation: &Operation) -> Ids {
        let mut ids = Ids { colleague: self.proposer.id.clone(), ..Ids::default() };
        if operation.path.starts_with("/v1/reports/{id}") {
            ids.id = self.spark.submit(&small(&format!("ref-{}", new_key()))).await;
        } else if operation.path.starts_with("/v1/events/{id}") {
            self.case().await;
            let events = self.spark.caller.get("/v1/events").await.expect(200).json();
            events["data"][0]["id"].as_str().unwrap().clone_into(&mut ids.id);
        } else if operation.path.starts_with("/v1/webhook-endpoints/{id}") {
            let body = json!({"url": "https://hooks.spark-dating.com/recourse"});
            let made = self.spark.caller.post("/v1/webhook-endpoints", &body).await.expect(201);
            made.json()["id"].as_str().unwrap().clone_into(&mut ids.id);
        } else if operation.path.starts_with("/v1/requests/{id}") {
            let case = self.case().await;
            self.lead.take(&case).await;
            self.lead.act(&case, "platform-requests", &json!({"action": "preserve_evidence"})).await.expect(200);
            self.lead.case(&case).await.0["requests"][0]["id"].as_str().unwrap().clone_into(&mut ids.id);
        } else if operation.path.starts_with("/v1/triage/cases/{id}") {
            ids.id = self.case().await;
            ids.other = self.case().await;
            let all = self.lead.caller.get("/v1/triage/services").await.expect(200).json();
            all["data"][0]["id"].as_str().unwrap().clone_into(&mut ids.service);
            if operation.path.contains("{con}") {
                self.lead.take(&ids.id).await;
                let given = self.lead.act(&ids.id, "consents", &crate::consents::given(&ids.service)).await.expect(201);
                given.json()["id"].as_str().unwrap().clone_into(&mut ids.consent);
            }
            if operation.path.contains("/referrals") && operation.method == Method::POST {
                self.referral(operation, &mut ids).await;
            }
            if operation.path.contains("{act}") {
                self.proposer.take(&ids.id).await;
                let unfounded = json!({"outcome": "unfounded", "reason": "It was another man."});
                let waits = self.proposer.act_seen(&ids.id, "decision", &unfounded).await.expect(202);
                waits.json()["pending"]["id"].as_str().unwrap().clone_into(&mut ids.act);
            }
        } else if operation.path.starts_with("/v1/partner/referrals/{id}") {
            self.handed(operation, &mut ids).await;
        } else if operation.path.contains("{queue}") {
            self.case().await;
        } else if operation.path.starts_with("/v1/triage/colleagues/{id}") {
            ids.id.clone_from(&self.proposer.id);
        } else if operation.path.starts_with("/v1/triage/services/{id}") {
            let all = self.lead.caller.get("/v1/triage/services").await.expect(200).json();
            all["data"][0]["id"].as_str().unwrap().clone_into(&mut ids.id);
        } else if operation.path.starts_with("/v1/triage/sessions/{id}") {
            ids.id = Ids::missing(operation).id;
        }
        ids
    }
}
