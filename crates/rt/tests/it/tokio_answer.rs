//! What only tokio's answer has to say.

use std::sync::mpsc;
use std::time::Duration;

use ghostlight_rt::Runtime;

#[test]
fn the_current_runtime_is_the_one_the_caller_runs_in() {
    assert!(Runtime::current().is_none());
    let runtime = Runtime::multi_thread();
    assert!(runtime.block_on(async { Runtime::current().is_some() }));
}

#[test]
fn what_is_called_within_a_runtime_can_use_it_from_any_thread() {
    let runtime = Runtime::multi_thread();
    assert!(Runtime::current().is_none());
    assert!(runtime.within(|| Runtime::current().is_some()));
    assert!(Runtime::current().is_none());
}

#[test]
fn a_thread_has_its_name_and_its_runtime() {
    let runtime = Runtime::multi_thread();
    let (done, result) = mpsc::channel();
    runtime.thread("a name", move || {
        let name = std::thread::current().name().map(str::to_owned);
        let is_inside = Runtime::current().is_some();
        done.send((name, is_inside)).expect("the test waits for this");
    });
    let told = result.recv_timeout(Duration::from_secs(20)).expect("the thread runs");
    assert_eq!(told, (Some("a name".to_owned()), true));
}

#[test]
fn a_runtime_of_its_own_may_end_inside_one_of_its_tasks() {
    let runtime = Runtime::multi_thread();
    let (done, result) = mpsc::channel();
    let last = runtime.clone();
    let (held, let_go) = mpsc::channel::<()>();
    drop(runtime.spawn(async move {
        // Until the test has let go of its own handle.
        _ = let_go.recv();
        drop(last);
        done.send(()).expect("the test waits for this");
    }));
    drop(runtime);
    drop(held);
    result.recv_timeout(Duration::from_secs(20)).expect("dropping the last handle must not block");
}

#[test]
fn two_runtimes_draw_different_chances() {
    let (one, other) = (Runtime::multi_thread(), Runtime::multi_thread());
    assert_ne!(one.rng("label").any(), other.rng("label").any());
}

#[test]
fn it_has_no_network_of_its_own() {
    assert!(Runtime::multi_thread().network().is_none());
}

#[test]
fn a_task_on_a_thread_is_woken_though_something_in_it_takes_the_token_of_the_thread() {
    let runtime = Runtime::multi_thread();
    let (done, result) = mpsc::channel();
    let mut polls = 0;
    let task = std::future::poll_fn(move |cx| {
        polls += 1;
        if polls == 2 {
            done.send(()).expect("the test waits for this");
            return std::task::Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        // As whatever blocks may do.
        std::thread::park();
        std::task::Poll::Pending
    });
    runtime.spawn_on_thread("sleeper", task);
    result.recv_timeout(Duration::from_secs(20)).expect("it is polled again");
}
