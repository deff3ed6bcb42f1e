//! smoke
use ghostlight::*;
use std::time::Duration;

#[derive(Message)]
#[message(reply = u64)]
struct Add(u64);
#[derive(Message)]
#[message(reply = u64)]
struct Slow(u64);
#[derive(Message)]
struct Unlisted(u64);
#[derive(Message)]
#[message(reply = u64)]
struct Get;

#[derive(Actor)]
#[actor(handles(Add, Slow), reads(Get))]
struct Sum(u64);
impl Handler<Add> for Sum {
    async fn handle(&mut self, Add(n): Add, _: &mut Context<'_, Self>) -> u64 {
        self.0 += n;
        self.0
    }
}
impl Handler<Slow> for Sum {
    async fn handle(&mut self, Slow(n): Slow, cx: &mut Context<'_, Self>) -> u64 {
        cx.sleep(Duration::from_millis(5)).await;
        self.0 += n;
        self.0
    }
}
impl Handler<Unlisted> for Sum {
    async fn handle(&mut self, Unlisted(n): Unlisted, _: &mut Context<'_, Self>) {
        self.0 += n;
        if n == 666 {
            panic!("the beast")
        }
    }
}
impl ReadHandler<Get> for Sum {
    async fn read(&self, _: Get, _: &ReadContext<'_, Self>) -> u64 {
        self.0
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn smoke() {
    let system = System::new("smoke");
    let sum = system.spawn(Sum(0));
    for i in 0..5000 {
        sum.tell(Add(i)).await.unwrap();
    }
    assert_eq!(sum.ask(Get).await.unwrap(), 5000 * 4999 / 2);
    assert_eq!(sum.ask(Slow(1)).await.unwrap(), 5000 * 4999 / 2 + 1);
    sum.tell(Unlisted(1)).await.unwrap();
    assert_eq!(sum.ask(Get).queued().await.unwrap(), 5000 * 4999 / 2 + 2);
    let mut tasks = Vec::new();
    for _ in 0..64 {
        let sum = sum.clone();
        tasks.push(tokio::spawn(async move {
            for _ in 0..1000 {
                sum.ask(Add(1)).await.unwrap();
            }
        }));
    }
    for t in tasks {
        t.await.unwrap();
    }
    assert_eq!(sum.ask(Get).queued().await.unwrap(), 5000 * 4999 / 2 + 2 + 64000);
    sum.tell(Unlisted(666)).await.unwrap();
    let why = sum.wait_stopped().await;
    assert_eq!(why.failure().unwrap().to_string(), "the beast");
    assert!(system.counters().conserves(), "{}", system.counters());
    println!("{}", system.counters());
}
