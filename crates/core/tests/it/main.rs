//! What actors on one node do, as sentences.
extern crate ghostlight_core as ghostlight;

mod smoke;
