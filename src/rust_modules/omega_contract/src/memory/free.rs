//! How much memory this process can still get.
//!
//! The least of what the machine has, what the control groups of the process allow (both versions; containers are
//! made of them), and the limit on its address space. Read from files that the kernel answers in microseconds.

use std::fs::read_to_string;
use std::path::{Path, PathBuf};

/// One part in this many is left alone: for whoever asks next, and because what is free is an estimate.
const SPARE: usize = 16;

/// How many bytes may be asked for; `None` where the system does not say.
pub(super) fn bytes() -> Option<usize> {
    let free = System(Path::new("/")).free()?;
    Some(free - free / SPARE)
}

/// The files of the kernel, under a root that tests replace.
struct System<'a>(&'a Path);

impl System<'_> {
    fn free(&self) -> Option<usize> {
        [self.machine(), self.groups(), self.addresses()].into_iter().flatten().min()
    }

    fn read(&self, path: impl AsRef<Path>) -> Option<String> {
        read_to_string(self.0.join(path)).ok()
    }

    /// What is free, what holds only copies of files, and the space to swap to.
    fn machine(&self) -> Option<usize> {
        let meminfo = self.read("proc/meminfo")?;
        let available = kilobytes(&meminfo, "MemAvailable:")?;
        Some(available.saturating_add(kilobytes(&meminfo, "SwapFree:").unwrap_or(0)))
    }

    /// The least that any control group of the process has left.
    fn groups(&self) -> Option<usize> {
        let groups = self.read("proc/self/cgroup")?;
        let left = groups.lines().filter_map(|line| {
            let (_, line) = line.split_once(':')?;
            let (controllers, path) = line.split_once(':')?;
            let path = path.trim_start_matches('/');
            if controllers.is_empty() {
                self.left("sys/fs/cgroup", path, ["memory.max", "memory.current", ""])
            } else if controllers.split(',').any(|controller| controller == "memory") {
                let files = ["memory.limit_in_bytes", "memory.usage_in_bytes", "total_"];
                self.left("sys/fs/cgroup/memory", path, files)
            } else {
                None
            }
        });
        left.min()
    }

    /// The least that a group or one above it has left: its limit less what it uses, copies of files not counted.
    ///
    /// Within a container the path may be that of the host and lead nowhere; the root is then the container's own.
    fn left(&self, mount: &str, path: &str, [limit, usage, prefix]: [&str; 3]) -> Option<usize> {
        let left = Path::new(path).ancestors().filter_map(|group| {
            let group = PathBuf::from(mount).join(group);
            let number = |file: &str| self.read(group.join(file))?.trim().parse::<usize>().ok();
            let (limit, usage) = (number(limit)?, number(usage)?);
            let statistics = self.read(group.join("memory.stat")).unwrap_or_default();
            let files = ["active_file", "inactive_file"].map(|name| format!("{prefix}{name}"));
            let files = files.iter().filter_map(|name| word_after(&statistics, name)?.parse::<usize>().ok());
            Some(limit.saturating_sub(usage.saturating_sub(files.sum())))
        });
        left.min()
    }

    /// What `RLIMIT_AS` leaves.
    fn addresses(&self) -> Option<usize> {
        let limit =
            word_after(&self.read("proc/self/limits")?, "Max address space")?.parse::<usize>().ok()?;
        Some(limit.saturating_sub(kilobytes(&self.read("proc/self/status")?, "VmSize:")?))
    }
}

/// The bytes of a line such as `MemAvailable:  24000000 kB`.
fn kilobytes(text: &str, name: &str) -> Option<usize> {
    word_after(text, name)?.parse::<usize>().ok()?.checked_mul(1024)
}

/// The word behind a name at the start of a line.
fn word_after<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let rest = text
        .lines()
        .find_map(|line| line.strip_prefix(name).filter(|rest| rest.starts_with(char::is_whitespace)))?;
    rest.split_whitespace().next()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEMINFO: &str =
        "MemTotal:       24 kB\nMemFree:        1 kB\nMemAvailable:   8 kB\nSwapFree:       2 kB\n";

    /// What is free by these files.
    fn free(name: &str, files: &[(&str, &str)]) -> Option<usize> {
        let root = std::env::temp_dir().join(format!("omega-{}-{name}", std::process::id()));
        for (path, text) in files {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let free = System(&root).free();
        let _ = std::fs::remove_dir_all(&root);
        free
    }

    #[test]
    fn a_machine_has_what_is_available_and_its_swap_space() {
        assert_eq!(free("machine", &[("proc/meminfo", MEMINFO)]), Some(10 * 1024));
        assert_eq!(free("silent", &[]), None);
    }

    #[test]
    fn a_group_leaves_its_limit_less_its_use_and_its_parents_count() {
        let group = [
            ("proc/meminfo", MEMINFO),
            ("proc/self/cgroup", "0::/slice/unit\n"),
            ("sys/fs/cgroup/slice/unit/memory.max", "9000\n"),
            ("sys/fs/cgroup/slice/unit/memory.current", "5000\n"),
            ("sys/fs/cgroup/slice/unit/memory.stat", "anon 2000\ninactive_file 1000\nactive_file 500\n"),
        ];
        assert_eq!(free("group", &group), Some(9000 - 3500));
        let parent = [
            ("sys/fs/cgroup/slice/memory.max", "3000"),
            ("sys/fs/cgroup/slice/memory.current", "2500"),
            ("sys/fs/cgroup/memory.max", "max"),
        ];
        assert_eq!(free("parents", &[&group[..], &parent].concat()), Some(500));
    }

    #[test]
    fn a_group_of_the_first_version_counts_as_well() {
        let files = [
            ("proc/meminfo", MEMINFO),
            ("proc/self/cgroup", "5:cpu,cpuacct:/x\n4:memory:/unknown/here\n0::/\n"),
            ("sys/fs/cgroup/memory/memory.limit_in_bytes", "4000"),
            ("sys/fs/cgroup/memory/memory.usage_in_bytes", "3000"),
            (
                "sys/fs/cgroup/memory/memory.stat",
                "active_file 9\ntotal_active_file 100\ntotal_inactive_file 200\n",
            ),
        ];
        assert_eq!(free("version-1", &files), Some(1300));
    }

    #[test]
    fn a_limited_address_space_leaves_what_is_not_taken() {
        let limits = "Limit   Soft Limit  Hard Limit  Units\nMax address space   9000   unlimited   bytes\n";
        let files = [
            ("proc/meminfo", MEMINFO),
            ("proc/self/limits", limits),
            ("proc/self/status", "Name: x\nVmSize:  \t   7 kB\n"),
        ];
        assert_eq!(free("addresses", &files), Some(9000 - 7168));
    }

    #[test]
    fn this_machine_says_what_it_has() {
        assert!(bytes().is_some_and(|free| free > 0));
    }
}
