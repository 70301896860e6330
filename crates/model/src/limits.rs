use serde::{Deserialize, Serialize};

use crate::Text;

const MIB: i64 = 1 << 20;
const GIB: i64 = 1 << 30;

/// What one workspace may use.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Limits {
    /// Bytes of memory.
    pub memory: i64,
    /// Bytes of swap beside it.
    pub swap: i64,
    /// CPUs.
    pub cpus: f64,
    /// Processes and threads.
    pub pids: i64,
    /// Bytes of the home folder.
    pub disk: i64,
    /// Files and folders in it.
    pub inodes: i64,
    /// Bytes of `/tmp`, which is memory.
    pub tmp: i64,
    /// Bytes of shared memory (`/dev/shm`), which is memory too.
    pub shm: i64,
    /// Open files of one process.
    pub open_files: i64,
    /// Bytes of the container's log, of which there are two parts.
    pub log: i64,
    /// Whether its student may become root in it by `sudo`, to install packages. They go with the container.
    pub sudo: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory: 2 * GIB,
            swap: 0,
            cpus: 2.0,
            pids: 512,
            disk: 8 * GIB,
            inodes: 500_000,
            tmp: 512 * MIB,
            shm: 64 * MIB,
            open_files: 65_536,
            log: MIB,
            sudo: false,
        }
    }
}

/// What a class says of it; what it says nothing of is as the installation has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClassLimits {
    pub memory: Option<i64>,
    pub swap: Option<i64>,
    pub cpus: Option<f64>,
    pub pids: Option<i64>,
    pub disk: Option<i64>,
    pub inodes: Option<i64>,
    pub tmp: Option<i64>,
    pub shm: Option<i64>,
    pub open_files: Option<i64>,
    pub log: Option<i64>,
    pub sudo: Option<bool>,
}

impl ClassLimits {
    /// # Errors
    /// The first value that no workspace can work with, and what it may be.
    pub fn check(&self) -> Result<(), Text> {
        let numbers = [
            ("memory", self.memory, 64 * MIB, 1024 * GIB),
            ("swap", self.swap, 0, 1024 * GIB),
            ("pids", self.pids, 32, 100_000),
            ("disk", self.disk, 64 * MIB, 16 * 1024 * GIB),
            ("inodes", self.inodes, 2000, 1_000_000_000),
            ("tmp", self.tmp, MIB, 1024 * GIB),
            ("shm", self.shm, MIB, 1024 * GIB),
            ("open_files", self.open_files, 256, 1_048_576),
            ("log", self.log, 16 * 1024, GIB),
        ];
        let refused = |name: &str, least: String, most: String| {
            Text::new(format!("{name} has to be from {least} to {most}."), format!("{name}은(는) {least} 이상 {most} 이하여야 합니다."))
        };
        for (name, value, least, most) in numbers {
            if value.is_some_and(|value| !(least..=most).contains(&value)) {
                return Err(refused(name, least.to_string(), most.to_string()));
            }
        }
        if self.cpus.is_some_and(|cpus| !(0.1..=1024.0).contains(&cpus)) {
            return Err(refused("cpus", "0.1".to_owned(), "1024".to_owned()));
        }
        Ok(())
    }

    /// Of two classes, the larger of each: who needs it in one has it in both.
    #[must_use]
    pub fn or_more(self, other: Self) -> Self {
        Self {
            memory: self.memory.max(other.memory),
            swap: self.swap.max(other.swap),
            cpus: [self.cpus, other.cpus].into_iter().flatten().reduce(f64::max),
            pids: self.pids.max(other.pids),
            disk: self.disk.max(other.disk),
            inodes: self.inodes.max(other.inodes),
            tmp: self.tmp.max(other.tmp),
            shm: self.shm.max(other.shm),
            open_files: self.open_files.max(other.open_files),
            log: self.log.max(other.log),
            sudo: self.sudo.max(other.sudo),
        }
    }

    #[must_use]
    pub fn over(self, base: Limits) -> Limits {
        Limits {
            memory: self.memory.unwrap_or(base.memory),
            swap: self.swap.unwrap_or(base.swap),
            cpus: self.cpus.unwrap_or(base.cpus),
            pids: self.pids.unwrap_or(base.pids),
            disk: self.disk.unwrap_or(base.disk),
            inodes: self.inodes.unwrap_or(base.inodes),
            tmp: self.tmp.unwrap_or(base.tmp),
            shm: self.shm.unwrap_or(base.shm),
            open_files: self.open_files.unwrap_or(base.open_files),
            log: self.log.unwrap_or(base.log),
            sudo: self.sudo.unwrap_or(base.sudo),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_classes_the_larger_and_over_the_installation() {
        let web = ClassLimits { memory: Some(GIB), cpus: Some(1.5), ..ClassLimits::default() };
        let data = ClassLimits { memory: Some(4 * GIB), pids: Some(100), ..ClassLimits::default() };
        let both = web.or_more(data).over(Limits::default());
        assert_eq!(both, Limits { memory: 4 * GIB, cpus: 1.5, pids: 100, ..Limits::default() });
        assert_eq!(ClassLimits::default().over(Limits::default()), Limits::default());
    }

    #[test]
    fn what_no_workspace_can_work_with_is_refused() {
        let ok = |limits: ClassLimits| limits.check().is_ok();
        assert!(ok(ClassLimits::default()));
        assert!(ok(ClassLimits { memory: Some(64 * MIB), cpus: Some(0.1), swap: Some(0), ..ClassLimits::default() }));
        assert!(!ok(ClassLimits { memory: Some(1), ..ClassLimits::default() }));
        assert!(!ok(ClassLimits { cpus: Some(f64::NAN), ..ClassLimits::default() }));
        assert!(!ok(ClassLimits { pids: Some(-1), ..ClassLimits::default() }));
    }
}
