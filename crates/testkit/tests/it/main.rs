//! Worlds, seen from outside.

// The derives write `::ghostlight`.
extern crate ghostlight_core as ghostlight;

mod actors;
mod clocks;
mod exploring;
mod faults;
mod order_at_the_end;
mod probes;
mod replay;
mod seam;
mod stories;
mod strategies;
mod tasks;
