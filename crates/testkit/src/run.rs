//! One run of a test in a world of its own, with what became of it.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    panic::{self, AssertUnwindSafe, catch_unwind},
    sync::Once,
};

use crate::{
    Replay, Story, World,
    explore::place,
    panic_text::text_of,
    survey::{Step, Survey},
};

/// What became of one run.
pub(crate) struct Run {
    pub(crate) replay: Replay,
    pub(crate) keep: Keep,
    pub(crate) hash: u64,
    pub(crate) steps: u64,
    pub(crate) choices: u64,
    /// Where it did not take the first, if that was noted.
    pub(crate) noted: BTreeMap<u64, u32>,
    /// How many there were to choose from, each time, if a script chose.
    pub(crate) sizes: Vec<u32>,
    /// How many faults there were in its plans.
    pub(crate) n_faults: u64,
    pub(crate) story: Story,
    pub(crate) failure: Option<Failing>,
    /// What each step touched, if that was wanted.
    pub(crate) steps_taken: Vec<Step>,
}

/// How a run failed.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Failing {
    pub(crate) message: String,
    pub(crate) at: Option<String>,
}

impl Failing {
    /// Whether it is the same failure, though perhaps with other numbers in it.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        match (&self.at, &other.at) {
            (Some(at), Some(other)) => at == other,
            _ => self.message == other.message,
        }
    }
}

/// What is kept of a run, beside its hash.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Keep {
    Nothing,
    /// Where it did not take the first.
    Script,
    /// Where it did not take the first, and what happened but for messages.
    Choices,
    /// Messages as well. That needs a closer look at each message, which is meant to change nothing;
    /// but a fault in what is looked past may hide.
    Story,
}

/// Runs `test` in a world of its own.
pub(crate) fn run(replay: &Replay, keep: Keep, test: &impl Fn(&World)) -> Run {
    run_surveyed(replay, keep, None, test)
}

/// The same, with a survey of what each step touches.
pub(crate) fn run_surveyed(
    replay: &Replay,
    keep: Keep,
    survey: Option<Survey>,
    test: &impl Fn(&World),
) -> Run {
    let mut world = World::with_strategy(replay.seed, replay.strategy.clone());
    world.engine().lock().harm.left_out.clone_from(&replay.without);
    survey.into_iter().for_each(|it| world.engine().be_surveyed(it));
    match keep {
        Keep::Nothing => {}
        Keep::Script => world.engine().lock().chooser.keep(),
        Keep::Choices => {
            let mut state = world.engine().lock();
            state.trace.keep();
            state.chooser.keep();
        }
        Keep::Story => world = world.telling(),
    }
    let outcome = quietly(|| {
        test(&world);
        world.engine().seal();
        world.finish();
    });
    let mut state = world.engine().lock();
    Run {
        replay: replay.clone(),
        keep,
        hash: state.trace.hash(),
        steps: state.steps,
        choices: state.chooser.made,
        noted: state.chooser.noted.take().unwrap_or_default(),
        sizes: std::mem::take(&mut state.chooser.sizes),
        n_faults: state.harm.n_faults,
        story: state.trace.story(),
        failure: outcome.err(),
        steps_taken: state.survey.as_mut().map(Survey::take_steps).unwrap_or_default(),
    }
}

thread_local! {
    /// While this thread runs a test quietly: where it panicked last.
    static LAST: RefCell<Option<Option<String>>> = const { RefCell::new(None) };
}

/// Runs `test` without printing what panics on this thread; actors that fail are part of the story.
fn quietly(test: impl FnOnce()) -> Result<(), Failing> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let at = info.location().map(place);
            let is_quiet = LAST.try_with(|it| it.borrow_mut().as_mut().map(|it| *it = at));
            if !matches!(is_quiet, Ok(Some(()))) {
                usual(info);
            }
        }));
    });
    let outer = LAST.replace(Some(None));
    let outcome = catch_unwind(AssertUnwindSafe(test));
    let at = LAST.replace(outer).flatten();
    outcome.map_err(|payload| Failing { message: text_of(&*payload), at })
}
