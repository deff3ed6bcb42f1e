//! Supervising what is no actor: plain futures, and engines that start, stop and fail.
//!
//! Both are worn by a small actor, so that policies, order, deadlines and what is seen of them are
//! those of every other child. What runs once, beside an actor or in a scope, and gives a result or ends
//! with its owner, is a task: see `task/`.

mod engine;
mod job;

pub use engine::{Engine, EngineActor, HandleOf};
pub use job::Job;
