//! What a binary says of its library, so that a runner need not know it.

use std::fmt::Write;

/// What a figure of this library is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Role {
    /// Ours: its ratio to the best peer is judged.
    Ours,
    /// A library that others might use instead.
    Peer,
    /// Hand-written code, printed for orientation and never the best peer.
    Reference,
}

/// Which configuration of the library a process runs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Variant {
    /// Mailboxes of capacity 1000. Ours: the defaults.
    Bounded,
    /// Mailboxes without a limit.
    Unbounded,
    /// As bounded, with observers, metrics and tracing compiled in and turned off.
    Off,
    /// As bounded, with observers, metrics and tracing turned on.
    Observed,
}

impl Variant {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Bounded, Self::Unbounded, Self::Off, Self::Observed];

    /// The name it has on the command line and in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bounded => "bounded",
            Self::Unbounded => "unbounded",
            Self::Off => "off",
            Self::Observed => "observed",
        }
    }

    /// The capacity of a mailbox, if it has one.
    #[must_use]
    pub const fn capacity(self) -> Option<usize> {
        match self {
            Self::Unbounded => None,
            Self::Bounded | Self::Off | Self::Observed => Some(1000),
        }
    }
}

/// A library and what it can be asked to run.
#[derive(Clone, Copy, Debug)]
pub struct Description {
    /// Its name in reports.
    pub library: &'static str,
    /// The pinned release.
    pub version: &'static str,
    /// Whether it is ours, a peer, or a reference.
    pub role: Role,
    /// The variants it offers, its default first.
    pub variants: &'static [Variant],
    /// Whether a bounded tell waits for room. Bounded rows compare only those that do.
    pub waits: bool,
    /// Workloads in which, on `mt`, each exchange crosses to another thread by design.
    pub hops: &'static [&'static str],
    /// What it cannot run: a workload, or a workload and a runtime (`"spawn_stop mt"`).
    pub missing: &'static [&'static str],
}

impl Description {
    /// The description as one line of JSON.
    #[must_use]
    pub fn json(&self) -> String {
        let role = match self.role {
            Role::Ours => "ours",
            Role::Peer => "peer",
            Role::Reference => "reference",
        };
        let variants: Vec<&str> = self.variants.iter().map(|it| it.name()).collect();
        let mut line = String::new();
        // Writing to a string cannot fail.
        let _ = write!(
            line,
            r#"{{"library":"{}","version":"{}","role":"{role}","variants":{variants:?},"waits":{},"hops":{:?},"missing":{:?}}}"#,
            self.library, self.version, self.waits, self.hops, self.missing,
        );
        line
    }
}

#[cfg(test)]
mod tests {
    use super::{Description, Role, Variant};

    #[test]
    fn a_description_is_one_line_of_json() {
        let description = Description {
            library: "hand",
            version: "1.0",
            role: Role::Reference,
            variants: &[Variant::Bounded, Variant::Unbounded],
            waits: true,
            hops: &[],
            missing: &["spawn_stop mt"],
        };
        assert_eq!(
            description.json(),
            concat!(
                r#"{"library":"hand","version":"1.0","role":"reference","#,
                r#""variants":["bounded", "unbounded"],"waits":true,"hops":[],"#,
                r#""missing":["spawn_stop mt"]}"#
            )
        );
    }
}
