//! Amounts in Kubernetes' own notation, as it gives them back: what is written so is never taken for changed.

const KIB: i64 = 1 << 10;

/// CPUs: `8`, `500m`.
pub(crate) fn of_cpus(cpus: f64) -> String {
    // Checked where it is set: a small positive number.
    #[expect(clippy::cast_possible_truncation, reason = "at most 1024 CPUs")]
    let milli = (cpus * 1000.0).round() as i64;
    if milli % 1000 == 0 { (milli / 1000).to_string() } else { format!("{milli}m") }
}

/// Bytes, with the largest unit that they are a whole number of: `4Gi`, `1536Mi`.
pub(crate) fn of_bytes(bytes: i64) -> String {
    let (mut number, mut unit) = (bytes, "");
    for larger in ["Ki", "Mi", "Gi", "Ti"] {
        if number == 0 || number % KIB != 0 {
            break;
        }
        (number, unit) = (number / KIB, larger);
    }
    format!("{number}{unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_as_kubernetes_writes_them() {
        assert_eq!([8.0, 0.5, 1.25].map(of_cpus), ["8", "500m", "1250m"]);
        assert_eq!([0, 1000, 4 << 30, 1536 << 20, 2 << 40].map(of_bytes), ["0", "1000", "4Gi", "1536Mi", "2Ti"]);
    }
}
