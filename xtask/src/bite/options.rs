//! What the command line of `cargo x bite` asks for.

use super::faults::{self, Fault};

/// What is to be done, and how thoroughly.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Options {
    pub(crate) work: Work,
    /// The one fault that is to be planted; else all.
    only: Option<String>,
    /// The one target whose tests are run; else those of all.
    pub(crate) target: Option<String>,
    /// In how many worlds a fault may survive before it counts as not caught.
    pub(crate) seeds: u64,
    /// Whether the table is written down.
    pub(crate) is_recorded: bool,
}

#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Work {
    /// Print the faults.
    List,
    /// Look for a test that catches each.
    Hunt,
    /// See whether the table is still true.
    Recorded,
}

impl Options {
    pub(crate) fn read(words: &[&str]) -> Result<Self, String> {
        let mut options =
            Self { work: Work::Hunt, only: None, target: None, seeds: 1000, is_recorded: false };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match *word {
                "--list" => options.work = Work::List,
                "--recorded" => options.work = Work::Recorded,
                "--record" => options.is_recorded = true,
                "--only" => options.only = words.next().map(|it| (*it).to_owned()),
                "--target" => options.target = words.next().map(|it| (*it).to_owned()),
                "--seeds" => {
                    let number = words.next().and_then(|it| it.parse().ok());
                    options.seeds = number.ok_or("--seeds wants a number")?;
                }
                other => return Err(format!("`{other}` is not understood")),
            }
        }
        let is_part = options.only.is_some() || options.target.is_some();
        if options.is_recorded && (is_part || options.work != Work::Hunt) {
            return Err("a table is recorded of all faults and all tests".to_owned());
        }
        Ok(options)
    }

    /// The faults that are to be planted.
    pub(crate) fn chosen(&self) -> Result<Vec<&'static Fault>, String> {
        let is_chosen = |it: &&Fault| self.only.as_ref().is_none_or(|only| it.name == only);
        let chosen: Vec<_> = faults::all().filter(is_chosen).collect();
        if chosen.is_empty() {
            Err("there is no such fault; see --list".into())
        } else {
            Ok(chosen)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_word_all_faults_are_planted_for_a_thousand_worlds() {
        let options = Options::read(&[]).unwrap();
        assert_eq!((options.seeds, options.is_recorded), (1000, false));
        assert_eq!(options.chosen().unwrap().len(), faults::all().count());
    }

    #[test]
    fn one_fault_can_be_asked_for_by_its_name() {
        let name = faults::all().last().unwrap().name;
        let chosen = Options::read(&["--only", name, "--seeds", "7"]).unwrap().chosen().unwrap();
        assert_eq!(chosen.iter().map(|it| it.name).collect::<Vec<_>>(), [name]);
        assert!(Options::read(&["--only", "no such fault"]).unwrap().chosen().is_err());
    }

    #[test]
    fn a_table_of_one_fault_is_not_recorded() {
        assert!(Options::read(&["--record", "--only", "x"]).is_err());
        assert!(Options::read(&["--record"]).unwrap().is_recorded);
    }
}
