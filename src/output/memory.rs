//! Memory of this process and machine, where the system tells.

/// A field of a `/proc` file in bytes.
fn proc_field(file: &str, field: &str) -> Option<u64> {
    let text = std::fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.starts_with(field))?;
    let kibibytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kibibytes * 1024)
}

/// The largest resident size of this process so far, bytes; `None` where the system does not tell.
pub fn peak_memory() -> Option<u64> {
    proc_field("/proc/self/status", "VmHWM:")
}

/// Memory that a new allocation can use, bytes; `None` where the system does not tell.
pub fn available_memory() -> Option<u64> {
    proc_field("/proc/meminfo", "MemAvailable:")
}
