//! Carries out `ghostlight demo crawl`: finds the tree, crawls it, prints what was found.

use std::io::{self, Write};

use ghostlight_rt::Runtime;

use super::{
    baseline,
    batch::{PageParser, Parse},
    crawl::crawl,
    interrupt::Interrupt,
    outcome::Outcome,
    poison::{self, PoisonError, Poisoned},
    progress::Display,
    summary::Summary,
    tree::Tree,
};
use crate::{Exit, cli::Crawl, stopwatch};

/// Why nothing was found: how to exit, and a line that says it.
struct Refusal(Exit, String);

/// What was found goes to `out`, why nothing was to `err`.
pub(crate) fn run(command: &Crawl, out: &mut impl Write, err: &mut impl Write) -> io::Result<Exit> {
    let crawled = Scene::of(command).and_then(|scene| Ok((scene.crawl(command)?, scene)));
    let (summary, _scene) = match crawled {
        Ok(crawled) => crawled,
        Err(Refusal(exit, line)) => {
            writeln!(err, "ghostlight: {line}")?;
            return Ok(exit);
        }
    };
    if command.json {
        writeln!(out, "{}", summary.to_json()?)?;
    } else {
        write!(out, "{summary}")?;
    }
    // A large copy takes a moment to be removed, which is when the scene goes: nobody waits for it.
    out.flush()?;
    Ok(if summary.outcome.is_partial { Exit::Interrupted } else { Exit::Success })
}

/// What is crawled.
struct Scene {
    tree: Tree,
    /// What is crawled in its place.
    poisoned: Option<Poisoned>,
    /// `None` for the baseline, which Ctrl-C ends like any program.
    listening: Option<(Runtime, Interrupt)>,
}

impl Scene {
    fn of(command: &Crawl) -> Result<Self, Refusal> {
        let usage = |line: String| Refusal(Exit::Usage, line);
        let tree = Tree::find(command.path.as_deref()).map_err(|it| usage(it.to_string()))?;
        if command.baseline {
            let scene = Self { tree, poisoned: None, listening: None };
            return match command.poison {
                0 => Ok(scene),
                _ => Err(usage(
                    "--baseline cannot take --poison: a single thread that nobody supervises \
                     would die of it"
                        .to_owned(),
                )),
            };
        }
        let runtime = Runtime::multi_thread();
        let interrupt = Interrupt::listen(&runtime);
        let poisoned = match command.poison {
            0 => None,
            _ if tree.start != tree.root => {
                return Err(usage(format!(
                    "--poison needs a directory, and {} is a page",
                    tree.start.display()
                )));
            }
            n_pages => Some(
                Poisoned::copy_of(&tree, n_pages, || interrupt.is_heard())
                    .map_err(Refusal::from)?,
            ),
        };
        Ok(Self { tree, poisoned, listening: Some((runtime, interrupt)) })
    }

    fn crawl(&self, command: &Crawl) -> Result<Summary, Refusal> {
        let is_silent = command.json || command.quiet;
        let display = if is_silent { Display::hidden() } else { Display::visible() };
        let (result, elapsed) = stopwatch::time(|| self.outcome(&display));
        display.clear();
        let mut root = self.tree.start.display().to_string();
        if self.poisoned.is_some() {
            root.push_str(&poison::label(command.poison));
        }
        Ok(Summary { root, seconds: elapsed.as_secs_f64(), outcome: result? })
    }

    fn outcome(&self, display: &Display) -> Result<Outcome, Refusal> {
        let Some((runtime, interrupt)) = &self.listening else {
            return Ok(baseline::run(&self.tree, |progress| display.show(progress)));
        };
        let (tree, parse): (&Tree, Parse) = match &self.poisoned {
            Some(poisoned) => (&poisoned.tree, poison::parse),
            None => (&self.tree, PageParser::parse),
        };
        crawl(runtime, tree, parse, interrupt, display)
            .map_err(|error| Refusal(Exit::Failure, error.to_string()))
    }
}

impl From<PoisonError> for Refusal {
    fn from(error: PoisonError) -> Self {
        let exit = match error {
            PoisonError::Cancelled => Exit::Interrupted,
            PoisonError::NoCopy(_) | PoisonError::NotCopied(..) | PoisonError::NotPlanted(..) => {
                Exit::Failure
            }
        };
        Self(exit, error.to_string())
    }
}
