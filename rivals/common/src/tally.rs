//! The state of the actors that are told, asked and passed balls.

use std::sync::Arc;

use crate::Board;

/// What an actor is told at birth: where to report, and after how many messages.
///
/// Separate from the [`Tally`] because some libraries build the state in a hook, from arguments
/// they keep.
#[derive(Clone, Debug)]
pub struct Duty {
    board: Arc<Board>,
    target: u64,
}

impl Duty {
    /// A duty to report to `board` once `target` messages were counted.
    #[must_use]
    pub fn new(board: &Arc<Board>, target: u64) -> Self {
        Self { board: Arc::clone(board), target }
    }

    /// The state that fulfils it.
    #[must_use]
    pub fn tally(self) -> Tally {
        Tally { sum: 0, count: 0, target: self.target, board: self.board, unused: [0; 2] }
    }
}

/// What an actor counts. With a boxed handle to a peer beside it an actor's state is 56 bytes.
#[derive(Debug)]
pub struct Tally {
    sum: u64,
    count: u64,
    target: u64,
    board: Arc<Board>,
    /// Makes up the size.
    #[expect(dead_code, reason = "only its size matters")]
    unused: [u64; 2],
}

const _: () = assert!(size_of::<Tally>() == 48);

impl Tally {
    /// Handles a tell.
    #[inline]
    pub fn add(&mut self, value: u64) {
        self.sum = self.sum.wrapping_add(value);
        self.count += 1;
        if self.count >= self.target {
            self.reach();
        }
    }

    /// Handles an ask: adds, and answers with the sum so far.
    #[inline]
    #[must_use]
    pub fn answer(&mut self, value: u64) -> u64 {
        self.add(value);
        self.sum
    }

    /// Handles a ball: counts it, and says what to pass on, if anything.
    #[inline]
    #[must_use]
    pub fn catch(&mut self, hops: u64) -> Option<u64> {
        self.sum += 1;
        if hops == 0 {
            self.board.arrive(0);
            return None;
        }
        Some(hops - 1)
    }

    #[cold]
    fn reach(&self) {
        assert_eq!(self.count, self.target, "more messages were handled than sent");
        self.board.arrive(self.sum);
    }
}

impl Drop for Tally {
    fn drop(&mut self) {
        self.board.bury();
    }
}

#[cfg(test)]
mod tests {
    use super::Duty;
    use crate::Board;

    #[test]
    fn an_actor_reports_its_sum_at_its_target() {
        let board = Board::new(1, 1);
        let mut tally = Duty::new(&board, 3).tally();
        tally.add(5);
        tally.add(6);
        assert_eq!(board.status(), "0 of 1 have arrived, 0 of 1 states were dropped");
        assert_eq!(tally.answer(7), 18);
        drop(tally);
        assert_eq!(board.status(), "1 of 1 have arrived, 1 of 1 states were dropped");
        board.check_sum(18);
    }

    #[test]
    #[should_panic(expected = "more messages were handled than sent")]
    fn a_doubled_message_fails_the_run() {
        let mut tally = Duty::new(&Board::new(1, 1), 1).tally();
        tally.add(5);
        tally.add(5);
    }

    #[test]
    fn a_ball_is_passed_on_until_its_hops_are_used_up() {
        let board = Board::new(1, 1);
        let mut tally = Duty::new(&board, u64::MAX).tally();
        assert_eq!(tally.catch(1), Some(0));
        assert_eq!(tally.catch(0), None);
        assert_eq!(tally.answer(0), 2);
    }
}
