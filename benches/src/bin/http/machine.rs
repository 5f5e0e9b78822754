//! The cores that there are, and what processes have used: read from `/proc`.

use std::collections::HashSet;
use std::error::Error;
use std::process::Command;
use std::{fs, time::Duration};

/// The kernel counts in hundredths of a second on all platforms that Linux runs on.
const TICK: Duration = Duration::from_millis(10);

/// Where servers run, and where the load comes from.
#[derive(Debug)]
pub(crate) struct Cores {
    pub(crate) servers: String,
    pub(crate) load: String,
}

impl Cores {
    /// The last core that this process may use, and the first one.
    pub(crate) fn of_this_process() -> Result<Self, Box<dyn Error>> {
        let status = fs::read_to_string("/proc/self/status")?;
        let list = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
        let list = list.ok_or("there is no list of cores in /proc/self/status")?.trim();
        let first = list.split([',', '-']).next().unwrap_or("0");
        let last = list.rsplit([',', '-']).next().unwrap_or("0");
        Ok(Self { servers: last.to_owned(), load: first.to_owned() })
    }

    /// Keeps all threads of a process and of its children on the core of servers.
    pub(crate) fn keep(&self, id: u32) -> Result<(), Box<dyn Error>> {
        for process in family(id) {
            let kept =
                Command::new("taskset").args(["-a", "-c", "-p", &self.servers, &process.to_string()]).output()?;
            if !kept.status.success() {
                return Err(String::from_utf8_lossy(&kept.stderr).into());
            }
        }
        Ok(())
    }
}

/// A process and all that come from it.
pub(crate) fn family(id: u32) -> HashSet<u32> {
    let mut family = HashSet::from([id]);
    loop {
        let before = family.len();
        let all = fs::read_dir("/proc").into_iter().flatten().flatten();
        let ids = all.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        let children: Vec<_> = ids.filter(|id| parent(*id).is_some_and(|parent| family.contains(&parent))).collect();
        family.extend(children);
        if family.len() == before {
            return family;
        }
    }
}

fn parent(id: u32) -> Option<u32> {
    fields(id)?.get(1)?.parse().ok()
}

/// The processor time that these have used so far, in user mode and in the kernel.
pub(crate) fn used(family: &HashSet<u32>) -> Duration {
    let ticks = |id: &u32| -> Option<u32> {
        let fields = fields(*id)?;
        Some(fields.get(11)?.parse::<u32>().ok()? + fields.get(12)?.parse::<u32>().ok()?)
    };
    TICK * family.iter().filter_map(ticks).sum::<u32>()
}

/// What `/proc/ID/stat` says behind the name, which may hold anything.
fn fields(id: u32) -> Option<Vec<String>> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let (_, behind) = stat.rsplit_once(") ")?;
    Some(behind.split(' ').map(str::to_owned).collect())
}

/// From here on, the highest is counted anew, where the kernel lets it.
pub(crate) fn forget_highest_memory(family: &HashSet<u32>) {
    for id in family {
        let _not_allowed = fs::write(format!("/proc/{id}/clear_refs"), "5");
    }
}

/// The memory that these have in use: now (`VmRSS`), or at their highest (`VmHWM`). In bytes.
pub(crate) fn memory(family: &HashSet<u32>, which: &str) -> u64 {
    let bytes = |id: &u32| -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix(which)?.strip_prefix(':'))?;
        Some(line.trim().trim_end_matches(" kB").parse::<u64>().ok()? << 10)
    };
    family.iter().filter_map(bytes).sum()
}
