//! Waiting within a task: what blocking work and "threads" do, which are tasks here.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

use crate::{
    clock::Clock,
    drive::run_task,
    engine::{Engine, Turn},
    task::MAIN,
};

/// Says that the future should be polled again.
struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Runs `future` to its end within the turn of a task, by giving turns to the others meanwhile.
///
/// The world moves the clock itself here, so tokio's timers are late: they are seen to when the turn
/// is over. And the test waits, since it is what drives the world.
#[track_caller]
pub(crate) fn block_on(engine: &Arc<Engine>, mut future: Pin<&mut (dyn Future<Output = ()> + '_)>) {
    engine.lose_sight();
    let outer = engine.enter_nested();
    let flag = Arc::new(Flag(AtomicBool::new(true)));
    let waker = Waker::from(Arc::clone(&flag));
    loop {
        if flag.0.swap(false, Ordering::Relaxed)
            && future.as_mut().poll(&mut Context::from_waker(&waker)) == Poll::Ready(())
        {
            break;
        }
        engine.fire_due();
        match engine.take_turn() {
            Some(Turn::Task(body, task)) => run_task(engine, body, &task),
            Some(Turn::Main(_)) => unreachable!("the test is held back"),
            None if flag.0.load(Ordering::Relaxed) => {}
            None => {
                let next = engine.lock().timers.next();
                let next = next.expect("blocking work waits, and nothing will ever happen");
                Clock::move_by(next - engine.now());
                engine.set_now(next);
            }
        }
    }
    engine.leave_nested(outer);
}

/// What goes on when the nested wait is over.
pub(crate) struct Outer {
    running: Option<u32>,
    calls: Vec<Arc<str>>,
    was_main_ready: bool,
}

impl Engine {
    /// Whether a task is in its turn.
    pub(crate) fn is_in_turn(&self) -> bool {
        self.lock().running.is_some_and(|it| it != MAIN)
    }

    fn enter_nested(&self) -> Outer {
        let mut state = self.lock();
        let before = state.tasks.ready.len();
        state.tasks.ready.retain(|it| *it != MAIN);
        Outer {
            running: state.running.take(),
            calls: std::mem::take(&mut state.calls),
            was_main_ready: state.tasks.ready.len() < before,
        }
    }

    fn leave_nested(&self, outer: Outer) {
        let mut state = self.lock();
        state.running = outer.running;
        state.calls = outer.calls;
        if outer.was_main_ready {
            state.tasks.ready.push_back(MAIN);
        }
    }
}
