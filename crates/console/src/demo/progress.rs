//! Shows on the terminal how far the crawl is.

use core::fmt;

use indicatif::{HumanCount, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

/// How far the crawl is. Plain numbers, so whoever has them can fill it in.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Progress {
    /// Pages done, failed ones included.
    pub(crate) pages: u64,
    /// Pages there are, once somebody has counted them.
    pub(crate) total: Option<u64>,
    pub(crate) queues: Vec<Queue>,
}

/// How full a queue is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Queue {
    pub(crate) name: &'static str,
    pub(crate) depth: usize,
    pub(crate) capacity: usize,
}

const KNOWN: &str = "{bar:32} {human_pos} of {human_len} pages, {rate} pages/s\n{msg}";
const UNKNOWN: &str = "{spinner} {human_pos} pages, {rate} pages/s\n{msg}";

/// A bar on the standard error stream, or nothing if that is no terminal.
#[derive(Debug)]
pub(crate) struct Display {
    bar: ProgressBar,
}

impl Display {
    pub(crate) fn visible() -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        bar.set_style(style(UNKNOWN));
        Self { bar }
    }

    pub(crate) fn hidden() -> Self {
        Self { bar: ProgressBar::hidden() }
    }

    /// Whether nothing is drawn, as nobody would see it.
    pub(crate) fn is_hidden(&self) -> bool {
        self.bar.is_hidden()
    }

    /// Draws. Ten times a second is as often as anybody can read it.
    pub(crate) fn show(&self, progress: &Progress) {
        if self.bar.length() != progress.total {
            self.bar.set_style(style(if progress.total.is_some() { KNOWN } else { UNKNOWN }));
            if let Some(total) = progress.total {
                self.bar.set_length(total);
            }
        }
        // Setting a message always draws, and setting a position only now and then.
        let line = queue_line(&progress.queues);
        if !line.is_empty() {
            self.bar.set_message(line);
        }
        self.bar.set_position(progress.pages);
    }

    /// Leaves the terminal as it was.
    pub(crate) fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    // The templates are constants and a test reads them.
    let style =
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    style.with_key("rate", |state: &ProgressState, out: &mut dyn fmt::Write| {
        // Nothing sensible could be done about a line that cannot be formatted.
        write!(out, "{}", HumanCount(state.per_sec() as u64)).unwrap_or_default();
    })
}

/// `frontier 12/256  parsers 3/8`
fn queue_line(queues: &[Queue]) -> String {
    let parts: Vec<String> =
        queues.iter().map(|it| format!("{} {}/{}", it.name, it.depth, it.capacity)).collect();
    parts.join("  ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_templates_are_well_formed() {
        for template in [KNOWN, UNKNOWN] {
            assert!(ProgressStyle::with_template(template).is_ok(), "{template}");
        }
    }

    #[test]
    fn queues_are_shown_with_their_capacity() {
        let queues = [
            Queue { name: "frontier", depth: 12, capacity: 256 },
            Queue { name: "parsers", depth: 3, capacity: 8 },
        ];
        assert_eq!(queue_line(&queues), "frontier 12/256  parsers 3/8");
        assert_eq!(queue_line(&[]), "");
    }

    #[test]
    fn a_hidden_display_takes_any_progress() {
        let display = Display::hidden();
        for total in [None, Some(3), None] {
            display.show(&Progress { pages: 5, total, queues: Vec::new() });
        }
        display.clear();
    }
}
