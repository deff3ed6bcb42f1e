//! The command line of a binary.

use std::time::Duration;

use crate::{Runtime, Variant, Workload};

/// How to call it.
pub(crate) const USAGE: &str = "--describe, or \
    --workload <name> --runtime ct|mt --variant bounded|unbounded|off|observed \
    [--quick] [--limit <seconds>]";

/// What a process was asked to do.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Order {
    Describe,
    Measure {
        workload: Workload,
        runtime: Runtime,
        variant: Variant,
        is_quick: bool,
        limit: Duration,
    },
}

impl Order {
    /// Reads the arguments after the program's name.
    pub(crate) fn parse(mut args: impl Iterator<Item = String>) -> Result<Self, String> {
        let (mut workload, mut runtime, mut variant) = (None, None, None);
        let mut is_quick = false;
        let mut limit = Duration::from_secs(120);
        while let Some(arg) = args.next() {
            let mut value = || args.next().ok_or_else(|| format!("{arg} needs a value"));
            match arg.as_str() {
                "--describe" => return Ok(Self::Describe),
                "--quick" => is_quick = true,
                "--workload" => workload = Some(named(&Workload::ALL, Workload::name, &value()?)?),
                "--runtime" => runtime = Some(named(&Runtime::ALL, Runtime::name, &value()?)?),
                "--variant" => variant = Some(named(&Variant::ALL, Variant::name, &value()?)?),
                "--limit" => {
                    let seconds = value()?.parse().map_err(|it| format!("--limit: {it}"))?;
                    limit = Duration::from_secs(seconds);
                }
                _ => return Err(format!("{arg} is not an argument; {USAGE}")),
            }
        }
        let (Some(workload), Some(runtime), Some(variant)) = (workload, runtime, variant) else {
            return Err(USAGE.into());
        };
        Ok(Self::Measure { workload, runtime, variant, is_quick, limit })
    }
}

fn named<T: Copy>(all: &[T], name: fn(T) -> &'static str, wanted: &str) -> Result<T, String> {
    all.iter()
        .copied()
        .find(|it| name(*it) == wanted)
        .ok_or_else(|| format!("there is no {wanted}"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Order;
    use crate::{Runtime, Variant, Workload};

    fn parse(line: &str) -> Result<Order, String> {
        Order::parse(line.split_whitespace().map(String::from))
    }

    #[test]
    fn a_cell_is_named_by_workload_runtime_and_variant() {
        let order =
            parse("--workload ping_pong --runtime mt --variant unbounded --quick --limit 9");
        assert_eq!(
            order,
            Ok(Order::Measure {
                workload: Workload::PingPong,
                runtime: Runtime::Mt,
                variant: Variant::Unbounded,
                is_quick: true,
                limit: Duration::from_secs(9),
            })
        );
    }

    #[test]
    fn an_unknown_name_is_refused_by_name() {
        assert_eq!(parse("--workload pong"), Err("there is no pong".into()));
        assert_eq!(parse("--workload"), Err("--workload needs a value".into()));
    }

    #[test]
    fn a_cell_without_a_runtime_is_refused() {
        assert!(parse("--workload ping_pong --variant bounded").is_err());
    }
}
