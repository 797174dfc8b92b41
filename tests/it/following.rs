//! Following the log of events, and having much of it sent again: whatever is asked for, little is looked at for it, and nobody
//! waits for it.

use std::collections::BTreeSet;

use diesel::prelude::*;
use recourse::db::schema::{deliveries, event_cursors, events, replays};
use recourse::domain::webhooks;
use serde_json::{Value, json};

use crate::harness::client::{Platform, small};
use crate::harness::receiver::{Manner, Message, Receiver};
use crate::harness::{TEST, World, on_both, on_both_with};
use crate::webhooks::{endpoint, over_loopback, see};

/// Fills the log of the platform that has one report with entries of that report, a second apart, none of which has its place.
fn fill(world: &World, count: usize) {
    let values = |from: usize, to: usize| -> String {
        let row = |n: usize| {
            let id = format!("evt_{n:026}");
            let at = format!("(SELECT received_at FROM reports LIMIT 1) + {n}000000");
            format!(
                "('{id}', (SELECT platform_id FROM reports LIMIT 1), 'live', {n}, 'report.status_changed', {at}, (SELECT id FROM reports LIMIT 1))"
            )
        };
        (from..to).map(row).collect::<Vec<_>>().join(", ")
    };
    for from in (1..=count).step_by(500) {
        let to = (from + 500).min(count + 1);
        let columns = "id, platform_id, mode, sequence, type, created_at, report_id";
        world.tamper(&format!("INSERT INTO events ({columns}) VALUES {}", values(from, to)));
    }
}

/// All pages of a list, and how many there were.
async fn walk(platform: &Platform, query: &str) -> (Vec<String>, usize) {
    let (mut ids, mut pages, mut cursor) = (Vec::new(), 0, String::new());
    loop {
        let page = platform.caller.get(&format!("/v1/events?limit=100{query}{cursor}")).await.expect(200).json();
        pages += 1;
        ids.extend(page["data"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return (ids, pages),
        }
        assert!(pages < 200, "{query} does not come to an end");
    }
}

#[test]
fn a_filter_that_matches_nothing_looks_at_a_part_of_the_log_and_comes_to_its_end() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let report = spark.submit(&small("L-1")).await;
        fill(&world, 5_200);
        let (all, _) = walk(&spark, "").await;
        assert_eq!((all.len(), all.iter().collect::<BTreeSet<_>>().len()), (5_201, 5_201));
        // What matches nothing is told in pages without an entry, each of which says where to go on.
        let (none, pages) = walk(&spark, "&delivery=failed").await;
        assert!(none.is_empty() && (2..=4).contains(&pages), "{pages}");
        let first = spark.caller.get("/v1/events?delivery=failed").await.expect(200);
        let next = first.json()["next_cursor"].as_str().unwrap().to_owned();
        assert_eq!((&first.json()["data"], &first.json()["has_more"]), (&json!([]), &json!(true)));
        assert!(first.header("link").contains(&next));
        // By type, by report and by time nothing is looked at that is not wanted.
        let other = format!("rep_{}", "0".repeat(26));
        for query in ["&type=request.created", &format!("&report_id={other}"), "&since=2027-01-01T00:00:00Z"] {
            assert_eq!(walk(&spark, query).await, (Vec::new(), 1), "{query}");
        }
        assert_eq!(walk(&spark, "&until=2026-11-01T00:00:00Z").await.0, Vec::<String>::new());
        assert_eq!(walk(&spark, "&type=report.received").await.0.len(), 1);
        assert_eq!(walk(&spark, &format!("&report_id={report}")).await.0.len(), 5_201);
        // A stretch of time holds what it holds, wherever it begins.
        let (stretch, _) = walk(&spark, "&since=2026-11-21T19:34:02.123457Z&until=2026-11-21T19:44:02.123457Z").await;
        assert_eq!(stretch, (1_800..2_400).map(|n| format!("evt_{n:026}")).collect::<Vec<_>>());
    });
}

#[test]
fn a_stretch_of_time_holds_what_got_its_place_in_another_order() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        spark.submit(&small("L-1")).await;
        fill(&world, 3);
        walk(&spark, "").await;
        // Days later two came side by side, and the one that began first was committed last.
        let days = 4 * 86_400_i64;
        for (n, seconds, place) in [(8, days + 1, 6), (9, days + 2, 5)] {
            world.tamper(&format!(
                "INSERT INTO events (id, platform_id, mode, sequence, type, created_at, report_id, position) SELECT \
                 'evt_{n:026}', platform_id, 'live', {n}, 'report.status_changed', received_at + {seconds}000000, id, \
                 {place} FROM reports"
            ));
        }
        world.tamper("UPDATE event_cursors SET position = 6");
        let both: Vec<String> = [9, 8].map(|n| format!("evt_{n:026}")).to_vec();
        assert_eq!(walk(&spark, "&since=2026-11-25T19:04:00Z").await.0, both);
        assert_eq!(walk(&spark, "&since=2026-11-25T19:04:04Z").await.0, both[..1]);
        assert_eq!(walk(&spark, "&since=2026-11-25T00:00:00Z&until=2026-11-25T19:04:04Z").await.0, both[1..]);
    });
}

