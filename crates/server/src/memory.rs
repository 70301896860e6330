//! What the C library's allocator keeps of memory that is not needed any more.

use std::os::unix::process::CommandExt;
use std::process::Command;

/// Read by glibc at a program's start, and only then (mallopt(3)). Measured on an idle server after the tests of the API and the
/// IDE: 18 MiB with these, 52 MiB with mimalloc, and with glibc's own values 19 MiB more for each password that was checked.
const SETTINGS: [(&str, &str); 3] = [
    // Otherwise eight for each processor, and each keeps pieces of its own.
    ("MALLOC_ARENA_MAX", "2"),
    // Larger pieces are mapped, and unmapped when they are freed. Left alone, the threshold grows with the first of them.
    ("MALLOC_MMAP_THRESHOLD_", "131072"),
    ("MALLOC_TRIM_THRESHOLD_", "131072"),
];

/// Starts this program again in its own process with these settings, unless somebody has set them. Where that cannot be done
/// it goes on as it is, and says so.
pub fn settle() {
    if SETTINGS.iter().any(|(name, _)| std::env::var_os(name).is_some()) {
        return;
    }
    let error = match std::env::current_exe() {
        Ok(program) => {
            let mut arguments = std::env::args_os();
            let mut again = Command::new(program);
            if let Some(name) = arguments.next() {
                again.arg0(name);
            }
            again.args(arguments).envs(SETTINGS).exec()
        }
        Err(error) => error,
    };
    eprintln!("maru: memory is kept longer than needed: {error}");
}
