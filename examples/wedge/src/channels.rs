//! The two services as most would write them: a task and a bounded channel each.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::{mpsc, oneshot},
    task::JoinSet,
    time::timeout,
};

use crate::{LOW, ORDERS, ROOM};

enum ToShop {
    Order(oneshot::Sender<()>),
    RunsLow,
}

/// What is left is the answer.
struct Reserve(oneshot::Sender<u32>);

async fn shop(mut inbox: mpsc::Receiver<ToShop>, store: mpsc::Sender<Reserve>) {
    while let Some(message) = inbox.recv().await {
        if let ToShop::Order(done) = message {
            let (answer, left) = oneshot::channel();
            if store.send(Reserve(answer)).await.is_ok() && left.await.is_ok() {
                _ = done.send(());
            }
        }
    }
}

async fn store(mut inbox: mpsc::Receiver<Reserve>, shop: mpsc::Sender<ToShop>) {
    let mut left = ORDERS;
    while let Some(Reserve(answer)) = inbox.recv().await {
        left -= 1;
        if left < LOW {
            _ = shop.send(ToShop::RunsLow).await;
        }
        _ = answer.send(left);
    }
}

/// Says how many orders were done when nothing had moved for a while.
pub(crate) async fn run() -> u32 {
    let (to_shop, orders) = mpsc::channel(ROOM);
    let (to_store, requests) = mpsc::channel(ROOM);
    let done = Arc::new(AtomicU32::new(0));
    let mut tasks = JoinSet::new();
    tasks.spawn(shop(orders, to_store));
    tasks.spawn(store(requests, to_shop.clone()));
    for _ in 0..ORDERS {
        let (to_shop, done) = (to_shop.clone(), Arc::clone(&done));
        tasks.spawn(async move {
            let (is_done, wait) = oneshot::channel();
            if to_shop.send(ToShop::Order(is_done)).await.is_ok() && wait.await.is_ok() {
                done.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    drop(to_shop);
    // There is no other way to notice.
    _ = timeout(Duration::from_secs(1), async { while tasks.join_next().await.is_some() {} }).await;
    done.load(Ordering::Relaxed)
}
