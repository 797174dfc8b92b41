//! Random walks of a whole house: whatever colleagues do, whoever loses a right and whatever rows are damaged, every open
//! p0 and p1 has somebody who was told in time, or an alarm that says why not.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use diesel::prelude::*;
use recourse::base::id::{CaseId, StaffId};
use recourse::base::time::Timestamp;
use recourse::db::schema::{acts, alarms, cases, unseen_cases};
use recourse::domain::access::{self, Act};
use recourse::domain::case::{Case, State};
use recourse::domain::casework::colleagues;
use recourse::domain::ledger::audit;
use recourse::domain::people::door;
use recourse::domain::people::staff::{self, Role};
use recourse::domain::terms::identifiers::{Identifier, IdentifierKind};
use recourse::domain::triage::{Priority, Queue};
use recourse::jobs;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::TEST;
use crate::harness::client::{Caller, Staff, new_key, small};
use crate::harness::dice::Dice;
use crate::harness::{World, on_both};
use recourse::domain::unit::Look;

const STEPS: usize = 150;
/// Numbers that reports name and colleagues may come to declare.
const NUMBERS: [&str; 3] = ["+44 7700 900101", "+44 7700 900102", "+44 7700 900103"];

/// A house on its walk.
struct House {
    world: World,
    dice: Dice,
    people: Vec<Staff>,
    reports: Vec<String>,
    damaged: BTreeSet<String>,
    /// Who did the last thing, and to which case.
    last: Option<(Staff, String)>,
}

#[test]
fn whoever_goes_and_whatever_breaks_every_urgent_case_is_known_to_somebody_who_may_help() {
    on_both(|world| async move {
        let mut house = House {
            world,
            dice: Dice(0),
            people: Vec::new(),
            reports: Vec::new(),
            damaged: BTreeSet::new(),
            last: None,
        };
        for seed in [3, 19] {
            house.dice = Dice(seed);
            let mut done = 0;
            for step in 0..STEPS {
                done += usize::from(house.one_step().await < 300);
                jobs::tick(Arc::clone(&house.world.app)).await.unwrap();
                jobs::work_off(&house.world.app, "walk").await.unwrap();
                house.check((seed, step)).await;
            }
            assert!(done > STEPS / 2, "seed {seed}: a walk of {done} steps walks nowhere");
        }
    });
}

impl House {
    /// Somebody begins here.
    async fn hire(&mut self, role: Role) {
        let queues = match self.dice.roll(4) {
            0 => vec![Queue::Emergency, Queue::StalkingViolence],
            1 => vec![Queue::StalkingViolence, Queue::Fraud, Queue::SexualHarm],
            _ => Vec::new(),
        };
        let who = self.world.staff_with(role, queues).await;
        if self.dice.roll(2) == 0 {
            self.world.on_rota(&who, 12).await;
        }
        self.people.push(who);
    }

