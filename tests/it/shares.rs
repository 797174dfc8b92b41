//! One tenant's calls take no other's turn: connections and the writer's time are shared out.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use actix_web::rt::spawn;
use actix_web::rt::task::{JoinHandle, spawn_blocking};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Text;
use futures_util::future::join_all;
use recourse::base::id::ClientId;
use recourse::db::Share;
use recourse::db::schema::platforms;
use recourse::domain::people::platforms::Scope;
use recourse::domain::people::staff::Role;
use recourse::domain::terms::Mode;
use recourse::domain::unit::{Caller, Entry, Look};
use recourse::domain::webhooks;
use recourse::error::{Error, Result};
use serde_json::json;

use crate::harness::client::{Caller as Client, small};
use crate::harness::{TEST, World, on_both};
use crate::structure::{code, sources};

/// Whose work was done, in order, how much of it waits or has waited, and how much has come to its bar.
#[derive(Clone, Default)]
pub(crate) struct Order {
    done: Arc<Mutex<Vec<&'static str>>>,
    pub(crate) begun: Arc<AtomicUsize>,
    barred: Arc<AtomicUsize>,
}

impl Order {
    /// Waits until so much work stands in its line.
    pub(crate) async fn stand(&self, count: usize) {
        until(|| self.begun.load(Ordering::SeqCst) >= count).await;
    }

    /// Waits until so much work has left its line and stands at its bar.
    pub(crate) async fn hold(&self, count: usize) {
        until(|| self.barred.load(Ordering::SeqCst) >= count).await;
    }
}

/// Lets others go on until it is so.
async fn until(is_so: impl Fn() -> bool) {
    for _ in 0..1_000_000 {
        if is_so() {
            return;
        }
        spawn_blocking(std::thread::yield_now).await.unwrap();
    }
    panic!("it does not come to that");
}

/// What stops work until the other end is dropped.
#[derive(Clone)]
pub(crate) struct Bar(Arc<Mutex<Receiver<()>>>);

impl Bar {
    pub(crate) fn new() -> (Sender<()>, Self) {
        let (go, held) = channel();
        (go, Self(Arc::new(Mutex::new(held))))
    }

    fn stop(&self) {
        let _ = self.0.lock().map(|held| held.recv());
    }
}

/// Writes in the turn of a share, and notes whose it was; stops first, where there is a bar.
pub(crate) fn write(world: &World, share: &'static str, bar: Option<Bar>, order: &Order) -> JoinHandle<Result<()>> {
    let (app, order) = (Arc::clone(&world.app), order.clone());
    spawn(async move {
        let Order { done, barred, .. } = order.clone();
        let work = move |_: &mut Entry<'_>| {
            if let Some(bar) = bar {
                barred.fetch_add(1, Ordering::SeqCst);
                bar.stop();
            }
            done.lock().unwrap().push(share);
            Ok(())
        };
        // What is counted stands in its line before anybody else goes on.
        order.begun.fetch_add(1, Ordering::SeqCst);
        app.enter(&Share::of(share), work).await
    })
}

/// How much of one share runs at a time: on SQLite there is one writer, on PostgreSQL a share has a quarter of the places.
fn at_once(world: &World) -> usize {
    if world.app.db.is_shared() { usize::try_from(world.config.sizes().postgres / 4).unwrap() } else { 1 }
}

/// How much of what reads runs at the same time.
#[derive(Clone, Default)]
struct Inside {
    now: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
}

/// Reads in the turn of each of these shares as often as fifty times at once, and stands still within. Dropping what comes back
/// lets all go on.
async fn stand_still(world: &World, shares: &[Share], inside: &Inside) -> (Sender<()>, Vec<JoinHandle<Result<()>>>) {
    let (go, bar) = Bar::new();
    let readers = shares.iter().cycle().take(50 * shares.len()).map(|share| {
        let (app, bar, inside, share) = (Arc::clone(&world.app), bar.clone(), inside.clone(), share.clone());
        spawn(async move {
            let work = move |_: &mut Look<'_>| {
                inside.most.fetch_max(inside.now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                bar.stop();
                inside.now.fetch_sub(1, Ordering::SeqCst);
                Ok(())
            };
            app.read_for(&share, work).await
        })
    });
    let readers = readers.collect();
    until(|| inside.now.load(Ordering::SeqCst) == for_readers(world)).await;
    (go, readers)
}

/// Each of them came to its turn, or was told to come again: whoever waits behind those that stand still waits for seconds only.
async fn all_were_told(readers: Vec<JoinHandle<Result<()>>>) {
    for reader in join_all(readers).await {
        let told = reader.unwrap();
        assert!(matches!(told, Ok(()) | Err(Error::Unavailable(_))), "{told:?}");
    }
}

