//! What must hold when a test is over.

use std::{thread, time::Duration};

use ghostlight::{Actor, Context, Handler, Message};
use ghostlight_testkit::{Explorer, Found, World};

#[derive(Debug, Message)]
struct Work;

#[derive(Actor)]
#[actor(handles(Work))]
struct Careless(fn(&Context<'_, Self>));

impl Handler<Work> for Careless {
    async fn handle(&mut self, _: Work, cx: &mut Context<'_, Self>) {
        (self.0)(cx);
    }
}

fn found(test: impl Fn(&World)) -> String {
    let found: Box<Found> = Explorer::seeds(1).shrinks(0).find(test).expect_err("it is careless");
    found.to_string()
}

fn of_an_actor_that(does: fn(&Context<'_, Careless>)) -> String {
    found(move |world| {
        let careless = world.system("careless").spawn(Careless(does));
        careless.try_tell(Work).unwrap();
        world.settle();
    })
}

#[test]
fn a_task_that_nobody_will_end_is_named() {
    let text = found(|world| {
        drop(world.runtime().spawn_named(|| "lost sheep".to_owned(), std::future::pending()));
    });
    assert!(text.contains("the task `lost sheep`"), "{text}");
}

#[test]
fn a_task_that_an_actor_spawned_with_tokio_is_counted() {
    let text = of_an_actor_that(|_| drop(tokio::spawn(std::future::pending::<()>())));
    assert!(text.contains("1 tasks spawned with tokio go on"), "{text}");
}

#[test]
fn a_thread_that_tells_an_actor_something_is_reported_with_whom_it_woke() {
    let text = found(|world| {
        let idle = world.system("careless").spawn(Careless(|_| ()));
        idle.try_tell(Work).unwrap();
        world.settle();
        let thread = thread::Builder::new().name("intruder".into());
        thread.spawn(move || idle.try_tell(Work).unwrap()).unwrap().join().unwrap();
    });
    assert!(
        text.contains("a real thread, `intruder`, woke `") && text.contains("Careless"),
        "{text}"
    );
}

#[test]
fn a_wake_from_a_thread_is_reported_with_the_threads_name_and_whom_it_woke() {
    let text = found(|world| {
        let (send, receive) = tokio::sync::oneshot::channel();
        drop(world.runtime().spawn_named(|| "sleeper".to_owned(), async {
            receive.await.unwrap();
        }));
        world.settle();
        let thread = thread::Builder::new().name("intruder".into());
        thread.spawn(move || send.send(()).unwrap()).unwrap().join().unwrap();
        world.settle();
    });
    assert!(text.contains("a real thread, `intruder`, woke `sleeper`"), "{text}");
}

#[test]
fn work_handed_to_a_thread_of_tokios_is_reported_with_its_actor_and_where() {
    let text = of_an_actor_that(|_| drop(tokio::task::spawn_blocking(|| ())));
    assert!(text.contains("Careless") && text.contains("handed work to a real thread"), "{text}");
    assert!(text.contains("order_at_the_end.rs"), "{text}");
}

#[test]
fn blocking_work_of_the_platform_runs_here_and_is_no_fault() {
    let explored = Explorer::seeds(20).find(|world| {
        let runtime = world.runtime().clone();
        let sum = world.block_on(async { runtime.blocking(|| 40 + 2).await });
        assert_eq!(sum, Ok(42));
        runtime.thread("helper", || ());
        world.advance(Duration::from_secs(1));
    });
    explored.expect("nothing is wrong");
}
