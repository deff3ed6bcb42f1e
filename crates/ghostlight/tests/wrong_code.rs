//! Code that must not compile, and what the compiler says about it: the likeliest mistakes.
//!
//! After a wanted change: `TRYBUILD=overwrite cargo test -p ghostlight --test wrong_code`. The texts
//! are those of Rust 1.95.

#[test]
fn wrong_code_is_refused_with_a_hint() {
    trybuild::TestCases::new().compile_fail("tests/wrong/*.rs");
}
