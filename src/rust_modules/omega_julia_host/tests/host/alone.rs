//! A process for one test: there is one Julia per process, and what it leaves behind is part of the question.

use std::io::Read;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use omega_julia_host::{Julia, Settings};

use crate::common::settings;

/// Starting Julia takes a second or so; this is for machines that are busy with other things.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// Runs `body`, with the smallest package, in a process that runs only the test `name`, and expects it to end by
/// itself and well.
pub fn alone(name: &str, body: impl FnOnce(Settings)) {
    let Some(settings) = settings(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/package")) else { return };
    if std::env::var("OMEGA_HOST_TEST_ALONE").is_ok_and(|alone| alone == name) {
        return body(settings);
    }
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture", "--test-threads=1"])
        .env("OMEGA_HOST_TEST_ALONE", name)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut stdout, mut stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let said = std::thread::spawn(move || {
        let mut said = String::new();
        stdout.read_to_string(&mut said).unwrap();
        stderr.read_to_string(&mut said).unwrap();
        said
    });
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if start.elapsed() > PATIENCE {
            child.kill().unwrap();
            panic!("{name} hangs");
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let said = said.join().unwrap();
    assert!(status.success(), "{name}: {status}\n{said}");
    assert!(said.contains("1 passed"), "{name} did not run\n{said}");
}

/// Julia, started.
pub fn start(settings: &Settings) -> &'static Julia {
    Julia::start(settings).unwrap_or_else(|error| panic!("{error}"))
}