    /// Whoever has a case, or was last told of one; now and then anybody. Their place among the people.
    async fn concerned(&mut self) -> usize {
        let look = |rx: &mut Look<'_>| {
            let open = cases::assigned_to.is_not_null().and(cases::state.ne(State::Closed));
            let held: Vec<Option<String>> = cases::table.filter(open).select(cases::assigned_to).load(rx.conn())?;
            let rung = alarms::table.filter(alarms::closed_at.is_null()).select(alarms::told);
            let told: Vec<Option<String>> = rung.load(rx.conn())?;
            Ok((held, told))
        };
        let (held, told) = self.world.app.read(look).await.unwrap();
        let named = vec![held, told, Vec::new()].swap_remove(self.dice.roll(3));
        let named: Vec<String> = named.into_iter().flatten().collect();
        let of = |who: &Staff| named.iter().any(|ids| ids.contains(&who.id));
        let places: Vec<usize> = (0..self.people.len()).filter(|i| of(&self.people[*i])).collect();
        if places.is_empty() { self.dice.roll(self.people.len()) } else { places[self.dice.roll(places.len())] }
    }

    fn any(&mut self) -> Staff {
        let i = self.dice.roll(self.people.len());
        self.people[i].clone()
    }

    /// An open case that the person sees; nothing when there is none.
    async fn case_for(&mut self, who: &Staff) -> Option<String> {
        let list = who.caller.get("/v1/triage/cases?limit=10").await;
        let all = list.json()["data"].as_array().cloned().unwrap_or_default();
        if all.is_empty() { None } else { Some(all[self.dice.roll(all.len())]["id"].as_str().unwrap().to_owned()) }
    }

    /// One thing that happens. The status of the answer; 204 for what nobody answers.
    async fn one_step(&mut self) -> u16 {
        while self.people.len() < 4 {
            let role = [Role::Advocate, Role::Lead, Role::Lead, Role::SafeguardingLead][self.dice.roll(4)];
            self.hire(role).await;
        }
        match self.dice.roll(24) {
            0..=3 => self.report().await,
            4 => self.add_to_report().await,
            5..=16 => self.act().await,
            17..=19 => self.lose().await,
            20 => self.damage().await,
            21 if self.dice.roll(3) == 0 => self.narrow().await,
            _ => {
                let seconds = [30, 130, 400, 1_000][self.dice.roll(4)];
                self.world.pass(seconds);
                204
            }
        }
    }

    async fn report(&mut self) -> u16 {
        let spark = self.world.platform("spark").await;
        let mut body = small(&format!("W-{}", new_key()));
        body["category"] = json!(["stalking_offline", "romance_fraud", "sexual_assault"][self.dice.roll(3)]);
        let pair = self.dice.roll(9);
        body["reporter"]["platform_account_ref"] = json!(format!("reporter-{pair}"));
        body["subject"] = json!({"platform_account_ref": format!("subject-{pair}")});
        body["answers"] =
            [json!({"not_safe_now": "yes"}), json!({"very_frightened": "yes"}), json!({})][self.dice.roll(3)].clone();
        if self.dice.roll(3) == 0 {
            let number = NUMBERS[self.dice.roll(3)];
            body["subject"]["identifiers"] = json!([{"type": "phone", "value": number}]);
        }
        let answer = spark.caller.post("/v1/reports", &body).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        if let Some(id) = answer.json()["id"].as_str() {
            self.reports.push(id.to_owned());
        }
        answer.status
    }

    async fn add_to_report(&mut self) -> u16 {
        if self.reports.is_empty() {
            return 204;
        }
        let spark = self.world.platform("spark").await;
        let report = self.reports[self.dice.roll(self.reports.len())].clone();
        let number = NUMBERS[self.dice.roll(3)];
        let more = [
            json!({"answers": {"not_safe_now": "yes"}}),
            json!({"identifiers": [{"type": "phone", "value": number}]}),
            json!({"statement": "It goes on."}),
        ];
        let body = &more[self.dice.roll(3)];
        spark.caller.post(&format!("/v1/reports/{report}/additions"), body).await.status
    }

    async fn act(&mut self) -> u16 {
        let who = self.any();
        // Half of all that is done is done by whoever did the last thing, to the same case.
        let (who, id) = if let Some(last) = self.last.clone().filter(|_| self.dice.roll(2) == 0) {
            last
        } else {
            self.last = None;
            let Some(id) = self.case_for(&who).await else { return 204 };
            (who, id)
        };
        self.last = Some((who.clone(), id.clone()));
        let read = who.caller.get(&format!("/v1/triage/cases/{id}")).await;
        if read.status != 200 {
            self.last = None;
        }
        let (case, tag) = (read.json(), read.header("etag"));
        let to = self.any().id;
        let until = self.world.clock.now().plus(Duration::from_hours(10));
        // Whoever has taken a case mostly goes on with it.
        let goes_on = case["assigned_to"] == json!(who.id) && self.dice.roll(3) > 0;
        let roll = if goes_on { [7, 8, 8, 9, 9][self.dice.roll(5)] } else { self.dice.roll(12) };
        let (act, body): (String, Value) = match roll {
            0..=3 => ("claim".into(), json!({})),
            4 => ("release".into(), json!({})),
            5 => ("transitions".into(), json!({"action": "hold", "reason": "later", "until": until})),
            6 => ("transitions".into(), json!({"action": "start"})),
            7 => ("assign".into(), json!({"staff_id": to})),
            8 => {
                let to = ["p0", "p1", "p3"][self.dice.roll(3)];
                ("priority".into(), json!({"priority": to, "reason_code": "new_information", "text": "as told"}))
            }
            9 => {
                let outcome = ["supported_elsewhere", "unfounded"][self.dice.roll(2)];
                ("decision".into(), json!({"outcome": outcome, "reason": "with her service"}))
            }
            10 => ("notes".into(), json!({"text": "seen", "records": "re_review"})),
            _ => match case["pending"][0]["id"].as_str() {
                Some(act) => (format!("pending/{act}/approve"), json!({})),
                None => ("transitions".into(), json!({"action": "resume"})),
            },
        };
        let path = format!("/v1/triage/cases/{id}/{act}");
        let status = who.caller.post_with(&path, &new_key(), Some(&tag), &body).await.status;
        let known = matches!(status, 200..=299 | 400 | 401 | 403 | 404 | 409 | 412 | 422);
        assert!(known || (status == 500 && self.damaged.contains(&id)), "{act}: {status}");
        status
    }

    /// Somebody loses a right, or all of them; somebody else begins.
    async fn lose(&mut self) -> u16 {
        let i = self.concerned().await;
        let who = self.people[i].clone();
        let name = who.username.clone();
        let kind = self.dice.roll(6);
        let number = Identifier::new(IdentifierKind::Phone, NUMBERS[self.dice.roll(3)]);
        let role = [Role::Auditor, Role::Advocate, Role::Administrator, Role::Lead][self.dice.roll(4)];
        let queues: &[Queue] = [&[Queue::Fraud][..], &[Queue::Emergency], Queue::ALL][self.dice.roll(3)];
        // Whose session has ended, or who reads no case any more, acts no more.
        if matches!(kind, 0 | 1 | 4) || (kind == 2 && !access::may_ever(role, Act::Claim)) {
            self.people.remove(i);
            self.last = None;
        }
        if kind == 0 {
            return Caller::send(who.caller.request(Method::DELETE, "/v1/triage/sessions/current")).await.status;
        }
        let lost = self.world.app.write(TEST, move |tx| match kind {
            1 => colleagues::close(tx, &name).map(drop),
            2 => colleagues::set_role(tx, &name, role).map(drop),
            3 => colleagues::set_queues(tx, &name, queues).map(drop),
            4 => colleagues::reset(tx, &name, "$none$", &door::new_secret()).map(drop),
            _ => colleagues::declare(tx, &name, &number).map(drop),
        });
        lost.await.unwrap();
        200
    }

    /// Everybody is left with one queue: whatever stands in another is out of sight, until somebody new begins.
    async fn narrow(&mut self) -> u16 {
        let narrow = move |tx: &mut recourse::domain::unit::Unit<'_>| {
            for who in staff::list(tx)? {
                colleagues::set_queues(tx, &who.username, &[Queue::Fraud])?;
            }
            Ok(())
        };
        self.world.app.write(TEST, narrow).await.unwrap();
        204
    }

    /// Something sealed of a case is changed by a failing disk.
    async fn damage(&mut self) -> u16 {
        let all = self.world.app.read(|rx| Ok(cases::table.select(cases::id).load::<CaseId>(rx.conn())?)).await;
        let all = all.unwrap();
        if all.is_empty() || self.damaged.len() > 2 {
            return 204;
        }
        let id = all[self.dice.roll(all.len())].to_string();
        let other = format!("(SELECT statement FROM reports WHERE case_id = '{id}' LIMIT 1)");
        let (table, column) = [("assessments", "body"), ("acts", "body"), ("reports", "answers")][self.dice.roll(3)];
        self.world.tamper(&format!("UPDATE {table} SET {column} = {other} WHERE case_id = '{id}'"));
        self.damaged.insert(id);
        204
    }

    /// What holds of every case at every moment.
    async fn check(&self, at: (u64, usize)) {
        let wrong = self.world.app.read(wrongs).await.unwrap();
        assert!(wrong.is_empty(), "{at:?}: {wrong:#?}");
    }
}

