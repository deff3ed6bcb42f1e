//! Where a call belongs in a trace.

use std::{error::Error, fmt, str::FromStr};

/// Where a call belongs in a distributed trace: the trace, and the span that the call is part of, as the W3C
/// writes them in the header `traceparent`.
///
/// It is taken along as it is. Whoever makes a span in a handler sends on with
/// [`in_span`](Self::in_span).
///
/// ```
/// use ghostlight_core::TraceContext;
///
/// let header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
/// let trace: TraceContext = header.parse()?;
/// assert!(trace.is_sampled());
/// assert_eq!(trace.to_string(), header);
/// # Ok::<_, ghostlight_core::NotATrace>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct TraceContext {
    trace: u128,
    span: u64,
    flags: u8,
}

/// The flag of a trace that is being recorded.
const SAMPLED: u8 = 1;

impl TraceContext {
    /// A place in a trace; `None` if one of the numbers is zero, which stands for none.
    #[must_use]
    pub const fn new(trace: u128, span: u64, is_sampled: bool) -> Option<Self> {
        if trace == 0 || span == 0 {
            return None;
        }
        Some(Self { trace, span, flags: if is_sampled { SAMPLED } else { 0 } })
    }

    /// The number of the trace.
    #[must_use]
    pub const fn trace_id(self) -> u128 {
        self.trace
    }

    /// The number of the span that the call is part of.
    #[must_use]
    pub const fn span_id(self) -> u64 {
        self.span
    }

    /// Whether the trace is recorded.
    #[must_use]
    pub const fn is_sampled(self) -> bool {
        self.flags & SAMPLED != 0
    }

    /// The same trace, in another span; `None` if that is zero.
    #[must_use]
    pub const fn in_span(self, span: u64) -> Option<Self> {
        if span == 0 { None } else { Some(Self { span, ..self }) }
    }
}

impl fmt::Display for TraceContext {
    /// As in the header `traceparent`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { trace, span, flags } = self;
        write!(f, "00-{trace:032x}-{span:016x}-{flags:02x}")
    }
}

impl FromStr for TraceContext {
    type Err = NotATrace;

    /// Reads the header `traceparent`, of this version of its format or a later one.
    fn from_str(text: &str) -> Result<Self, NotATrace> {
        read(text).ok_or(NotATrace)
    }
}

fn read(text: &str) -> Option<TraceContext> {
    let mut parts = text.split('-');
    let version = number(parts.next()?, 2)?;
    let (trace, span) = (number(parts.next()?, 32)?, number(parts.next()?, 16)? as u64);
    let flags = number(parts.next()?, 2)? as u8;
    let is_known = match version {
        0 => parts.next().is_none(),
        // Says nothing, by definition.
        0xff => false,
        _ => true,
    };
    let is_there = trace != 0 && span != 0;
    (is_known && is_there).then_some(TraceContext { trace, span, flags })
}

/// A number of exactly so many hexadecimal digits, none of them a capital.
fn number(text: &str, digits: usize) -> Option<u128> {
    let is_digit = |it: u8| matches!(it, b'0'..=b'9' | b'a'..=b'f');
    let is_one = text.len() == digits && text.bytes().all(is_digit);
    is_one.then(|| u128::from_str_radix(text, 16).ok()).flatten()
}

/// A text that is no [`TraceContext`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct NotATrace;

impl fmt::Display for NotATrace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no trace context: expected `00-`, 32 digits, `-`, 16 digits, `-`, 2 digits, all hexadecimal")
    }
}

impl Error for NotATrace {}
