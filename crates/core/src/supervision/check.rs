//! What may speak against a restart.

use std::{fmt, sync::Arc};

use ghostlight_rt::BoxFuture;

/// Asked before a child is started again.
#[derive(Clone)]
pub(crate) struct Check(Arc<dyn Fn() -> BoxFuture<'static, Result<(), Arc<str>>> + Send + Sync>);

impl Check {
    pub(crate) fn new<F>(check: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<(), String>> + Send + 'static,
    {
        Self(Arc::new(move || {
            let asked = check();
            Box::pin(async move { asked.await.map_err(Arc::from) })
        }))
    }

    pub(crate) fn run(&self) -> BoxFuture<'static, Result<(), Arc<str>>> {
        (self.0)()
    }
}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Check")
    }
}
