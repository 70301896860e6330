use std::collections::VecDeque;

use bytes::Bytes;

/// The last bytes of a numbered output.
#[derive(Debug)]
pub(crate) struct Ring {
    bytes: VecDeque<u8>,
    capacity: usize,
    end: u64,
}

impl Ring {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { bytes: VecDeque::new(), capacity, end: 0 }
    }

    /// The number of the first byte held.
    pub(crate) fn start(&self) -> u64 {
        self.end - self.bytes.len() as u64
    }

    /// The number of the byte that comes next.
    pub(crate) fn end(&self) -> u64 {
        self.end
    }

    /// Bytes of memory taken.
    #[cfg(test)]
    pub(crate) fn memory(&self) -> usize {
        self.bytes.capacity()
    }

    pub(crate) fn push(&mut self, data: &[u8]) {
        self.end += data.len() as u64;
        let data = &data[data.len().saturating_sub(self.capacity)..];
        let excess = (self.bytes.len() + data.len()).saturating_sub(self.capacity);
        self.bytes.drain(..excess);
        let needed = self.bytes.len() + data.len();
        if needed > self.bytes.capacity() {
            // Grown in steps, since most terminals never fill it; but never beyond what is ever needed.
            let wanted = (needed * 2).min(self.capacity).max(needed);
            self.bytes.reserve_exact(wanted - self.bytes.len());
        }
        self.bytes.extend(data);
    }

    /// Up to `most` bytes from byte `from` on; none where that is no longer held.
    pub(crate) fn read(&self, from: u64, most: usize) -> Option<Bytes> {
        let skip = usize::try_from(from.checked_sub(self.start())?).ok()?;
        let length = self.bytes.len().checked_sub(skip)?.min(most);
        let (a, b) = self.bytes.as_slices();
        let mut out = Vec::with_capacity(length);
        if skip < a.len() {
            out.extend_from_slice(&a[skip..a.len().min(skip + length)]);
        }
        let rest = length - out.len();
        let skip = skip.saturating_sub(a.len());
        out.extend_from_slice(&b[skip..skip + rest]);
        Some(out.into())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn holds_exactly_the_last_bytes(chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..20), capacity in 1usize..64) {
            let mut ring = Ring::new(capacity);
            let mut all = Vec::new();
            for chunk in &chunks {
                ring.push(chunk);
                all.extend_from_slice(chunk);
                prop_assert_eq!(ring.end(), all.len() as u64);
                let start = all.len().saturating_sub(capacity);
                prop_assert_eq!(ring.start(), start as u64);
                for from in 0..=all.len() {
                    let got = ring.read(from as u64, 7);
                    if from < start {
                        prop_assert!(got.is_none());
                    } else {
                        prop_assert_eq!(&got.unwrap()[..], &all[from..all.len().min(from + 7)]);
                    }
                }
                prop_assert!(ring.read(all.len() as u64 + 1, 7).is_none());
                prop_assert!(ring.memory() <= capacity);
            }
        }
    }
}