/// The open cases of which nobody who may help was told, and why that is wrong.
fn wrongs(rx: &mut Look<'_>) -> recourse::error::Result<Vec<String>> {
    let ids: Vec<CaseId> = cases::table.select(cases::id).load(rx.conn())?;
    let mut wrong = Vec::new();
    for id in ids {
        let case: Case = cases::table.find(&id).select(Case::as_select()).first(rx.conn())?;
        wrong.extend(of_proposals(rx, &case)?.map(|what| format!("{id}: {what}")));
        let urgent = matches!(case.priority, Priority::P0 | Priority::P1);
        if case.state == State::Closed || !urgent {
            continue;
        }
        wrong.extend(of_alarm(rx, &case)?.map(|what| format!("{id} {:?} {:?}: {what}", case.priority, case.state)));
    }
    Ok(wrong)
}

/// A proposal outlives neither its case nor the right of who made it.
fn of_proposals(rx: &mut Look<'_>, case: &Case) -> recourse::error::Result<Option<&'static str>> {
    let waiting: Vec<StaffId> = acts::table
        .filter(acts::case_id.eq(&case.id).and(acts::state.eq("pending")))
        .select(acts::proposed_by)
        .load(rx.conn())?;
    if case.state == State::Closed && !waiting.is_empty() {
        return Ok(Some("a proposal outlives its case"));
    }
    for by in waiting {
        if access::bar(rx, &by, case, Act::ChangePriority)?.is_some() {
            return Ok(Some("a proposal outlives the right of who made it"));
        }
    }
    Ok(None)
}

fn of_alarm(rx: &mut Look<'_>, case: &Case) -> recourse::error::Result<Option<String>> {
    type Alarm = (i64, Timestamp, Timestamp, Option<String>, Option<String>);
    let now = rx.now();
    if let Some(holder) = &case.assigned_to {
        // It is theirs: they took it, or were told of it, or will be.
        if let Some(bar) = access::bar(rx, holder, case, Act::Work)? {
            return Ok(Some(format!("is whose it may not be: {bar:?}")));
        }
        // Whoever is handed a case hears of it anew, whatever they were told of it before.
        let events = audit::list(rx, case.id.as_str())?;
        let handed =
            events.iter().rposition(|event| event.kind == "assigned" && event.details.contains(holder.as_str()));
        let knows = events[handed.unwrap_or(0)..].iter().any(|event| match event.kind.as_str() {
            "claimed" => event.actor == holder.as_str(),
            "on_call_paged" => event.details.contains(holder.as_str()),
            _ => false,
        });
        if knows {
            return Ok(None);
        }
    }
    let mut able = Vec::new();
    for who in staff::list(rx)? {
        if access::bar(rx, &who.id, case, Act::Claim)?.is_none() {
            able.push(who.id);
        }
    }
    let open = alarms::table.filter(alarms::case_id.eq(&case.id).and(alarms::closed_at.is_null()));
    let alarm: Option<Alarm> = open
        .select((alarms::rings, alarms::opened_at, alarms::next_at, alarms::told, alarms::stilled_by))
        .first(rx.conn())
        .optional()?;
    let Some((rings, opened, next, told, stilled)) = alarm else {
        return Ok(Some("nobody has it and nothing rings".to_owned()));
    };
    if next <= now {
        return Ok(Some("its alarm is late".to_owned()));
    }
    let first = if case.priority == Priority::P0 { 2 } else { 15 };
    // Whoever had the case has stilled an alarm that had not rung. Now nobody has it: the time runs from here. Otherwise it
    // runs from when there was a reason last: a p1 that becomes a p0 has one more.
    let reasons = audit::list(rx, case.id.as_str())?;
    let reason = reasons.iter().rev().find(|event| event.kind == "alarm_opened").map_or(opened, |event| event.at);
    let from = if stilled.is_some() { now.max(opened) } else { reason };
    if rings == 0 && next.since(from) > Duration::from_mins(first) {
        return Ok(Some("its alarm rings too late".to_owned()));
    }
    if able.is_empty() {
        let said = unseen_cases::table.find(&case.id).select(unseen_cases::case_id).first::<CaseId>(rx.conn());
        return Ok(said.optional()?.is_none().then(|| "nobody may see it and nobody is told that".to_owned()));
    }
    let told = told.unwrap_or_default();
    let heard = able.iter().any(|who| told.contains(who.as_str()));
    let repeat = Duration::from_mins(if case.priority == Priority::P0 { 5 } else { 15 });
    // Who comes when it has rung for nobody hears with the next ring.
    let unheard = rings > 0 && !heard && (!told.is_empty() || next.since(now) > repeat);
    Ok(unheard.then(|| format!("told {told:?}, not {able:?}")))
}
