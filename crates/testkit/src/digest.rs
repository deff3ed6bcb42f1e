//! A running hash, the same on every machine and in every release of Rust.

/// Odd, and without a pattern: the golden ratio in 64 bits.
const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

/// A running hash over numbers and texts.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Digest(u64);

impl Digest {
    pub(crate) const fn word(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(23) ^ word).wrapping_mul(STEP);
    }

    pub(crate) fn text(&mut self, text: &str) {
        for chunk in text.as_bytes().chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.word(u64::from_le_bytes(word));
        }
        self.word(text.len() as u64);
    }

    /// What it comes to so far.
    pub(crate) const fn value(self) -> u64 {
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}

/// A seed of its own for whatever goes by `label`, so that one draw more in one place moves no other.
pub(crate) fn seed_for(seed: u64, label: &str) -> u64 {
    let mut digest = Digest::default();
    digest.word(seed);
    digest.text(label);
    digest.value()
}
