//! A queue whose elements are written where they will lie.

use std::{collections::VecDeque, mem::ManuallyDrop};

/// A first-in-first-out queue.
///
/// The elements lie in [`ManuallyDrop`] for one reason: a plain `push_back` must be ready to drop
/// its element in case growing fails, so the compiler builds it on the stack and copies it over,
/// which takes longer than everything else about a short message. This queue drops its elements
/// itself, and so they are written in place.
#[derive(Debug)]
pub struct Queue<E>(VecDeque<ManuallyDrop<E>>);

impl<E> Default for Queue<E> {
    fn default() -> Self {
        Self(VecDeque::new())
    }
}

impl<E> Queue<E> {
    #[inline]
    pub(crate) fn push_back(&mut self, element: E) {
        self.0.push_back(ManuallyDrop::new(element));
    }

    pub(crate) fn push_front(&mut self, element: E) {
        self.0.push_front(ManuallyDrop::new(element));
    }

    #[inline]
    pub(crate) fn pop_front(&mut self) -> Option<E> {
        self.0.pop_front().map(ManuallyDrop::into_inner)
    }

    pub(crate) fn pop_back(&mut self) -> Option<E> {
        self.0.pop_back().map(ManuallyDrop::into_inner)
    }

    /// Takes the first of its kind out; the others stay in order.
    pub(crate) fn take_first(&mut self, is_wanted: impl Fn(&E) -> bool) -> Option<E> {
        let index = self.0.iter().position(|it| is_wanted(it))?;
        self.0.remove(index).map(ManuallyDrop::into_inner)
    }

    #[inline]
    pub(crate) fn front(&self) -> Option<&E> {
        self.0.front().map(|it| &**it)
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn capacity(&self) -> usize {
        self.0.capacity()
    }
}

impl<E> Iterator for Queue<E> {
    type Item = E;

    fn next(&mut self) -> Option<E> {
        self.pop_front()
    }
}

impl<E> Drop for Queue<E> {
    fn drop(&mut self) {
        self.for_each(drop);
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::*;

    #[test]
    fn elements_come_out_in_the_order_they_went_in() {
        let mut queue = Queue::default();
        queue.push_back(2);
        queue.push_back(3);
        queue.push_front(1);
        assert_eq!((queue.len(), queue.front()), (3, Some(&1)));
        assert!(queue.eq([1, 2, 3]));
    }

    #[test]
    fn the_first_of_a_kind_is_taken_out_and_the_others_keep_their_order() {
        let mut queue = Queue::default();
        (1..7).for_each(|it| queue.push_back(it));
        assert_eq!(queue.take_first(|it| it % 3 == 0), Some(3));
        assert_eq!(queue.take_first(|it| it % 3 == 0), Some(6));
        assert_eq!(queue.take_first(|it| it % 3 == 0), None);
        assert!(queue.eq([1, 2, 4, 5]));
    }

    #[test]
    fn every_element_is_dropped_once_whether_taken_or_not() {
        let counted = Rc::new(());
        let mut queue = Queue::default();
        (0..3).for_each(|_| queue.push_back(Rc::clone(&counted)));
        drop(queue.pop_front());
        assert_eq!(Rc::strong_count(&counted), 3);
        drop(queue);
        assert_eq!(Rc::strong_count(&counted), 1);
    }
}
