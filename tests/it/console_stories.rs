//! What advocates do in a night, told once, and walked by keys alone (`console_keys`) and without a script (`console_plain`).

use recourse::base::secret::Sensitive;
use recourse::domain::people::staff::Role;
use serde_json::{Value, json};

use crate::harness::browser::checker;
use crate::harness::client::{Platform, Staff, full, small};
use crate::harness::hands::{Hands, Person, Seat};
use crate::harness::smtp::MailServer;
use crate::harness::{Database, World};

/// Somebody at work alone, in a world of their own.
pub(crate) struct Night {
    world: World,
    spark: Platform,
    seat: Seat,
}

/// Runs a story with a browser, where there is one.
pub(crate) fn night<F: Future<Output = ()>>(hands: Hands, story: impl FnOnce(Night) -> F) {
    if checker().is_none() {
        return;
    }
    actix_web::rt::System::new().block_on(async {
        let world = World::begin(Database::Sqlite, &|_| {}).await;
        let spark = world.platform("spark").await;
        let amina = Person::hire(&world, "amina", Role::Advocate).await;
        let seat = Seat::take(&world, hands).await;
        seat.sign_in(&world, &amina).await;
        story(Night { world, spark, seat }).await;
    });
}

/// From the queue to a decision, and what is set aside or given back meanwhile.
pub(crate) async fn alone(night: Night) {
    let Night { world, spark, seat } = &night;
    for reference in ["SPK-2", "SPK-3"] {
        spark.submit(&small(reference)).await;
    }
    spark.submit(&full("SPK-1")).await;
    seat.open("/console").await;
    seat.key("c", "You took this case.").await;
    seat.says("He has been outside my work").await;
    seat.key("s", "The review has begun.").await;
    seat.key("w", "Write a note").await;
    seat.write("text", "She is at her sister's.").await;
    seat.send("Keep this note", "The note is kept.").await;
    seat.says("She is at her sister's.").await;
    contact(seat).await;
    decide(spark, &world.clock.now().to_string(), seat).await;
    seat.key("u", "Queues").await;
    hold(world, seat).await;
    // The most urgent of all, and still not offered again to whoever gave it back.
    seat.key("p", "Change the priority").await;
    seat.choose("priority", "p3").await;
    seat.choose("reason_code", "professional_judgement").await;
    seat.write("text", "He has her new address.").await;
    seat.send("Change the priority", "The priority is changed.").await;
    seat.key("x", "Give it back").await;
    let first = seat.path().await;
    seat.send("Leave this case", "You gave it back.").await;
    seat.key("c", "You took this case.").await;
    assert_ne!(format!("{}/pass", seat.path().await), first, "the queue gives another");
}

/// She came to us. The ways that she has not named cannot be chosen.
async fn contact(seat: &Seat) {
    seat.key("t", "Record a contact").await;
    seat.choose("records", "safe_contact").await;
    for way in ["phone", "email"] {
        seat.cannot_choose("channel", way).await;
    }
    seat.choose("channel", "incoming").await;
    seat.write("text", "She rang us.").await;
    seat.send("Record it", "It is recorded.").await;
    seat.says("She rang us.").await;
}

/// The platform is asked, it answers, and the case is closed on what it did.
async fn decide(spark: &Platform, now: &str, seat: &Seat) {
    seat.key("a", "Ask").await;
    seat.choose("action", "preserve_evidence").await;
    seat.send("Ask the platform", "The platform is asked.").await;
    seat.says("Awaiting platform").await;
    let asked = spark.caller.get("/v1/requests").await.expect(200).json()["data"][0]["id"].clone();
    let path = format!("/v1/requests/{}/response", asked.as_str().unwrap());
    spark.caller.post(&path, &json!({"state": "done", "taken_at": now})).await.expect(200);
    // Nobody decides on what they have not read.
    seat.open(&seat.path().await).await;
    seat.key("d", "What came of it?").await;
    seat.choose("outcome", "platform_acted").await;
    seat.write("reason", "They kept it.").await;
    seat.send("Decide", "The case is closed.").await;
    seat.says("The platform did what it was asked").await;
}

/// A case is set aside for an hour, comes back by itself, and is taken again.
async fn hold(world: &World, seat: &Seat) {
    seat.key("c", "You took this case.").await;
    let case = seat.path().await.rsplit('/').next().unwrap().to_owned();
    seat.key("s", "The review has begun.").await;
    seat.key("h", "Put on hold").await;
    seat.choose("hours", "4").await;
    seat.write("reason", "She sleeps.").await;
    seat.send("Put it on hold", "The case is on hold").await;
    // Whoever looks at a page now and then stays signed in.
    for _ in 0..10 {
        world.pass(25 * 60);
        world.run_jobs().await;
        seat.open("/console/shift").await;
    }
    seat.says("kept for").await;
    seat.key("/", "Exactly as it is written").await;
    seat.write("q", &case).await;
    seat.send("Find it", "kept for amina").await;
    seat.key("c", "You took this case.").await;
}

/// Two at work at once, each at a browser of their own, and a server for their mails.
pub(crate) struct Pair {
    world: World,
    spark: Platform,
    mails: MailServer,
    amina: Seat,
    lena: Seat,
    /// The second person's account.
    lead: Person,
    /// A tool of somebody who looks on.
    onlooker: Staff,
}

