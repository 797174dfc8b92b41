//! Random walks of one colleague with three accounts: whatever she does, no p0 or p1 that nobody else has read or signed for
//! is closed, lowered or silenced. Colleagues who are on call and do nothing hear of each in time, again and again, unless
//! she has read it in this claim and acted on it, or has read it and set it aside.

use std::sync::Arc;
use std::time::Duration;

use diesel::prelude::*;
use recourse::base::id::CaseId;
use recourse::base::time::Timestamp;
use recourse::db::schema::cases;
use recourse::domain::case::{Case, State};
use recourse::domain::people::staff::Role;
use recourse::domain::triage::Priority;
use recourse::domain::unit::Look;
use recourse::jobs;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::client::{Answer, Caller, Staff, new_key};
use crate::harness::dice::Dice;
use crate::harness::{World, on_both};
use crate::rights::{events, urgent};

const STEPS: usize = 220;
const SEEDS: [u64; 2] = [5, 11];

/// A case that is to be buried, and what she has honestly done about it.
struct Grave {
    case: String,
    report: String,
    priority: Priority,
    /// Who holds it, and whether they read and acted since they took it and since something came in.
    holder: Option<String>,
    read: bool,
    acted: bool,
    /// How many rings others have heard.
    rings: usize,
    /// When it last rang for others, or was rightly still.
    known_at: Timestamp,
}

struct Walk {
    world: World,
    dice: Dice,
    /// Her accounts.
    who: Vec<Staff>,
    graves: Vec<Grave>,
    /// On which case she works, by which account, and what she did last: mostly she goes on so.
    at: usize,
    hand: usize,
    habit: usize,
}

#[test]
fn one_person_with_many_accounts_buries_nothing_urgent() {
    on_both(|world| async move {
        let one = world.staff(Role::Advocate).await;
        let lead = world.second_account(&one, Role::Lead).await;
        let safeguarding = world.second_account(&lead, Role::SafeguardingLead).await;
        // They hear, and do nothing.
        let next = world.staff(Role::Advocate).await;
        world.on_rota(&next, 24 * 30).await;
        world.staff(Role::SafeguardingLead).await;
        let who = vec![one, lead, safeguarding];
        let mut walk = Walk { world, dice: Dice(0), who, graves: Vec::new(), at: 0, hand: 0, habit: 0 };
        for seed in SEEDS {
            walk.dice = Dice(seed);
            walk.graves.clear();
            for priority in [Priority::P0, Priority::P1, Priority::P0] {
                let grave = walk.dig(&format!("G-{seed}-{}", walk.graves.len()), priority).await;
                walk.graves.push(grave);
            }
            let mut done = 0;
            for step in 0..STEPS {
                done += usize::from(walk.step().await);
                let spans = if walk.habit == 2 { [200, 230, 250, 270] } else { [0, 20, 70, 230] };
                walk.world.pass(spans[walk.dice.roll(4)]);
                jobs::tick(Arc::clone(&walk.world.app)).await.unwrap();
                walk.look((seed, step)).await;
            }
            assert!(done > STEPS / 3, "seed {seed}: only {done} of her steps did anything");
        }
    });
}

impl Walk {
    async fn dig(&self, reference: &str, priority: Priority) -> Grave {
        let spark = self.world.platform("spark").await;
        let report = spark.submit(&urgent(reference, priority.as_str())).await;
        let case = self.awake(0).await.case_of(reference).await;
        let known_at = self.world.clock.now();
        Grave { case, report, priority, holder: None, read: false, acted: false, rings: 0, known_at }
    }

    /// One of her accounts, with a session that lives.
    async fn awake(&self, account: usize) -> Staff {
        self.world.signed_in_again(&self.who[account]).await
    }

    async fn row(&self, case: &str) -> Case {
        let id: CaseId = case.parse().unwrap();
        let find = move |rx: &mut Look<'_>| Ok(cases::table.find(&id).select(Case::as_select()).first(rx.conn())?);
        self.world.app.read(find).await.unwrap()
    }

