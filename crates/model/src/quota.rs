use serde::{Deserialize, Serialize};

use crate::Text;

const MIB: i64 = 1 << 20;
const GIB: i64 = 1 << 30;

/// What the applications of one user may use in the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Quota {
    /// CPUs: the limits of all pods together.
    pub cpu: f64,
    /// Bytes: the memory limits of all pods together.
    pub memory: i64,
    pub pods: i64,
    /// Bytes of all volumes together.
    pub storage: i64,
    /// CPUs of a container that says nothing of it.
    pub container_cpu: f64,
    /// Bytes of memory of a container that says nothing of it.
    pub container_memory: i64,
}

impl Default for Quota {
    /// Enough for a web front end, an API and a database, twice: a rolling update needs both generations at once.
    fn default() -> Self {
        Self { cpu: 8.0, memory: 4 * GIB, pods: 30, storage: 10 * GIB, container_cpu: 1.0, container_memory: 512 * MIB }
    }
}

impl Quota {
    /// # Errors
    /// Where no container that says nothing of its size could start.
    pub fn check(&self) -> Result<(), Text> {
        for (part, whole, larger) in
            [("container_cpu", "cpu", self.container_cpu > self.cpu), ("container_memory", "memory", self.container_memory > self.memory)]
        {
            if larger {
                return Err(Text::new(
                    format!("{part} may not be larger than {whole}: no container would start."),
                    format!("{part}은(는) {whole}보다 클 수 없습니다. 컨테이너를 하나도 시작할 수 없게 됩니다."),
                ));
            }
        }
        Ok(())
    }
}

/// What a class says of it; what it says nothing of is as the installation has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClassQuota {
    pub cpu: Option<f64>,
    pub memory: Option<i64>,
    pub pods: Option<i64>,
    pub storage: Option<i64>,
    pub container_cpu: Option<f64>,
    pub container_memory: Option<i64>,
}

impl ClassQuota {
    /// # Errors
    /// The first value that makes no sense, and what it may be.
    pub fn check(&self) -> Result<(), Text> {
        let refused = |name: &str, least: &str, most: &str| {
            Text::new(format!("{name} has to be from {least} to {most}."), format!("{name}은(는) {least} 이상 {most} 이하여야 합니다."))
        };
        for (name, value, least, most) in [
            ("memory", self.memory, 64 * MIB, 1024 * GIB),
            ("pods", self.pods, 1, 1000),
            ("storage", self.storage, 0, 16 * 1024 * GIB),
            // No less than it requests.
            ("container_memory", self.container_memory, 64 * MIB, 1024 * GIB),
        ] {
            if value.is_some_and(|value| !(least..=most).contains(&value)) {
                return Err(refused(name, &least.to_string(), &most.to_string()));
            }
        }
        for (name, value) in [("cpu", self.cpu), ("container_cpu", self.container_cpu)] {
            if value.is_some_and(|value| !(0.1..=1024.0).contains(&value)) {
                return Err(refused(name, "0.1", "1024"));
            }
        }
        Ok(())
    }

    /// Of two classes, the larger of each: who needs it in one has it in both.
    #[must_use]
    pub fn or_more(self, other: Self) -> Self {
        let larger = |a: Option<f64>, b: Option<f64>| [a, b].into_iter().flatten().reduce(f64::max);
        Self {
            cpu: larger(self.cpu, other.cpu),
            memory: self.memory.max(other.memory),
            pods: self.pods.max(other.pods),
            storage: self.storage.max(other.storage),
            container_cpu: larger(self.container_cpu, other.container_cpu),
            container_memory: self.container_memory.max(other.container_memory),
        }
    }

    /// Two classes may come together so that one container of unsaid size is more than all may have: then it gets that.
    #[must_use]
    pub fn over(self, base: Quota) -> Quota {
        let (cpu, memory) = (self.cpu.unwrap_or(base.cpu), self.memory.unwrap_or(base.memory));
        Quota {
            cpu,
            memory,
            pods: self.pods.unwrap_or(base.pods),
            storage: self.storage.unwrap_or(base.storage),
            container_cpu: self.container_cpu.unwrap_or(base.container_cpu.min(cpu)),
            container_memory: self.container_memory.unwrap_or(base.container_memory.min(memory)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_classes_the_larger_and_over_the_installation() {
        let web = ClassQuota { memory: Some(GIB), cpu: Some(1.5), ..ClassQuota::default() };
        let data = ClassQuota { memory: Some(8 * GIB), pods: Some(5), ..ClassQuota::default() };
        let both = web.or_more(data).over(Quota::default());
        assert_eq!(both, Quota { memory: 8 * GIB, cpu: 1.5, pods: 5, ..Quota::default() });
        assert_eq!(ClassQuota::default().over(Quota::default()), Quota::default());
    }

    #[test]
    fn a_container_gets_no_more_than_all_may_have() {
        let small = ClassQuota { cpu: Some(0.5), memory: Some(128 * MIB), ..ClassQuota::default() }.over(Quota::default());
        assert_eq!((small.container_cpu, small.container_memory), (0.5, 128 * MIB));
        assert!(small.check().is_ok());
        assert!(ClassQuota { cpu: Some(0.5), container_cpu: Some(2.0), ..ClassQuota::default() }.over(Quota::default()).check().is_err());
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let ok = |quota: ClassQuota| quota.check().is_ok();
        assert!(ok(ClassQuota::default()));
        assert!(ok(ClassQuota { memory: Some(64 * MIB), cpu: Some(0.1), storage: Some(0), ..ClassQuota::default() }));
        assert!(!ok(ClassQuota { memory: Some(1), ..ClassQuota::default() }));
        assert!(!ok(ClassQuota { cpu: Some(f64::NAN), ..ClassQuota::default() }));
        assert!(!ok(ClassQuota { pods: Some(0), ..ClassQuota::default() }));
    }
}
