//! Tells the program which commit it is built from: an edition's manifest names it, so that an auditor can rebuild. Only
//! for release builds: a debug build would be compiled anew after each commit. Its name does not begin as those of settings do:
//! `cargo run` hands it to the program, which refuses a setting that it does not know.

use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-env-changed=BUILT_FROM_COMMIT");
    if std::env::var_os("BUILT_FROM_COMMIT").is_some() || std::env::var("PROFILE").as_deref() != Ok("release") {
        return;
    }
    // Watched only where it is: a path that is missing would count as changed every time.
    let log = ".git/logs/HEAD";
    println!("cargo:rerun-if-changed={}", if Path::new(log).exists() { log } else { "build.rs" });
    let Ok(output) = Command::new("git").args(["rev-parse", "HEAD"]).output() else { return };
    if output.status.success() {
        let changed =
            Command::new("git").args(["diff", "--quiet", "HEAD"]).status().is_ok_and(|status| !status.success());
        let mark = if changed { "-dirty" } else { "" };
        println!("cargo:rustc-env=BUILT_FROM_COMMIT={}{mark}", String::from_utf8_lossy(&output.stdout).trim());
    }
}