    /// She does something, or something comes in. Whether it did anything.
    async fn step(&mut self) -> bool {
        if self.dice.roll(12) == 0 {
            self.at = self.dice.roll(self.graves.len());
        }
        if self.dice.roll(25) == 0 {
            return self.comes_in().await;
        }
        if self.dice.roll(5) == 0 {
            self.hand = self.dice.roll(self.who.len());
        }
        // What keeps an alarm quiet she does again and again.
        let tired = if self.habit == 2 { self.dice.roll(9) == 0 } else { self.dice.roll(4) > 0 };
        if tired {
            self.habit = self.dice.roll(13);
        }
        // Mostly she goes on by the account that holds the case.
        let holder = self.graves[self.at].holder.clone();
        let holding = self.who.iter().position(|who| Some(&who.id) == holder.as_ref());
        if let Some(holding) = holding.filter(|_| self.dice.roll(3) > 0) {
            self.hand = holding;
        }
        let who = self.awake(self.hand).await;
        let case = self.graves[self.at].case.clone();
        let answer = match self.habit {
            0 | 1 => who.act(&case, "claim", &json!({})).await,
            3 => {
                let queue = ["emergency", "stalking_violence"][self.dice.roll(2)];
                who.caller.post(&format!("/v1/triage/queues/{queue}/claim"), &json!({})).await
            }
            4 => who.act(&case, "release", &json!({})).await,
            // Gives it back and takes it again before anything can ring, by another account now and then.
            2 => {
                if who.act(&case, "release", &json!({})).await.status == 200 {
                    let grave = &mut self.graves[self.at];
                    (grave.read, grave.acted) = (false, false);
                }
                let again = self.dice.roll(self.who.len());
                self.awake(again).await.act(&case, "claim", &json!({})).await
            }
            5 => self.read(&who, &case).await,
            7 | 8 => {
                self.read(&who, &case).await;
                self.act(&who, &case).await
            }
            6 => Caller::send(who.caller.request(Method::POST, &format!("/v1/triage/cases/{case}/heartbeat"))).await,
            _ => self.act(&who, &case).await,
        };
        let known = matches!(answer.status, 200..=299 | 403 | 404 | 409 | 412 | 422);
        assert!(known, "{}", answer.text);
        answer.status < 300
    }

    async fn read(&mut self, who: &Staff, case: &str) -> Answer {
        let answer = who.caller.get(&format!("/v1/triage/cases/{case}")).await;
        let holds = self.row(case).await.is_held_by(&who.id.parse().unwrap(), self.world.clock.now());
        self.graves[self.at].read |= answer.status == 200 && holds;
        answer
    }

    /// Something is said, or somebody asks to withdraw in the app.
    async fn comes_in(&mut self) -> bool {
        let spark = self.world.platform("spark").await;
        let path = format!("/v1/reports/{}", self.graves[self.at].report);
        if self.dice.roll(2) == 0 {
            spark.caller.post(&format!("{path}/withdrawal"), &json!({})).await.expect(202);
        } else {
            let more = json!({"statement": "He is here again."});
            spark.caller.post(&format!("{path}/additions"), &more).await.expect(201);
            let grave = &mut self.graves[self.at];
            (grave.read, grave.acted) = (false, false);
        }
        true
    }

