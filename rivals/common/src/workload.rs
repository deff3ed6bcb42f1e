//! The names of what is measured, and where.

/// What a process measures. `PERFORMANCE` defines each.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Workload {
    /// One sender, one actor, bursts of 256 with a yield after each.
    TellSteady,
    /// One sender, one actor, all tells without a yield.
    Tell1m,
    /// One sender, a hundred actors in turn.
    RoundRobin100,
    /// Four tasks share the tells to one actor.
    Producers4,
    /// Sixty-four tasks share the tells to one actor.
    Producers64,
    /// Four message types in turn.
    Types4,
    /// A thousand actors, rounds of one tell each.
    Broadcast1000,
    /// Asks one after another.
    AskIdle,
    /// The slowest hundredth of those.
    AskIdleP99,
    /// Asks by way of the mailbox.
    AskQueued,
    /// Sixty-four tasks share the asks to one actor.
    Askers64,
    /// Two actors pass a ball.
    PingPong,
    /// Many actors spawned, then all stopped.
    SpawnStop,
    /// A tree of actors of fan-out ten.
    Skynet1m,
    /// Bytes of an actor that was never used.
    BytesIdle,
    /// Bytes of an actor that handled one message.
    BytesUsed,
    /// Allocations per operation.
    Allocations,
}

impl Workload {
    /// All of them, in the order of the report.
    pub const ALL: [Self; 17] = [
        Self::TellSteady,
        Self::Tell1m,
        Self::RoundRobin100,
        Self::Producers4,
        Self::Producers64,
        Self::Types4,
        Self::Broadcast1000,
        Self::AskIdle,
        Self::AskIdleP99,
        Self::AskQueued,
        Self::Askers64,
        Self::PingPong,
        Self::SpawnStop,
        Self::Skynet1m,
        Self::BytesIdle,
        Self::BytesUsed,
        Self::Allocations,
    ];

    /// The name it has on the command line and in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::TellSteady => "tell_steady",
            Self::Tell1m => "tell_1m",
            Self::RoundRobin100 => "round_robin_100",
            Self::Producers4 => "producers_4",
            Self::Producers64 => "producers_64",
            Self::Types4 => "types_4",
            Self::Broadcast1000 => "broadcast_1000",
            Self::AskIdle => "ask_idle",
            Self::AskIdleP99 => "ask_idle_p99",
            Self::AskQueued => "ask_queued",
            Self::Askers64 => "askers_64",
            Self::PingPong => "ping_pong",
            Self::SpawnStop => "spawn_stop",
            Self::Skynet1m => "skynet_1m",
            Self::BytesIdle => "bytes_idle",
            Self::BytesUsed => "bytes_used",
            Self::Allocations => "allocations",
        }
    }
}

/// Which tokio runtime carries actors and driver.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Runtime {
    /// One thread: the cost of an operation.
    Ct,
    /// Two workers: the shape under parallelism.
    Mt,
}

impl Runtime {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Ct, Self::Mt];

    /// The name it has on the command line and in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ct => "ct",
            Self::Mt => "mt",
        }
    }
}
