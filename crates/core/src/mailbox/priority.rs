//! Which messages go first.

/// How urgent a message is. Within a level, messages stay in order of arrival.
///
/// Everything is [`Normal`](Self::Normal) unless its sender says otherwise, and an actor that
/// never sees another level pays nothing for them. A lower level is served at least once for every
/// 64 messages of higher ones.
///
/// ```
/// use ghostlight_core::Priority;
///
/// assert!(Priority::Critical < Priority::Background);
/// assert_eq!(Priority::Normal as u8, 128);
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[expect(clippy::exhaustive_enums, reason = "the five levels are part of the contract")]
#[repr(u8)]
pub enum Priority {
    /// Before everything else.
    Critical = 0,
    /// Before what is normal.
    High = 64,
    /// The level of every message that says nothing.
    #[default]
    Normal = 128,
    /// After what is normal.
    Low = 192,
    /// When there is nothing else.
    Background = 255,
}

impl Priority {
    /// All levels, most urgent first.
    pub(crate) const ALL: [Self; 5] =
        [Self::Critical, Self::High, Self::Normal, Self::Low, Self::Background];

    /// Its place among [`ALL`](Self::ALL).
    pub(crate) const fn rank(self) -> usize {
        match self {
            Self::Critical => 0,
            Self::High => 1,
            Self::Normal => 2,
            Self::Low => 3,
            Self::Background => 4,
        }
    }
}
