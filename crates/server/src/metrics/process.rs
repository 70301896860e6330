//! The server's own process, under the names that all of Prometheus' clients use. What cannot be read is left out.

use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

pub(super) fn register(registry: &mut Registry) {
    if let Some(bytes) = resident() {
        let gauge = Gauge::<i64>::default();
        gauge.set(bytes);
        registry.register("process_resident_memory_bytes", "Memory of the server's process", gauge);
    }
    if let Some(seconds) = processor() {
        let gauge = Gauge::<f64, std::sync::atomic::AtomicU64>::default();
        gauge.set(seconds);
        registry.register("process_cpu_seconds", "Processor time of the server's process", gauge);
    }
    if let Some(files) = std::fs::read_dir("/proc/self/fd").ok().and_then(|files| i64::try_from(files.count()).ok()) {
        let gauge = Gauge::<i64>::default();
        gauge.set(files);
        registry.register("process_open_fds", "Open files of the server's process", gauge);
    }
}

fn resident() -> Option<i64> {
    let text = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: i64 = text.split(' ').nth(1)?.parse().ok()?;
    Some(pages * i64::try_from(rustix::param::page_size()).ok()?)
}

fn processor() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The program's name, in brackets, may have spaces.
    let mut fields = text.rsplit_once(')')?.1.split_whitespace().skip(11);
    let ticks = fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?;
    Some(ticks as f64 / rustix::param::clock_ticks_per_second() as f64)
}