/// Runs a story of two, where there are browsers and a mail server.
pub(crate) fn pair<F: Future<Output = ()>>(hands: Hands, story: impl FnOnce(Pair) -> F) {
    let (Some(_), Some(mails)) = (checker(), MailServer::start()) else { return };
    actix_web::rt::System::new().block_on(async {
        let url = mails.url();
        let set = move |config: &mut recourse::config::Config| {
            config.mail.url = Some(Sensitive::new(url.clone()));
            config.mail.operator = Some(Sensitive::new("operator@staff.example".to_owned()));
        };
        let world = World::begin(Database::Sqlite, &set).await;
        let spark = world.platform("spark").await;
        let advocate = Person::hire(&world, "amina", Role::Advocate).await;
        let lead = Person::hire(&world, "lena", Role::Lead).await;
        lead.gets_mail(&world, "lena@staff.example").await;
        let onlooker = world.staff(Role::Lead).await;
        let (amina, lena) = (Seat::take(&world, hands).await, Seat::take(&world, hands).await);
        amina.sign_in(&world, &advocate).await;
        lena.sign_in(&world, &lead).await;
        story(Pair { world, spark, mails, amina, lena, lead, onlooker }).await;
    });
}

/// What needs two: a lowering by two, one that is taken back, a hand-over, a race, and mirrors.
pub(crate) async fn together(pair: Pair) {
    lower(&pair).await;
    hand_over(&pair).await;
    race(&pair).await;
    mirrors(&pair).await;
}

async fn propose(amina: &Seat) {
    amina.key("p", "Change the priority").await;
    amina.choose("priority", "p2").await;
    amina.choose("reason_code", "safety_confirmed").await;
    amina.write("text", "She is abroad and safe.").await;
    amina.send("Change the priority", "It waits for a second person").await;
}

async fn lower(Pair { spark, amina, lena, .. }: &Pair) {
    let mut urgent = full("SPK-1");
    urgent["answers"] = json!({"not_safe_now": "yes"});
    spark.submit(&urgent).await;
    amina.open("/console").await;
    amina.key("c", "You took this case.").await;
    amina.key("s", "The review has begun.").await;
    propose(amina).await;
    amina.says("P0").await;
    // Whoever proposed it takes it back, and proposes it once more.
    amina.key("2", "You proposed").await;
    amina.follow("Lower the priority", "You proposed this.").await;
    amina.send("Take it back", "You have taken it back.").await;
    amina.key("2", "Nothing of yours waits.").await;
    amina.key("/", "Exactly as it is written").await;
    amina.write("q", "SPK-1").await;
    amina.send("Find it", "Found").await;
    amina.follow("Stalking in person", "You hold this case").await;
    propose(amina).await;
    // Nobody signs what they have not read.
    lena.open("/console").await;
    lena.key("2", "Proposed by colleagues").await;
    lena.follow("Lower the priority", "She is abroad and safe.").await;
    lena.send("Approve", "you have not read").await;
    lena.follow("Go on to the case", "He has been outside my work").await;
    lena.follow("Read the proposal", "She is abroad and safe.").await;
    lena.send("Approve", "You have signed, and it is done.").await;
    lena.says("P2").await;
}

async fn hand_over(Pair { world, mails, amina, lena, lead, .. }: &Pair) {
    amina.key("o", "To whom?").await;
    amina.choose("staff_id", &lead.id).await;
    amina.write("note", "She rings at nine.").await;
    amina.send("Hand it over", "The case is handed over.").await;
    world.run_jobs().await;
    let told: Vec<Value> = mails.mails().into_iter().map(|mail| json!([mail.to, mail.subject])).collect();
    assert!(told.contains(&json!(["lena@staff.example", "Something was handed to you"])), "{told:?}");
    lena.open("/console").await;
    lena.says("kept for lena").await;
    lena.follow("Stalking in person", "She rings at nine.").await;
    lena.key("c", "You took this case.").await;
}

/// Both have the case before them. Whoever is later reads who was quicker.
async fn race(Pair { spark, amina, lena, onlooker, .. }: &Pair) {
    spark.submit(&small("SPK-2")).await;
    let path = format!("/console/cases/{}", onlooker.case_of("SPK-2").await);
    amina.open(&path).await;
    lena.open(&path).await;
    lena.key("c", "You took this case.").await;
    amina.key("c", "Held now by: lena, until 19:19.").await;
    amina.says("lena took the case").await;
    // The next one is one key away.
    spark.submit(&small("SPK-3")).await;
    amina.key("c", "You took this case.").await;
    assert_ne!(amina.path().await, path);
}

async fn mirrors(Pair { spark, amina, lena, onlooker, .. }: &Pair) {
    for (reference, from, of) in [("SPK-8", "u_1", "u_2"), ("SPK-9", "u_2", "u_1")] {
        let mut body = small(reference);
        body["reporter"]["platform_account_ref"] = json!(from);
        body["subject"] = json!({"platform_account_ref": of});
        spark.submit(&body).await;
    }
    let (path, other) = (onlooker.case_of("SPK-8").await, onlooker.case_of("SPK-9").await);
    let rows = format!("document.querySelectorAll('[data-case=\"{other}\"]').length");
    for (seat, words, found) in [(lena, "a senior reads both", 1), (amina, "None that you may see.", 0)] {
        seat.open(&format!("/console/cases/{path}")).await;
        seat.key("e", words).await;
        assert_eq!(seat.browser.run(&format!("return {rows}"), json!([])).await, json!(found));
    }
}
