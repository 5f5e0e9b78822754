//! Which of a namespace's buckets a name is in. The same in every program: it is part of what is stored.

/// The number of buckets. An unrelated invalidation refuses a fill in one case of so many.
const BUCKETS: u64 = 4096;

/// The bucket of a name.
pub(crate) fn bucket(name: &[u8]) -> u16 {
    (hash(name) % BUCKETS) as u16
}

/// FNV-1a, folded: short, and without seeds.
pub(crate) fn hash(name: &[u8]) -> u64 {
    let hash = name
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3));
    hash ^ (hash >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_buckets_are_those_that_were_decided() {
        let buckets = ["", "k", "tbooks", "dbooks:42"].map(|name| bucket(name.as_bytes()));
        assert_eq!(buckets, [4033, 3014, 469, 2740]);
    }

    #[test]
    fn names_spread_over_the_buckets() {
        let mut counts = vec![0; BUCKETS as usize];
        (0..40_960).for_each(|n| counts[usize::from(bucket(format!("dbooks:{n}").as_bytes()))] += 1);
        assert!(counts.iter().all(|count| *count < 40), "at most four times the mean: {:?}", counts.iter().max());
    }
}
