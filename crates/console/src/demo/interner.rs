//! Gives each distinct string a small number, and keeps all of them in one buffer.

use core::hash::{BuildHasher, Hasher};

use foldhash::fast::FixedState;
use hashbrown::{HashTable, hash_table::Entry};

/// The hash by which strings are found, and by which terms are dealt to shards.
///
/// Its seed is fixed, because every parser must deal a term to the same shard.
#[inline]
pub(super) fn hash(string: &[u8]) -> u64 {
    let mut hasher = FixedState::with_seed(0).build_hasher();
    hasher.write(string);
    hasher.finish()
}

/// Distinct strings, numbered from 0 in the order in which they came.
///
/// At most 4 GiB of them: whoever fills one bounds it long before.
#[derive(Clone, Debug, Default)]
pub(super) struct Interner {
    bytes: Vec<u8>,
    /// Where each string ends in `bytes`. It begins where the one before it ends.
    ends: Vec<u32>,
    ids: HashTable<u32>,
}

impl Interner {
    /// The number of `string`, whose [`hash()`] the caller has at hand.
    #[inline]
    pub(super) fn intern(&mut self, hashed: u64, string: &[u8]) -> u32 {
        let Self { bytes, ends, ids } = self;
        let entry = ids.entry(
            hashed,
            |&id| slice(bytes, ends, id) == string,
            |&id| hash(slice(bytes, ends, id)),
        );
        match entry {
            Entry::Occupied(it) => *it.get(),
            Entry::Vacant(it) => {
                let id = ends.len() as u32;
                it.insert(id);
                bytes.extend_from_slice(string);
                ends.push(bytes.len() as u32);
                id
            }
        }
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The strings, by their numbers.
    pub(super) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.len() as u32).map(|id| slice(&self.bytes, &self.ends, id))
    }
}

#[inline]
fn slice<'a>(bytes: &'a [u8], ends: &[u32], id: u32) -> &'a [u8] {
    let id = id as usize;
    let start = if id == 0 { 0 } else { ends[id - 1] as usize };
    &bytes[start..ends[id] as usize]
}

#[cfg(test)]
mod tests {
    use super::{Interner, hash};

    #[test]
    fn equal_strings_have_one_number_and_others_the_next() {
        let mut interner = Interner::default();
        let mut intern = |it: &str| interner.intern(hash(it.as_bytes()), it.as_bytes());
        let ids = ["a", "", "ab", "a", "", "b"].map(&mut intern);
        assert_eq!(ids, [0, 1, 2, 0, 1, 3]);
        let strings: Vec<&[u8]> = interner.iter().collect();
        assert_eq!(strings, [&b"a"[..], b"", b"ab", b"b"]);
    }

    #[test]
    fn numbers_survive_growth() {
        let mut interner = Interner::default();
        for round in 0..2 {
            for number in 0..10_000_u32 {
                let string = number.to_string();
                let id = interner.intern(hash(string.as_bytes()), string.as_bytes());
                assert_eq!(id, number, "in round {round}");
            }
        }
        assert_eq!(interner.len(), 10_000);
    }
}
