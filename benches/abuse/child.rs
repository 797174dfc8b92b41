//! The process beside the service, bound to one processor: it abuses it, or only uses as much of that processor.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::{kinds, proc};

/// The argument that makes this program such a process.
pub(crate) const ARGUMENT: &str = "--beside";

/// What an abuser has: an honest credential with the limits that everybody has, and one that was revoked.
#[derive(Clone, Deserialize, Serialize)]
pub(crate) struct Given {
    /// The name of the abuse.
    pub(crate) kind: String,
    pub(crate) address: SocketAddr,
    pub(crate) token: String,
    pub(crate) void: String,
    /// The id of its credential.
    pub(crate) client: String,
}

/// What such a process is to do.
#[derive(Deserialize, Serialize)]
pub(crate) enum Task {
    Abuse(Given),
    /// To make ready what that abuse needs, and then only to use this share of its processor and to hold a connection that says
    /// nothing.
    Burn(f64, Given),
}

/// Answers by their status: 0 stands for connections that were cut off.
pub(crate) type Counts = BTreeMap<u16, u64>;

/// What was heard so far.
#[derive(Clone, Default)]
pub(crate) struct Tally(Arc<Mutex<Counts>>);

impl Tally {
    pub(crate) fn count(&self, status: u16) {
        *self.0.lock().unwrap().entry(status).or_default() += 1;
    }
}

/// The process, as the bench sees it. It ends with this value.
pub(crate) struct Beside {
    child: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Beside {
    /// Starts it, bound to this processor, and waits until it has begun.
    pub(crate) fn start(task: &Task, processor: usize) -> Self {
        let mut command = Command::new("taskset");
        command.args(["-c", &processor.to_string()]).arg(std::env::current_exe().unwrap()).arg(ARGUMENT);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("taskset binds a process to a processor");
        let orders = child.stdin.take().unwrap();
        let answers = BufReader::new(child.stdout.take().unwrap());
        let mut beside = Self { child, orders, answers };
        beside.order(&serde_json::to_string(task).unwrap());
        beside
    }

    /// What it has heard so far.
    pub(crate) fn counts(&mut self) -> Counts {
        let text = self.order("count");
        serde_json::from_str(&text).expect("the process beside counts")
    }

    pub(crate) fn processor_time(&self) -> f64 {
        proc::processor_time(self.child.id())
    }

    fn order(&mut self, line: &str) -> String {
        writeln!(self.orders, "{line}").expect("the process beside listens");
        let mut answer = String::new();
        self.answers.read_line(&mut answer).expect("the process beside answers");
        answer
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Is such a process, until nobody gives orders any more.
pub(crate) fn run() {
    let mut orders = std::io::stdin().lines().map_while(Result::ok);
    let task: Task = serde_json::from_str(&orders.next().expect("a task")).unwrap();
    let tally = Tally::default();
    let own = tally.clone();
    let (begun, waiting) = std::sync::mpsc::channel();
    std::thread::spawn(move || match task {
        Task::Abuse(given) => kinds::abuse(&given, &own, &begun),
        Task::Burn(share, given) => {
            kinds::make_ready(&given);
            burn(share, given.address, &begun);
        }
    });
    waiting.recv().expect("the abuse begins");
    println!();
    for _ in orders {
        println!("{}", serde_json::to_string(&*tally.0.lock().unwrap()).unwrap());
    }
}

/// Uses a share of the processor, a little in every two milliseconds.
fn burn(share: f64, address: SocketAddr, begun: &std::sync::mpsc::Sender<()>) {
    let _idle = std::net::TcpStream::connect(address).expect("the service listens");
    begun.send(()).unwrap();
    let (since, used) = (Instant::now(), proc::own_processor_time());
    loop {
        while proc::own_processor_time().saturating_sub(used) < since.elapsed().mul_f64(share) {
            std::hint::spin_loop();
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}
