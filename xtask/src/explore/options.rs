//! The command line of `cargo x explore`.

/// How to call it.
const USAGE: &str = "cargo x explore <name> [--seeds <n>] [--strategy <s>] \
                     [-p <package>] [--manifest-path <path>]";

/// How many worlds a test is run in where the call does not say.
const SEEDS: u64 = 1000;

/// What was asked for.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Options {
    /// Part of the names of the tests.
    pub(crate) name: String,
    pub(crate) seeds: u64,
    /// As the testkit reads it; as each test says if there is none.
    pub(crate) strategy: Option<String>,
    pub(crate) package: Option<String>,
    /// Of another workspace.
    pub(crate) manifest: Option<String>,
}

impl Options {
    pub(crate) fn parse(mut args: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self {
            name: String::new(),
            seeds: SEEDS,
            strategy: None,
            package: None,
            manifest: None,
        };
        while let Some(arg) = args.next() {
            let mut value = || args.next().ok_or_else(|| format!("{arg} needs a value"));
            match arg.as_str() {
                "--seeds" => options.seeds = count(&value()?)?,
                "--strategy" => options.strategy = Some(value()?),
                "-p" | "--package" => options.package = Some(value()?),
                "--manifest-path" => options.manifest = Some(value()?),
                name if options.name.is_empty() && !name.starts_with('-') => {
                    name.clone_into(&mut options.name);
                }
                other => return Err(format!("`{other}` is not understood: {USAGE}")),
            }
        }
        if options.name.is_empty() {
            return Err(format!("which test? {USAGE}"));
        }
        Ok(options)
    }

    /// Which packages cargo looks for tests in.
    pub(crate) fn selection(&self) -> Vec<&str> {
        let mut words = Vec::new();
        if let Some(path) = &self.manifest {
            words.extend(["--manifest-path", path]);
        }
        match (&self.package, &self.manifest) {
            (Some(package), _) => words.extend(["-p", package]),
            (None, Some(_)) => words.push("--workspace"),
            // The tests of the project's own commands live in no world.
            (None, None) => words.extend(["--workspace", "--exclude", "xtask"]),
        }
        words.push("--all-features");
        words
    }
}

fn count(text: &str) -> Result<u64, String> {
    match text.parse() {
        Ok(0) => Err("--seeds: at least one".into()),
        Ok(seeds) => Ok(seeds),
        Err(error) => Err(format!("--seeds: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::Options;

    fn parse(line: &str) -> Result<Options, String> {
        Options::parse(line.split_whitespace().map(String::from))
    }

    #[test]
    fn a_name_is_enough() {
        let options = parse("storm").unwrap();
        assert_eq!((&*options.name, options.seeds, &options.strategy), ("storm", 1000, &None));
        assert_eq!(options.selection().join(" "), "--workspace --exclude xtask --all-features");
    }

    #[test]
    fn seeds_strategy_and_place_may_be_said() {
        let options = parse("--seeds 50 storm --strategy pct:3 -p bank").unwrap();
        assert_eq!((&*options.name, options.seeds), ("storm", 50));
        assert_eq!(options.strategy.as_deref(), Some("pct:3"));
        assert_eq!(options.selection().join(" "), "-p bank --all-features");
        let there = parse("storm --manifest-path mine/Cargo.toml").unwrap();
        let expected = "--manifest-path mine/Cargo.toml --workspace --all-features";
        assert_eq!(there.selection().join(" "), expected);
    }

    #[test]
    fn what_is_not_understood_is_refused_in_one_line() {
        for (line, expected) in [
            ("", "which test? cargo x explore <name>"),
            ("--seeds 3", "which test? cargo x explore <name>"),
            ("storm --seeds", "--seeds needs a value"),
            ("storm --seeds 0", "--seeds: at least one"),
            ("storm --seeds many", "--seeds: invalid digit"),
            ("storm calm", "`calm` is not understood: cargo x explore <name>"),
            ("storm --quick", "`--quick` is not understood: cargo x explore <name>"),
        ] {
            let fault = parse(line).unwrap_err();
            assert!(fault.starts_with(expected) && !fault.contains('\n'), "{line}: {fault}");
        }
    }
}
