//! The form for people: labels to the left, numbers in one column, long lists cut short.

use core::fmt;

use indicatif::HumanCount;

use super::Summary;
use crate::demo::{
    index::IndexReport,
    kept::Kept,
    outcome::{Actors, Messages},
};

/// Entries of a long list that are shown.
const SHOWN: usize = 10;

pub(super) fn write(summary: &Summary, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let Summary { root, seconds, outcome } = summary;
    let findings = &outcome.findings;
    writeln!(f, "{root}{}", if outcome.is_partial { ", stopped early" } else { "" })?;
    let megabytes = findings.bytes as f64 / 1e6;
    let rate = HumanCount((findings.pages as f64 / seconds.max(1e-9)) as u64);
    let note = format!("{megabytes:.1} MB in {seconds:.2} s, {rate} pages/s");
    line(f, "pages", findings.pages, &note)?;
    let note = format!("{} distinct terms", HumanCount(outcome.index.n_terms));
    line(f, "words", findings.words, &note)?;
    write_terms(&outcome.index, f)?;
    line(f, "links checked", findings.links, "")?;
    write_list(f, "broken links", &findings.broken, |it| format!("{} -> {}", it.page, it.target))?;
    write_list(f, "failed", &findings.failed, |it| format!("{}: {}", it.path, it.reason))?;
    match &outcome.actors {
        Some(actors) => write_actors(actors, f),
        None => Ok(()),
    }
}

fn write_terms(index: &IndexReport, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for (idx, it) in index.top.iter().enumerate() {
        line(f, if idx == 0 { "top terms" } else { "" }, it.count, &it.term)?;
    }
    if index.n_forgotten == 0 {
        return Ok(());
    }
    let note = format!("rare; counts may be too low by {}", HumanCount(index.undercount));
    line(f, "forgotten terms", index.n_forgotten, &note)
}

fn write_actors(actors: &Actors, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    line(f, "restarts", actors.n_restarts(), "")?;
    for it in actors.restarts.iter().take(SHOWN) {
        line(f, "", it.times, &it.actor)?;
    }
    for (idx, it) in actors.busiest.iter().take(SHOWN).enumerate() {
        let label = if idx == 0 { "busiest actors" } else { "" };
        line(f, label, it.handled, &format!("{}, at most {} waiting", it.actor, it.most_queued))?;
    }
    write_messages(&actors.messages, f)
}

/// The conservation line.
fn write_messages(messages: &Messages, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let Messages { sent, handled, refused, dropped, dead, queued } = messages;
    let sign = if messages.is_conserved() { '=' } else { '≠' };
    let rest = [(refused, "refused"), (dropped, "dropped"), (dead, "dead"), (queued, "queued")];
    let mut note = format!("sent {sign} {} handled", HumanCount(*handled));
    for (count, what) in rest {
        note.push_str(&format!(" + {} {what}", HumanCount(*count)));
    }
    line(f, "messages", *sent, &note)
}

fn write_list<T: Ord>(
    f: &mut fmt::Formatter<'_>,
    label: &str,
    list: &Kept<T>,
    to_line: impl Fn(&T) -> String,
) -> fmt::Result {
    line(f, label, list.total(), "")?;
    for entry in list.iter().take(SHOWN) {
        writeln!(f, "      {}", to_line(entry))?;
    }
    let n_hidden = list.total().saturating_sub(SHOWN as u64);
    if 0 < n_hidden {
        writeln!(f, "      and {} more", HumanCount(n_hidden))?;
    }
    Ok(())
}

fn line(f: &mut fmt::Formatter<'_>, label: &str, count: u64, note: &str) -> fmt::Result {
    let line = format!("  {label:<15}{:>13}  {note}", HumanCount(count).to_string());
    writeln!(f, "{}", line.trim_end())
}
