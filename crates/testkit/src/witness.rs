//! What a world hears from the systems that live in it.

use std::sync::Arc;

use ghostlight_core::{DeadLetter, Failure, Observer, Passage, RestartRecord, StopReason, Subject};

use crate::{engine::Engine, trace::Event};

/// Writes down what a system sees of its actors.
pub(crate) struct Witness {
    pub(crate) engine: Arc<Engine>,
    pub(crate) system: Arc<str>,
    /// Each message as well.
    pub(crate) wants_messages: bool,
}

impl Witness {
    fn tell(&self, actor: Subject<'_>, make: impl FnOnce(Arc<str>, Arc<str>) -> Event) {
        let label: Arc<str> = format!("{} {}", actor.name, actor.id).into();
        self.engine.lock().trace.meet(actor.id.origin(), &self.system);
        self.engine.tell(|by| make(by, label));
    }
}

impl Observer for Witness {
    fn wants_messages(&self) -> bool {
        self.wants_messages
    }

    fn sent(&self, passage: Passage<'_>) {
        self.engine.be_asked(passage.depth);
        self.engine.saw_send(passage.to.id);
        let message = passage.message_type;
        self.tell(passage.to, |from, to| Event::Sent { from, to, message });
    }

    fn handling(&self, passage: Passage<'_>) {
        let message = passage.message_type;
        self.tell(passage.to, |_, actor| Event::Handling { actor, message });
    }

    fn calling(&self, passage: Passage<'_>) {
        self.engine.be_asked(passage.depth);
        self.engine.saw_call(passage.to.id);
        let (to, message) = (passage.to, passage.message_type);
        self.tell(to, |from, actor| Event::Called { from, actor, message });
        self.engine.call(&format!("{} {}", to.name, to.id));
    }

    fn awaiting(&self, actor: Subject<'_>) {
        self.engine.saw_wait(actor.id);
        let now = self.engine.now();
        self.engine.lock().doings.wait(format!("{} {}", actor.name, actor.id).into(), now);
    }

    fn failed(&self, actor: Subject<'_>, failure: &Failure) {
        self.engine.saw_more();
        let failure = failure.to_string();
        self.tell(actor, |_, actor| Event::Failed { actor, failure });
    }

    fn restarting(&self, actor: Subject<'_>, _: &RestartRecord) {
        self.engine.saw_more();
        self.tell(actor, |_, actor| Event::Restarting { actor });
    }

    fn gave_up(&self, actor: Subject<'_>, reason: &StopReason) {
        self.engine.saw_more();
        let reason = reason.to_string();
        self.tell(actor, |_, actor| Event::GaveUp { actor, reason });
    }

    fn stopped(&self, actor: Subject<'_>, reason: &StopReason) {
        self.engine.saw_more();
        let reason = reason.to_string();
        self.tell(actor, |_, actor| Event::Stopped { actor, reason });
    }

    fn abandoned(&self, actor: Subject<'_>) {
        self.engine.saw_more();
        self.tell(actor, |_, actor| Event::Abandoned { actor });
    }

    fn dead_letter(&self, letter: &DeadLetter) {
        self.engine.saw_more();
        self.engine.tell(|_| Event::DeadLetter {
            to: format!("{} {}", letter.target_name, letter.target).into(),
            message: letter.type_name,
            reason: letter.reason.to_string(),
        });
    }
}