    /// An act that says which version it has seen, without having seen any.
    async fn act(&mut self, who: &Staff, case: &str) -> Answer {
        let row = self.row(case).await;
        let until = self.world.clock.now().plus(Duration::from_mins([10, 600, 4_319][self.dice.roll(3)]));
        let outcomes = [
            "withdrawn",
            "unable_to_contact",
            "recorded_only",
            "supported_elsewhere",
            "unfounded",
            "platform_acted",
            "platform_silent",
        ];
        let records = ["standby", "escalation_decision", "re_review", "safe_contact", "withdrawal_told"];
        let to = self.who[self.dice.roll(self.who.len())].id.clone();
        let other = self.graves[self.dice.roll(self.graves.len())].case.clone();
        // Once she has read it, she ends it if she can.
        let ends = self.graves[self.at].read && self.dice.roll(2) == 0;
        let (act, body, counts) = match if ends { 8 } else { self.dice.roll(14) } {
            0 => ("transitions", json!({"action": "start"}), true),
            1 => ("transitions", json!({"action": "hold", "reason": "Later.", "until": until}), false),
            2 => ("transitions", json!({"action": "resume"}), false),
            3 => ("notes", json!({"text": "Seen."}), true),
            4 => {
                let what = records[self.dice.roll(5)];
                let mut body = json!({"text": "So it is.", "records": what});
                if what == "safe_contact" {
                    body["channel"] = json!("incoming");
                }
                if what == "standby" {
                    body["look_again_by"] = json!(self.world.clock.now().plus(Duration::from_mins(90)));
                }
                if what == "withdrawal_told" {
                    body["how"] = json!("phone");
                }
                ("notes", body, true)
            }
            5 => {
                let check = json!({"text": "\"Yes.\"", "records": "coercion_check", "how": "video", "alone": "yes"});
                ("notes", check, true)
            }
            6 | 7 => {
                let to = ["p1", "p2", "p4"][self.dice.roll(3)];
                let lower = json!({"priority": to, "reason_code": "safety_confirmed", "text": "She is well."});
                ("priority", lower, false)
            }
            8 | 9 => {
                let outcome = outcomes[self.dice.roll(outcomes.len())];
                ("decision", json!({"outcome": outcome, "reason": "It is over."}), false)
            }
            10 | 11 => return self.sign(who, case).await,
            12 => ("assign", json!({"staff_id": to}), false),
            _ if self.dice.roll(2) == 0 => ("links", json!({"case_id": other}), false),
            _ => ("platform-requests", json!({"action": "preserve_evidence"}), true),
        };
        let tag = format!("\"{}\"", row.version);
        let path = format!("/v1/triage/cases/{case}/{act}");
        let answer = who.caller.post_with(&path, &new_key(), Some(&tag), &body).await;
        let holds = row.is_held_by(&who.id.parse().unwrap(), self.world.clock.now());
        self.graves[self.at].acted |= counts && holds && answer.status < 300;
        if answer.status == 202 {
            // She signs it at once, by another account.
            let other = 1 + self.dice.roll(2);
            let second = self.awake(other).await;
            self.sign(&second, case).await;
        }
        answer
    }

    /// She signs, by one of her accounts, what another of them proposed.
    async fn sign(&mut self, who: &Staff, case: &str) -> Answer {
        let waits = who.caller.get("/v1/triage/pending?limit=100").await.json();
        let of_case = |act: &&Value| act["case_id"] == json!(case);
        let act = waits["data"].as_array().and_then(|all| all.iter().find(of_case)).cloned();
        let Some(act) = act else { return who.caller.get("/v1/triage/pending").await };
        self.read(who, case).await;
        let answer = who.act(case, &format!("pending/{}/approve", act["id"].as_str().unwrap()), &json!({})).await;
        assert_ne!(answer.status, 200, "she signed what she proposed: {}", answer.text);
        answer
    }

    /// What holds of each case at every moment.
    async fn look(&mut self, at: (u64, usize)) {
        let now = self.world.clock.now();
        for n in 0..self.graves.len() {
            let row = self.row(&self.graves[n].case).await;
            let heard = self.heard(&self.graves[n].case).await;
            let grave = &mut self.graves[n];
            assert_ne!(row.state, State::Closed, "{at:?}: {} is closed by one person", grave.case);
            assert!(row.priority <= grave.priority, "{at:?}: {} is lowered by one person", grave.case);
            let holder = row.assigned_to.as_ref().filter(|who| row.is_held_by(who, now)).map(ToString::to_string);
            if holder.is_none() || holder != grave.holder {
                // Who took it just now has done nothing yet; what this very step did is known to the next one.
                (grave.read, grave.acted) = (false, false);
                grave.holder = holder;
            }
            let tended = grave.read && grave.acted;
            assert!(tended || !row.is_attended(now), "{at:?}: {} counts as read and acted on", grave.case);
            if tended || row.state == State::OnHold || heard > grave.rings {
                grave.known_at = now;
            }
            grave.rings = heard;
            // The first ring or the one after the last, five minutes of a claim, and a step of the walk.
            let longest = if row.priority == Priority::P0 { 5 + 5 + 5 } else { 15 + 5 + 5 };
            let silent = now.since(grave.known_at);
            assert!(silent <= Duration::from_mins(longest), "{at:?}: {} is silent for {silent:?}", grave.case);
        }
    }

    /// How often others were told of a case.
    async fn heard(&self, case: &str) -> usize {
        let hers: Vec<Value> = self.who.iter().map(|who| json!(who.id)).collect();
        let rings = events(&self.world, case, "on_call_paged").await;
        let by_others = |ring: &&Value| ring["people"].as_array().unwrap().iter().any(|who| !hers.contains(who));
        rings.iter().filter(by_others).count()
    }
}
