//! Processor time and memory of processes, from `/proc`.

use std::time::Duration;

use menagerie_tests::Postgres;
use menagerie_tests::process::{peak_resident_kib, processor_time};

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
            service: processor_time(self.service, false).ok_or("the service has ended")?,
            database: self.database.map(of_postgres).transpose()?,
            peak_mib: peak_memory(self.service)?,
        })
    }
}

/// The processor time of PostgreSQL's processes.
fn of_postgres(server: &Postgres) -> Outcome<Duration> {
    let mut time = processor_time(server.id(), true).ok_or("PostgreSQL has ended")?;
    for entry in std::fs::read_dir("/proc")? {
        let Ok(process) = entry?.file_name().to_string_lossy().parse::<u32>() else { continue };
        let Ok(stat) = std::fs::read_to_string(format!("/proc/{process}/stat")) else { continue };
        let parent = stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(1)?.parse::<u32>().ok());
        if parent == Some(server.id()) {
            time += processor_time(process, false).ok_or("a process of PostgreSQL has ended")?;
        }
    }
    Ok(time)
}

/// The most that a process had in memory, in MiB.
pub(crate) fn peak_memory(process: u32) -> Outcome<u64> {
    Ok(peak_resident_kib(process).ok_or("the process has ended")? / 1024)
}
