//! Buffers that are used again. A repository's blobs are rebuilt by the gigabyte, and asking the system for each one's memory would cost
//! more than filling it.

/// Free buffers, by the power of two that they hold.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    free: Vec<Vec<Vec<u8>>>,
    free_bytes: usize,
    most: usize,
}

impl Pool {
    /// A pool that keeps at most `most` free bytes.
    pub(crate) fn new(most: usize) -> Self {
        Self { free: vec![Vec::new(); 64], free_bytes: 0, most }
    }

    fn class(len: usize) -> usize {
        usize::try_from(len.max(512).next_power_of_two().trailing_zeros()).unwrap_or(63)
    }

    /// An empty buffer with room for `len` bytes.
    pub(crate) fn take(&mut self, len: usize) -> Vec<u8> {
        let class = Self::class(len);
        if let Some(buffer) = self.free.get_mut(class).and_then(Vec::pop) {
            self.free_bytes -= buffer.capacity();
            return buffer;
        }
        Vec::with_capacity(len.max(512).next_power_of_two())
    }

    /// Takes a buffer back.
    pub(crate) fn give(&mut self, mut buffer: Vec<u8>) {
        let capacity = buffer.capacity();
        let class = Self::class(capacity);
        if capacity.is_power_of_two() && self.free_bytes + capacity <= self.most {
            buffer.clear();
            self.free_bytes += capacity;
            self.free[class].push(buffer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_to_its_bound_and_gives_what_fits() {
        let mut pool = Pool::new(10_000);
        let (small, large) = (pool.take(600), pool.take(6000));
        assert!(small.capacity() >= 600 && large.capacity() >= 6000);
        pool.give(small);
        pool.give(large);
        assert_eq!(pool.free_bytes, 1024 + 8192);
        pool.give(Vec::with_capacity(2048));
        assert_eq!(pool.free_bytes, 1024 + 8192, "there is no room for it");
        assert!(pool.take(5000).capacity() >= 5000);
        assert_eq!(pool.free_bytes, 1024);
    }
}
