//! The `Range` header.

/// Reads a `Range` of one part (RFC 9110, 14.1.2): none where it is to be ignored, `Some(None)` where it cannot be
/// satisfied, else first and last byte.
pub(super) fn parse_range(header: &str, size: u64) -> Option<Option<(u64, u64)>> {
    let spec = header.strip_prefix("bytes=")?.trim();
    let (first, last) = spec.split_once('-')?;
    if spec.contains(',') {
        return None;
    }
    if first.is_empty() {
        let suffix: u64 = last.parse().ok()?;
        return Some((suffix > 0 && size > 0).then(|| (size.saturating_sub(suffix), size - 1)));
    }
    let first: u64 = first.parse().ok()?;
    let last = if last.is_empty() { u64::MAX } else { last.parse().ok()? };
    if last < first {
        return None;
    }
    Some((first < size).then(|| (first, last.min(size - 1))))
}

#[cfg(test)]
mod tests {
    use super::parse_range;

    proptest::proptest! {
        /// Whatever is asked for, what is sent lies in the file.
        #[test]
        fn never_outside(header in "(bytes=)?[-0-9, ]{0,24}|.{0,24}", size in proptest::prelude::any::<u64>()) {
            if let Some(Some((first, last))) = parse_range(&header, size) {
                proptest::prop_assert!(first <= last && last < size);
            }
        }

        #[test]
        fn as_asked(size in 1u64..1000, first in 0u64..1000, more in 0u64..1000) {
            let range = parse_range(&format!("bytes={first}-{}", first + more), size);
            let expected = (first < size).then(|| (first, (first + more).min(size - 1)));
            proptest::prop_assert_eq!(range, Some(expected));
        }
    }

    #[test]
    fn ranges() {
        assert_eq!(parse_range("bytes=0-3", 10), Some(Some((0, 3))));
        assert_eq!(parse_range("bytes=4-", 10), Some(Some((4, 9))));
        assert_eq!(parse_range("bytes=-4", 10), Some(Some((6, 9))));
        assert_eq!(parse_range("bytes=-40", 10), Some(Some((0, 9))));
        assert_eq!(parse_range("bytes=3-99", 10), Some(Some((3, 9))));
        assert_eq!(parse_range("bytes=10-", 10), Some(None));
        assert_eq!(parse_range("bytes=-0", 10), Some(None));
        assert_eq!(parse_range("bytes=5-3", 10), None);
        assert_eq!(parse_range("bytes=0-1,3-4", 10), None);
        assert_eq!(parse_range("lines=0-1", 10), None);
    }
}
