//! The name of a tag or attribute, held without allocating.

/// No name that means something here is longer.
const MAX: usize = 12;

/// A name's first bytes. One that is longer equals no name that is asked for.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Name {
    bytes: [u8; MAX],
    len: u8,
}

impl Name {
    #[inline]
    pub(super) fn push(&mut self, more: &[u8]) {
        let start = usize::from(self.len);
        let end = start + more.len();
        match self.bytes.get_mut(start..end) {
            Some(room) => {
                room.copy_from_slice(more);
                self.len = end as u8;
            }
            None => *self = Self { bytes: [b'?'; MAX], len: MAX as u8 },
        }
    }

    #[inline]
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }
}