/// How many connections one may have for what only reads.
fn for_readers(world: &World) -> usize {
    let sizes = world.config.sizes();
    let most = if world.app.db.is_shared() { sizes.postgres / 4 - 1 } else { 2 };
    usize::try_from(most).unwrap()
}

#[test]
fn who_reads_as_much_as_they_can_leaves_connections_to_the_others() {
    on_both(|world| async move {
        let (spark, lead) = (world.platform("spark").await, world.staff(Role::Lead).await);
        let inside = Inside::default();
        // Trial and real life of one platform are two lines, and have the connections of one.
        let flood = ["live", "test"].map(|mode| Share::part_of("plt_flood", &format!("plt_flood:{mode}")));
        let (go, readers) = stand_still(&world, &flood, &inside).await;
        // Reports, lists and colleagues go on, and so do jobs and whoever signs in, while a hundred readers of another tenant
        // stand still.
        for n in 0..10 {
            spark.submit(&small(&format!("S-{n}"))).await;
            spark.caller.get("/v1/reports").await.expect(200);
            spark.caller.get("/v1/events").await.expect(200);
            lead.caller.get("/v1/triage/cases?queue=sexual_harm").await.expect(200);
        }
        world.run_jobs().await;
        world.caller("").get("/readyz").await.expect(200);
        world.caller("").get("/healthz").await.expect(200);
        world.platform("late").await.submit(&small("L-1")).await;
        let wrong = json!({"username": "nobody", "password": "wrong", "code": "000000"});
        world.caller("").post("/v1/triage/sessions", &wrong).await.expect(401);
        drop(go);
        all_were_told(readers).await;
        assert_eq!(inside.most.load(Ordering::SeqCst), for_readers(&world));
    });
}

#[test]
fn a_platforms_own_readers_stop_none_of_its_reports() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let id =
            world.app.read(|rx| Ok(platforms::table.select(platforms::id).first::<String>(rx.conn())?)).await.unwrap();
        let own = ["live", "test"].map(|mode| Share::part_of(&id, &format!("{id}:{mode}")));
        let (go, readers) = stand_still(&world, &own, &Inside::default()).await;
        let report = spark.submit(&small("O-1")).await;
        spark
            .caller
            .post(&format!("/v1/reports/{report}/additions"), &json!({"statement": {"text": "more"}}))
            .await
            .expect(201);
        drop(go);
        all_were_told(readers).await;
    });
}

/// How long a server lets a statement of a reader in this share take.
async fn patience(world: &World, share: &Share) -> String {
    let asked = |rx: &mut Look<'_>| {
        let setting = sql::<Text>("current_setting('statement_timeout')");
        Ok(diesel::select(setting).get_result::<String>(rx.conn())?)
    };
    world.app.read_for(share, asked).await.unwrap()
}

/// What callers read ends after five seconds on a server, also in a session that a pooler lends.
pub(crate) async fn readers_are_ended(world: &World) {
    assert_eq!(patience(world, &Share::of("plt_flood:live")).await, "5s");
    assert_eq!(patience(world, &Share::house()).await, "15s");
}

#[test]
fn what_a_caller_reads_is_ended_by_the_server() {
    on_both(|world| async move {
        if world.app.db.is_shared() {
            readers_are_ended(&world).await;
        }
    });
}

/// As many as there are connections.
const NAMES: [&str; 16] = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p"];

/// Opens all connections, which are opened when they are needed first.
async fn warm(world: &World) {
    let (go, bar) = Bar::new();
    let order = Order::default();
    let all: Vec<_> = NAMES.into_iter().map(|name| write(world, name, Some(bar.clone()), &order)).collect();
    order.stand(NAMES.len()).await;
    drop(go);
    join_all(all).await;
}

#[test]
fn who_writes_as_much_as_they_can_is_served_in_turn_with_the_others() {
    on_both(|world| async move {
        warm(&world).await;
        let (go, bar) = Bar::new();
        let order = Order::default();
        // What runs when the others come is not ended.
        let flood = |bar| write(&world, "plt_flood:live", bar, &order);
        let held = at_once(&world);
        let mut all: Vec<_> = (0..held).map(|_| flood(Some(bar.clone()))).collect();
        order.hold(held).await;
        all.extend((0..500).map(|_| flood(None)));
        order.stand(held + 500).await;
        let quiet: Vec<_> = (0..3).map(|_| write(&world, "plt_quiet:live", None, &order)).collect();
        let app = Arc::clone(&world.app);
        let job = spawn(async move { app.write(Caller::Job("alarms"), |_| Ok(())).await });
        order.stand(held + 503).await;
        // On PostgreSQL nothing is waited for: the other tenant has none of these places.
        let mut go = Some(go).filter(|_| world.app.db.is_shared());
        for one in join_all(quiet).await {
            one.unwrap().unwrap();
        }
        job.await.unwrap().unwrap();
        go.take();
        for one in join_all(all).await {
            one.unwrap().unwrap();
        }
        let order = order.done.lock().unwrap().clone();
        let last = order.iter().rposition(|share| *share == "plt_quiet:live").unwrap();
        assert!(last < 20, "the last of three that came behind 500 was number {last}");
    });
}

