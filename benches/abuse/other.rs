//! The other tenant: reports at a steady rate, whatever becomes of those before. Each is timed from the moment at which it
//! should have been sent, so that one that is held up makes those behind it late, and no pause of ours hides that. Its threads go
//! before all others where the system lets them: it stands for a machine of its own, and what is measured is the service.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::unbounded_channel;
use tokio::task::{JoinSet, LocalSet};

use crate::http::{Request, report_body, unique};
use crate::line::Line;

/// Between two reports: twenty a second.
pub(crate) const PACE: Duration = Duration::from_millis(50);

/// How far before all others its threads are, in the steps of `nice`.
const AHEAD: i32 = -10;

/// What the other tenant heard.
#[derive(Default)]
pub(crate) struct Heard {
    pub(crate) times: Vec<Duration>,
    pub(crate) statuses: BTreeMap<u16, u64>,
}

/// Sends so many reports, and waits for the last answer.
pub(crate) fn report(address: SocketAddr, token: &str, count: usize) -> Heard {
    // On a thread of its own: what starts from this one keeps its priority.
    std::thread::scope(|scope| scope.spawn(|| send(address, token, count)).join().unwrap())
}

fn send(address: SocketAddr, token: &str, count: usize) -> Heard {
    if let Err(error) = rustix::process::nice(AHEAD) {
        eprintln!("abuse: the other tenant waits for processors like all others: {error}");
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    // A thread of its own keeps time: the runtime's clock counts in whole milliseconds.
    let (send, mut due) = unbounded_channel();
    let pacer = std::thread::spawn(move || {
        let begin = Instant::now();
        for n in 0..count {
            let at = begin + PACE * u32::try_from(n).unwrap();
            std::thread::sleep(at.saturating_duration_since(Instant::now()));
            send.send(at).unwrap();
        }
    });
    let heard = Rc::new(RefCell::new(Heard::default()));
    let lines = Rc::new(RefCell::new(Vec::<Line>::new()));
    let request = Request::post("/v1/reports", token, &report_body());
    LocalSet::new().block_on(&runtime, async {
        let mut calls = JoinSet::new();
        while let Some(at) = due.recv().await {
            let (heard, lines, mut request) = (Rc::clone(&heard), Rc::clone(&lines), request.clone());
            calls.spawn_local(async move {
                let idle = lines.borrow_mut().pop();
                let mut line = idle.unwrap_or_else(|| Line::to(address));
                let answer = line.call(request.number(unique())).await;
                let took = at.elapsed();
                let mut heard = heard.borrow_mut();
                heard.times.push(took);
                *heard.statuses.entry(answer.status).or_default() += 1;
                lines.borrow_mut().push(line);
            });
        }
        while calls.join_next().await.is_some() {}
    });
    pacer.join().unwrap();
    heard.take()
}
