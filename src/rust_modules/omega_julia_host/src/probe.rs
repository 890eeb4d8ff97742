//! What an installation of Julia says about itself.

use std::io::Read;
use std::os::fd::AsRawFd;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use omega_contract::Result;

use crate::discover::unavailable;

/// A cold disk makes the first start slow; more than this is a hang.
const TIMEOUT: Duration = Duration::from_secs(60);
/// The oldest that the package supports.
const OLDEST: (u32, u32) = (1, 5);
/// Marks our lines among whatever else a wrapper script may print.
const MARK: &str = "omega-probe\t";

/// Catching an exception that compiled code throws is part of the question: with another libunwind than the
/// one it was built with, Julia starts, and crashes when something throws. Better there than in our process.
const SCRIPT: &str = r#"
thrower(x) = x < 0 ? x : error("caught")
try thrower(parse(Int, "1")) catch end
using Libdl
say(key, value) = println("omega-probe\t", key, "\t", value)
say("version", VERSION)
say("bindir", Sys.BINDIR)
image = Base.JLOptions().image_file
say("image", image == C_NULL ? "" : unsafe_string(image))
foreach(library -> say("library", library), dllist())
"#;

/// Where the parts of a Julia that works are.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Probe {
    /// The folder of the executable, from which Julia finds its own parts.
    pub(crate) bindir: PathBuf,
    /// The system image; empty where Julia finds it by itself.
    pub(crate) image: PathBuf,
    /// libjulia.
    pub(crate) libjulia: PathBuf,
    /// What libjulia needed, in the order it was loaded.
    pub(crate) libraries: Vec<PathBuf>,
}

impl Probe {
    /// Runs `julia` once and asks it; does not wait for the answer once it is `unwanted`.
    pub(crate) fn run(julia: &Path, unwanted: &AtomicBool) -> Result<Self> {
        let refuse = |reason: String| unavailable(format!("`{}` {reason}", julia.display()));
        let child = Command::new(julia)
            .args(["--startup-file=no", "--history-file=no", "-O0", "-e", SCRIPT])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // Ctrl-C in a terminal goes to the whole group. Who starts Julia again waits for this start.
            .process_group(0)
            .spawn()
            .map_err(|fault| refuse(format!("cannot be run: {fault}")))?;
        let (status, stdout, stderr) = finish(child, TIMEOUT, unwanted).map_err(refuse)?;
        if !status.success() {
            let last = stderr.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("without a word");
            return Err(refuse(format!("failed ({status}): {last}")));
        }
        Self::parse(&stdout).map_err(refuse)
    }

    fn parse(answer: &str) -> std::result::Result<Self, String> {
        let all = |key: &str| {
            let lines = answer.lines().filter_map(|line| line.strip_prefix(MARK)?.split_once('\t'));
            lines.filter(|(name, _)| *name == key).map(|(_, value)| value.to_owned()).collect::<Vec<_>>()
        };
        let one = |key: &str| all(key).pop().ok_or_else(|| format!("did not say its {key}"));
        let version = one("version")?;
        if parse_version(&version).is_none_or(|version| version < OLDEST) {
            return Err(format!("is Julia {version}, and {}.{} is the oldest supported", OLDEST.0, OLDEST.1));
        }
        let image = PathBuf::from(one("image")?);
        let mut libraries: Vec<PathBuf> = all("library").into_iter().map(PathBuf::from).collect();
        // What comes after the system image was loaded by Julia itself, and will be again.
        if let Some(end) = libraries.iter().position(|library| *library == image) {
            libraries.truncate(end);
        }
        let at =
            libraries.iter().position(|library| is_libjulia(library)).ok_or("has no libjulia to load")?;
        let libjulia = libraries.remove(at);
        libraries.retain(|library| library.is_absolute());
        Ok(Self { bindir: one("bindir")?.into(), image, libjulia, libraries })
    }
}

/// Whether a file is libjulia itself, and not one of the parts it loads, such as libjulia-internal.
fn is_libjulia(file: &Path) -> bool {
    let name = file.file_name().map(std::ffi::OsStr::to_string_lossy).unwrap_or_default();
    name.strip_prefix("libjulia.").is_some_and(|rest| rest.contains("so") || rest.contains("dylib"))
}

fn parse_version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.split('.').map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