#[test]
fn whose_line_is_full_hears_so_and_nobody_else_does() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let (go, bar) = Bar::new();
        let order = Order::default();
        let flood = |bar| write(&world, "plt_flood:live", bar, &order);
        let places = at_once(&world);
        let held: Vec<_> = (0..places).map(|_| flood(Some(bar.clone()))).collect();
        order.hold(places).await;
        let waiting: Vec<_> = (0..1_100).map(|_| flood(None)).collect();
        order.stand(places + 1_100).await;
        let report = {
            let caller = spark.caller.clone();
            spawn(async move { caller.post("/v1/reports", &small("Q-1")).await })
        };
        drop(go);
        assert_eq!(report.await.unwrap().status, 201);
        let outcomes = join_all(waiting).await;
        // On PostgreSQL whoever stands in line for seconds is sent home too, in other words.
        let is_refused = |one: &Result<()>| matches!(one, Err(Error::Unavailable(why)) if why.starts_with("too many"));
        let refused = outcomes.iter().filter(|one| is_refused(one.as_ref().unwrap())).count();
        assert_eq!(refused, 1_100 - 1_024);
        for one in join_all(held).await {
            one.unwrap().unwrap();
        }
    });
}

/// While the writer stands still, what a caller has begun stands in its line; what was sent beyond has not been begun.
#[test]
fn whoever_calls_on_many_connections_has_a_few_calls_under_way() {
    on_both(|world| async move {
        // PostgreSQL has several writers, which do not stand still together.
        if world.app.db.is_shared() {
            return;
        }
        let (spark, meetly) = (world.platform("spark").await, world.platform("meetly").await);
        let post = |caller: &Client, reference: String| {
            let caller = caller.clone();
            spawn(async move { caller.post("/v1/reports", &small(&reference)).await.status })
        };
        let under_way = || world.app.db.writes_under_way();
        let (go, bar) = Bar::new();
        let order = Order::default();
        let held = write(&world, "held", Some(bar), &order);
        until(|| under_way() == 1).await;
        let flood: Vec<_> = (0..40).map(|n| post(&spark.caller, format!("M-{n}"))).collect();
        let most = std::thread::available_parallelism().map_or(4, |processors| (2 * processors.get()).max(4));
        until(|| under_way() > most).await;
        let other = post(&meetly.caller, "M-1".to_owned());
        until(|| under_way() > most + 1).await;
        assert_eq!(under_way(), most + 2, "of forty calls more are under way");
        drop(go);
        held.await.unwrap().unwrap();
        assert_eq!(other.await.unwrap(), 201);
        assert!(join_all(flood).await.into_iter().all(|status| status.unwrap() == 201));
    });
}

#[test]
fn several_platforms_are_there_while_two_have_a_credential_that_holds() {
    on_both(|world| async move {
        let several = async || {
            world.app.count_platforms().await;
            world.app.serves_several()
        };
        assert!(!world.app.serves_several(), "counted at the start");
        world.platform("spark").await;
        world.platform_with("spark", Mode::Test, Scope::ALL).await;
        assert!(!several().await);
        let meetly: ClientId = world.platform("meetly").await.client_id.parse().unwrap();
        assert!(several().await);
        world.app.write(TEST, move |tx| webhooks::revoke_client(tx, &meetly)).await.unwrap();
        assert!(!several().await);
    });
}

#[cfg(target_os = "linux")]
#[test]
fn what_nobody_waits_for_is_read_on_a_thread_that_gives_way() {
    use preempt_rt::sched::{Pid, Scheduler, get_scheduler};

    on_both(|world| async move {
        let own = |_: &mut Look<'_>| {
            get_scheduler(Pid::current_thread()).map_err(|error| recourse::error::Error::Internal(error.into()))
        };
        let of_a_caller = world.app.read_for(&Share::of("one"), own).await.unwrap();
        let of_a_job = world.app.read_for(&Share::giving_way("compare"), own).await.unwrap();
        assert_eq!((of_a_caller, of_a_job), (Scheduler::SCHED_NORMAL, Scheduler::SCHED_IDLE));
    });
}

#[test]
fn no_surface_reads_in_the_turn_of_the_service() {
    let own = [".app.read(", "app.read(move", ".read(move", ".read(|", ".db.read(", ".db.write(", "app.write("];
    for (file, text) in sources().into_iter().filter(|(file, _)| file.starts_with("web/")) {
        for (number, line) in code(&text).enumerate() {
            let found = own.iter().find(|word| line.contains(**word));
            assert!(
                found.is_none(),
                "src/{file}:{}: {line}: take `read_for` or `enter` with `call.share()`",
                number + 1
            );
        }
    }
}
