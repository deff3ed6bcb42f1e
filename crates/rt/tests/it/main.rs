//! What the platform asks of any surroundings, proved on tokio's answer and on a small world.

#![allow(clippy::disallowed_methods, reason = "tests are the outside: tokio is one of the answers")]

mod network;
mod suite;
mod surroundings;
mod tokio_answer;
