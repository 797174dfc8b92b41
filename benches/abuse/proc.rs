//! What the kernel says of a process: its processor time and its memory.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Linux counts processor time in hundredths of a second towards programs, whatever its own beat is.
const TICKS: f64 = 100.0;

/// The processor time that a process has used so far, in seconds.
pub(crate) fn processor_time(process: u32) -> f64 {
    let text = std::fs::read_to_string(format!("/proc/{process}/stat")).expect("the process runs");
    // The name, in brackets, may hold anything.
    let fields: Vec<&str> = text[text.rfind(')').unwrap()..].split_whitespace().collect();
    let of_field = |at: usize| fields[at].parse::<f64>().unwrap();
    (of_field(12) + of_field(13)) / TICKS
}

/// The processor time of the calling thread, to the microsecond and better.
pub(crate) fn own_processor_time() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("a kernel with schedstat");
    Duration::from_nanos(text.split_whitespace().next().unwrap().parse().unwrap())
}

/// A line of the kernel's account of a process, in MiB.
fn mebibytes(process: u32, name: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("the process runs");
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
}

/// The memory that a process has at present, in MiB.
pub(crate) fn memory(process: u32) -> u64 {
    mebibytes(process, "VmRSS:")
}

/// The most memory that a process has had so far, in MiB.
pub(crate) fn peak(process: u32) -> u64 {
    mebibytes(process, "VmHWM:")
}

/// Looks at a process's memory ten times a second until it is told to stop: what was seen, in MiB.
pub(crate) fn watch(process: u32, stop: &AtomicBool) -> Vec<u64> {
    let mut seen = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        seen.push(memory(process));
        std::thread::sleep(Duration::from_millis(100));
    }
    seen
}
