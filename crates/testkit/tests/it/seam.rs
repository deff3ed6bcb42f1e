//! The suite of the seam, which every answer to it passes, on this one.

/// What the suite knows a world by.
mod surroundings {
    use ghostlight_rt::Runtime;

    pub(crate) struct World;

    impl World {
        /// Kept until the process ends, because the suite holds nothing but the runtime.
        pub(crate) fn runtime(seed: u64) -> Runtime {
            Box::leak(Box::new(ghostlight_testkit::World::seeded(seed))).runtime().clone()
        }
    }
}

#[path = "../../../rt/tests/it/suite.rs"]
mod suite;
