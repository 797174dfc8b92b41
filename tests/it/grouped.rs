//! Writes share a commit on `SQLite`, and nobody is answered before it: a group in which several are, or beside which others call, is a
//! short one.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix_web::rt::spawn;
use actix_web::rt::task::JoinHandle;
use recourse::db::Share;
use recourse::domain::unit::Entry;
use recourse::error::Result;

use crate::harness::process::now;
use crate::harness::{World, on_both};
use crate::shares::{Bar, Order, write};

/// Writes in the turn of a flood for so long, or until it `is_enough`. Whether it was enough.
fn long(
    world: &World,
    patience: Duration,
    order: &Order,
    is_enough: impl Fn() -> bool + Send + 'static,
) -> JoinHandle<Result<bool>> {
    let (app, begun) = (Arc::clone(&world.app), Arc::clone(&order.begun));
    spawn(async move {
        let work = move |_: &mut Entry<'_>| {
            let since = now();
            while since.elapsed() < patience && !is_enough() {
                std::thread::yield_now();
            }
            Ok(is_enough())
        };
        begun.fetch_add(1, Ordering::SeqCst);
        app.enter(&Share::of("flood"), work).await
    })
}

/// Longer than a group of several gathers, and less long than that of one who is alone.
const A_WHILE: Duration = Duration::from_millis(6);
/// Longer than anybody waits for an answer.
const FOR_EVER: Duration = Duration::from_secs(5);

/// What a flood has waiting behind what stands still, of which the second looks whether `answered` is so when its time comes.
async fn flood(world: &World, order: &Order, answered: &Arc<AtomicBool>) -> [JoinHandle<Result<bool>>; 2] {
    let first = long(world, A_WHILE, order, || false);
    order.stand(2).await;
    let answered = Arc::clone(answered);
    let second = long(world, FOR_EVER, order, move || answered.load(Ordering::SeqCst));
    order.stand(3).await;
    [first, second]
}

#[test]
fn who_brings_one_write_is_answered_before_the_many_of_another_are_done() {
    on_both(|world| async move {
        if world.app.db.is_shared() {
            return;
        }
        let (go, bar) = Bar::new();
        let (order, answered) = (Order::default(), Arc::new(AtomicBool::new(false)));
        let held = write(&world, "flood", Some(bar), &order);
        order.hold(1).await;
        let [_, second] = flood(&world, &order, &answered).await;
        let quiet = write(&world, "quiet", None, &order);
        order.stand(4).await;
        drop(go);
        quiet.await.unwrap().unwrap();
        answered.store(true, Ordering::SeqCst);
        held.await.unwrap().unwrap();
        assert!(second.await.unwrap().unwrap(), "it waited for all that the other brought");
    });
}

/// Whoever comes while a group is committed waits for all that it has written.
#[test]
fn where_several_platforms_are_connected_no_group_is_a_long_one() {
    on_both(|world| async move {
        if world.app.db.is_shared() {
            return;
        }
        for name in ["spark", "meetly"] {
            world.platform(name).await;
        }
        world.app.count_platforms().await;
        let (go, bar) = Bar::new();
        let (order, answered) = (Order::default(), Arc::new(AtomicBool::new(false)));
        let held = write(&world, "flood", Some(bar), &order);
        order.hold(1).await;
        let [first, second] = flood(&world, &order, &answered).await;
        drop(go);
        held.await.unwrap().unwrap();
        first.await.unwrap().unwrap();
        answered.store(true, Ordering::SeqCst);
        assert!(second.await.unwrap().unwrap(), "what was done before it waited for it");
    });
}