#[test]
fn places_are_given_a_few_at_a_time_and_reading_writes_nothing_else() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        spark.submit(&small("L-1")).await;
        fill(&world, 4_000);
        let placed = || async {
            let query = events::table.filter(events::position.is_not_null()).count();
            world.app.read(move |rx| Ok(query.get_result::<i64>(rx.conn())?)).await.unwrap()
        };
        spark.caller.get("/v1/events?limit=1").await.expect(200);
        let first = placed().await;
        assert!((1_000..=2_500).contains(&first), "{first}");
        // Whoever makes an endpoint is not told of what was before it, however much waited for its place.
        let made = json!({"url": "https://hooks.example.com/x"});
        spark.caller.post("/v1/webhook-endpoints", &made).await.expect(201);
        assert_eq!(placed().await, 4_001);
        let cursor =
            world.app.read(|rx| Ok(event_cursors::table.select(event_cursors::position).first::<i64>(rx.conn())?));
        assert_eq!(cursor.await.unwrap(), 4_001);
    });
}

#[test]
fn a_replay_is_owed_and_worked_off_in_pages_and_ends_with_its_endpoint() {
    on_both_with(over_loopback, |world| async move {
        let spark = world.platform("spark").await;
        spark.submit(&small("L-1")).await;
        let receiver = Receiver::start(Manner::Answer(204, "")).await;
        fill(&world, 400);
        let (one, gone) = (
            endpoint(&world, &spark, &receiver, &[]).await,
            endpoint(&world, &spark, &receiver, &["report.closed"]).await,
        );
        let other = endpoint(&world, &spark, &receiver, &[]).await;
        let count = |what: &'static str| {
            let app = std::sync::Arc::clone(&world.app);
            async move {
                let rows = app.read(move |rx| match what {
                    "replays" => Ok(replays::table.count().get_result::<i64>(rx.conn())?),
                    _ => {
                        Ok(deliveries::table.filter(deliveries::next_at.is_not_null()).count().get_result(rx.conn())?)
                    }
                });
                rows.await.unwrap()
            }
        };
        let range = json!({"since": "2026-11-21T19:00:00Z", "until": "2026-11-22T00:00:00Z", "types": ["report.status_changed"]});
        let asked = spark.caller.post("/v1/events/replay", &range).await.expect(202).json();
        // The call itself owes them, and makes none: one row for each endpoint that wants them.
        assert_eq!((&asked["deliveries"], count("replays").await, count("due").await), (&json!(800), 2, 0));
        let owed = async |of: &Value| see(&spark, of).await["replays_owed"].clone();
        assert_eq!((owed(&one).await, owed(&gone).await), (json!(400), json!(0)));
        // So many at once.
        for _ in 0..3 {
            spark.caller.post("/v1/events/replay", &range).await.expect(202);
        }
        let refused = spark.caller.post("/v1/events/replay", &range).await.expect(429);
        assert_eq!((refused.code(), refused.header("retry-after")), ("quota_exceeded".to_owned(), "10".to_owned()));
        // A removed endpoint takes with it what it was owed.
        let path = format!("/v1/webhook-endpoints/{}", other["id"].as_str().unwrap());
        let remove = spark.caller.request(reqwest::Method::DELETE, &path).header("If-Match", "\"1\"");
        crate::harness::client::Caller::send(remove).await.expect(204);
        assert_eq!(count("replays").await, 4);
        // One transaction puts twenty-five on their way, whatever is asked for.
        let first = world.app.read(webhooks::replaying).await.unwrap().remove(0).remove(0);
        let page = world.app.write(TEST, {
            let first = first.clone();
            move |tx| webhooks::replay_page(tx, &first)
        });
        assert!(page.await.unwrap());
        let due = count("due").await;
        assert!((20..=25).contains(&due), "{due}");
        assert_eq!((count("replays").await, owed(&one).await), (4, json!(1_600 - due)));
        // What is owed to an endpoint that is switched off waits, a replay too.
        world.tamper("UPDATE webhook_endpoints SET state = 'disabled'");
        world.deliver().await;
        assert_eq!((count("replays").await, receiver.take().len()), (4, 0));
        world.tamper("UPDATE webhook_endpoints SET state = 'active'");
        // Whoever takes over goes on, also where a row cannot be worked on.
        if !world.app.db.is_shared() {
            world.tamper(&format!("UPDATE replays SET types = x'ff' WHERE id = '{}'", first.replay));
            world.deliver().await;
            assert_eq!((count("replays").await, owed(&one).await), (1, json!(400 - due)));
            world.tamper("UPDATE replays SET types = ''");
        }
        world.deliver().await;
        let sent = receiver.take();
        let ids: BTreeSet<&str> = sent.iter().map(Message::id).collect();
        assert_eq!(ids.len(), 400);
        assert_eq!((count("replays").await, count("due").await, owed(&one).await), (0, 0, json!(0)));
        // What is too much for one call is told, whatever types are asked for.
        let wide =
            json!({"since": "2026-11-20T00:00:00Z", "until": "2026-11-22T00:00:00Z", "types": ["report.closed"]});
        assert_eq!(spark.caller.post("/v1/events/replay", &wide).await.expect(202).json()["deliveries"], json!(0));
    });
}
