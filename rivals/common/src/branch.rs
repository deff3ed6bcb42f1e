//! The state of the actors that form a tree.

use std::sync::Arc;

use crate::Board;

/// Children of an inner actor.
const FAN_OUT: u64 = 10;

/// Which leaves an actor of the tree answers for, and where the root reports.
#[derive(Clone, Debug)]
pub struct Share {
    board: Arc<Board>,
    first: u64,
    leaves: u64,
}

impl Share {
    /// The whole tree. `leaves` is a power of ten.
    #[must_use]
    pub(crate) fn whole(board: &Arc<Board>, leaves: u64) -> Self {
        Self { board: Arc::clone(board), first: 0, leaves }
    }

    /// How many actors make up a tree of so many leaves.
    pub(crate) const fn actors(leaves: u64) -> u64 {
        (leaves * FAN_OUT - 1) / (FAN_OUT - 1)
    }

    /// The state of the actor that takes it on.
    #[must_use]
    pub const fn branch(self) -> Branch {
        Branch { share: self, missing: FAN_OUT, sum: 0 }
    }
}

/// One actor of the tree.
#[derive(Debug)]
pub struct Branch {
    share: Share,
    /// Children that have not sent their sum.
    missing: u64,
    sum: u64,
}

impl Branch {
    /// The number a leaf sends to its parent; nothing for an actor that has children.
    #[must_use]
    pub fn leaf(&self) -> Option<u64> {
        (self.share.leaves == 1).then_some(self.share.first)
    }

    /// What each child takes on.
    pub fn split(&self) -> impl Iterator<Item = Share> + Send + use<> {
        let Share { board, first, leaves } = self.share.clone();
        let leaves = leaves / FAN_OUT;
        (0..FAN_OUT).map(move |nth| Share {
            board: Arc::clone(&board),
            first: first + nth * leaves,
            leaves,
        })
    }

    /// Takes a child's sum; the total once all have sent theirs.
    #[must_use]
    pub fn gather(&mut self, sum: u64) -> Option<u64> {
        self.sum += sum;
        self.missing -= 1;
        (self.missing == 0).then_some(self.sum)
    }

    /// Reports the total of the whole tree. For the root.
    pub fn finish(&self, total: u64) {
        self.share.board.arrive(total);
    }
}

impl Drop for Branch {
    fn drop(&mut self) {
        self.share.board.bury();
    }
}

#[cfg(test)]
mod tests {
    use super::Share;
    use crate::Board;

    #[test]
    fn a_tree_of_a_hundred_leaves_has_a_hundred_and_eleven_actors() {
        assert_eq!(Share::actors(1), 1);
        assert_eq!(Share::actors(100), 111);
        assert_eq!(Share::actors(1_000_000), 1_111_111);
    }

    #[test]
    fn shares_cover_every_leaf_once() {
        let root = Share::whole(&Board::new(1, 1), 100).branch();
        let leaves: Vec<u64> = root
            .split()
            .flat_map(|it| it.branch().split())
            .map(|it| it.branch().leaf().unwrap())
            .collect();
        assert_eq!(leaves, (0..100).collect::<Vec<_>>());
    }

    #[test]
    fn a_total_is_known_with_the_last_child() {
        let mut branch = Share::whole(&Board::new(1, 1), 10).branch();
        for nth in 0..9 {
            assert_eq!(branch.gather(nth), None);
        }
        assert_eq!(branch.gather(9), Some(45));
    }
}
