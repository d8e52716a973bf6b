//! Processor time and memory of processes, from `/proc`.

use std::time::Duration;

use menagerie_tests::Postgres;

use crate::Outcome;

/// The processes that are watched.
pub(crate) struct Usage<'a> {
    pub(crate) service: u32,
    pub(crate) database: Option<&'a Postgres>,
}

/// What they have used.
pub(crate) struct Used {
    pub(crate) service: Duration,
    pub(crate) database: Option<Duration>,
    /// The most that the service had in memory.
    pub(crate) peak_mib: u64,
}

impl Usage<'_> {
    pub(crate) fn now(&self) -> Outcome<Used> {
        Ok(Used {
            service: processor_time(&self.service.to_string(), false)?,
            database: self.database.map(of_postgres).transpose()?,
            peak_mib: peak_memory(self.service)?,
        })
    }
}

/// User and system time of a process, and of those that it has waited for.
fn processor_time(process: &str, with_children: bool) -> Outcome<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |range: std::ops::Range<usize>| fields[range].iter().map(|ticks| ticks.parse::<u64>()).sum::<Result<u64, _>>();
    // Linux counts in hundredths of a second.
    Ok(Duration::from_millis(10 * ticks(if with_children { 11..15 } else { 11..13 })?))
}

/// The processor time of PostgreSQL's processes.
fn of_postgres(server: &Postgres) -> Outcome<Duration> {
    let mut time = processor_time(&server.id().to_string(), true)?;
    for entry in std::fs::read_dir("/proc")? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let Ok(stat) = std::fs::read_to_string(format!("/proc/{name}/stat")) else { continue };
        let parent = stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(1)?.parse::<u32>().ok());
        if parent == Some(server.id()) {
            time += processor_time(&name, false)?;
        }
    }
    Ok(time)
}

/// The most that a process had in memory, in MiB.
pub(crate) fn peak_memory(process: u32) -> Outcome<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? / 1024)
}
