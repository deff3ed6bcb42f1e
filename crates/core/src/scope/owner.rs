//! Who may own a scope.

use std::sync::Arc;

use super::Scope;
use crate::{
    Actor, Context, System,
    task::{Holder, holder_of},
};

/// Who may own a [`Scope`]: a [`System`], another scope, or an actor by its [`Context`]. Sealed.
pub trait ScopeOwner: Owns {}

pub(super) mod sealed {
    use super::*;

    pub trait Owns {
        #[doc(hidden)]
        fn holder(&self) -> Held;
    }

    /// What an owner owns by.
    pub struct Held(pub(crate) Arc<Holder>);
}

use sealed::{Held, Owns};

impl ScopeOwner for System {}
impl Owns for System {
    fn holder(&self) -> Held {
        Held(Self::holder(self))
    }
}

impl<J, T, E> ScopeOwner for Scope<J, T, E> {}
impl<J, T, E> Owns for Scope<J, T, E> {
    fn holder(&self) -> Held {
        Held(Arc::clone(&self.hold.0))
    }
}

impl<A: Actor> ScopeOwner for Context<'_, A> {}
impl<A: Actor> Owns for Context<'_, A> {
    fn holder(&self) -> Held {
        Held(holder_of(self.cell()))
    }
}
