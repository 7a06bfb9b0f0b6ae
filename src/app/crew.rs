//! Work on many items at once, on threads with a stack of a known size.
//! It does not know what the work is.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::error::{Error, Kind, Result};

/// How many threads work, and with how much stack each.
#[derive(Debug, Clone, Copy)]
pub struct Crew {
    /// Number of threads.
    pub threads: NonZeroUsize,
    /// Bytes of stack.
    pub stack: usize,
}

/// Does the work for each item and returns the results in the order of the items.
///
/// # Errors
/// The first failure in that order; `Kind::Project` when the system allows no further thread.
pub fn all<I: Sync, T: Send>(crew: Crew, items: &[I], work: impl Fn(&I) -> Result<T> + Sync) -> Result<Vec<T>> {
    let next = AtomicUsize::new(0);
    let worker = || {
        let mut results = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(index) else { return results };
            results.push((index, work(item)));
        }
    };
    let count = crew.threads.get().min(items.len());
    let mut results = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..count)
            .map(|_| std::thread::Builder::new().stack_size(crew.stack).spawn_scoped(scope, worker))
            .collect::<std::io::Result<_>>()
            .map_err(|error| Error::new(Kind::Project, "start a thread").because(error))?;
        let mut results = Vec::with_capacity(items.len());
        for thread in threads {
            results.extend(thread.join().map_err(|_| Error::new(Kind::Internal, "finish work on another thread"))?);
        }
        Ok(results)
    })?;
    results.sort_unstable_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_keep_the_order_and_the_first_failure_counts() {
        let crew = Crew { threads: NonZeroUsize::new(4).expect("not zero"), stack: 1 << 20 };
        let items: Vec<usize> = (0..1_000).collect();
        assert_eq!(all(crew, &items, |item| Ok(item * 2)).expect("results")[999], 1_998);
        assert_eq!(all(crew, &[] as &[usize], |item| Ok(*item)).expect("nothing"), [] as [usize; 0]);
        let failing = |item: &usize| match item {
            7 | 900 => Err(Error::new(Kind::Project, format!("do {item}"))),
            _ => Ok(*item),
        };
        assert_eq!(all(crew, &items, failing).expect_err("a failure").doing(), "do 7");
    }
}