/// Waits for a child that may hang, or is no longer wanted; how it ended, and what it wrote.
fn finish(
    mut child: Child,
    timeout: Duration,
    unwanted: &AtomicBool,
) -> std::result::Result<(ExitStatus, String, String), String> {
    let (mut stdout, mut stderr) = (Output::of(child.stdout.take()), Output::of(child.stderr.take()));
    let deadline = Instant::now() + timeout;
    let status = loop {
        // Asked before reading: what has ended has written all that it will.
        let ended = child.try_wait().map_err(|fault| format!("cannot be waited for: {fault}"))?;
        stdout.read();
        stderr.read();
        if let Some(status) = ended {
            break status;
        }
        let late = Instant::now() >= deadline;
        if late || unwanted.load(Ordering::Acquire) {
            // A child that is gone already needs neither; nothing else can go wrong with our own child.
            let _ = child.kill();
            let _ = child.wait();
            let reason = format!("gave no answer in {} s", timeout.as_secs_f64());
            return Err(if late { reason } else { "was no longer wanted".into() });
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    Ok((status, stdout.text(), stderr.text()))
}

/// A pipe, and what came through it so far.
struct Output<P> {
    pipe: Option<P>,
    bytes: Vec<u8>,
}

impl<P: Read + AsRawFd> Output<P> {
    /// Reading it never blocks. Its end may never come: a process that was forked from this one meanwhile has a copy
    /// of the other side, and may live for long.
    fn of(pipe: Option<P>) -> Self {
        if let Some(pipe) = &pipe {
            // SAFETY: sets a flag of a descriptor that is ours.
            unsafe { libc::fcntl(pipe.as_raw_fd(), libc::F_SETFL, libc::O_NONBLOCK) };
        }
        Self { pipe, bytes: Vec::new() }
    }

    /// Reads what is there.
    fn read(&mut self) {
        if let Some(pipe) = &mut self.pipe {
            // It ends where it would block. A pipe that breaks has said all it will.
            let _ = pipe.read_to_end(&mut self.bytes);
        }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &str = "a wrapper's banner
omega-probe\tversion\t1.5.3
omega-probe\tbindir\t/opt/julia/bin
omega-probe\timage\t/opt/julia/lib/julia/sys.so
omega-probe\tlibrary\tlinux-vdso.so.1
omega-probe\tlibrary\t/opt/julia/lib/libjulia.so.1
omega-probe\tlibrary\t/opt/julia/lib/libunwind.so.8
omega-probe\tlibrary\t/opt/julia/lib/julia/sys.so
omega-probe\tlibrary\t/opt/julia/lib/julia/libgmp.so
";

    #[test]
    fn what_libjulia_needed_is_told_from_what_julia_loads_itself() {
        let probe = Probe::parse(ANSWER).unwrap();
        assert_eq!(probe.libjulia, Path::new("/opt/julia/lib/libjulia.so.1"));
        assert_eq!(probe.libraries, [Path::new("/opt/julia/lib/libunwind.so.8")]);
        assert_eq!(probe.bindir, Path::new("/opt/julia/bin"));
    }

    #[test]
    fn a_julia_before_the_oldest_supported_is_refused() {
        for version in ["1.4.2", "0.7.0", "nightly"] {
            let reason = Probe::parse(&ANSWER.replace("1.5.3", version)).unwrap_err();
            assert!(reason.contains(version), "{reason}");
        }
        assert!(Probe::parse(&ANSWER.replace("1.5.3", "1.12.0-rc1")).is_ok());
    }

    #[test]
    fn an_answer_without_libjulia_is_refused() {
        let statically = ANSWER.replace("libjulia.so.1", "libjulia-internal.so.1");
        assert!(Probe::parse(&statically).unwrap_err().contains("libjulia"));
    }

    static WANTED: AtomicBool = AtomicBool::new(false);

    #[test]
    fn a_program_that_is_not_julia_is_refused_with_what_it_said() {
        let run = |program: &str| Probe::run(Path::new(program), &WANTED).unwrap_err();
        let error = run("/bin/false");
        assert_eq!(error.code().name(), "JULIA_UNAVAILABLE");
        assert!(error.field("reason").unwrap().contains("/bin/false"), "{error}");
        assert!(run("/nowhere/julia").to_string().contains("cannot be run"));
        assert!(run("/bin/true").to_string().contains("did not say"));
    }

    fn shell(script: &str) -> Child {
        let mut command = Command::new("sh");
        command.args(["-c", script]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    #[test]
    fn a_program_that_hangs_is_given_up() {
        let reason = finish(shell("exec sleep 60"), Duration::from_millis(20), &WANTED).unwrap_err();
        assert!(reason.contains("no answer"), "{reason}");
    }

    #[test]
    fn a_program_that_is_no_longer_wanted_is_not_waited_for() {
        let reason = finish(shell("exec sleep 60"), TIMEOUT, &AtomicBool::new(true)).unwrap_err();
        assert!(reason.contains("wanted"), "{reason}");
    }

    #[test]
    fn all_that_a_program_wrote_is_read_even_where_another_process_keeps_its_output_open() {
        let start = Instant::now();
        let written = "head -c 300000 /dev/zero | tr '\\0' x; echo why >&2; sleep 30 & exit 3";
        let (status, stdout, stderr) = finish(shell(written), TIMEOUT, &WANTED).unwrap();
        assert_eq!((status.code(), stdout.len(), &*stderr), (Some(3), 300_000, "why\n"));
        assert!(start.elapsed() < Duration::from_secs(20));
    }
}
