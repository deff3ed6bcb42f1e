//! Worlds, seen from outside.

// The derives write `::ghostlight`.
extern crate ghostlight_core as ghostlight;

mod actors;
mod clocks;
mod seam;
mod replay;
mod strategies;
mod tasks;
