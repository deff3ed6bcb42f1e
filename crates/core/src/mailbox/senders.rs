//! Senders that wait for room, admitted in order of arrival.

use std::{collections::VecDeque, task::Waker};

/// Who waits, and for how many of those who were woken a place is kept.
///
/// A sender that was admitted has a place reserved until it takes it or gives it up, so that nobody
/// who came later can slip in between.
#[derive(Debug, Default)]
pub(crate) struct Senders {
    next_ticket: u64,
    /// Oldest first; tickets only rise.
    parked: VecDeque<(u64, Waker)>,
    reserved: u32,
}

/// A sender's place in that line.
#[derive(Debug, Default)]
pub struct Place(Option<u64>);

impl Place {
    pub(crate) const fn is_taken(&self) -> bool {
        self.0.is_some()
    }
}

impl Senders {
    /// Whether nobody stands in line.
    pub(crate) fn is_empty(&self) -> bool {
        self.parked.is_empty()
    }

    pub(crate) const fn reserved(&self) -> u32 {
        self.reserved
    }

    /// Puts the sender at the end of the line, or keeps it where it is.
    pub(crate) fn park(&mut self, place: &mut Place, waker: &Waker) {
        match place.0.and_then(|it| self.position(it)) {
            Some(at) => {
                if !self.parked[at].1.will_wake(waker) {
                    self.parked[at].1 = waker.clone();
                }
            }
            None => {
                place.0 = Some(self.next_ticket);
                self.parked.push_back((self.next_ticket, waker.clone()));
                self.next_ticket += 1;
            }
        }
    }

    /// Whether a place is kept for this sender; if so it is used up.
    pub(crate) fn redeem(&mut self, place: &mut Place) -> bool {
        let Some(ticket) = place.0 else { return false };
        if self.position(ticket).is_some() {
            return false;
        }
        place.0 = None;
        let Some(left) = self.reserved.checked_sub(1) else { return false };
        self.reserved = left;
        true
    }

    /// Leaves the line; a place that was kept goes to the next.
    pub(crate) fn leave(&mut self, place: &mut Place) -> Option<Waker> {
        let ticket = place.0.take()?;
        if let Some(at) = self.position(ticket) {
            self.parked.remove(at);
            return None;
        }
        // Closing has already given all places up.
        self.reserved = self.reserved.checked_sub(1)?;
        self.admit_one()
    }

    /// Keeps a place for up to `n` more senders, oldest first, and says whom to wake.
    pub(crate) fn admit(&mut self, n: usize) -> Vec<Waker> {
        let n = n.min(self.parked.len());
        (0..n).filter_map(|_| self.admit_one()).collect()
    }

    fn admit_one(&mut self) -> Option<Waker> {
        let (_, waker) = self.parked.pop_front()?;
        self.reserved += 1;
        Some(waker)
    }

    /// Sends everybody away: the mailbox has closed.
    pub(crate) fn close(&mut self) -> Vec<Waker> {
        self.reserved = 0;
        self.parked.drain(..).map(|it| it.1).collect()
    }

    fn position(&self, ticket: u64) -> Option<usize> {
        self.parked.binary_search_by_key(&ticket, |it| it.0).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(n: usize) -> (Senders, Vec<Place>) {
        let mut senders = Senders::default();
        let mut places: Vec<Place> = (0..n).map(|_| Place::default()).collect();
        places.iter_mut().for_each(|it| senders.park(it, Waker::noop()));
        (senders, places)
    }

    #[test]
    fn senders_are_admitted_in_order_of_arrival() {
        let (mut senders, mut places) = line(3);
        assert_eq!(senders.admit(1).len(), 1);
        let admitted: Vec<_> = places.iter_mut().map(|it| senders.redeem(it)).collect();
        assert_eq!(admitted, [true, false, false]);
    }

    #[test]
    fn giving_up_in_the_line_costs_nobody_his_place() {
        let (mut senders, mut places) = line(3);
        assert!(senders.leave(&mut places[1]).is_none());
        assert_eq!(senders.admit(2).len(), 2);
        assert!(senders.redeem(&mut places[0]) && senders.redeem(&mut places[2]));
        assert!(senders.is_empty() && senders.reserved() == 0);
    }

    #[test]
    fn giving_up_a_kept_place_passes_it_on() {
        let (mut senders, mut places) = line(2);
        assert_eq!(senders.admit(1).len(), 1);
        assert!(senders.leave(&mut places[0]).is_some());
        assert!(senders.redeem(&mut places[1]));
        assert_eq!(senders.reserved(), 0);
    }

    #[test]
    fn parking_again_keeps_the_place() {
        let (mut senders, mut places) = line(2);
        senders.park(&mut places[0], Waker::noop());
        senders.admit(1);
        assert!(senders.redeem(&mut places[0]));
        assert!(!senders.redeem(&mut places[1]));
    }
}
